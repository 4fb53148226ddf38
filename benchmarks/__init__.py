"""Engines side by side on tables of known truth: `python -m benchmarks`. Not in the wheel."""
