"""What every network has: weights, training, predictions, files."""

import ctypes

import numpy

from . import _arrays, _context, _handles, _interrupt, _sharing, layers as _layers
from ._errors import ShapeError
from ._library import lib
from ._model_data import ModelData
from ._trainer import Trainer, network_array
from ._training import Training, positive
from ._weight_files import WeightFiles, storage
from .data import HDF5Dataset


class Model(Training, ModelData, WeightFiles):
    """A network from its inputs and outputs. ``Sequential`` makes one of layers one after the other, ``load_model`` reads
    one from a file.

    Parameters
    ----------
    inputs : Input or list of them
    outputs : symbolic tensor or list of them
        What layers gave that were called on the inputs.
    name : str, default "functional"

    Examples
    --------
    >>> import apus
    >>> left, right = apus.Input((3,)), apus.Input((3,))
    >>> tower = apus.layers.Dense(4, activation="tanh")
    >>> both = apus.layers.Concatenate()([tower(left), tower(right)])
    >>> model = apus.Model([left, right], apus.layers.Dense(1)(both))
    >>> model.count_params()
    25

    A model can be called like a layer and be part of another, and layers can be in several models. They share weights:
    what one of them learns, the others have when they are next used. Each has its own optimizer with its state, and
    memory for weights of its own.

    >>> picture = apus.Input((4,))
    >>> encoder = apus.Model(picture, apus.layers.Dense(2)(picture))
    >>> autoencoder = apus.Sequential([apus.Input((4,)), encoder, apus.layers.Dense(4)])
    >>> autoencoder.set_weights([weight + 1 for weight in autoencoder.get_weights()])
    >>> bool((encoder.get_weights()[1] == autoencoder.get_weights()[1]).all())
    True

    Attributes
    ----------
    layers : list of the layers, the input left out
    optimizer, loss : what ``compile`` was given
    metrics_names : list of "loss" and the names of the metrics
    stop_training : bool
        Set it to True in a callback to end training.
    history : History
        Of the last fit.

    A network can be copied and pickled with its weights; the optimizer of the copy begins anew.
    """

    _base = "functional"
    trainable = True

    def __init__(self, inputs=None, outputs=None, name=None):
        self._handle = None
        self._trainer = None
        self._compiled = None
        self._unpublished = False
        self._all_layers = []
        self._input_names = []
        self._output_names = None
        self._carried = {}
        self._parts, self._waiting, self._stamp = [], [], 0
        self.name = name
        self.optimizer = None
        self.loss = None
        self.stop_training = False
        self.history = None
        if inputs is not None or outputs is not None:
            self._connect(inputs, outputs)

    def _connect(self, inputs, outputs):
        """Makes the network of symbolic tensors."""
        from . import _symbolic

        self.name = self.name or self._base
        inputs = _symbolic.tensors(inputs, "inputs")
        outputs = _symbolic.tensors(outputs, "outputs")
        order = _symbolic.ancestors(inputs + outputs)
        entries = [tensor._node for tensor in inputs]
        for node in order:
            if not node.inputs and node not in entries:
                raise ValueError(f"the outputs need the input {node.layer.name!r}, which is not among the inputs")
        layers = list(dict.fromkeys(node.layer for node in entries + order))
        taken = [layer.name for layer in layers if layer.name is not None]
        for name in taken:
            if taken.count(name) > 1:
                raise ValueError(f"two layers have the name {name!r}")
        for layer in layers:
            if layer.name is None:
                layer.name, count = layer._base, 0
                while layer.name in taken:
                    count += 1
                    layer.name = f"{layer._base}_{count}"
                taken.append(layer.name)
        builder = _symbolic.Builder(self.name)
        for node in entries + order:
            builder.add(node)
        self._handle = builder.build(outputs)
        self._all_layers = layers
        self._input_names = [node.layer.name for node in entries]
        for layer in layers:
            owner = getattr(layer, "_model", self)
            if owner is None:
                layer._model = self
                layer._begin()
            elif owner is not self and owner.built and self._layer_entries(layer.name):
                self._set_layer_weights(layer.name, layer.get_weights())
                paths = [entry["path"] for entry in self._layer_entries(layer.name)]
                _sharing.share(self, owner, [(path, path) for path in paths], not layer.trainable)
        self._share_nested()

    def _share_nested(self):
        """Shares the weights of the models in this one, which begins with theirs."""
        for layer in self._all_layers:
            if isinstance(layer, Model):
                paths = [entry["path"] for entry in layer._weight_entries()]
                _sharing.share(self, layer, [(f"{layer.name}/{path}", path) for path in paths], not layer.trainable)

    def __repr__(self):
        return f"<{type(self).__name__} {self.name!r}: {', '.join(str(layer.name) for layer in self.layers)}>"

    # Building

    @property
    def built(self):
        """Whether the network has weights."""
        return self._handle is not None

    def _require_built(self):
        if self._handle is None:
            raise ValueError("the model is not built")
        return self._handle

    def _current(self):
        """The model with the weights as they are now."""
        handle = self._require_built()
        self._synchronise()
        self._publish_steps()
        return handle

    def _publish_steps(self):
        if self._unpublished:
            self._trainer.publish()
            self._unpublished = False

    def _synchronise(self):
        """Takes what other models have changed of weights that are shared with them; not amidst training."""
        if (self._parts or self._waiting) and not (self._trainer is not None and self._trainer.is_running):
            _sharing.synchronise(self)

    def _peek(self, paths):
        """Copies of weights as this model has them."""
        if not (self._trainer is not None and self._trainer.is_running):
            self._publish_steps()
        return [self._handle.attribute(path) for path in paths]

    def _poke(self, values):
        """Sets weights by path, of which others know."""
        if self._trainer is not None:
            for path, value in values.items():
                self._trainer.set_weight(path, value)
            self._unpublished = True
            return
        with _context.current() as context:
            for path, value in values.items():
                context.check(
                    lib.apus_model_set_weight(
                        context.handle, self._handle.pointer, path.encode(), _arrays.view(value)
                    )
                )

    def _build_if_complete(self):
        """Makes the weights, if there are none and the shape of the input is known."""

    @property
    def layers(self):
        return [layer for layer in self._all_layers if not isinstance(layer, _layers.InputLayer)]

    def get_layer(self, name=None, index=None):
        """The layer of that name or number; ValueError when there is none."""
        if index is not None:
            return self.layers[index]
        for layer in self._all_layers:
            if layer.name == name:
                return layer
        raise ValueError(f"no layer {name!r}; there are {', '.join(str(layer.name) for layer in self.layers)}")

    @property
    def input_shape(self):
        """The shape of the input with None for the batch; a list of them for several inputs."""
        return _one_or_all([tuple(shape) for shape in self._require_built().info["inputs"]])

    @property
    def output_shape(self):
        """The shape of the output with None for the batch; a list of them for several outputs."""
        return _one_or_all([tuple(shape) for shape in self._require_built().info["outputs"]])

    def count_params(self):
        """How many numbers the weights are."""
        return self._require_built().info["parameters"]

    def summary(self, print_fn=print):
        """Prints a table of layers, the shapes of their outputs, how many numbers their weights are, and what memory it
        takes to predict and to train."""
        rows = [("Layer (type)", "Output shape", "Param #")]
        for entry in self._require_built().info["layers"]:
            shape = tuple(entry["output_shape"])
            rows.append((f"{entry['name']} ({entry['kind']})", str(shape), f"{entry['parameters']:,}"))
        widths = [max(len(row[column]) for row in rows) for column in range(3)]
        lines = [f"{a:<{widths[0]}}  {b:<{widths[1]}}  {c:>{widths[2]}}" for a, b, c in rows]
        rule = "-" * len(lines[0])
        print_fn("\n".join([f'Model: "{self.name}"', rule, lines[0], rule, *lines[1:], rule]))
        info = self._require_built().info
        trainable = info["trainable_parameters"]
        print_fn(f"Total params: {self.count_params():,} ({_bytes(info['weight_bytes'])})")
        print_fn(f"Trainable params: {trainable:,}, others: {self.count_params() - trainable:,}")
        if info["memory"] is not None:
            memory = info["memory"]
            print_fn(
                f"Memory for {memory['rows']} rows: {_bytes(memory['inference'])} to predict, "
                f"{_bytes(memory['training'])} to train, and the optimizer's state"
            )

    # Weights

    def _weight_entries(self):
        return [weight for layer in self._require_built().info["layers"] for weight in layer["weights"]]

    def get_weights(self):
        """Copies of all weights, layer by layer."""
        handle = self._current()
        return [handle.attribute(entry["path"]) for entry in self._weight_entries()]

    def set_weights(self, weights):
        """Sets all weights: as many arrays, of the same shapes, as ``get_weights`` gives.

        The optimizer's state stays. ValueError when number or shapes do not fit; nothing is changed then.
        """
        self._set(self._weight_entries(), weights)

    def _layer_entries(self, name):
        return [w for layer in self._require_built().info["layers"] if layer["name"] == name for w in layer["weights"]]

    def _layer_weights(self, name):
        handle = self._current()
        return [handle.attribute(entry["path"]) for entry in self._layer_entries(name)]

    def _set_layer_weights(self, name, weights):
        self._set(self._layer_entries(name), weights)

    def get_weight(self, name):
        """A copy of one weight by its name, "dense/kernel"; KeyError when there is none."""
        self._entry(name)
        return self._current().attribute(name)

    def set_weight(self, name, value):
        """Sets one weight by its name, an array of its shape. The optimizer's state stays."""
        self._set([self._entry(name)], [value])

    @property
    def weight_names(self):
        """The names of all weights, in the order of ``get_weights``."""
        return [entry["path"] for entry in self._weight_entries()]

    def _entry(self, name):
        for entry in self._weight_entries():
            if entry["path"] == name:
                return entry
        raise KeyError(f"no weight {name!r}; there are {', '.join(self.weight_names)}")

    def _set(self, entries, weights):
        handle = self._current()
        if len(weights) != len(entries):
            raise ValueError(f"expected {len(entries)} weights, got {len(weights)}")
        arrays = []
        for entry, values in zip(entries, weights):
            array = numpy.asarray(values, numpy.float32)
            if array.ndim:
                array = network_array(array, entry["path"])
            if list(array.shape) != list(entry["shape"]):
                raise ShapeError(f"{entry['path']} must have shape {tuple(entry['shape'])}, got {array.shape}")
            arrays.append(array)
        if self._trainer is not None:
            for entry, array in zip(entries, arrays):
                self._trainer.set_weight(entry["path"], array)
        with _context.current() as context:
            for entry, array in zip(entries, arrays):
                context.check(
                    lib.apus_model_set_weight(
                        context.handle, handle.pointer, entry["path"].encode(), _arrays.view(array)
                    )
                )
        _sharing.changed(self)

    # Using

    def predict(self, x, batch_size=None, verbose=0):
        """The network's output for each row, float32; a list of arrays for several outputs.

        ``batch_size`` is how many rows go through at once, by default as many as suits the library; results do not
        depend on it. ``verbose`` is there for Keras's sake. ``x`` may be an ``apus.data.HDF5Dataset``.
        """
        if isinstance(x, HDF5Dataset):
            rows = x.prepared(self)
            return self._predict_rows(self._current(), rows, positive("batch_size", batch_size or 256))
        inputs = self._inputs(x)
        self._build_for(inputs)
        handle = self._current()
        if batch_size is not None:
            positive("batch_size", batch_size)
        info = handle.info
        if len(info["inputs"]) == 1 and len(info["outputs"]) == 1 and len(inputs) == 1:
            return handle.predict(inputs[0])
        return self._predict_many(handle, inputs, batch_size or 256)

    def _predict_rows(self, handle, rows, batch_size):
        shapes = [shape[1:] for shape in handle.info["outputs"]]
        if any(extent is None or extent < 0 for shape in shapes for extent in shape):
            raise ValueError("the outputs have extents that are not known before: predict arrays instead")
        outputs = [numpy.empty((rows.rows, *shape), numpy.float32) for shape in shapes]
        with _context.current() as context:
            _interrupt.call(
                context,
                rows.rows * self._cost() / 3,
                lib.apus_predict_dataset,
                handle.pointer,
                rows.pointer,
                batch_size,
                _arrays.views(outputs),
                len(outputs),
            )
        return _one_or_all(outputs)

    def layer_outputs(self, x, names=None, *, training=False):
        """What layers give on the way from ``x`` to the outputs.

        Parameters
        ----------
        x : array or list of arrays
        names : str or list, optional
            Names of layers, of one in a nested model or another layer with the names around it: "encoder/dense"; of a
            layer that is called more than once or has several outputs (name, call, output), counted from 0. By default
            all layers of the model.
        training : bool, default False
            Whether the pass is one of training, with dropout and noise.

        Returns
        -------
        dict
            From what ``names`` holds to arrays, float32.

        Examples
        --------
        >>> import apus
        >>> model = apus.Sequential([apus.Input((2,)), apus.layers.Dense(3), apus.layers.ReLU()])
        >>> {name: values.shape for name, values in model.layer_outputs([[1, 2]]).items()}
        {'dense': (1, 3), 're_lu': (1, 3)}
        """
        inputs = self._inputs(x)
        self._build_for(inputs)
        handle = self._current()
        if names is None:
            names = [layer.name for layer in self.layers]
        elif isinstance(names, str):
            names = [names]
        places = [(name, 0, 0) if isinstance(name, str) else name for name in names]
        # A trainer of its own, so that nothing of the model's changes: neither averages nor states nor gradients.
        trainer = Trainer.create(handle, '{"loss": "mse", "optimizer": "sgd"}', self._cost())
        trainer.forward(inputs, training)
        return {name: trainer.layer_output(*place) for name, place in zip(names, places)}

    def __call__(self, inputs, *more, **keywords):
        """Of arrays what ``predict`` gives; of symbolic tensors a call of the model as a layer."""
        from ._symbolic import call, is_symbolic

        if is_symbolic(inputs) or is_symbolic(more):
            self._require_built()
            return call(self, inputs, *more, **keywords)
        return self.predict(inputs, *more, **keywords)

    def _predict_many(self, handle, inputs, batch_size):
        rows = _arrays.rows(inputs[0])
        outputs = [
            numpy.empty((rows, *shape[1:]), numpy.float32) for shape in handle.info["outputs"]
        ]
        session = ctypes.c_void_p()
        with _context.current() as context:
            batch_size = max(1, min(batch_size, rows))
            context.check(
                lib.apus_session_create(context.handle, handle.pointer, batch_size, ctypes.byref(session))
            )
            owner = _handles.Handle(session.value, lib.apus_session_free)
            for start in range(0, rows, batch_size):
                part = slice(start, start + batch_size)
                context.check(
                    lib.apus_session_run(
                        context.handle,
                        owner.pointer,
                        _arrays.views([array[part] for array in inputs]),
                        len(inputs),
                        _arrays.views([array[part] for array in outputs]),
                        len(outputs),
                    )
                )
        return _one_or_all(outputs)

    def _build_for(self, inputs):
        self._require_built()

    # Files

    def save(self, path, *, deflate=0, fletcher32=False):
        """Saves the network to a file that Keras opens too, whole or not at all.

        As in Keras the name's ending says what: an archive of Keras 3 (``.keras``), weights alone (``.weights.h5``), or
        an HDF5 file of Keras 2 and 3 (every other name, ``.h5``).

        Parameters
        ----------
        path : str or path
        deflate : int, default 0
            From 1 to 9: larger weights are compressed at this level.
        fletcher32 : bool, default False
            Whether larger weights carry checksums.
        """
        self._current().save(path, storage(deflate, fletcher32))

    def to_json(self):
        """Keras's configuration of the network, without weights, as text."""
        return self._require_built().to_json()

    def save_checkpoint(self, path):
        """Saves network, optimizer, position, random state and history to a file that Keras opens too.

        ``apus.load_checkpoint`` goes on from it, anywhere, to the same bits as if training had not been interrupted. Keras
        goes on from an archive (a name that ends in ``.keras``) with its optimizer as it was; any other name is that of
        an HDF5 file (``.h5``), from which Keras 2 can.
        """
        self._require_trainer().save(path)

    def __reduce__(self):
        from ._sequential import copied

        return copied, (self._current().to_bytes(), self._compiled)


def _one_or_all(items):
    return items[0] if len(items) == 1 else items


def _bytes(count):
    """A number of bytes in words."""
    for unit in ("bytes", "KB", "MB"):
        if count < 1024:
            return f"{count} bytes" if unit == "bytes" else f"{count:.2f} {unit}"
        count /= 1024
    return f"{count:.2f} GB"
