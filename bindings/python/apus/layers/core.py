"""Dense layers, activations and new shapes."""

from ._base import Layer


class Dense(Layer):
    """activation(x · kernel + bias), over the last axis of x.

    Parameters
    ----------
    units : int
        The length of the last axis of the output.
    activation : str or None, default None
        The name of an activation, such as "relu", "gelu" or "softmax"; None means "linear".
    use_bias : bool, default True
    kernel_initializer, bias_initializer : str or initializer, default "glorot_uniform" and "zeros"
    kernel_regularizer, bias_regularizer, activity_regularizer : str or regularizer, optional
        Penalties that training adds to the loss, on the weights and on the output.
    kernel_constraint, bias_constraint : str or constraint, optional
        What the weights must be after each update.
    name : str, optional
    trainable : bool, default True
    """

    _base = "dense"

    def __init__(
        self,
        units,
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
        self.units = units
        self.activation = activation
        self.use_bias = use_bias
        self.kernel_initializer = kernel_initializer
        self.bias_initializer = bias_initializer
        self.kernel_regularizer = kernel_regularizer
        self.bias_regularizer = bias_regularizer
        self.activity_regularizer = activity_regularizer
        self.kernel_constraint = kernel_constraint
        self.bias_constraint = bias_constraint
        self.name = name
        self.trainable = trainable


class Activation(Layer):
    """A function of each element, or of the last axis ("softmax", "log_softmax"): any activation of the catalog.

    Parameters
    ----------
    activation : str
    name : str, optional
    """

    _base = "activation"

    def __init__(self, activation, *, name=None):
        self.activation = activation
        self.name = name


class Flatten(Layer):
    """Makes one axis of all axes but the batch.

    Parameters
    ----------
    name : str, optional
    """

    _base = "flatten"

    def __init__(self, *, name=None):
        self.name = name


class Identity(Layer):
    """Its input as it is: a place for a name, or where a layer is left out.

    Parameters
    ----------
    name : str, optional
    """

    _base = "identity"

    def __init__(self, *, name=None):
        self.name = name


class Reshape(Layer):
    """The elements of each row, in their order, under another shape.

    Parameters
    ----------
    target_shape : tuple of int
        Without the batch; one extent may be -1, which means what is left.
    name : str, optional
    """

    _base = "reshape"

    def __init__(self, target_shape, *, name=None):
        self.target_shape = (target_shape,) if isinstance(target_shape, int) else tuple(target_shape)
        self.name = name


class Masking(Layer):
    """Steps whose elements all equal ``mask_value`` do not count in the layers that follow.

    Parameters
    ----------
    mask_value : float, default 0.0
    name : str, optional
    """

    _base = "masking"

    def __init__(self, mask_value=0.0, *, name=None):
        self.mask_value = mask_value
        self.name = name


class RepeatVector(Layer):
    """A row of features as n equal steps.

    Parameters
    ----------
    n : int
        How many steps.
    name : str, optional
    """

    _base = "repeat_vector"

    def __init__(self, n, *, name=None):
        self.n = n
        self.name = name


class Permute(Layer):
    """The axes of a row in another order.

    Parameters
    ----------
    dims : tuple of int
        Axis i of the output is axis dims[i] of the input, counted from 1, without the batch.
    name : str, optional
    """

    _base = "permute"

    def __init__(self, dims, *, name=None):
        self.dims = dims
        self.name = name


class Embedding(Layer):
    """Whole numbers as rows of a learned table; numbers outside of it give zeros.

    Parameters
    ----------
    input_dim : int
        Rows of the table: numbers 0 to input_dim - 1.
    output_dim : int
        Features of a row.
    embeddings_initializer : str or initializer, default "uniform"
    embeddings_regularizer : str or regularizer, optional
    embeddings_constraint : str or constraint, optional
    mask_zero : bool, default False
        Whether steps of 0 do not count in the layers that follow.
    name : str, optional
    trainable : bool, default True
    """

    _base = "embedding"

    def __init__(
        self,
        input_dim,
        output_dim,
        embeddings_initializer="uniform",
        embeddings_regularizer=None,
        embeddings_constraint=None,
        mask_zero=False,
        *,
        name=None,
        trainable=True,
    ):
        self.input_dim = input_dim
        self.output_dim = output_dim
        self.embeddings_initializer = embeddings_initializer
        self.embeddings_regularizer = embeddings_regularizer
        self.embeddings_constraint = embeddings_constraint
        self.mask_zero = mask_zero
        self.name = name
        self.trainable = trainable
