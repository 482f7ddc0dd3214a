"""Layers one after the other, and networks from the library's handles."""

import ctypes
import json

from . import _configuration, _context, _handles, layers as _layers
from ._errors import NotFittedError
from ._library import lib
from ._network import Model
from ._symbolic import add_layer


class Sequential(Model):
    """Layers one after the other.

    Parameters
    ----------
    layers : list of layers, optional
        The first may be an ``Input``; without one the network gets its weights when it first sees data.
    name : str, default "sequential"

    Examples
    --------
    >>> import numpy, apus
    >>> apus.set_seed(0)
    >>> model = apus.Sequential([apus.Input((1,)), apus.layers.Dense(1)])
    >>> model.compile(optimizer=apus.optimizers.SGD(0.1), loss="mse")
    >>> x = numpy.array([[0.0], [1.0], [2.0]])
    >>> history = model.fit(x, 2 * x + 1, epochs=500, verbose=0)
    >>> model.predict(x).round(2).ravel().tolist()
    [1.0, 3.0, 5.0]
    """

    _base = "sequential"

    def __init__(self, layers=None, name=None):
        super().__init__(name=self._base if name is None else name)
        for layer in layers or []:
            self.add(layer)
        self._build_if_complete()

    def add(self, layer):
        """Adds a layer at the end. A network that has weights keeps them."""
        if isinstance(layer, type) and issubclass(layer, _layers.Layer):
            raise TypeError(f"add takes a layer, not a class: {layer.__name__}(...)")
        if not isinstance(layer, (_layers.Layer, Model)):
            raise TypeError(f"add takes a layer of apus.layers, got {type(layer).__name__}")
        if layer is self:
            raise ValueError("a model cannot be part of itself")
        if isinstance(layer, _layers.Layer) and layer._model is not None:
            raise ValueError(f"the layer {layer.name!r} is in a model already")
        if isinstance(layer, _layers.InputLayer) and self._all_layers:
            raise ValueError("an Input comes first")
        self._unbuild()
        names = [other.name for other in self._all_layers]
        if layer.name is None:
            name, count = layer._base, 0
            while name in names:
                count += 1
                name = f"{layer._base}_{count}"
            layer.name = name
        elif layer.name in names:
            raise ValueError(f"two layers have the name {layer.name!r}")
        self._all_layers.append(layer)
        if isinstance(layer, _layers.Layer):
            layer._model = self

    def pop(self):
        """Takes the last layer off and returns it."""
        if not self.layers:
            raise ValueError("there is no layer to take off")
        self._unbuild()
        layer = self._all_layers.pop()
        if isinstance(layer, _layers.Layer):
            layer._model = None
        return layer

    def _build_if_complete(self):
        first = self._all_layers[0] if self._all_layers else None
        if isinstance(first, Model):
            if first.built:
                self.build(first.input_shape)
        elif len(self._all_layers) > 1 and isinstance(first, _layers.InputLayer):
            self.build()

    def _unbuild(self):
        if self._handle is not None:
            handle = self._current()
            self._carried = {entry["path"]: handle.attribute(entry["path"]) for entry in self._weight_entries()}
            self._handle = self._trainer = None
            self._parts = []

    def build(self, input_shape=None):
        """Makes the weights. ``input_shape`` is that of a batch, (None, ...), for a network without ``Input``."""
        if self._handle is not None:
            return
        parts = list(self._all_layers)
        if not parts or not isinstance(parts[0], _layers.InputLayer):
            if input_shape is None:
                raise ValueError("the first layer is no Input: fit the model, or call build(input_shape)")
            parts.insert(0, _layers.InputLayer(input_shape[1:], name=self._free_name("input_layer")))
        if len(parts) < 2:
            raise ValueError("a network needs at least one layer beside the Input")
        self._handle = _build(parts, self.name)
        if self._all_layers[0] is not parts[0]:
            self._all_layers.insert(0, parts[0])
            parts[0]._model = self
        carried, self._carried = self._carried, {}
        kept = [entry for entry in self._weight_entries() if entry["path"] in carried]
        for layer in self._all_layers:
            if isinstance(layer, _layers.Layer):
                layer._begin()
        self._share_nested()
        if kept:
            self._set(kept, [carried[entry["path"]] for entry in kept])

    def _free_name(self, base):
        names = [layer.name for layer in self._all_layers]
        name, count = base, 0
        while name in names:
            count += 1
            name = f"{base}_{count}"
        return name

    def _require_built(self):
        self._build_if_complete()
        if self._handle is None:
            raise NotFittedError("the model has no weights yet: begin with an Input, or call fit or build")
        return self._handle

    def _build_for(self, inputs):
        if self._handle is None:
            self.build((None, *inputs[0].shape[1:]))


def _build(parts, name):
    network, model = ctypes.c_void_p(), ctypes.c_void_p()
    with _context.current() as context:
        context.check(
            lib.apus_network_create(
                context.handle, _configuration.text({"name": name}).encode(), ctypes.byref(network)
            )
        )
        owner = _handles.Handle(network.value, lib.apus_network_free)
        for layer in parts:
            add_layer(context, owner, layer, layer.name, None, 0)
        context.check(lib.apus_network_build(context.handle, owner.pointer, None, 0, ctypes.byref(model)))
    return _handles.Model(model.value)


def network_of(handle):
    """The network that a handle of the library is, with a layer object for each of its layers."""
    config = json.loads(handle.to_json())
    model = object.__new__(Sequential if config["class_name"] == "Sequential" else Model)
    Model.__init__(model)
    model._handle = handle
    model.name = config["config"].get("name")
    model._all_layers = [_layers.from_config(entry) for entry in config["config"]["layers"]]
    for layer in model._all_layers:
        layer._model = model
    model._input_names = [entry[0] for entry in config["config"].get("input_layers", ())]
    return model


def copied(file, compiled):
    """The copy of a network, from its file and what it was compiled with."""
    model = network_of(_handles.from_bytes(file))
    if compiled is not None:
        model.compile(**compiled)
    return model
