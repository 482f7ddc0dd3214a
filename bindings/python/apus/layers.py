"""Layers of networks, under Keras's names."""

from ._configuration import Configured

__all__ = ["Activation", "Dense", "Dropout", "Flatten", "Input", "InputLayer"]


class Layer(Configured):
    """Base of the layers.

    ``name`` is given by the model when it is None: ``dense``, ``dense_1``, ...; ``trainable=False`` freezes the weights.
    """

    _base = None  # of names given automatically
    name = None
    _model = None

    def get_weights(self):
        """Copies of the layer's weights: for Dense the kernel, then the bias."""
        return [] if self._model is None else self._model._layer_weights(self.name)

    def set_weights(self, weights):
        """Sets the layer's weights: as many arrays, of the same shapes, as ``get_weights`` gives."""
        if self._model is None:
            raise ValueError("a layer has weights once it is in a model that is built")
        self._model._set_layer_weights(self.name, weights)

    def count_params(self):
        """How many numbers the layer's weights are."""
        return sum(weight.size for weight in self.get_weights())


class InputLayer(Layer):
    """The entry of a network.

    Parameters
    ----------
    shape : tuple of int
        The shape of one row, without the batch.
    name : str, optional
    """

    _base = "input_layer"

    def __init__(self, shape=None, *, name=None):
        if shape is None:
            raise ValueError("an Input needs the shape of one row, such as shape=(64,)")
        self.shape = (shape,) if isinstance(shape, int) else tuple(shape)
        self.name = name

    @classmethod
    def from_config(cls, config):
        config = dict(config)
        batch_shape = config.pop("batch_shape", None) or config.pop("batch_input_shape", None)
        if batch_shape is not None:
            config["shape"] = batch_shape[1:]
        return super().from_config(config)


def Input(shape=None, *, name=None):
    """The entry of a network whose rows have the shape ``shape``; see ``InputLayer``.

    Examples
    --------
    >>> import apus
    >>> model = apus.Sequential([apus.Input(shape=(4,)), apus.layers.Dense(2)])
    >>> model.output_shape
    (None, 2)
    """
    return InputLayer(shape, name=name)


class Dense(Layer):
    """activation(x · kernel + bias), over the last axis of x.

    Parameters
    ----------
    units : int
        The length of the last axis of the output.
    activation : str or None, default None
        "relu", "leaky_relu", "elu", "sigmoid", "tanh", "softmax" or "linear", which None means.
    use_bias : bool, default True
    kernel_initializer, bias_initializer : str or initializer, default "glorot_uniform" and "zeros"
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
        *,
        name=None,
        trainable=True,
    ):
        self.units = units
        self.activation = activation
        self.use_bias = use_bias
        self.kernel_initializer = kernel_initializer
        self.bias_initializer = bias_initializer
        self.name = name
        self.trainable = trainable


class Activation(Layer):
    """A function of each element: "relu", "leaky_relu", "elu", "sigmoid", "tanh", "softmax" (over the last axis) or
    "linear".

    Parameters
    ----------
    activation : str
    name : str, optional
    """

    _base = "activation"

    def __init__(self, activation, *, name=None):
        self.activation = activation
        self.name = name


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


class Flatten(Layer):
    """Makes one axis of all axes but the batch.

    Parameters
    ----------
    name : str, optional
    """

    _base = "flatten"

    def __init__(self, *, name=None):
        self.name = name


CLASSES = {kind.__name__: kind for kind in (InputLayer, Dense, Activation, Dropout, Flatten)}


class OtherLayer(Layer):
    """A layer of a loaded network that this package has no class for: its class name and configuration."""

    def __init__(self, class_name, config):
        self.class_name = class_name
        self.config = config
        self.name = config.get("name")


def from_config(entry):
    """The layer that an entry of Keras's model configuration describes."""
    kind = CLASSES.get(entry["class_name"])
    config = entry.get("config", {})
    return OtherLayer(entry["class_name"], config) if kind is None else kind.from_config(config)
