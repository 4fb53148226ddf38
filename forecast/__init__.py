"""Stay rates and workforce shares from published evidence."""
