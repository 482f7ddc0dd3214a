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


class Subtract(Layer):
    """The first input minus the second.

    Parameters
    ----------
    name : str, optional
    """

    _base = "subtract"

    def __init__(self, *, name=None):
        self.name = name


class Multiply(Layer):
    """The product of two or more inputs, element by element; extents of 1 are repeated.

    Parameters
    ----------
    name : str, optional
    """

    _base = "multiply"

    def __init__(self, *, name=None):
        self.name = name


class Average(Layer):
    """The mean of two or more inputs, element by element; extents of 1 are repeated.

    Parameters
    ----------
    name : str, optional
    """

    _base = "average"

    def __init__(self, *, name=None):
        self.name = name


class Maximum(Layer):
    """The largest of two or more inputs, element by element; extents of 1 are repeated.

    Parameters
    ----------
    name : str, optional
    """

    _base = "maximum"

    def __init__(self, *, name=None):
        self.name = name


class Minimum(Layer):
    """The smallest of two or more inputs, element by element; extents of 1 are repeated.

    Parameters
    ----------
    name : str, optional
    """

    _base = "minimum"

    def __init__(self, *, name=None):
        self.name = name
