"""Layers of networks, under Keras's names."""

from ._base import CLASSES, Input, InputLayer, Layer, OtherLayer, from_config
from .core import Activation, Dense, Flatten, Masking, Reshape
from .merging import Add, Concatenate
from .normalization import BatchNormalization
from .pooling import GlobalAveragePooling1D
from .regularization import ActivityRegularization, Dropout
from .wrappers import TimeDistributed

__all__ = sorted(["Input", *CLASSES])
