"""Activation functions of float32 arrays, under Keras's names.

A layer takes one as the function itself or as its name: ``Dense(10, activation=activations.gelu)``,
``Dense(10, activation="gelu")``. How accurate each is: ``docs/activations.md``.

>>> from apus import activations
>>> activations.relu([-1.0, 2.0])
array([0., 2.], dtype=float32)
"""

import json

import numpy

from . import _arrays, _context
from ._library import lib

__all__ = [
    "celu", "elu", "exponential", "gelu", "get", "hard_sigmoid", "hard_silu", "hard_tanh", "leaky_relu", "linear",
    "log_sigmoid", "log_softmax", "mish", "relu", "relu6", "selu", "sigmoid", "silu", "softmax", "softplus", "softsign",
    "tanh",
]


def _apply(name, x, **parameters):
    """The library's activation ``name`` of x, as float32."""
    x = numpy.asarray(_arrays.as_array(x, "x"), dtype=numpy.float32)
    y = numpy.empty(x.shape, numpy.float32)
    description = json.dumps({"class_name": name, "config": parameters})
    with _context.current() as context:
        context.check(lib.apus_activation(context.handle, description.encode(), _arrays.view(x), _arrays.view(y)))
    return y


def _last(function, x, axis):
    """A function over the last axis, over another one."""
    x = numpy.asarray(_arrays.as_array(x, "x"), dtype=numpy.float32)
    if x.ndim == 0 or not -x.ndim <= axis < x.ndim:
        raise ValueError(f"axis must be one of the {x.ndim} axes of x, got {axis}")
    return numpy.moveaxis(_apply(function, numpy.moveaxis(x, axis, -1)), -1, axis)


def linear(x):
    """x"""
    return _apply("linear", x)


def relu(x):
    """max(x, 0)"""
    return _apply("relu", x)


def relu6(x):
    """min(max(x, 0), 6)"""
    return _apply("relu6", x)


def leaky_relu(x, negative_slope=0.2):
    """x for x >= 0, negative_slope x below"""
    return _apply("leaky_relu", x, negative_slope=float(negative_slope))


def elu(x, alpha=1.0):
    """x for x > 0, alpha (exp(x) - 1) below"""
    return _apply("elu", x, alpha=float(alpha))


def selu(x):
    """1.0507 elu(x, 1.67326)"""
    return _apply("selu", x)


def celu(x, alpha=1.0):
    """x for x > 0, alpha (exp(x / alpha) - 1) below"""
    return _apply("celu", x, alpha=float(alpha))


def gelu(x, approximate=False):
    """x Phi(x), Phi the normal distribution function; with ``approximate`` by a hyperbolic tangent"""
    return _apply("gelu", x, approximate=bool(approximate))


def sigmoid(x):
    """1 / (1 + exp(-x))"""
    return _apply("sigmoid", x)


def hard_sigmoid(x):
    """min(max(x / 6 + 1/2, 0), 1)"""
    return _apply("hard_sigmoid", x)


def log_sigmoid(x):
    """-ln(1 + exp(-x))"""
    return _apply("log_sigmoid", x)


def tanh(x):
    """The hyperbolic tangent"""
    return _apply("tanh", x)


def hard_tanh(x):
    """min(max(x, -1), 1)"""
    return _apply("hard_tanh", x)


def softplus(x):
    """ln(1 + exp(x))"""
    return _apply("softplus", x)


def softsign(x):
    """x / (1 + |x|)"""
    return _apply("softsign", x)


def silu(x):
    """x sigmoid(x)"""
    return _apply("silu", x)


def hard_silu(x):
    """x hard_sigmoid(x)"""
    return _apply("hard_silu", x)


def mish(x):
    """x tanh(softplus(x))"""
    return _apply("mish", x)


def exponential(x):
    """exp(x)"""
    return _apply("exponential", x)


def softmax(x, axis=-1):
    """exp(x) / sum(exp(x)) along an axis"""
    return _last("softmax", x, axis)


def log_softmax(x, axis=-1):
    """x - ln sum exp(x) along an axis"""
    return _last("log_softmax", x, axis)


_FUNCTIONS = {name: globals()[name] for name in __all__ if name != "get"}
for _name, _function in _FUNCTIONS.items():
    # What a layer's configuration says of it.
    _function.activation_name = _name

swish = silu
hard_swish = hard_silu


def get(identifier):
    """The function of a name, a function itself, ``linear`` for None; ValueError for a name that is none."""
    if identifier is None:
        return linear
    if callable(identifier):
        return identifier
    function = {**_FUNCTIONS, "swish": silu, "hard_swish": hard_silu}.get(identifier)
    if function is None:
        raise ValueError(f"activation must be one of {', '.join(_FUNCTIONS)}, got {identifier!r}")
    return function
