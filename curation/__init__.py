"""From the raw published tables to the datasets that ship with the package."""
