"""Pooling."""

from ._base import Layer


class GlobalAveragePooling1D(Layer):
    """The mean over the steps of a sequence, (rows, steps, features) to (rows, features); of the steps that count, where
    there is a mask.

    Parameters
    ----------
    data_format : {"channels_last", "channels_first"}, optional
    keepdims : bool, default False
        Whether the axis of the steps stays, with extent 1.
    name : str, optional
    """

    _base = "global_average_pooling1d"

    def __init__(self, data_format=None, keepdims=False, *, name=None):
        self.data_format = data_format
        self.keepdims = keepdims
        self.name = name
