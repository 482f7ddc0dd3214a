"""What layers have in common, and the entry of a network."""

from .._configuration import Configured

CLASSES = {}
"""Layers by Keras's class names; each class enters itself."""


class Layer(Configured):
    """Base of the layers.

    ``name`` is given by the model when it is None: ``dense``, ``dense_1``, ...; ``trainable=False`` freezes the weights.
    """

    _base = None  # of names given automatically
    name = None
    trainable = True
    _model = None

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        if cls._base is not None:
            CLASSES[cls.__name__] = cls

    def __call__(self, inputs, *more, **keywords):
        """Calls the layer on an ``Input`` or on what layers gave that were called before: a symbolic tensor, or a list of
        them where the layer has several outputs. Layers of several inputs take a list. A layer that is called more than
        once uses the same weights each time.

        ``apus.Model(inputs, outputs)`` makes a network of it.
        """
        from .._symbolic import call

        return call(self, inputs, *more, **keywords)

    def _begin(self):
        """Called when the layer's model has got weights."""

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
        The shape of one row, without the batch; None for an extent that each batch may have of its own.
    batch_size : int, optional
        Kept for Keras; any number of rows is taken.
    name : str, optional
    """

    _base = "input_layer"

    def __init__(self, shape=None, batch_size=None, *, name=None):
        if shape is None:
            raise ValueError("an Input needs the shape of one row, such as shape=(64,)")
        self.shape = (shape,) if isinstance(shape, int) else tuple(shape)
        self.batch_size = batch_size
        self.name = name
        self._tensor = None

    @classmethod
    def from_config(cls, config):
        config = dict(config)
        batch_shape = config.pop("batch_shape", None) or config.pop("batch_input_shape", None)
        if batch_shape is not None:
            config["shape"] = batch_shape[1:]
            config["batch_size"] = batch_shape[0]
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
