"""More or fewer steps, rows and columns."""

from ._base import Layer


class UpSampling1D(Layer):
    """Each step of a sequence several times.

    Parameters
    ----------
    size : int, default 2
        How many times.
    name : str, optional
    """

    _base = "up_sampling1d"

    def __init__(self, size=2, *, name=None):
        self.size = size
        self.name = name


class UpSampling2D(Layer):
    """A picture with more rows and columns.

    Parameters
    ----------
    size : int or tuple, default 2
        How many times as many.
    data_format : {"channels_last", "channels_first"}, optional
    interpolation : {"nearest", "bilinear"}, default "nearest"
        How elements in between are made.
    name : str, optional
    """

    _base = "up_sampling2d"

    def __init__(self, size=2, data_format=None, interpolation="nearest", *, name=None):
        self.size = size
        self.data_format = data_format
        self.interpolation = interpolation
        self.name = name


class ZeroPadding1D(Layer):
    """Zeros before and after a sequence.

    Parameters
    ----------
    padding : int or tuple, default 1
        Elements on each side: one number, or one for each side.
    name : str, optional
    """

    _base = "zero_padding1d"

    def __init__(self, padding=1, *, name=None):
        self.padding = padding
        self.name = name


class ZeroPadding2D(Layer):
    """Zeros around a picture.

    Parameters
    ----------
    padding : int or tuple, default 1
        Elements on each side: one number, one for each axis, or a pair for each axis.
    data_format : {"channels_last", "channels_first"}, optional
    name : str, optional
    """

    _base = "zero_padding2d"

    def __init__(self, padding=1, data_format=None, *, name=None):
        self.padding = padding
        self.data_format = data_format
        self.name = name


class Cropping1D(Layer):
    """Steps cut off both ends of a sequence.

    Parameters
    ----------
    cropping : int or tuple, default 1
        Elements on each side: one number, or one for each side.
    name : str, optional
    """

    _base = "cropping1d"

    def __init__(self, cropping=1, *, name=None):
        self.cropping = cropping
        self.name = name


class Cropping2D(Layer):
    """Rows and columns cut off around a picture.

    Parameters
    ----------
    cropping : int or tuple, default 0
        Elements on each side: one number, one for each axis, or a pair for each axis.
    data_format : {"channels_last", "channels_first"}, optional
    name : str, optional
    """

    _base = "cropping2d"

    def __init__(self, cropping=0, data_format=None, *, name=None):
        self.cropping = cropping
        self.data_format = data_format
        self.name = name
