"""Single batches, training without a loss, weights by name."""

import numpy
import pytest

import apus
from apus import Input, Sequential, layers


@pytest.fixture
def data(rng):
    return rng.normal(size=(30, 4)).astype(numpy.float32), rng.integers(0, 3, 30)


def classifier(activation="softmax", **compiled):
    apus.set_seed(5)
    model = Sequential([Input((4,)), layers.Dense(8, "tanh"), layers.Dense(3, activation)])
    options = {"optimizer": "sgd", "loss": "sparse_categorical_crossentropy", "metrics": ["accuracy"]}
    model.compile(**{**options, **compiled})
    return model


def test_a_batch_is_measured_before_its_update(data):
    model = classifier()
    expected = model.test_on_batch(*data, return_dict=True)
    assert set(expected) == {"loss", "accuracy"}
    assert model.train_on_batch(*data, return_dict=True) == pytest.approx(expected, rel=1e-6)
    assert model.test_on_batch(*data)[0] < expected["loss"]
    assert model.test_on_batch(*data) == model.evaluate(*data, batch_size=30)


def test_class_weights_are_weights_of_samples(data):
    x, y = data
    weight = numpy.array([0.5, 1.0, 3.0], numpy.float32)[y]
    for shape, loss in ((y, "sparse_categorical_crossentropy"), (numpy.eye(3)[y], "categorical_crossentropy")):
        one, two, three = (classifier(loss=loss) for _ in range(3))
        losses = [
            one.train_on_batch(x, shape, class_weight={0: 0.5, 2: 3.0}),
            two.train_on_batch(x, shape, sample_weight=weight),
        ]
        three.fit(x, shape, batch_size=30, shuffle=False, verbose=0, class_weight={0: 0.5, 2: 3.0})
        assert losses[0] == losses[1] == pytest.approx(three.history.history["loss"][0])
        for a, b, c in zip(one.get_weights(), two.get_weights(), three.get_weights()):
            numpy.testing.assert_array_equal(a, b)
            numpy.testing.assert_array_equal(a, c)
        both = classifier(loss=loss).train_on_batch(x, shape, weight, {1: 2.0})
        again = classifier(loss=loss).train_on_batch(x, shape, weight * numpy.where(y == 1, 2, 1).astype(numpy.float32))
        assert both == again


def test_batches_are_those_of_keras(data, tmp_path):
    keras = pytest.importorskip("keras")
    x, y = data
    model = classifier()
    path = str(tmp_path / "model.h5")
    model.save(path)
    theirs = keras.models.load_model(path, compile=False)
    theirs.compile("sgd", "sparse_categorical_crossentropy")
    for _ in range(3):
        theirs.reset_metrics()
        expected = theirs.train_on_batch(x, y, class_weight={0: 0.5, 1: 1.0, 2: 3.0})
        assert model.train_on_batch(x, y, class_weight={0: 0.5, 2: 3.0}) == pytest.approx(float(expected), rel=1e-5)
    for a, b in zip(model.get_weights(), theirs.get_weights()):
        numpy.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)
    numpy.testing.assert_allclose(model.predict_on_batch(x), theirs.predict_on_batch(x), rtol=1e-5, atol=1e-6)
    theirs.reset_metrics()
    assert model.test_on_batch(x, y)[0] == pytest.approx(float(theirs.test_on_batch(x, y)), rel=1e-5)


def test_each_output_may_have_weights_of_its_own(rng):
    entry = Input((2,))
    model = apus.Model(entry, [layers.Dense(1, name="a")(entry), layers.Dense(1, name="b")(entry)])
    model.compile("sgd", "mse")
    x, y = rng.normal(size=(6, 2)), [rng.normal(size=(6, 1)), rng.normal(size=(6, 1))]
    before = model.get_weights()
    model.train_on_batch(x, y, sample_weight=[numpy.ones(6), numpy.zeros(6)])
    after = model.get_weights()
    assert (before[0] != after[0]).any() and (before[2] == after[2]).all()
    with pytest.raises(ValueError, match="one output"):
        model.train_on_batch(x, y, class_weight={0: 1.0})


def test_a_model_without_a_loss_learns_from_gradients(data):
    x, y = data
    model = classifier(loss=None, metrics=None, optimizer=apus.optimizers.SGD(0.5), activation=None)
    parts = apus.models.StepParts(model)
    losses = []
    for _ in range(60):
        logits = parts.forward(x)
        shares = numpy.exp(logits - logits.max(axis=1, keepdims=True))
        shares /= shares.sum(axis=1, keepdims=True)
        losses.append(-numpy.log(shares[numpy.arange(30), y]).mean())
        shares[numpy.arange(30), y] -= 1
        parts.backward(shares / 30)
        parts.apply()
    assert losses[-1] < 0.8 * losses[0]
    same = classifier(loss=apus.losses.SparseCategoricalCrossentropy(from_logits=True), activation=None,
                      optimizer=apus.optimizers.SGD(0.5))
    for _ in range(60):
        loss = same.train_on_batch(x, y)
    assert losses[-1] == pytest.approx(loss, rel=1e-4)


def test_what_needs_a_loss_says_so(data, tmp_path):
    x, y = data
    model = classifier(loss=None, metrics=None)
    for call in (model.fit, model.evaluate, model.train_on_batch, model.test_on_batch, model.minimize):
        with pytest.raises(ValueError, match="has no loss"):
            call(x, y)
    parts = apus.models.StepParts(model)
    parts.forward(x)
    with pytest.raises(ValueError, match="has no loss"):
        parts.loss(y)
    with pytest.raises(ValueError, match="need a loss"):
        model.compile("sgd", metrics=["mae"])
    model.save_checkpoint(tmp_path / "state.h5")
    again = apus.load_checkpoint(tmp_path / "state.h5")
    numpy.testing.assert_array_equal(again.predict(x), model.predict(x))
    with pytest.raises(ValueError, match="has no loss"):
        again.fit(x, y)


def test_weights_have_names():
    model = classifier()
    assert model.weight_names == ["dense/kernel", "dense/bias", "dense_1/kernel", "dense_1/bias"]
    model.set_weight("dense_1/bias", [1, 2, 3])
    numpy.testing.assert_array_equal(model.get_weight("dense_1/bias"), [1, 2, 3])
    numpy.testing.assert_array_equal(model.get_weights()[3], [1, 2, 3])
    for call in (lambda: model.get_weight("dense/banana"), lambda: model.set_weight("banana", 1)):
        with pytest.raises(KeyError, match="banana"):
            call()
    with pytest.raises(apus.ShapeError, match="dense/bias"):
        model.set_weight("dense/bias", [1])
