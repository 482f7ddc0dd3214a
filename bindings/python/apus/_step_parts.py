"""The parts of a training step, for loops of one's own."""

import json

from ._trainer import network_array


class StepParts:
    """The parts of a training step of a compiled model, for loops of your own: several networks that train each other,
    or a loss that there is none of.

    Parameters
    ----------
    model : Sequential or Model
        Compiled and built. Optimizer, weights and the optimizer's state are the model's own: ``predict``,
        ``get_weights`` and ``fit`` go on from what ``apply`` has changed.

    A step is ``forward``, ``loss`` (or a loss of your own), ``backward`` and ``apply``, in this order.

    Examples
    --------
    A step of ``train_on_batch``, written out:

    >>> import apus
    >>> model = apus.Sequential([apus.Input((1,)), apus.layers.Dense(1, kernel_initializer="ones")])
    >>> model.compile(apus.optimizers.SGD(0.5), "mse")
    >>> parts = apus.models.StepParts(model)
    >>> parts.forward([[1.0], [2.0]]).tolist()
    [[1.0], [2.0]]
    >>> parts.loss([[0.0], [2.0]])
    0.5
    >>> parts.backward().tolist()
    [[1.0], [0.0]]
    >>> parts.apply()
    >>> [weight.tolist() for weight in model.get_weights()]
    [[[0.5]], [-0.5]]

    The gradient by the inputs of one network is what ``backward`` of the network before it takes: a generator learns
    through a discriminator that stays as it is with

    >>> picture_gradient = discriminator_parts.backward()  # doctest: +SKIP
    >>> discriminator_parts.zero_gradients()  # doctest: +SKIP
    >>> generator_parts.backward(picture_gradient)  # doctest: +SKIP
    >>> generator_parts.apply()  # doctest: +SKIP
    """

    def __init__(self, model):
        self.model = model
        model._require_built()
        model._require_trainer()
        self._input_shapes = None
        self._handle, self._places = None, []

    def forward(self, x, training=True):
        """What the network gives for ``x``, float32; a list of arrays for several outputs.

        With ``training`` dropout and noise act, and the averages of BatchNormalization move.
        """
        inputs = self.model._inputs(x)
        trainer = self.model._require_trainer()
        self._input_shapes = None
        trainer.forward(inputs, training)
        self._input_shapes = [array.shape for array in inputs]
        if training:
            self.model._stepped()
        outputs = [trainer.layer_output(*place) for place in self._output_places()]
        return outputs[0] if len(outputs) == 1 else outputs

    def loss(self, y, sample_weight=None):
        """The compiled loss of the last ``forward`` beside the targets ``y``, with penalties and what layers add; its
        gradients are kept for ``backward``."""
        weight = self.model._weights(sample_weight)
        if isinstance(weight, list):
            raise ValueError("loss takes one sample_weight for all outputs")
        return self.model._require_trainer().loss(self.model._targets(y), weight)

    def backward(self, output_gradients=None):
        """Adds the gradients by the weights to those held, and returns those by the inputs.

        Parameters
        ----------
        output_gradients : array or list of arrays, optional
            Of your loss by each output of the last ``forward``, in its shape; by default those of ``loss``. Gradients
            of penalties and of what layers add to the loss come with either.

        Returns
        -------
        array, or a list of arrays for several inputs
        """
        if self._input_shapes is None:
            raise ValueError("there is nothing to go back through: call forward first")
        gradients = None
        if output_gradients is not None:
            several = self.model._several("outputs", output_gradients)
            values = list(output_gradients) if several else [output_gradients]
            gradients = [network_array(value, "output_gradients") for value in values]
        by_inputs = self.model._require_trainer().backward(gradients, self._input_shapes)
        return by_inputs[0] if len(by_inputs) == 1 else by_inputs

    def apply(self, scale=1.0):
        """One update of the optimizer with the gradients held, times ``scale``; then none are held.

        Several ``backward`` before an ``apply`` add up: with ``scale=1 / n`` their mean counts.
        """
        if not scale:
            raise ValueError("scale must not be 0: zero_gradients gives gradients up without an update")
        self.model._require_trainer().apply(scale)
        self.model._stepped()

    def zero_gradients(self):
        """Gives up the gradients held, so that this network stays as it is."""
        self.model._require_trainer().zero_gradients()

    def gradient(self, name):
        """A copy of the gradient held for one weight, by its name: "dense/kernel". KeyError when there is none."""
        if not self.model._entry(name)["trainable"]:
            raise KeyError(f"{name!r} does not train, so it has no gradient")
        return self.model._require_trainer().gradient(name)

    def gradients(self):
        """Copies of the gradients held for all weights that train: a ``dict`` by their names."""
        trainer = self.model._require_trainer()
        names = [entry["path"] for entry in self.model._weight_entries() if entry["trainable"]]
        return {name: trainer.gradient(name) for name in names}

    def weight(self, name):
        """A copy of one weight as it is in training, by its name. KeyError when there is none."""
        self.model._entry(name)
        return self.model._require_trainer().weight(name)

    def weights(self):
        """Copies of all weights as they are in training: a ``dict`` by their names."""
        return {name: self.weight(name) for name in self.model.weight_names}

    def _output_places(self):
        """The (layer, call, output) that each output of the model is."""
        handle = self.model._require_built()
        if handle is not self._handle:
            config = json.loads(handle.to_json())["config"]
            # Keras counts the calls of a nested functional model from 1 here.
            nested = {layer["config"]["name"] for layer in config["layers"] if layer["class_name"] == "Functional"}
            ends = config.get("output_layers")
            self._handle = handle
            self._places = (
                [(name, call - (name in nested), output) for name, call, output in ends]
                if ends
                else [(config["layers"][-1]["config"]["name"], 0, 0)]
            )
        return self._places
