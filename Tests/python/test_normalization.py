"""Normalization and RMSNormalization beside Keras."""

import numpy
import pytest

import apus
from apus import Input, Sequential, layers

keras = pytest.importorskip("keras")


def in_keras(model, path):
    model.save(path)
    return keras.models.load_model(path, compile=False)


@pytest.mark.parametrize("axis", [-1, 1, [1, 2], None])
@pytest.mark.parametrize("invert", [False, True])
def test_adapted_layers_are_those_of_keras(axis, invert, rng, tmp_path):
    data = rng.normal(3.0, [1.0, 5.0, 0.1, 2.0], size=(50, 6, 4)).astype(numpy.float32)
    theirs = keras.layers.Normalization(axis=axis, invert=invert)
    theirs.adapt(data)
    layer = layers.Normalization(axis=axis, invert=invert)
    layer.adapt(data)
    model = Sequential([Input((6, 4)), layer, layers.Flatten(), layers.Dense(1)])
    whole = keras.Sequential([keras.Input((6, 4)), theirs, keras.layers.Flatten(), keras.layers.Dense(1)])
    expected = theirs(data)
    got = model.layer_outputs(data, "normalization")["normalization"]
    numpy.testing.assert_allclose(got, expected, rtol=2e-5, atol=2e-5)
    path = str(tmp_path / "model.h5")
    other = in_keras(model, path)
    numpy.testing.assert_allclose(other.predict(data, verbose=0), model.predict(data), rtol=1e-4, atol=1e-4)
    model.save(path)
    numpy.testing.assert_array_equal(apus.load_model(path).predict(data), model.predict(data))
    # and from Keras's own file, whose count is a whole number
    whole.save(path)
    got = apus.load_model(path).predict(data)
    numpy.testing.assert_allclose(got, whole.predict(data, verbose=0), rtol=1e-4, atol=1e-4)


def test_a_mean_and_variance_may_be_given(rng, tmp_path):
    x = rng.normal(size=(20, 3)).astype(numpy.float32)
    mean, variance = [1.0, 2.0, 3.0], [4.0, 0.0, 9.0]
    model = Sequential([Input((3,)), layers.Normalization(mean=numpy.array(mean), variance=variance)])
    assert model.count_params() == 0
    numpy.testing.assert_allclose(model.predict(x), (x - mean) / numpy.maximum(numpy.sqrt(variance), 1e-7), rtol=1e-5)
    again = in_keras(Sequential([Input((3,)), layers.Normalization(mean=1.0, variance=4.0)]), str(tmp_path / "m.h5"))
    numpy.testing.assert_allclose(again.predict(x, verbose=0), (x - 1) / 2, rtol=1e-5, atol=1e-6)
    with pytest.raises(ValueError, match="together"):
        Sequential([Input((3,)), layers.Normalization(mean=1.0)])
    with pytest.raises(ValueError, match="nothing to adapt"):
        layers.Normalization(mean=1.0, variance=1.0).adapt(x)


def test_adapting_later_changes_the_model(rng):
    layer = layers.Normalization()
    model = Sequential([Input((2,)), layer, layers.Dense(1)])
    model.compile("sgd", "mse")
    x = rng.normal(5.0, 2.0, size=(100, 2)).astype(numpy.float32)
    layer.adapt(x)
    model.fit(x, x[:, 0], verbose=0)
    mean, variance, count = layer.get_weights()
    numpy.testing.assert_allclose(mean, x.mean(axis=0), rtol=1e-5)
    numpy.testing.assert_allclose(variance, x.var(axis=0), rtol=1e-5)
    assert count.shape == ()
    with pytest.raises(apus.ShapeError):
        layer.adapt(rng.normal(size=(5, 3)))
    for wrong in ([], 3.0, numpy.empty((0, 2))):
        with pytest.raises(ValueError):
            layers.Normalization().adapt(wrong)
    with pytest.raises(ValueError, match="axis 3"):
        layers.Normalization(axis=3).adapt(x)


@pytest.mark.parametrize(
    "options, shape",
    [({}, (7,)), ({"epsilon": 0.1}, (3, 8)), ({"axis": [1, 2]}, (3, 4)), ({"axis": 1}, (4, 3))],
)
def test_rms_normalization_is_that_of_keras(options, shape, rng, tmp_path):
    x = rng.normal(size=(10, *shape)).astype(numpy.float32)
    model = Sequential([Input(shape), layers.RMSNormalization(**options)])
    scale = model.get_weights()[0]
    model.set_weights([rng.normal(size=scale.shape)])
    expected = reference(x, model.get_weights()[0], **options)
    numpy.testing.assert_allclose(model.predict(x), expected, rtol=1e-5, atol=1e-6)
    if options.get("axis") != 1:  # Keras multiplies by the scale along the last axes, whatever the axis is
        theirs = keras.Sequential([keras.Input(shape), keras.layers.RMSNormalization(**options)])
        theirs.set_weights(model.get_weights())
        numpy.testing.assert_allclose(theirs.predict(x, verbose=0), model.predict(x), rtol=1e-5, atol=1e-6)
        theirs.save(str(tmp_path / "model.h5"))
        numpy.testing.assert_array_equal(apus.load_model(str(tmp_path / "model.h5")).predict(x), model.predict(x))


def reference(x, scale, axis=-1, epsilon=1e-6):
    axes = tuple(axis) if isinstance(axis, list) else (axis,)
    normal = x / numpy.sqrt((x.astype(float) ** 2).mean(axis=axes, keepdims=True) + epsilon)
    shape = [1] * x.ndim
    for place, extent in zip(axes, scale.shape):
        shape[place] = extent
    return normal * scale.reshape(shape)
