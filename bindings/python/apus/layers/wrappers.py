"""Layers made of others."""

from ._base import Layer, from_config


class TimeDistributed(Layer):
    """A layer on each step of a sequence.

    Parameters
    ----------
    layer : layer
    name : str, optional
    trainable : bool, default True
    """

    _base = "time_distributed"

    def __init__(self, layer, *, name=None, trainable=True):
        self.layer = from_config(layer) if isinstance(layer, dict) else layer
        self.name = name
        self.trainable = trainable
