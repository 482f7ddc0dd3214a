"""Attention, and products over any axes."""

from ._base import Layer


class EinsumDense(Layer):
    """activation(einsum(equation, x, kernel) + bias).

    Parameters
    ----------
    equation : str
        Letters for the axes of input, kernel and output, the batch first, such as "abc,cde->abde"; "..." stands for any
        axes on the left or on the right.
    output_shape : int or tuple
        Without the batch and the axes of "..."; None for an extent that the input has.
    activation : str, optional
    bias_axes : str, optional
        Letters of the output that the bias has; None: there is no bias.
    kernel_initializer, bias_initializer : str or initializer
    kernel_regularizer, bias_regularizer, activity_regularizer : str or regularizer, optional
    kernel_constraint, bias_constraint : str or constraint, optional
    name : str, optional
    trainable : bool, default True

    Examples
    --------
    >>> import apus
    >>> layer = apus.layers.EinsumDense("abc,cd->abd", output_shape=(None, 64), bias_axes="d")
    >>> layer(apus.Input((32, 16))).shape
    (None, 32, 64)
    """

    _base = "einsum_dense"

    def __init__(
        self,
        equation,
        output_shape,
        activation=None,
        bias_axes=None,
        kernel_initializer="glorot_uniform",
        bias_initializer="zeros",
        kernel_regularizer=None,
        bias_regularizer=None,
        kernel_constraint=None,
        bias_constraint=None,
        activity_regularizer=None,
        *,
        name=None,
        trainable=True,
    ):
        self.equation = equation
        self.output_shape = output_shape
        self.activation = activation
        self.bias_axes = bias_axes
        self.kernel_initializer = kernel_initializer
        self.bias_initializer = bias_initializer
        self.kernel_regularizer = kernel_regularizer
        self.bias_regularizer = bias_regularizer
        self.kernel_constraint = kernel_constraint
        self.bias_constraint = bias_constraint
        self.activity_regularizer = activity_regularizer
        self.name = name
        self.trainable = trainable


class _Attention(Layer):
    """Base of the layers of attention: what Keras passes with a call is an argument of the constructor too."""

    _call_parameters = ("use_causal_mask", "return_attention_scores")


class Attention(_Attention):
    """softmax(scores of queries and keys) times values, called on ``[query, value]`` or ``[query, value, key]``.

    The values' mask leaves steps out; the queries' mask sets results to 0 and goes on (Luong, Pham and Manning 2015).

    Parameters
    ----------
    use_scale : bool, default False
        Whether a weight scales the scores.
    score_mode : {"dot", "concat"}, default "dot"
        q · k, or a weight times the sum of tanh(q + k).
    dropout : float, default 0.0
        The share of the weights of attention set to 0 in training.
    use_causal_mask : bool, default False
        Whether step i sees the steps up to i alone. Can be passed with a call too.
    return_attention_scores : bool, default False
        Whether the weights of attention are a second output. Can be passed with a call too.
    name : str, optional
    trainable : bool, default True
    """

    _base = "attention"

    def __init__(
        self,
        use_scale=False,
        score_mode="dot",
        dropout=0.0,
        *,
        use_causal_mask=False,
        return_attention_scores=False,
        name=None,
        trainable=True,
    ):
        self.use_scale = use_scale
        self.score_mode = score_mode
        self.dropout = dropout
        self.use_causal_mask = use_causal_mask
        self.return_attention_scores = return_attention_scores
        self.name = name
        self.trainable = trainable


class AdditiveAttention(_Attention):
    """Attention with scores Σ scale tanh(q + k) (Bahdanau, Cho and Bengio 2015), called like ``Attention``.

    Parameters
    ----------
    use_scale : bool, default True
        Whether there is a weight for each feature.
    dropout : float, default 0.0
        The share of the weights of attention set to 0 in training.
    use_causal_mask, return_attention_scores : bool, default False
        As of ``Attention``.
    name : str, optional
    trainable : bool, default True
    """

    _base = "additive_attention"

    def __init__(
        self,
        use_scale=True,
        dropout=0.0,
        *,
        use_causal_mask=False,
        return_attention_scores=False,
        name=None,
        trainable=True,
    ):
        self.use_scale = use_scale
        self.dropout = dropout
        self.use_causal_mask = use_causal_mask
        self.return_attention_scores = return_attention_scores
        self.name = name
        self.trainable = trainable


class MultiHeadAttention(_Attention):
    """Attention of several heads between projections, called on ``(query, value)`` or ``(query, value, key=key)``.

    Masks of query, value and key leave places out; the query's goes on (Vaswani et al. 2017).

    Parameters
    ----------
    num_heads : int
    key_dim : int
        Features of queries and keys of a head.
    value_dim : int, optional
        Features of values of a head; None: key_dim.
    dropout : float, default 0.0
        The share of the weights of attention set to 0 in training.
    use_bias : bool, default True
        Whether the projections have biases.
    output_shape : int or tuple, optional
        In place of the features of a result; None: as many as the query has.
    attention_axes : int or tuple, optional
        Axes of steps, side by side up to the features; None: all but the batch.
    kernel_initializer, bias_initializer : str or initializer
    kernel_regularizer, bias_regularizer, activity_regularizer : str or regularizer, optional
    kernel_constraint, bias_constraint : str or constraint, optional
    use_causal_mask : bool, default False
        Whether step i sees the steps up to i alone. Can be passed with a call too.
    return_attention_scores : bool, default False
        Whether the weights of attention are a second output. Can be passed with a call too.
    name : str, optional
    trainable : bool, default True

    Examples
    --------
    >>> import apus
    >>> words = apus.Input((10, 16))
    >>> apus.layers.MultiHeadAttention(num_heads=2, key_dim=8)(words, words, use_causal_mask=True).shape
    (None, 10, 16)
    """

    _base = "multi_head_attention"
    _tensor_keywords = ("query", "value", "key")

    def __init__(
        self,
        num_heads,
        key_dim,
        value_dim=None,
        dropout=0.0,
        use_bias=True,
        output_shape=None,
        attention_axes=None,
        kernel_initializer="glorot_uniform",
        bias_initializer="zeros",
        kernel_regularizer=None,
        bias_regularizer=None,
        activity_regularizer=None,
        kernel_constraint=None,
        bias_constraint=None,
        *,
        use_causal_mask=False,
        return_attention_scores=False,
        name=None,
        trainable=True,
    ):
        self.num_heads = num_heads
        self.key_dim = key_dim
        self.value_dim = value_dim
        self.dropout = dropout
        self.use_bias = use_bias
        self.output_shape = output_shape
        self.attention_axes = attention_axes
        self.kernel_initializer = kernel_initializer
        self.bias_initializer = bias_initializer
        self.kernel_regularizer = kernel_regularizer
        self.bias_regularizer = bias_regularizer
        self.activity_regularizer = activity_regularizer
        self.kernel_constraint = kernel_constraint
        self.bias_constraint = bias_constraint
        self.use_causal_mask = use_causal_mask
        self.return_attention_scores = return_attention_scores
        self.name = name
        self.trainable = trainable
