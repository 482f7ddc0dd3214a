"""Graphs of layers: symbolic tensors, the calls that make them, and networks under construction."""

import ctypes

from . import _arrays, _configuration, _context, _handles, layers as _layers
from ._library import lib


class SymbolicTensor:
    """What a layer gives when it is called on an ``Input`` or on other symbolic tensors.

    Attributes
    ----------
    shape : tuple
        None for the rows and for extents that are not declared.
    """

    def __init__(self, node, index, shape):
        self._node = node
        self._index = index
        self.shape = shape

    def __repr__(self):
        return f"<SymbolicTensor of {self._node.layer.name!r}, shape={self.shape}>"


class Node:
    """One call of a layer."""

    __slots__ = ("layer", "inputs", "outputs", "builder")

    def __init__(self, layer, inputs):
        self.layer = layer
        self.inputs = inputs
        self.outputs = []
        self.builder = None


def is_symbolic(value):
    """Whether a value, or anything in a list of them, stands for the data of a network to be made."""
    if isinstance(value, (list, tuple)):
        return any(is_symbolic(item) for item in value)
    return isinstance(value, (SymbolicTensor, _layers.InputLayer))


def tensors(values, what):
    """One tensor or (nested) lists of them as one list."""
    if isinstance(values, (list, tuple)):
        return [tensor for value in values for tensor in tensors(value, what)]
    if isinstance(values, _layers.InputLayer):
        return [entry(values)]
    if isinstance(values, SymbolicTensor):
        return [values]
    raise TypeError(f"{what} must be an Input or what a layer gave when it was called on one, got {type(values).__name__}")


def entry(layer):
    """The tensor of an Input."""
    if layer._tensor is None:
        node = Node(layer, [])
        layer._tensor = SymbolicTensor(node, 0, (None, *layer.shape))
        node.outputs = [layer._tensor]
    return layer._tensor


def call(layer, *arguments, **keywords):
    """Calls a layer or a model on symbolic tensors: one tensor, or a list where it has several outputs."""
    inputs = [tensor for values in arguments for tensor in tensors(values, "a layer's input")]
    for name in getattr(layer, "_tensor_keywords", ()):
        if keywords.get(name) is not None:
            inputs += tensors(keywords[name], name)
        keywords.pop(name, None)
    for name, value in keywords.items():
        if value is None or name in ("training", "mask"):
            continue
        if name not in getattr(layer, "_call_parameters", ()):
            raise TypeError(f"{type(layer).__name__} is called without an argument {name!r}")
        setattr(layer, name, value)
    if not inputs:
        raise TypeError("a layer is called on at least one tensor")
    node = Node(layer, inputs)
    # The largest network that knows an input goes on growing.
    known = [tensor._node.builder for tensor in inputs if tensor._node.builder is not None]
    builder = max(known, key=len, default=None) or Builder()
    builder.add(node)
    return node.outputs[0] if len(node.outputs) == 1 else list(node.outputs)


def ancestors(ends):
    """The nodes that lead to some tensors, each after those that it needs."""
    order, done, stack = [], set(), [(tensor._node, False) for tensor in reversed(ends)]
    while stack:
        node, ready = stack.pop()
        if id(node) in done:
            continue
        if ready:
            done.add(id(node))
            order.append(node)
        else:
            stack.append((node, True))
            stack += [(tensor._node, False) for tensor in reversed(node.inputs)]
    return order


class Builder:
    """A network of the library under construction."""

    def __init__(self, name="network"):
        network = ctypes.c_void_p()
        with _context.current() as context:
            context.check(
                lib.apus_network_create(
                    context.handle, _configuration.text({"name": name}).encode(), ctypes.byref(network)
                )
            )
        self._owner = _handles.Handle(network.value, lib.apus_network_free)
        self._nodes = {}  # the number of each node's first output, with the node to keep its id
        self._layers = {}
        self._names = set()

    def __len__(self):
        return len(self._nodes)

    def number(self, tensor):
        return self._nodes[id(tensor._node)][0] + tensor._index

    def add(self, node):
        """Adds a node and whatever it needs that is not there yet."""
        for missing in ancestors([SymbolicTensor(node, 0, None)]):
            if id(missing) not in self._nodes:
                self._add(missing)

    def _add(self, node):
        layer = node.layer
        inputs = (ctypes.c_int32 * max(1, len(node.inputs)))(*[self.number(tensor) for tensor in node.inputs])
        number = ctypes.c_int32()
        with _context.current() as context:
            if id(layer) in self._layers:
                arguments = (self._layers[id(layer)], inputs, len(node.inputs), ctypes.byref(number))
                context.check(lib.apus_network_call(context.handle, self._owner.pointer, *arguments))
            else:
                name = self._free_name(layer)
                number.value = add_layer(context, self._owner, layer, name, inputs, len(node.inputs))
                self._layers[id(layer)] = number.value
                self._names.add(name)
            self._nodes[id(node)] = number.value, node
            if not node.outputs:
                shapes = self._shapes(context, number.value)
                node.outputs = [SymbolicTensor(node, index, shape) for index, shape in enumerate(shapes)]
        node.builder = node.builder or self

    def _free_name(self, layer):
        """The layer's name or, where that is taken for now, one like it: a model gives the names that count."""
        base = layer.name or layer._base
        name, count = base, 0
        while name in self._names:
            count += 1
            name = f"{base}_{count}"
        return name

    def _shapes(self, context, number):
        shapes, count = [], ctypes.c_int32(1)
        while len(shapes) < count.value:
            out = _arrays.unknown()
            pointer = self._owner.pointer
            context.check(
                lib.apus_network_node_shape(context.handle, pointer, number + len(shapes), ctypes.byref(count), out)
            )
            shapes.append(tuple(None if extent < 0 else extent for extent in out.shape[: out.ndim]))
        return shapes

    def build(self, outputs=None):
        """The model, with fresh weights; of nested models with theirs."""
        model = ctypes.c_void_p()
        nodes = None if outputs is None else (ctypes.c_int32 * len(outputs))(*[self.number(tensor) for tensor in outputs])
        with _context.current() as context:
            arguments = (nodes, 0 if outputs is None else len(outputs), ctypes.byref(model))
            context.check(lib.apus_network_build(context.handle, self._owner.pointer, *arguments))
        return _handles.Model(model.value)


def add_layer(context, network, layer, name, inputs, count):
    """Adds a layer or a model to a network of the library; the number of its first node."""
    number = ctypes.c_int32()
    if isinstance(layer, _layers.Layer):
        config = {key: value for key, value in layer.get_config().items() if value is not None}
        if not layer.trainable:
            config["trainable"] = False
        config["name"] = name
        kind = "Input" if isinstance(layer, _layers.InputLayer) else type(layer).__name__
        text = _configuration.text(config).encode()
        context.check(
            lib.apus_network_add(
                context.handle, network.pointer, kind.encode(), text, inputs, count, ctypes.byref(number)
            )
        )
    else:
        text = _configuration.text({"name": name, "trainable": layer.trainable}).encode()
        model = layer._current().pointer
        context.check(
            lib.apus_network_add_model(
                context.handle, network.pointer, model, text, inputs, count, ctypes.byref(number)
            )
        )
    return number.value
