"""The same model in the hands of other packages, each as its users would write it."""
