"""What weights are before training, under Keras's names.

A layer takes one as an object, ``HeNormal()``, or as a name, ``"he_normal"``. Random values come from the seed of
``apus.set_seed``.
"""

from ._configuration import Configured

__all__ = [
    "Constant",
    "GlorotNormal",
    "GlorotUniform",
    "HeNormal",
    "HeUniform",
    "Identity",
    "LecunNormal",
    "LecunUniform",
    "Ones",
    "Orthogonal",
    "RandomNormal",
    "RandomUniform",
    "TruncatedNormal",
    "VarianceScaling",
    "Zeros",
]


class Initializer(Configured):
    """Base of the initializers."""


class Zeros(Initializer):
    """All 0."""


class Ones(Initializer):
    """All 1."""


class Constant(Initializer):
    """All ``value`` (default 0.0)."""

    def __init__(self, value=0.0):
        self.value = value


class RandomNormal(Initializer):
    """Normal with ``mean`` (default 0.0) and standard deviation ``stddev`` (default 0.05)."""

    def __init__(self, mean=0.0, stddev=0.05):
        self.mean = mean
        self.stddev = stddev


class TruncatedNormal(Initializer):
    """Normal with ``mean`` (default 0.0) and ``stddev`` (default 0.05); values beyond two of it are drawn again."""

    def __init__(self, mean=0.0, stddev=0.05):
        self.mean = mean
        self.stddev = stddev


class RandomUniform(Initializer):
    """Uniform from ``minval`` (default -0.05) to ``maxval`` (default 0.05)."""

    def __init__(self, minval=-0.05, maxval=0.05):
        self.minval = minval
        self.maxval = maxval


class VarianceScaling(Initializer):
    """Variance ``scale / n``, where n is the number of inputs, of outputs, or their mean.

    Parameters
    ----------
    scale : float, default 1.0
    mode : {"fan_in", "fan_out", "fan_avg"}, default "fan_in"
    distribution : {"truncated_normal", "untruncated_normal", "uniform"}, default "truncated_normal"
    """

    def __init__(self, scale=1.0, mode="fan_in", distribution="truncated_normal"):
        self.scale = scale
        self.mode = mode
        self.distribution = distribution


class GlorotUniform(Initializer):
    """Uniform within ±sqrt(6 / (inputs + outputs)) (Glorot and Bengio 2010). The default of kernels."""


class GlorotNormal(Initializer):
    """Truncated normal of variance 2 / (inputs + outputs) (Glorot and Bengio 2010)."""


class HeUniform(Initializer):
    """Uniform within ±sqrt(6 / inputs) (He et al. 2015), for rectified units."""


class HeNormal(Initializer):
    """Truncated normal of variance 2 / inputs (He et al. 2015), for rectified units."""


class LecunUniform(Initializer):
    """Uniform within ±sqrt(3 / inputs) (LeCun et al. 1998)."""


class LecunNormal(Initializer):
    """Truncated normal of variance 1 / inputs (LeCun et al. 1998)."""


class Orthogonal(Initializer):
    """Orthonormal columns (or rows, of a wide matrix) times ``gain`` (Saxe et al. 2014). The default of recurrent kernels."""

    def __init__(self, gain=1.0):
        self.gain = gain


class Identity(Initializer):
    """``gain`` (default 1.0) on the diagonal of a matrix, 0 elsewhere."""

    def __init__(self, gain=1.0):
        self.gain = gain
