"""Layers that act in training alone."""

from ._base import Layer


class Dropout(Layer):
    """In training sets a random share of elements to 0 and divides the others by 1 - rate; otherwise does nothing.

    Parameters
    ----------
    rate : float
        The share, from 0 up to but without 1 (Srivastava et al. 2014).
    name : str, optional
    """

    _base = "dropout"

    def __init__(self, rate, *, name=None):
        self.rate = rate
        self.name = name


class ActivityRegularization(Layer):
    """The identity; training adds l1 sum |x| + l2 sum x², divided by the rows of the batch, to the loss.

    Parameters
    ----------
    l1, l2 : float, default 0.0
    name : str, optional
    """

    _base = "activity_regularization"

    def __init__(self, l1=0.0, l2=0.0, *, name=None):
        self.l1 = l1
        self.l2 = l2
        self.name = name


class GaussianNoise(Layer):
    """In training adds normal noise; otherwise does nothing.

    Parameters
    ----------
    stddev : float
        The deviation of the noise.
    name : str, optional
    """

    _base = "gaussian_noise"

    def __init__(self, stddev, *, name=None):
        self.stddev = stddev
        self.name = name
