"""The published evidence that ships with the package, and a small simulated set."""

from forecast.datasets.catalogue import dataset_names, demo_truth, load_dataset

__all__ = ["dataset_names", "demo_truth", "load_dataset"]
