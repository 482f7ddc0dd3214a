"""Normalization."""

import numpy

from .._arrays import as_array
from ._base import Layer


class BatchNormalization(Layer):
    """Channels with mean 0 and variance 1 over the batch, then scaled by gamma and shifted by beta.

    Training normalizes with the batch's own mean and variance and keeps moving averages of them, which predictions use
    (Ioffe and Szegedy 2015). Frozen, the layer uses the averages in training too.

    Parameters
    ----------
    axis : int, default -1
        The axis of the channels, the batch counted as axis 0.
    momentum : float, default 0.99
        The share of the moving averages kept in each step.
    epsilon : float, default 0.001
        Added to the variance.
    center, scale : bool, default True
        Whether there are beta and gamma.
    beta_initializer, gamma_initializer, moving_mean_initializer, moving_variance_initializer : str or initializer
    beta_regularizer, gamma_regularizer : str or regularizer, optional
    beta_constraint, gamma_constraint : str or constraint, optional
    name : str, optional
    trainable : bool, default True
    """

    _base = "batch_normalization"

    def __init__(
        self,
        axis=-1,
        momentum=0.99,
        epsilon=0.001,
        center=True,
        scale=True,
        beta_initializer="zeros",
        gamma_initializer="ones",
        moving_mean_initializer="zeros",
        moving_variance_initializer="ones",
        beta_regularizer=None,
        gamma_regularizer=None,
        beta_constraint=None,
        gamma_constraint=None,
        *,
        name=None,
        trainable=True,
    ):
        self.axis = axis
        self.momentum = momentum
        self.epsilon = epsilon
        self.center = center
        self.scale = scale
        self.beta_initializer = beta_initializer
        self.gamma_initializer = gamma_initializer
        self.moving_mean_initializer = moving_mean_initializer
        self.moving_variance_initializer = moving_variance_initializer
        self.beta_regularizer = beta_regularizer
        self.gamma_regularizer = gamma_regularizer
        self.beta_constraint = beta_constraint
        self.gamma_constraint = gamma_constraint
        self.name = name
        self.trainable = trainable


class LayerNormalization(Layer):
    """Each place with mean 0 and variance 1 over an axis, then scaled by gamma and shifted by beta (Ba et al. 2016).

    Parameters
    ----------
    axis : int or list of int, default -1
        An axis, or neighbouring ones together; the batch is axis 0.
    epsilon : float, default 0.001
        Added to the variance.
    center : bool, default True
        Whether there is a beta.
    scale : bool, default True
        Whether there is a gamma.
    beta_initializer : str or initializer
    gamma_initializer : str or initializer
    beta_regularizer : str or regularizer, optional
    gamma_regularizer : str or regularizer, optional
    beta_constraint : str or constraint, optional
    gamma_constraint : str or constraint, optional
    rms_scaling : bool, default False
        Divides by the deviation alone: the mean stays, there is a gamma and no beta.
    name : str, optional
    trainable : bool, default True
    """

    _base = "layer_normalization"

    def __init__(
        self,
        axis=-1,
        epsilon=0.001,
        center=True,
        scale=True,
        beta_initializer="zeros",
        gamma_initializer="ones",
        beta_regularizer=None,
        gamma_regularizer=None,
        beta_constraint=None,
        gamma_constraint=None,
        rms_scaling=False,
        *,
        name=None,
        trainable=True,
    ):
        self.axis = axis
        self.epsilon = epsilon
        self.center = center
        self.scale = scale
        self.beta_initializer = beta_initializer
        self.gamma_initializer = gamma_initializer
        self.beta_regularizer = beta_regularizer
        self.gamma_regularizer = gamma_regularizer
        self.beta_constraint = beta_constraint
        self.gamma_constraint = gamma_constraint
        self.rms_scaling = rms_scaling
        self.name = name
        self.trainable = trainable


class GroupNormalization(Layer):
    """Groups of channels of each row with mean 0 and variance 1, then scaled by gamma and shifted by beta (Wu and He 2018).

    Parameters
    ----------
    groups : int, default 32
        Groups that the channels are divided into; -1 for one channel each (instance normalization).
    axis : int, default -1
        The axis of the channels, the batch counted as axis 0.
    epsilon : float, default 0.001
        Added to the variance.
    center, scale : bool, default True
        Whether there are beta and gamma.
    beta_initializer, gamma_initializer : str or initializer
    beta_regularizer, gamma_regularizer : str or regularizer, optional
    beta_constraint, gamma_constraint : str or constraint, optional
    name : str, optional
    trainable : bool, default True
    """

    _base = "group_normalization"

    def __init__(
        self,
        groups=32,
        axis=-1,
        epsilon=0.001,
        center=True,
        scale=True,
        beta_initializer="zeros",
        gamma_initializer="ones",
        beta_regularizer=None,
        gamma_regularizer=None,
        beta_constraint=None,
        gamma_constraint=None,
        *,
        name=None,
        trainable=True,
    ):
        self.groups = groups
        self.axis = axis
        self.epsilon = epsilon
        self.center = center
        self.scale = scale
        self.beta_initializer = beta_initializer
        self.gamma_initializer = gamma_initializer
        self.beta_regularizer = beta_regularizer
        self.gamma_regularizer = gamma_regularizer
        self.beta_constraint = beta_constraint
        self.gamma_constraint = gamma_constraint
        self.name = name
        self.trainable = trainable


class UnitNormalization(Layer):
    """Euclidean length 1 over an axis, or over neighbouring axes together.

    Parameters
    ----------
    axis : int or list of int, default -1
        The batch is axis 0.
    name : str, optional
    """

    _base = "unit_normalization"

    def __init__(self, axis=-1, *, name=None):
        self.axis = axis
        self.name = name


class Rescaling(Layer):
    """scale x + offset.

    Parameters
    ----------
    scale : float or list of float
        One number for all, or one for each element of the last axis.
    offset : float or list of float, default 0.0
    name : str, optional

    Examples
    --------
    >>> import apus
    >>> model = apus.Sequential([apus.Input((2,)), apus.layers.Rescaling(1 / 127.5, offset=-1)])
    >>> model.predict([[0, 255]])
    array([[-1.,  1.]], dtype=float32)
    """

    _base = "rescaling"

    def __init__(self, scale, offset=0.0, *, name=None):
        self.scale = scale
        self.offset = offset
        self.name = name


class RMSNormalization(Layer):
    """Each place divided by the root of its mean square over an axis, then scaled (Zhang and Sennrich 2019).

    Parameters
    ----------
    axis : int or list of int, default -1
        An axis, or neighbouring ones together; the batch is axis 0.
    epsilon : float, default 1e-6
        Added to the mean square.
    name : str, optional
    trainable : bool, default True
    """

    _base = "rms_normalization"

    def __init__(self, axis=-1, epsilon=1e-6, *, name=None, trainable=True):
        self.axis = axis
        self.epsilon = epsilon
        self.name = name
        self.trainable = trainable


class Normalization(Layer):
    """Features less their mean, divided by their deviation: by numbers given, or those of data that ``adapt`` has seen.

    Parameters
    ----------
    axis : int, list of int or None, default -1
        The axes whose places have a mean and variance each, the batch being axis 0; None for one of all.
    mean, variance : float or nested lists of float, optional
        Both or neither.
    invert : bool, default False
        Whether to turn normalized values back.
    name : str, optional

    Examples
    --------
    >>> import apus
    >>> scale = apus.layers.Normalization()
    >>> scale.adapt([[1.0, 10.0], [3.0, 10.0], [2.0, 40.0]])
    >>> model = apus.Sequential([apus.Input((2,)), scale])
    >>> model.predict([[2.0, 20.0]])
    array([[0., 0.]], dtype=float32)
    """

    _base = "normalization"
    _adapted = None

    def __init__(self, axis=-1, mean=None, variance=None, invert=False, *, name=None):
        self.axis = axis
        self.mean = mean.tolist() if isinstance(mean, numpy.ndarray) else mean
        self.variance = variance.tolist() if isinstance(variance, numpy.ndarray) else variance
        self.invert = invert
        self.name = name

    def get_config(self):
        # Parameters that are None are left out, and the axis then is the last.
        return {**super().get_config(), "axis": [] if self.axis is None else self.axis}

    def adapt(self, data):
        """Takes mean and variance from data, an array with a row per sample; before or after the layer is in a model.
        """
        if self.mean is not None:
            raise ValueError("the layer was made with a mean and variance, so there is nothing to adapt")
        data = as_array(data, "data")
        if data.ndim == 0 or data.size == 0:
            raise ValueError(f"adapt needs an array with at least one row, got shape {data.shape}")
        axes = () if self.axis is None else (self.axis,) if isinstance(self.axis, int) else tuple(self.axis)
        if any(not -data.ndim <= axis < data.ndim for axis in axes):
            raise ValueError(f"axis {self.axis} is not one of data of shape {data.shape}")
        kept = {axis % data.ndim for axis in axes}
        others = tuple(axis for axis in range(data.ndim) if axis not in kept)
        statistics = data.mean(axis=others, dtype=numpy.float64), data.var(axis=others, dtype=numpy.float64)
        self._adapted = [numpy.asarray(values, numpy.float32) for values in (*statistics, 0.0)]
        if self._model is not None and self._model.built:
            self._begin()

    def _begin(self):
        if self._adapted is not None:
            adapted, self._adapted = self._adapted, None
            self.set_weights(adapted)
