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


class MaxPooling1D(Layer):
    """The largest element of each channel over windows of steps.

    Parameters
    ----------
    pool_size : int or tuple, default 2
        Length of the window.
    strides : int or tuple, optional
        Steps from window to window; None: the window's length.
    padding : {"valid", "same"}, default "valid"
        Windows inside alone, or as many as the strides divide the axis into; padding does not count.
    data_format : {"channels_last", "channels_first"}, optional
    name : str, optional
    """

    _base = "max_pooling1d"

    def __init__(self, pool_size=2, strides=None, padding="valid", data_format=None, *, name=None):
        self.pool_size = pool_size
        self.strides = strides
        self.padding = padding
        self.data_format = data_format
        self.name = name


class MaxPooling2D(Layer):
    """The largest element of each channel over windows of a picture.

    Parameters
    ----------
    pool_size : int or tuple, default 2
        Length of the window.
    strides : int or tuple, optional
        Steps from window to window; None: the window's length.
    padding : {"valid", "same"}, default "valid"
        Windows inside alone, or as many as the strides divide the axis into; padding does not count.
    data_format : {"channels_last", "channels_first"}, optional
    name : str, optional
    """

    _base = "max_pooling2d"

    def __init__(self, pool_size=2, strides=None, padding="valid", data_format=None, *, name=None):
        self.pool_size = pool_size
        self.strides = strides
        self.padding = padding
        self.data_format = data_format
        self.name = name


class AveragePooling1D(Layer):
    """The mean of each channel over windows of steps.

    Parameters
    ----------
    pool_size : int or tuple, default 2
        Length of the window.
    strides : int or tuple, optional
        Steps from window to window; None: the window's length.
    padding : {"valid", "same"}, default "valid"
        Windows inside alone, or as many as the strides divide the axis into; padding does not count.
    data_format : {"channels_last", "channels_first"}, optional
    name : str, optional
    """

    _base = "average_pooling1d"

    def __init__(self, pool_size=2, strides=None, padding="valid", data_format=None, *, name=None):
        self.pool_size = pool_size
        self.strides = strides
        self.padding = padding
        self.data_format = data_format
        self.name = name


class AveragePooling2D(Layer):
    """The mean of each channel over windows of a picture.

    Parameters
    ----------
    pool_size : int or tuple, default 2
        Length of the window.
    strides : int or tuple, optional
        Steps from window to window; None: the window's length.
    padding : {"valid", "same"}, default "valid"
        Windows inside alone, or as many as the strides divide the axis into; padding does not count.
    data_format : {"channels_last", "channels_first"}, optional
    name : str, optional
    """

    _base = "average_pooling2d"

    def __init__(self, pool_size=2, strides=None, padding="valid", data_format=None, *, name=None):
        self.pool_size = pool_size
        self.strides = strides
        self.padding = padding
        self.data_format = data_format
        self.name = name


class GlobalMaxPooling1D(Layer):
    """The largest element of each channel of a sequence.

    Parameters
    ----------
    data_format : {"channels_last", "channels_first"}, optional
    keepdims : bool, default False
        Whether the axes of the places stay, with extent 1.
    name : str, optional
    """

    _base = "global_max_pooling1d"

    def __init__(self, data_format=None, keepdims=False, *, name=None):
        self.data_format = data_format
        self.keepdims = keepdims
        self.name = name


class GlobalMaxPooling2D(Layer):
    """The largest element of each channel of a picture.

    Parameters
    ----------
    data_format : {"channels_last", "channels_first"}, optional
    keepdims : bool, default False
        Whether the axes of the places stay, with extent 1.
    name : str, optional
    """

    _base = "global_max_pooling2d"

    def __init__(self, data_format=None, keepdims=False, *, name=None):
        self.data_format = data_format
        self.keepdims = keepdims
        self.name = name


class GlobalAveragePooling2D(Layer):
    """The mean of each channel of a picture.

    Parameters
    ----------
    data_format : {"channels_last", "channels_first"}, optional
    keepdims : bool, default False
        Whether the axes of the places stay, with extent 1.
    name : str, optional
    """

    _base = "global_average_pooling2d"

    def __init__(self, data_format=None, keepdims=False, *, name=None):
        self.data_format = data_format
        self.keepdims = keepdims
        self.name = name
