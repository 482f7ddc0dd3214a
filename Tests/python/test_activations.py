"""Activations by themselves, beside Keras's."""

import numpy
import pytest

import apus
from apus import activations, layers

keras = pytest.importorskip("keras")

NAMES = [name for name in activations.__all__ if name != "get"]
X = numpy.concatenate([numpy.linspace(-9, 9, 199), [-90, 90]]).astype(numpy.float32).reshape(3, 67)
PARAMETERS = {
    "leaky_relu": {"negative_slope": 0.05}, "elu": {"alpha": 0.5}, "celu": {"alpha": 2.0}, "gelu": {"approximate": True},
    "softmax": {"axis": 0}, "log_softmax": {"axis": 0},
}


@pytest.mark.parametrize("name", NAMES)
def test_functions_are_those_of_keras(name):
    for parameters in ({}, PARAMETERS.get(name, {})):
        wanted = numpy.asarray(getattr(keras.activations, name)(X, **parameters))
        got = getattr(activations, name)(X, **parameters)
        assert got.dtype == numpy.float32
        # Keras's own rounding in the tails is what the absolute tolerance is for.
        numpy.testing.assert_allclose(got, wanted, rtol=2e-6, atol=1e-6)


@pytest.mark.parametrize("name", NAMES)
def test_layers_take_the_functions_themselves(name):
    model = apus.Sequential([apus.Input((67,)), layers.Activation(getattr(activations, name))])
    x = X.clip(-80, 80)  # networks flush what is below the normal numbers
    numpy.testing.assert_array_equal(model.predict(x), getattr(activations, name)(x))
    assert activations.get(name) is getattr(activations, name)


def test_any_layout_and_type_of_numbers_is_read():
    wide = X.astype(numpy.float64)
    numpy.testing.assert_array_equal(activations.tanh(X.T), activations.tanh(X).T)
    numpy.testing.assert_array_equal(activations.tanh(wide[::2, ::-3]), activations.tanh(X)[::2, ::-3])
    assert activations.relu([-1, 2]).tolist() == [0.0, 2.0] and activations.relu(-3.0) == 0
    assert activations.softmax(numpy.zeros((0, 4))).shape == (0, 4) and activations.relu([]).shape == (0,)


def test_what_is_no_activation_is_refused():
    with pytest.raises(ValueError, match="relu.*got 'beauty'"):
        activations.get("beauty")
    with pytest.raises(ValueError, match="axis"):
        activations.softmax(1.0)
    with pytest.raises(ValueError, match="axis"):
        activations.softmax(X, axis=2)
    with pytest.raises(apus.ApusError, match="alpha"):
        activations.elu(X, alpha=-1.0)
    with pytest.raises(TypeError):
        activations.relu(["a"])
    assert activations.get(None) is activations.linear and activations.get(numpy.sin) is numpy.sin


def test_the_ends_of_the_numbers_are_right():
    ends = numpy.array([-numpy.inf, numpy.inf, numpy.nan, 0.0, -0.0], numpy.float32)
    assert activations.sigmoid(ends)[[0, 1, 3]].tolist() == [0.0, 1.0, 0.5]
    assert activations.tanh(ends)[[0, 1]].tolist() == [-1.0, 1.0]
    assert activations.gelu(ends)[0] == 0 and numpy.isposinf(activations.gelu(ends)[1])
    for name in NAMES:
        if "softmax" not in name:
            assert numpy.isnan(getattr(activations, name)(ends)[2]), name
    # Results below the normal numbers are kept.
    small = activations.sigmoid(numpy.float32(-90))
    assert 0 < small < numpy.finfo(numpy.float32).tiny and abs(small / numpy.exp(-90.0) - 1) < 1e-5
