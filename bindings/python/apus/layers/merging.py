"""Layers of several inputs."""

from ._base import Layer


class Add(Layer):
    """The sum of two or more inputs of one shape; extents of 1 are repeated.

    Parameters
    ----------
    name : str, optional
    """

    _base = "add"

    def __init__(self, *, name=None):
        self.name = name


class Concatenate(Layer):
    """Inputs one after the other along an axis.

    Parameters
    ----------
    axis : int, default -1
        The batch counted as axis 0.
    name : str, optional
    """

    _base = "concatenate"

    def __init__(self, axis=-1, *, name=None):
        self.axis = axis
        self.name = name
