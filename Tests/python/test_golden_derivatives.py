"""Derivatives of activations and losses held to the reference figures, which are double precision: at the tolerance of
float32."""

import numpy
import pytest

import apus
from apus import Input, Sequential, layers
from conftest import golden_folder
from test_golden_measures import LOSSES, cases, fits_float32

h5py = pytest.importorskip("h5py")
if golden_folder() is None:
    pytest.skip("the reference files are not here", allow_module_level=True)

# Arguments are rounded to float32 first, which moves exponentials of large ones.
CLOSE = {"rtol": 2e-5, "atol": 2e-6}

ACTIVATIONS = {
    "activation.elu": lambda p: layers.ELU(p["alpha"]),
    "activation.gelu": lambda p: layers.Activation("gelu"),
    "activation.gelu_tanh": lambda p: layers.Activation({"class_name": "gelu", "config": {"approximate": True}}),
    "activation.leaky_relu": lambda p: layers.LeakyReLU(p["negative_slope"]),
    "activation.linear": lambda p: layers.Activation("linear"),
    "activation.relu": lambda p: layers.Activation("relu"),
    "activation.sigmoid": lambda p: layers.Activation("sigmoid"),
    "activation.silu": lambda p: layers.Activation("silu"),
    "activation.softplus": lambda p: layers.Activation("softplus"),
    "activation.tanh": lambda p: layers.Activation("tanh"),
}


def parts_of(layer, shape, loss=None):
    model = Sequential([Input(shape), layer])
    model.compile("sgd", loss)
    return apus.models.StepParts(model)


def in_float32(x):
    """Which numbers float32 holds, infinities among them, as normal numbers."""
    size = numpy.abs(x)
    return ~((size > 0) & (size < 1.2e-38)) & ~((size > 3.4e38) & numpy.isfinite(x))


@pytest.mark.parametrize("case", [c for c in cases("activations.h5") if c[1] in ACTIVATIONS], ids=lambda case: case[0])
def test_activations(case):
    _, algorithm, params, given, out = case
    held = in_float32(given["x"])
    x = given["x"][held].astype(numpy.float32)[:, None]
    if not len(x):
        return
    parts = parts_of(ACTIVATIONS[algorithm](params), (1,))
    numpy.testing.assert_allclose(parts.forward(x)[:, 0], out["value"][held], **CLOSE)
    gradient = parts.backward(numpy.ones_like(x))[:, 0]
    if "derivative" in out:
        numpy.testing.assert_allclose(gradient, out["derivative"][held], **CLOSE)


@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
@pytest.mark.parametrize(
    "case", [case for case in cases("activations.h5") if case[1] == "activation.softmax"], ids=lambda case: case[0]
)
def test_softmax(case, name):
    _, _, _, given, out = case
    rows = in_float32(given["x"]).all(axis=1)
    x, cotangent = (given[key][rows].astype(numpy.float32) for key in ("x", "cotangent"))
    parts = parts_of(layers.Activation(name), (x.shape[1],))
    numpy.testing.assert_allclose(parts.forward(x), out[name][rows], **CLOSE)
    if name + "_vjp" in out:
        numpy.testing.assert_allclose(parts.backward(cotangent), out[name + "_vjp"][rows], **CLOSE)


@pytest.mark.parametrize(
    "case",
    [case for case in cases("losses.h5") if fits_float32(case) and "gradient" in case[4]],
    ids=lambda case: case[0],
)
def test_losses(case):
    _, algorithm, params, given, out = case
    p, y, expected = given["prediction"], given["target"], out["gradient"]
    if p.ndim == 1:
        p, y, expected = p[:, None], y[:, None], expected[:, None]
    if "categorical" in algorithm or "sparse" in algorithm:
        if not params["from_logits"]:
            # Keras divides probabilities by their sum, which has a derivative of its own: 1 / sum p in each column.
            expected = expected + 1 / p.sum(axis=1, keepdims=True) / len(p)
    # What rounding to float32 keeps apart, and the clipping to 1e-7 of Keras's divergence leaves alone.
    held = in_float32(p)
    if y.shape == p.shape:
        held &= in_float32(y) & ((p == y) == (p.astype("float32") == y.astype("float32")))
    if "kl_divergence" in algorithm:
        held &= (p >= 1e-7) & (y >= 1e-7)
    rounding = numpy.abs(p).max() * 2.0**-24 / len(p)
    p, y = p.astype("float32"), y.astype("int32" if "sparse" in algorithm else "float32")
    parts = parts_of(layers.Activation("linear"), (p.shape[1],), LOSSES[algorithm](params))
    parts.forward(p)
    parts.loss(y)
    bounds = {"rtol": 2e-5, "atol": max(2e-6, rounding if params.get("from_logits") else 0)}
    numpy.testing.assert_allclose(parts.backward()[held], expected[held], **bounds)
    assert held.any()


def test_what_is_left_out_is_known():
    left = {case[0] for case in cases("losses.h5") if "gradient" in case[4] and not fits_float32(case)}
    assert left == {"mse_huge", "smooth_l1_0p5", "sparse_logits_smoothing"}  # beyond float32; not Keras's
    assert {case[1] for case in cases("activations.h5")} - set(ACTIVATIONS) == {"activation.softmax"}
