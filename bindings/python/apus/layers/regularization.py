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


class SpatialDropout1D(Layer):
    """In training sets a random share of the features to 0, the same at each step, and divides the others by 1 - rate.

    Parameters
    ----------
    rate : float
        The share, from 0 up to but without 1 (Tompson et al. 2015).
    name : str, optional
    """

    _base = "spatial_dropout1d"

    def __init__(self, rate, *, name=None):
        self.rate = rate
        self.name = name


class SpatialDropout2D(Layer):
    """In training sets a random share of the channels of pictures to 0 and divides the others by 1 - rate.

    Parameters
    ----------
    rate : float
        The share, from 0 up to but without 1 (Tompson et al. 2015).
    data_format : {"channels_last", "channels_first"}, optional
    name : str, optional
    """

    _base = "spatial_dropout2d"

    def __init__(self, rate, data_format=None, *, name=None):
        self.rate = rate
        self.data_format = data_format
        self.name = name


class GaussianDropout(Layer):
    """In training multiplies with normal noise of mean 1 and variance rate / (1 - rate); otherwise does nothing.

    Parameters
    ----------
    rate : float
        From 0 up to but without 1 (Srivastava et al. 2014).
    name : str, optional
    """

    _base = "gaussian_dropout"

    def __init__(self, rate, *, name=None):
        self.rate = rate
        self.name = name


class AlphaDropout(Layer):
    """Dropout for layers of SELU: what is dropped becomes the value that SELU tends to, and mean and variance stay.

    Parameters
    ----------
    rate : float
        The share, from 0 up to but without 1 (Klambauer et al. 2017).
    name : str, optional
    """

    _base = "alpha_dropout"

    def __init__(self, rate, *, name=None):
        self.rate = rate
        self.name = name


class Sampling(Layer):
    """A normal sample from a mean and the logarithm of a variance, ``Sampling()([mean, log_variance])``: in training
    mean + exp(log_variance / 2) e with e standard normal, otherwise the mean (Kingma and Welling 2014).

    Parameters
    ----------
    kl_weight : float, default 0.0
        Times the Kullback-Leibler divergence from N(0, 1), which is added to the loss: for each element
        -1/2 (1 + log_variance - mean² - exp(log_variance)).
    kl_reduction : {"sum", "mean"}, default "sum"
        Over the elements of a row; over the rows of a batch it is the mean.
    name : str, optional

    Keras has no such layer: there it is written by hand, as in its example of a variational autoencoder.
    """

    _base = "sampling"

    def __init__(self, kl_weight=0.0, kl_reduction="sum", *, name=None):
        self.kl_weight = kl_weight
        self.kl_reduction = kl_reduction
        self.name = name
