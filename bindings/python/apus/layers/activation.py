"""Activation functions as layers of their own."""

from ._base import Layer


class ReLU(Layer):
    """max(x, 0), or with a limit, a slope below and a threshold.

    Parameters
    ----------
    max_value : float, optional
        The largest output.
    negative_slope : float, default 0.0
        The slope below the threshold.
    threshold : float, default 0.0
    name : str, optional
    """

    _base = "re_lu"

    def __init__(self, max_value=None, negative_slope=0.0, threshold=0.0, *, name=None):
        self.max_value = max_value
        self.negative_slope = negative_slope
        self.threshold = threshold
        self.name = name


class LeakyReLU(Layer):
    """x where x >= 0, negative_slope · x below.

    Parameters
    ----------
    negative_slope : float, default 0.3
    name : str, optional
    """

    _base = "leaky_re_lu"

    def __init__(self, negative_slope=0.3, *, name=None):
        self.negative_slope = negative_slope
        self.name = name


class ELU(Layer):
    """x where x > 0, alpha (exp(x) - 1) below.

    Parameters
    ----------
    alpha : float, default 1.0
    name : str, optional
    """

    _base = "elu"

    def __init__(self, alpha=1.0, *, name=None):
        self.alpha = alpha
        self.name = name


class Softmax(Layer):
    """exp(x) / Σ exp(x) over the last axis.

    Parameters
    ----------
    axis : int, default -1
        The last axis.
    name : str, optional
    """

    _base = "softmax"

    def __init__(self, axis=-1, *, name=None):
        self.axis = axis
        self.name = name


class PReLU(Layer):
    """x where x > 0, alpha · x below, with alpha learned for each element of a row (He et al. 2015).

    Parameters
    ----------
    alpha_initializer : str or initializer
    alpha_regularizer : str or regularizer, optional
    alpha_constraint : str or constraint, optional
    shared_axes : list of int, optional
        Axes, from 1, along which alpha is the same.
    name : str, optional
    trainable : bool, default True
    """

    _base = "p_re_lu"

    def __init__(
        self,
        alpha_initializer="zeros",
        alpha_regularizer=None,
        alpha_constraint=None,
        shared_axes=None,
        *,
        name=None,
        trainable=True,
    ):
        self.alpha_initializer = alpha_initializer
        self.alpha_regularizer = alpha_regularizer
        self.alpha_constraint = alpha_constraint
        self.shared_axes = shared_axes
        self.name = name
        self.trainable = trainable
