"""Convolutions, channels last unless ``data_format="channels_first"``."""

from ._base import Layer


class _Convolution(Layer):
    """Base of the convolutions: stores what it is given."""

    def _store(self, values):
        for name, value in values.items():
            if name not in ("self", "__class__"):
                setattr(self, name, value)


class Conv1D(_Convolution):
    """Convolution over the steps of sequences.

    Parameters
    ----------
    filters : int
        Channels of the output.
    kernel_size : int or tuple
        Length of the window along each axis.
    strides : int or tuple, default 1
        Steps from window to window.
    padding : {"valid", "same", "causal"}, default "valid"
        Windows inside alone, or zeros around.
    data_format : {"channels_last", "channels_first"}, optional
    dilation_rate : int or tuple, default 1
        Steps from tap to tap.
    groups : int, default 1
        Groups of channels that do not mix.
    activation : str or None, default None
        After the bias.
    use_bias : bool, default True
    kernel_initializer, bias_initializer : str or initializer
    kernel_regularizer, bias_regularizer, activity_regularizer : str or regularizer, optional
    kernel_constraint, bias_constraint : str or constraint, optional
    name : str, optional
    trainable : bool, default True
    """

    _base = "conv1d"

    def __init__(
        self,
        filters,
        kernel_size,
        strides=1,
        padding="valid",
        data_format=None,
        dilation_rate=1,
        groups=1,
        activation=None,
        use_bias=True,
        kernel_initializer="glorot_uniform",
        bias_initializer="zeros",
        kernel_regularizer=None,
        bias_regularizer=None,
        activity_regularizer=None,
        kernel_constraint=None,
        bias_constraint=None,
        *,
        name=None,
        trainable=True,
    ):
        self._store(locals())


class Conv1DTranspose(_Convolution):
    """Transpose of a convolution over the steps of sequences.

    Parameters
    ----------
    filters : int
        Channels of the output.
    kernel_size : int or tuple
        Length of the window along each axis.
    strides : int or tuple, default 1
        Steps from window to window.
    padding : {"valid", "same"}, default "valid"
        Windows inside alone, or zeros around.
    output_padding : int or tuple, optional
        Elements more at the end; None: as many as the length asks for.
    data_format : {"channels_last", "channels_first"}, optional
    dilation_rate : int or tuple, default 1
        Steps from tap to tap.
    activation : str or None, default None
        After the bias.
    use_bias : bool, default True
    kernel_initializer, bias_initializer : str or initializer
    kernel_regularizer, bias_regularizer, activity_regularizer : str or regularizer, optional
    kernel_constraint, bias_constraint : str or constraint, optional
    name : str, optional
    trainable : bool, default True
    """

    _base = "conv1d_transpose"

    def __init__(
        self,
        filters,
        kernel_size,
        strides=1,
        padding="valid",
        output_padding=None,
        data_format=None,
        dilation_rate=1,
        activation=None,
        use_bias=True,
        kernel_initializer="glorot_uniform",
        bias_initializer="zeros",
        kernel_regularizer=None,
        bias_regularizer=None,
        activity_regularizer=None,
        kernel_constraint=None,
        bias_constraint=None,
        *,
        name=None,
        trainable=True,
    ):
        self._store(locals())


class DepthwiseConv1D(_Convolution):
    """Convolution of each channel by itself over the steps of sequences.

    Parameters
    ----------
    kernel_size : int or tuple
        Length of the window along each axis.
    strides : int or tuple, default 1
        Steps from window to window.
    padding : {"valid", "same"}, default "valid"
        Windows inside alone, or zeros around.
    depth_multiplier : int, default 1
        Results for each channel.
    data_format : {"channels_last", "channels_first"}, optional
    dilation_rate : int or tuple, default 1
        Steps from tap to tap.
    activation : str or None, default None
        After the bias.
    use_bias : bool, default True
    depthwise_initializer, bias_initializer : str or initializer
    depthwise_regularizer, bias_regularizer, activity_regularizer : str or regularizer, optional
    depthwise_constraint, bias_constraint : str or constraint, optional
    name : str, optional
    trainable : bool, default True
    """

    _base = "depthwise_conv1d"

    def __init__(
        self,
        kernel_size,
        strides=1,
        padding="valid",
        depth_multiplier=1,
        data_format=None,
        dilation_rate=1,
        activation=None,
        use_bias=True,
        depthwise_initializer="glorot_uniform",
        bias_initializer="zeros",
        depthwise_regularizer=None,
        bias_regularizer=None,
        activity_regularizer=None,
        depthwise_constraint=None,
        bias_constraint=None,
        *,
        name=None,
        trainable=True,
    ):
        self._store(locals())


class SeparableConv1D(_Convolution):
    """Depthwise convolution, then one that mixes channels point by point, over the steps of sequences (Chollet 2017).

    Parameters
    ----------
    filters : int
        Channels of the output.
    kernel_size : int or tuple
        Length of the window along each axis.
    strides : int or tuple, default 1
        Steps from window to window.
    padding : {"valid", "same", "causal"}, default "valid"
        Windows inside alone, or zeros around.
    data_format : {"channels_last", "channels_first"}, optional
    dilation_rate : int or tuple, default 1
        Steps from tap to tap.
    depth_multiplier : int, default 1
        Results for each channel.
    activation : str or None, default None
        After the bias.
    use_bias : bool, default True
    depthwise_initializer, pointwise_initializer, bias_initializer : str or initializer
    depthwise_regularizer, pointwise_regularizer, bias_regularizer, activity_regularizer : str or regularizer, optional
    depthwise_constraint, pointwise_constraint, bias_constraint : str or constraint, optional
    name : str, optional
    trainable : bool, default True
    """

    _base = "separable_conv1d"

    def __init__(
        self,
        filters,
        kernel_size,
        strides=1,
        padding="valid",
        data_format=None,
        dilation_rate=1,
        depth_multiplier=1,
        activation=None,
        use_bias=True,
        depthwise_initializer="glorot_uniform",
        pointwise_initializer="glorot_uniform",
        bias_initializer="zeros",
        depthwise_regularizer=None,
        pointwise_regularizer=None,
        bias_regularizer=None,
        activity_regularizer=None,
        depthwise_constraint=None,
        pointwise_constraint=None,
        bias_constraint=None,
        *,
        name=None,
        trainable=True,
    ):
        self._store(locals())


class Conv2D(_Convolution):
    """Convolution over the rows and columns of pictures.

    Parameters
    ----------
    filters : int
        Channels of the output.
    kernel_size : int or tuple
        Length of the window along each axis.
    strides : int or tuple, default 1
        Steps from window to window.
    padding : {"valid", "same"}, default "valid"
        Windows inside alone, or zeros around.
    data_format : {"channels_last", "channels_first"}, optional
    dilation_rate : int or tuple, default 1
        Steps from tap to tap.
    groups : int, default 1
        Groups of channels that do not mix.
    activation : str or None, default None
        After the bias.
    use_bias : bool, default True
    kernel_initializer, bias_initializer : str or initializer
    kernel_regularizer, bias_regularizer, activity_regularizer : str or regularizer, optional
    kernel_constraint, bias_constraint : str or constraint, optional
    name : str, optional
    trainable : bool, default True
    """

    _base = "conv2d"

    def __init__(
        self,
        filters,
        kernel_size,
        strides=1,
        padding="valid",
        data_format=None,
        dilation_rate=1,
        groups=1,
        activation=None,
        use_bias=True,
        kernel_initializer="glorot_uniform",
        bias_initializer="zeros",
        kernel_regularizer=None,
        bias_regularizer=None,
        activity_regularizer=None,
        kernel_constraint=None,
        bias_constraint=None,
        *,
        name=None,
        trainable=True,
    ):
        self._store(locals())


class Conv2DTranspose(_Convolution):
    """Transpose of a convolution over the rows and columns of pictures.

    Parameters
    ----------
    filters : int
        Channels of the output.
    kernel_size : int or tuple
        Length of the window along each axis.
    strides : int or tuple, default 1
        Steps from window to window.
    padding : {"valid", "same"}, default "valid"
        Windows inside alone, or zeros around.
    output_padding : int or tuple, optional
        Elements more at the end; None: as many as the length asks for.
    data_format : {"channels_last", "channels_first"}, optional
    dilation_rate : int or tuple, default 1
        Steps from tap to tap.
    activation : str or None, default None
        After the bias.
    use_bias : bool, default True
    kernel_initializer, bias_initializer : str or initializer
    kernel_regularizer, bias_regularizer, activity_regularizer : str or regularizer, optional
    kernel_constraint, bias_constraint : str or constraint, optional
    name : str, optional
    trainable : bool, default True
    """

    _base = "conv2d_transpose"

    def __init__(
        self,
        filters,
        kernel_size,
        strides=1,
        padding="valid",
        output_padding=None,
        data_format=None,
        dilation_rate=1,
        activation=None,
        use_bias=True,
        kernel_initializer="glorot_uniform",
        bias_initializer="zeros",
        kernel_regularizer=None,
        bias_regularizer=None,
        activity_regularizer=None,
        kernel_constraint=None,
        bias_constraint=None,
        *,
        name=None,
        trainable=True,
    ):
        self._store(locals())


class DepthwiseConv2D(_Convolution):
    """Convolution of each channel by itself over the rows and columns of pictures.

    Parameters
    ----------
    kernel_size : int or tuple
        Length of the window along each axis.
    strides : int or tuple, default 1
        Steps from window to window.
    padding : {"valid", "same"}, default "valid"
        Windows inside alone, or zeros around.
    depth_multiplier : int, default 1
        Results for each channel.
    data_format : {"channels_last", "channels_first"}, optional
    dilation_rate : int or tuple, default 1
        Steps from tap to tap.
    activation : str or None, default None
        After the bias.
    use_bias : bool, default True
    depthwise_initializer, bias_initializer : str or initializer
    depthwise_regularizer, bias_regularizer, activity_regularizer : str or regularizer, optional
    depthwise_constraint, bias_constraint : str or constraint, optional
    name : str, optional
    trainable : bool, default True
    """

    _base = "depthwise_conv2d"

    def __init__(
        self,
        kernel_size,
        strides=1,
        padding="valid",
        depth_multiplier=1,
        data_format=None,
        dilation_rate=1,
        activation=None,
        use_bias=True,
        depthwise_initializer="glorot_uniform",
        bias_initializer="zeros",
        depthwise_regularizer=None,
        bias_regularizer=None,
        activity_regularizer=None,
        depthwise_constraint=None,
        bias_constraint=None,
        *,
        name=None,
        trainable=True,
    ):
        self._store(locals())


class SeparableConv2D(_Convolution):
    """Depthwise convolution, then one that mixes channels point by point, over the rows and columns of pictures (Chollet 2017).

    Parameters
    ----------
    filters : int
        Channels of the output.
    kernel_size : int or tuple
        Length of the window along each axis.
    strides : int or tuple, default 1
        Steps from window to window.
    padding : {"valid", "same"}, default "valid"
        Windows inside alone, or zeros around.
    data_format : {"channels_last", "channels_first"}, optional
    dilation_rate : int or tuple, default 1
        Steps from tap to tap.
    depth_multiplier : int, default 1
        Results for each channel.
    activation : str or None, default None
        After the bias.
    use_bias : bool, default True
    depthwise_initializer, pointwise_initializer, bias_initializer : str or initializer
    depthwise_regularizer, pointwise_regularizer, bias_regularizer, activity_regularizer : str or regularizer, optional
    depthwise_constraint, pointwise_constraint, bias_constraint : str or constraint, optional
    name : str, optional
    trainable : bool, default True
    """

    _base = "separable_conv2d"

    def __init__(
        self,
        filters,
        kernel_size,
        strides=1,
        padding="valid",
        data_format=None,
        dilation_rate=1,
        depth_multiplier=1,
        activation=None,
        use_bias=True,
        depthwise_initializer="glorot_uniform",
        pointwise_initializer="glorot_uniform",
        bias_initializer="zeros",
        depthwise_regularizer=None,
        pointwise_regularizer=None,
        bias_regularizer=None,
        activity_regularizer=None,
        depthwise_constraint=None,
        pointwise_constraint=None,
        bias_constraint=None,
        *,
        name=None,
        trainable=True,
    ):
        self._store(locals())
