"""Recurrent layers: step after step of a sequence, (steps, features) for each row."""

from ._base import Layer, from_config


class SimpleRNN(Layer):
    """h = activation(x · kernel + h · recurrent_kernel + bias), step by step.

    Parameters
    ----------
    units : int
        The length of the state and of the output.
    activation : str or None, default "tanh"
    use_bias : bool, default True
    kernel_initializer, recurrent_initializer, bias_initializer : str or initializer
        By default "glorot_uniform", "orthogonal" and "zeros".
    kernel_regularizer, recurrent_regularizer, bias_regularizer, activity_regularizer : str or regularizer, optional
    kernel_constraint, recurrent_constraint, bias_constraint : str or constraint, optional
    dropout, recurrent_dropout : float, default 0.0
        Shares of the inputs, and of the state where it meets the recurrent kernel, that training sets to zero: the same
        ones in all steps of a row.
    seed : int, optional
        Kept for Keras; random numbers come from ``apus.set_seed``.
    return_sequences : bool, default False
        The output of every step instead of the last one.
    return_state : bool, default False
        The states after the last step as further outputs.
    go_backwards : bool, default False
        From the last step to the first; outputs come in that order.
    stateful : bool, default False
        Each batch goes on from the states of the one before.
    unroll : bool, default False
        Kept for Keras.
    zero_output_for_mask : bool, default False
        Zeros for steps that a mask leaves out, instead of the output before.
    name : str, optional
    trainable : bool, default True
    """

    _base = "simple_rnn"
    _tensor_keywords = ("initial_state",)

    def __init__(
        self,
        units,
        activation="tanh",
        use_bias=True,
        kernel_initializer="glorot_uniform",
        recurrent_initializer="orthogonal",
        bias_initializer="zeros",
        kernel_regularizer=None,
        recurrent_regularizer=None,
        bias_regularizer=None,
        activity_regularizer=None,
        kernel_constraint=None,
        recurrent_constraint=None,
        bias_constraint=None,
        dropout=0.0,
        recurrent_dropout=0.0,
        seed=None,
        return_sequences=False,
        return_state=False,
        go_backwards=False,
        stateful=False,
        unroll=False,
        zero_output_for_mask=False,
        *,
        name=None,
        trainable=True,
    ):
        self.units = units
        self.activation = activation
        self.use_bias = use_bias
        self.kernel_initializer = kernel_initializer
        self.recurrent_initializer = recurrent_initializer
        self.bias_initializer = bias_initializer
        self.kernel_regularizer = kernel_regularizer
        self.recurrent_regularizer = recurrent_regularizer
        self.bias_regularizer = bias_regularizer
        self.activity_regularizer = activity_regularizer
        self.kernel_constraint = kernel_constraint
        self.recurrent_constraint = recurrent_constraint
        self.bias_constraint = bias_constraint
        self.dropout = dropout
        self.recurrent_dropout = recurrent_dropout
        self.seed = seed
        self.return_sequences = return_sequences
        self.return_state = return_state
        self.go_backwards = go_backwards
        self.stateful = stateful
        self.unroll = unroll
        self.zero_output_for_mask = zero_output_for_mask
        self.name = name
        self.trainable = trainable


class LSTM(Layer):
    """Long short-term memory (Hochreiter and Schmidhuber 1997). Its states are h, the output, and c.

    Parameters
    ----------
    units : int
        The length of the state and of the output.
    activation : str or None, default "tanh"
    recurrent_activation : str or None, default "sigmoid"
        Of the gates.
    use_bias : bool, default True
    kernel_initializer, recurrent_initializer, bias_initializer : str or initializer
        By default "glorot_uniform", "orthogonal" and "zeros".
    unit_forget_bias : bool, default True
        Whether the bias of the forget gate begins at 1.
    kernel_regularizer, recurrent_regularizer, bias_regularizer, activity_regularizer : str or regularizer, optional
    kernel_constraint, recurrent_constraint, bias_constraint : str or constraint, optional
    dropout, recurrent_dropout : float, default 0.0
        Shares of the inputs, and of the state where it meets the recurrent kernel, that training sets to zero: the same
        ones in all steps of a row.
    seed : int, optional
        Kept for Keras; random numbers come from ``apus.set_seed``.
    return_sequences : bool, default False
        The output of every step instead of the last one.
    return_state : bool, default False
        The states after the last step as further outputs.
    go_backwards : bool, default False
        From the last step to the first; outputs come in that order.
    stateful : bool, default False
        Each batch goes on from the states of the one before.
    unroll : bool, default False
        Kept for Keras.
    zero_output_for_mask : bool, default False
        Zeros for steps that a mask leaves out, instead of the output before.
    name : str, optional
    trainable : bool, default True
    """

    _base = "lstm"
    _tensor_keywords = ("initial_state",)

    def __init__(
        self,
        units,
        activation="tanh",
        recurrent_activation="sigmoid",
        use_bias=True,
        kernel_initializer="glorot_uniform",
        recurrent_initializer="orthogonal",
        bias_initializer="zeros",
        unit_forget_bias=True,
        kernel_regularizer=None,
        recurrent_regularizer=None,
        bias_regularizer=None,
        activity_regularizer=None,
        kernel_constraint=None,
        recurrent_constraint=None,
        bias_constraint=None,
        dropout=0.0,
        recurrent_dropout=0.0,
        seed=None,
        return_sequences=False,
        return_state=False,
        go_backwards=False,
        stateful=False,
        unroll=False,
        zero_output_for_mask=False,
        *,
        name=None,
        trainable=True,
    ):
        self.units = units
        self.activation = activation
        self.recurrent_activation = recurrent_activation
        self.use_bias = use_bias
        self.kernel_initializer = kernel_initializer
        self.recurrent_initializer = recurrent_initializer
        self.bias_initializer = bias_initializer
        self.unit_forget_bias = unit_forget_bias
        self.kernel_regularizer = kernel_regularizer
        self.recurrent_regularizer = recurrent_regularizer
        self.bias_regularizer = bias_regularizer
        self.activity_regularizer = activity_regularizer
        self.kernel_constraint = kernel_constraint
        self.recurrent_constraint = recurrent_constraint
        self.bias_constraint = bias_constraint
        self.dropout = dropout
        self.recurrent_dropout = recurrent_dropout
        self.seed = seed
        self.return_sequences = return_sequences
        self.return_state = return_state
        self.go_backwards = go_backwards
        self.stateful = stateful
        self.unroll = unroll
        self.zero_output_for_mask = zero_output_for_mask
        self.name = name
        self.trainable = trainable


class GRU(Layer):
    """Gated recurrent units (Cho et al. 2014).

    Parameters
    ----------
    units : int
        The length of the state and of the output.
    activation : str or None, default "tanh"
    recurrent_activation : str or None, default "sigmoid"
        Of the gates.
    use_bias : bool, default True
    kernel_initializer, recurrent_initializer, bias_initializer : str or initializer
        By default "glorot_uniform", "orthogonal" and "zeros".
    kernel_regularizer, recurrent_regularizer, bias_regularizer, activity_regularizer : str or regularizer, optional
    kernel_constraint, recurrent_constraint, bias_constraint : str or constraint, optional
    dropout, recurrent_dropout : float, default 0.0
        Shares of the inputs, and of the state where it meets the recurrent kernel, that training sets to zero: the same
        ones in all steps of a row.
    seed : int, optional
        Kept for Keras; random numbers come from ``apus.set_seed``.
    return_sequences : bool, default False
        The output of every step instead of the last one.
    return_state : bool, default False
        The states after the last step as further outputs.
    go_backwards : bool, default False
        From the last step to the first; outputs come in that order.
    stateful : bool, default False
        Each batch goes on from the states of the one before.
    unroll : bool, default False
        Kept for Keras.
    reset_after : bool, default True
        Whether the reset gate comes after the product with the recurrent kernel.
    zero_output_for_mask : bool, default False
        Zeros for steps that a mask leaves out, instead of the output before.
    name : str, optional
    trainable : bool, default True
    """

    _base = "gru"
    _tensor_keywords = ("initial_state",)

    def __init__(
        self,
        units,
        activation="tanh",
        recurrent_activation="sigmoid",
        use_bias=True,
        kernel_initializer="glorot_uniform",
        recurrent_initializer="orthogonal",
        bias_initializer="zeros",
        kernel_regularizer=None,
        recurrent_regularizer=None,
        bias_regularizer=None,
        activity_regularizer=None,
        kernel_constraint=None,
        recurrent_constraint=None,
        bias_constraint=None,
        dropout=0.0,
        recurrent_dropout=0.0,
        seed=None,
        return_sequences=False,
        return_state=False,
        go_backwards=False,
        stateful=False,
        unroll=False,
        reset_after=True,
        zero_output_for_mask=False,
        *,
        name=None,
        trainable=True,
    ):
        self.units = units
        self.activation = activation
        self.recurrent_activation = recurrent_activation
        self.use_bias = use_bias
        self.kernel_initializer = kernel_initializer
        self.recurrent_initializer = recurrent_initializer
        self.bias_initializer = bias_initializer
        self.kernel_regularizer = kernel_regularizer
        self.recurrent_regularizer = recurrent_regularizer
        self.bias_regularizer = bias_regularizer
        self.activity_regularizer = activity_regularizer
        self.kernel_constraint = kernel_constraint
        self.recurrent_constraint = recurrent_constraint
        self.bias_constraint = bias_constraint
        self.dropout = dropout
        self.recurrent_dropout = recurrent_dropout
        self.seed = seed
        self.return_sequences = return_sequences
        self.return_state = return_state
        self.go_backwards = go_backwards
        self.stateful = stateful
        self.unroll = unroll
        self.reset_after = reset_after
        self.zero_output_for_mask = zero_output_for_mask
        self.name = name
        self.trainable = trainable


class Bidirectional(Layer):
    """A recurrent layer in both directions, with the outputs of both merged step by step.

    Parameters
    ----------
    layer : SimpleRNN, LSTM or GRU
    merge_mode : {"concat", "sum", "mul", "ave"} or None, default "concat"
        How the outputs are merged; None gives both.
    backward_layer : SimpleRNN, LSTM or GRU, optional
        Of the other direction, with the other ``go_backwards``; by default one like ``layer``.
    name : str, optional
    trainable : bool, default True
    """

    _base = "bidirectional"
    _tensor_keywords = ("initial_state",)

    def __init__(self, layer, merge_mode="concat", backward_layer=None, *, name=None, trainable=True):
        self.layer = from_config(layer) if isinstance(layer, dict) else layer
        self.merge_mode = merge_mode
        self.backward_layer = from_config(backward_layer) if isinstance(backward_layer, dict) else backward_layer
        self.name = name
        self.trainable = trainable
