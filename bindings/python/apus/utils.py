"""What Keras keeps under ``keras.utils``."""

from .data import PyDataset

__all__ = ["PyDataset"]
