"""Networks: building, training, weights, files and what they say when used wrongly."""

import copy
import inspect

import numpy
import pytest

import apus
from apus import (
    Input, Sequential, callbacks, constraints, initializers, layers, losses, metrics, optimizers, regularizers,
)


def small(*, seed=0, compiled=True, units=3):
    apus.set_seed(seed)
    model = Sequential([Input((4,)), layers.Dense(8, activation="relu"), layers.Dense(units, activation="softmax")])
    if compiled:
        model.compile(optimizer=optimizers.Adam(0.01), loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


@pytest.fixture
def flowers(rng):
    """150 rows of three classes that a small network tells apart."""
    centres = rng.normal(size=(3, 4)) * 2
    labels = numpy.repeat(numpy.arange(3), 50)
    return centres[labels] + 0.4 * rng.normal(size=(150, 4)), labels


def test_learns_digits(digits):
    order = numpy.random.default_rng(0).permutation(1797)
    x, y = digits[0][order], digits[1][order]
    apus.set_seed(1)
    model = Sequential([Input((64,)), layers.Dense(64, "relu"), layers.Dropout(0.1), layers.Dense(10, "softmax")])
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    history = model.fit(x[:1400], y[:1400], epochs=25, verbose=0, validation_data=(x[1400:], y[1400:]))
    assert list(history.history) == ["loss", "accuracy", "val_loss", "val_accuracy"]
    assert all(len(values) == 25 for values in history.history.values())
    assert history.history["loss"][-1] < history.history["loss"][0] / 4
    loss, accuracy = model.evaluate(x[1400:], y[1400:])
    assert accuracy > 0.95
    assert loss == pytest.approx(history.history["val_loss"][-1], rel=1e-5)
    predicted = model.predict(x[1400:])
    assert predicted.dtype == numpy.float32 and predicted.shape == (397, 10)
    assert numpy.mean(predicted.argmax(axis=1) == y[1400:]) == pytest.approx(accuracy)


def test_fits_a_line():
    apus.set_seed(0)
    model = Sequential([Input((1,)), layers.Dense(1)])
    model.compile(optimizers.SGD(0.1, momentum=0.5), "mse")
    x = numpy.linspace(-1, 1, 20)[:, None]
    model.fit(x, 3 * x[:, 0] - 2, epochs=300, verbose=0, batch_size=20)
    kernel, bias = model.get_weights()
    assert kernel == pytest.approx(3, abs=1e-3) and bias == pytest.approx(-2, abs=1e-3)
    assert model.evaluate(x, 3 * x[:, 0] - 2, verbose=0) < 1e-6


def test_a_forward_pass_is_the_formula(rng):
    model = Sequential(
        [
            Input((2, 3)),
            layers.Flatten(),
            layers.Dense(5, activation="tanh", kernel_initializer=initializers.HeNormal()),
            layers.Activation("relu"),
            layers.Dropout(0.5),
            layers.Dense(2, use_bias=False),
        ]
    )
    x = rng.normal(size=(7, 2, 3)).astype(numpy.float32)
    kernel, bias, last = model.get_weights()
    hidden = numpy.maximum(numpy.tanh(x.reshape(7, 6) @ kernel + bias), 0)
    numpy.testing.assert_allclose(model.predict(x), hidden @ last, rtol=1e-5, atol=1e-6)
    assert model.input_shape == (None, 2, 3) and model.output_shape == (None, 2)
    assert [layer.name for layer in model.layers] == ["flatten", "dense", "activation", "dropout", "dense_1"]
    assert model.count_params() == 6 * 5 + 5 + 10
    assert repr(model) == "<Sequential 'sequential': flatten, dense, activation, dropout, dense_1>"


@pytest.mark.parametrize(
    "initializer, check",
    [
        (initializers.Zeros(), lambda w: numpy.all(w == 0)),
        ("ones", lambda w: numpy.all(w == 1)),
        (initializers.Constant(0.25), lambda w: numpy.all(w == 0.25)),
        (initializers.RandomNormal(1.0, 0.1), lambda w: abs(w.mean() - 1) < 0.01 and abs(w.std() - 0.1) < 0.01),
        (initializers.TruncatedNormal(0.0, 0.1), lambda w: abs(w).max() <= 0.2 and abs(w.std() - 0.088) < 0.01),
        (initializers.RandomUniform(2.0, 3.0), lambda w: w.min() >= 2 and w.max() < 3 and abs(w.mean() - 2.5) < 0.02),
        (initializers.GlorotUniform(), lambda w: 0.95 < abs(w).max() / numpy.sqrt(6 / 200) <= 1),
        ("glorot_normal", lambda w: abs(w.std() - numpy.sqrt(2 / 200)) < 0.005),
        (initializers.HeUniform(), lambda w: 0.95 < abs(w).max() / numpy.sqrt(6 / 100) <= 1),
        ("he_normal", lambda w: abs(w.std() - numpy.sqrt(2 / 100)) < 0.005),
        (initializers.LecunUniform, lambda w: 0.95 < abs(w).max() / numpy.sqrt(3 / 100) <= 1),
        ("lecun_normal", lambda w: abs(w.std() - numpy.sqrt(1 / 100)) < 0.005),
        (
            initializers.VarianceScaling(4.0, "fan_out", "uniform"),
            lambda w: 0.95 < abs(w).max() / numpy.sqrt(12 / 100) <= 1,
        ),
    ],
)
def test_initializers_give_what_they_promise(initializer, check):
    apus.set_seed(5)
    model = Sequential([Input((100,)), layers.Dense(100, kernel_initializer=initializer)])
    kernel, bias = model.get_weights()
    assert check(kernel)
    assert numpy.all(bias == 0)


@pytest.mark.parametrize(
    "loss, last, target",
    [
        ("mse", "linear", "real"),
        ("mae", "linear", "real"),
        (losses.Huber(0.5), "linear", "real"),
        ("binary_crossentropy", "sigmoid", "share"),
        (losses.BinaryCrossentropy(from_logits=True), "linear", "share"),
        ("categorical_crossentropy", "softmax", "distribution"),
        (losses.CategoricalCrossentropy(from_logits=True, label_smoothing=0.1), "linear", "distribution"),
        ("sparse_categorical_crossentropy", "softmax", "label"),
        (losses.SparseCategoricalCrossentropy(from_logits=True), "linear", "label"),
    ],
)
def test_every_loss_falls(loss, last, target, rng):
    x = rng.normal(size=(64, 4))
    targets = {
        "real": x @ rng.normal(size=(4, 3)),
        "share": (x[:, :3] > 0).astype(float),
        "distribution": numpy.eye(3)[x[:, :3].argmax(axis=1)],
        "label": x[:, :3].argmax(axis=1),
    }
    apus.set_seed(0)
    model = Sequential([Input((4,)), layers.Dense(3, activation=last)])
    model.compile(optimizers.Adam(0.05), loss)
    values = model.fit(x, targets[target], epochs=30, verbose=0).history["loss"]
    assert numpy.isfinite(values).all() and values[-1] < 0.8 * values[0]


def test_losses_are_their_formulas(rng):
    x = rng.normal(size=(50, 3))
    y = rng.normal(size=(50, 2))
    model = Sequential([Input((3,)), layers.Dense(2)])
    errors = y.astype(numpy.float32) - model.predict(x)
    huber = numpy.where(abs(errors) <= 0.7, errors**2 / 2, 0.7 * abs(errors) - 0.7**2 / 2)
    for loss, wanted in [
        ("mse", numpy.mean(errors**2)),
        ("mean_absolute_error", numpy.mean(abs(errors))),
        (losses.Huber(0.7), numpy.mean(huber)),
    ]:
        model.compile("sgd", loss)
        assert model.evaluate(x, y) == pytest.approx(wanted, rel=1e-5)


def test_metrics_are_measured(flowers):
    x, y = flowers
    model = small(compiled=False)
    model.compile("adam", "sparse_categorical_crossentropy", metrics=[metrics.SparseCategoricalAccuracy(), "acc"])
    model.fit(x, y, epochs=5, verbose=0)
    right = numpy.mean(model.predict(x).argmax(axis=1) == y)
    measured = model.evaluate(x, y, return_dict=True)
    assert list(measured) == model.metrics_names and len(measured) == 3
    assert list(measured.values())[1:] == pytest.approx([right, right])


def test_binary_targets_need_no_second_axis(rng):
    x = rng.normal(size=(80, 4))
    apus.set_seed(0)
    model = Sequential([Input((4,)), layers.Dense(1, activation="sigmoid")])
    model.compile(optimizers.Adam(0.1), "binary_crossentropy", metrics=["accuracy"])
    for y in (x[:, 0] > 0, (x[:, 0] > 0).astype(int), (x[:, 0] > 0).astype(float)[:, None]):
        assert model.fit(x, y, epochs=40, verbose=0).history["accuracy"][-1] > 0.9


def test_the_last_rows_are_held_out(flowers):
    x, y = flowers
    order = numpy.random.default_rng(0).permutation(150)
    x, y = x[order], y[order]
    one, other = small(), small()
    split = one.fit(x, y, epochs=3, validation_split=0.2, verbose=0).history
    apart = other.fit(x[:120], y[:120], epochs=3, validation_data=(x[120:], y[120:]), verbose=0).history
    assert split == apart
    with pytest.raises(ValueError, match="validation_split"):
        one.fit(x, y, validation_split=1.0)


def test_rows_of_weight_zero_do_not_count(flowers):
    x, y = flowers
    wrong = numpy.concatenate([x, x]), numpy.concatenate([y, (y + 1) % 3])
    weight = numpy.repeat([1.0, 0.0], 150)
    model = small()
    model.fit(*wrong, epochs=40, verbose=0, sample_weight=weight)
    assert model.evaluate(x, y)[1] > 0.95


def test_the_same_seed_gives_the_same_bits(flowers):
    x, y = flowers
    weights = []
    for threads in (1, 2, 1):
        apus.set_threads(threads)
        model = small(seed=11)
        model.fit(x, y, epochs=3, verbose=0)
        weights.append(model.get_weights())
    apus.set_threads(0)
    for other in weights[1:]:
        for a, b in zip(weights[0], other):
            numpy.testing.assert_array_equal(a, b)
    different = small(seed=12)
    assert not numpy.array_equal(different.get_weights()[0], small(seed=11).get_weights()[0])


def test_training_goes_on_where_it_stopped(flowers):
    x, y = flowers
    whole, parts = small(), small()
    losses_whole = whole.fit(x, y, epochs=6, verbose=0).history["loss"]
    first = parts.fit(x, y, epochs=4, verbose=0)
    second = parts.fit(x, y, epochs=6, initial_epoch=4, verbose=0)
    assert first.history["loss"] + second.history["loss"] == losses_whole
    assert first.epoch == [0, 1, 2, 3] and second.epoch == [4, 5]
    assert parts.history is second


def test_a_checkpoint_goes_on_to_the_same_bits(flowers, tmp_path):
    x, y = flowers
    whole, part = small(), small()
    whole.fit(x, y, epochs=10, verbose=0)
    part.fit(x, y, epochs=5, verbose=0)
    part.save_checkpoint(tmp_path / "half.h5")
    loaded = apus.load_checkpoint(tmp_path / "half.h5")
    loaded.fit(x, y, epochs=5, verbose=0)
    for a, b in zip(whole.get_weights(), loaded.get_weights()):
        numpy.testing.assert_array_equal(a, b)
    assert loaded.evaluate(x, y) == whole.evaluate(x, y)
    assert loaded.metrics_names == ["loss", "accuracy"]


def test_a_saved_network_predicts_the_same(flowers, tmp_path):
    x, y = flowers
    model = small()
    model.fit(x, y, epochs=2, verbose=0)
    model.save(tmp_path / "model.h5")
    loaded = apus.load_model(tmp_path / "model.h5")
    assert isinstance(loaded, Sequential)
    numpy.testing.assert_array_equal(loaded.predict(x), model.predict(x))
    assert [layer.name for layer in loaded.layers] == [layer.name for layer in model.layers]
    assert loaded.layers[0].units == 8 and loaded.layers[0].activation == "relu"
    loaded.compile("adam", "sparse_categorical_crossentropy")
    loaded.fit(x, y, epochs=1, verbose=0)
    assert not numpy.array_equal(loaded.predict(x), model.predict(x))


def test_a_network_can_be_made_from_its_json():
    model = small()
    other = apus.models.model_from_json(model.to_json())
    assert other.count_params() == model.count_params()
    assert [type(layer) for layer in other.layers] == [type(layer) for layer in model.layers]


# Weights


def test_weights_can_be_read_and_set(flowers):
    x, _ = flowers
    one, other = small(seed=1), small(seed=2)
    other.set_weights(one.get_weights())
    numpy.testing.assert_array_equal(other.predict(x), one.predict(x))
    layer = other.get_layer("dense_1")
    layer.set_weights([numpy.zeros((8, 3)), numpy.zeros(3)])
    numpy.testing.assert_allclose(other.predict(x), 1 / 3, rtol=1e-6)
    assert layer.count_params() == 27 and other.get_layer(index=1) is layer
    assert not numpy.array_equal(one.predict(x), other.predict(x))


def test_training_goes_on_from_weights_that_were_set(flowers):
    x, y = flowers
    model = small()
    model.fit(x, y, epochs=2, verbose=0)
    zero = [numpy.zeros_like(weight) for weight in model.get_weights()]
    model.set_weights(zero)
    assert model.evaluate(x, y)[0] == pytest.approx(numpy.log(3), rel=1e-5)
    model.fit(x, y, epochs=1, verbose=0)
    assert numpy.any(model.get_weights()[-1] != 0)


def test_weights_of_a_wrong_shape_change_nothing(flowers):
    model = small()
    before = model.get_weights()
    with pytest.raises(ValueError, match="expected 4 weights, got 1"):
        model.set_weights(before[:1])
    with pytest.raises(ValueError, match="dense_1/bias must have shape"):
        model.set_weights([weight + 1 for weight in before[:3]] + [numpy.zeros(4)])
    for a, b in zip(before, model.get_weights()):
        numpy.testing.assert_array_equal(a, b)


def test_frozen_layers_keep_their_weights(flowers):
    x, y = flowers
    apus.set_seed(0)
    model = Sequential([Input((4,)), layers.Dense(8, "relu", trainable=False), layers.Dense(3, "softmax")])
    model.compile("adam", "sparse_categorical_crossentropy")
    before = model.get_weights()
    model.fit(x, y, epochs=1, verbose=0)
    after = model.get_weights()
    numpy.testing.assert_array_equal(before[0], after[0])
    assert not numpy.array_equal(before[2], after[2])


# Steps


def test_single_steps_are_those_of_fit(flowers):
    x, y = flowers
    steps, whole = small(), small()
    losses_seen = [steps.train_on_batch(x[i : i + 50], y[i : i + 50]) for i in (0, 50, 100)]
    history = whole.fit(x, y, batch_size=50, shuffle=False, verbose=0)
    assert numpy.mean(losses_seen) == pytest.approx(history.history["loss"][0], rel=1e-5)
    for a, b in zip(steps.get_weights(), whole.get_weights()):
        numpy.testing.assert_array_equal(a, b)
    numpy.testing.assert_array_equal(steps.predict(x), whole.predict(x))


def test_the_parts_of_a_step_make_the_step(flowers):
    x, y = flowers
    whole, parted = small(), small()
    parts = apus.models.StepParts(parted)
    for _ in range(3):
        expected = whole.train_on_batch(x, y)
        outputs = parts.forward(x)
        assert outputs.shape == (150, 3) and outputs.sum(axis=1) == pytest.approx(numpy.ones(150), abs=1e-5)
        assert parts.loss(y) == expected
        parts.backward()
        parts.apply()
    for a, b in zip(parted.get_weights(), whole.get_weights()):
        numpy.testing.assert_array_equal(a, b)
    numpy.testing.assert_array_equal(parted.predict(x), whole.predict(x))
    parted.fit(x, y, epochs=1, verbose=0)  # fit goes on from there
    assert parted.evaluate(x, y)[0] < expected


def test_backward_gives_gradients_by_inputs_and_weights(rng):
    apus.set_seed(0)
    left, right = Input((3,)), Input((2,))
    sums = layers.Add()([layers.Dense(4)(left), layers.Dense(4)(right)])
    model = apus.Model([left, right], [sums, layers.Dense(1, trainable=False)(left)])
    model.compile("sgd", "mse")
    parts = apus.models.StepParts(model)
    x = [rng.normal(size=(5, 3)), rng.normal(size=(5, 2))]
    outputs = parts.forward(x)
    given = [rng.normal(size=(5, 4)), rng.normal(size=(5, 1))]
    assert [array.shape for array in outputs] == [array.shape for array in given]
    by_left, by_right = parts.backward(given)
    kernel, _, second, _, single, _ = model.get_weights()
    numpy.testing.assert_allclose(by_left, given[0] @ kernel.T + given[1] @ single.T, rtol=1e-4, atol=1e-5)
    numpy.testing.assert_allclose(by_right, given[0] @ second.T, rtol=1e-4, atol=1e-5)
    gradients = parts.gradients()
    assert list(gradients) == ["dense/kernel", "dense/bias", "dense_1/kernel", "dense_1/bias"]
    numpy.testing.assert_allclose(gradients["dense/kernel"], x[0].T @ given[0], rtol=1e-4, atol=1e-5)
    numpy.testing.assert_allclose(gradients["dense_1/bias"], given[0].sum(axis=0), rtol=1e-4, atol=1e-5)
    numpy.testing.assert_array_equal(parts.gradient("dense/kernel"), gradients["dense/kernel"])
    for name, weight in zip(model.weight_names, model.get_weights()):
        numpy.testing.assert_array_equal(parts.weight(name), weight)
    assert list(parts.weights()) == model.weight_names
    for name in ("dense/banana", "dense_2/kernel"):
        with pytest.raises(KeyError, match=name):
            parts.gradient(name)
    parts.forward(x)
    parts.backward(given)
    numpy.testing.assert_allclose(parts.gradient("dense/kernel"), 2 * gradients["dense/kernel"], rtol=1e-5)
    before = model.get_weights()
    parts.apply(scale=0.5)
    after = model.get_weights()
    numpy.testing.assert_allclose(after[0], before[0] - 0.01 * gradients["dense/kernel"], rtol=1e-4, atol=1e-6)
    numpy.testing.assert_array_equal(after[4], before[4])


def test_a_network_trains_through_another_that_stays_as_it_is(rng):
    apus.set_seed(2)
    drawer = Sequential([Input((2,)), layers.Dense(6, "tanh"), layers.Dense(4)], name="drawer")
    judge = Sequential([Input((4,)), layers.Dense(5, "tanh"), layers.Dense(1)], name="judge")
    drawer.compile("adam", "mse")
    judge.compile("adam", "mse")
    judge.trainable = False
    drawer_copy, judge_copy = copy.deepcopy(drawer), copy.deepcopy(judge)
    judge_copy.trainable = False
    both = Sequential([drawer_copy, judge_copy])
    both.compile("adam", "mse")
    drawer_parts, judge_parts = apus.models.StepParts(drawer), apus.models.StepParts(judge)
    z, y = rng.normal(size=(20, 2)), numpy.ones(20)
    before = judge.get_weights()
    for _ in range(4):
        expected = both.train_on_batch(z, y)
        judge_parts.forward(drawer_parts.forward(z))
        assert judge_parts.loss(y) == pytest.approx(expected, rel=1e-5)
        by_picture = judge_parts.backward()
        judge_parts.zero_gradients()
        drawer_parts.backward(by_picture)
        drawer_parts.apply()
    for a, b in zip([*drawer.get_weights(), *before], both.get_weights()):
        numpy.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)
    for a, b in zip(judge.get_weights(), before):
        numpy.testing.assert_array_equal(a, b)


def test_the_parts_of_a_step_say_what_is_missing(flowers):
    x, y = flowers
    with pytest.raises(ValueError, match="not compiled"):
        apus.models.StepParts(small(compiled=False))
    with pytest.raises(ValueError, match="no weights yet"):
        apus.models.StepParts(Sequential([layers.Dense(1)]))
    parts = apus.models.StepParts(small())
    with pytest.raises(ValueError, match="call forward first"):
        parts.backward()
    with pytest.raises(apus.NotFittedError, match="backward"):
        parts.gradients()
    parts.forward(x)
    with pytest.raises(ValueError, match="call loss after forward"):
        parts.backward()
    with pytest.raises(ValueError, match="call backward first"):
        parts.apply()
    with pytest.raises(apus.ShapeError, match="output_gradients"):
        parts.backward(numpy.ones((150, 2)))
    with pytest.raises(apus.ShapeError, match="rows"):
        parts.loss(y[:10])
    parts.loss(y)
    parts.backward()
    with pytest.raises(ValueError, match="zero_gradients"):
        parts.apply(scale=0)
    parts.zero_gradients()
    with pytest.raises(ValueError, match="call backward first"):
        parts.apply()


def test_the_learning_rate_can_be_changed_while_training(flowers):
    x, y = flowers
    model = small()
    model.fit(x, y, epochs=1, verbose=0)
    before = model.get_weights()
    model.optimizer.learning_rate = 0.0
    model.fit(x, y, epochs=1, verbose=0)
    for a, b in zip(before, model.get_weights()):
        numpy.testing.assert_array_equal(a, b)


def test_a_learning_rate_out_of_range_is_refused(flowers):
    model = small()
    with pytest.raises(ValueError, match="learning_rate"):
        model.optimizer.learning_rate = -1.0
    assert model.optimizer.learning_rate == 0.01


# Building


def test_a_network_without_input_is_built_by_its_first_data(flowers):
    x, y = flowers
    model = Sequential([layers.Dense(3, activation="softmax")])
    assert not model.built
    with pytest.raises(apus.NotFittedError, match="no weights yet"):
        model.get_weights()
    model.compile("adam", "sparse_categorical_crossentropy")
    model.fit(x, y, verbose=0)
    assert model.built and model.input_shape == (None, 4)
    other = Sequential([layers.Dense(3)])
    other.build((None, 7))
    assert other.count_params() == 24


def test_layers_can_be_added_and_taken_off():
    model = Sequential()
    model.add(Input((4,)))
    model.add(layers.Dense(5))
    kernel = model.get_weights()[0]
    model.add(layers.Dense(2))
    numpy.testing.assert_array_equal(model.get_weights()[0], kernel)
    assert model.output_shape == (None, 2)
    assert model.pop().name == "dense_1"
    numpy.testing.assert_array_equal(model.get_weights()[0], kernel)
    assert model.output_shape == (None, 5)


def test_layers_that_do_not_fit_are_refused():
    dense = layers.Dense(2)
    model = Sequential([Input((4,)), dense])
    with pytest.raises(ValueError, match="in a model already"):
        model.add(dense)
    with pytest.raises(ValueError, match="two layers have the name 'dense'"):
        model.add(layers.Dense(3, name="dense"))
    with pytest.raises(ValueError, match="comes first"):
        model.add(Input((4,)))
    with pytest.raises(TypeError, match="not a class"):
        model.add(layers.Dense)
    with pytest.raises(TypeError, match="layer of apus.layers"):
        model.add("dense")
    with pytest.raises(ValueError):
        Input()
    with pytest.raises(ValueError, match="no layer 'nothing'"):
        model.get_layer("nothing")


@pytest.mark.parametrize(
    "layer, message",
    [
        (lambda: layers.Dense(0), "units"),
        (lambda: layers.Dense(2.5), "units"),
        (lambda: layers.Dense(2, activation="banana"), "banana"),
        (lambda: layers.Dense(2, kernel_initializer="banana"), "banana"),
        (lambda: layers.Dropout(1.0), "rate"),
        (lambda: layers.Dropout(-0.1), "rate"),
        (lambda: layers.Activation("banana"), "banana"),
    ],
)
def test_parameters_of_layers_are_checked(layer, message):
    with pytest.raises(ValueError, match=message):
        Sequential([Input((4,)), layer()]).build()


# Using it wrongly


def test_training_needs_compile(flowers):
    model = small(compiled=False)
    for use in (model.fit, model.evaluate, model.train_on_batch):
        with pytest.raises(ValueError, match="compile"):
            use(*flowers)


@pytest.mark.parametrize(
    "options",
    [
        {"loss": "banana"},
        {"loss": None, "metrics": ["mae"]},
        {"loss": "mse", "optimizer": "banana"},
        {"loss": "mse", "optimizer": optimizers.SGD(-1.0)},
        {"loss": "mse", "optimizer": optimizers.SGD(clipnorm=1.0, clipvalue=1.0)},
        {"loss": "mse", "optimizer": optimizers.SGD(optimizers.schedules.ExponentialDecay(0.1, 0, 0.5))},
        {"loss": "mse", "metrics": ["banana"]},
        {"loss": losses.Huber(-1.0)},
        {"loss": losses.Huber(numpy.inf)},
    ],
)
def test_compile_refuses_what_it_does_not_know(options, flowers):
    model = small()
    with pytest.raises(ValueError):
        model.compile(**options)
    model.fit(*flowers, verbose=0)


@pytest.mark.parametrize(
    "x, y",
    [
        (numpy.zeros((10, 5)), numpy.zeros(10, int)),
        (numpy.zeros((10, 4)), numpy.zeros(9, int)),
        (numpy.zeros((10, 4)), numpy.full(10, 3)),
        (numpy.zeros((10, 4)), numpy.full(10, -1)),
        (numpy.zeros((10, 4)), None),
        (numpy.zeros((0, 4)), numpy.zeros(0, int)),
    ],
    ids=["columns", "rows", "label too large", "label below 0", "no targets", "no rows"],
)
def test_data_that_does_not_fit_is_refused(x, y, flowers):
    model = small()
    before = model.get_weights()
    with pytest.raises(ValueError):
        model.fit(x, y, verbose=0)
    for a, b in zip(before, model.get_weights()):
        numpy.testing.assert_array_equal(a, b)
    model.fit(*flowers, verbose=0)


@pytest.mark.parametrize("options", [{"batch_size": 0}, {"epochs": 0}, {"batch_size": -3}])
def test_sizes_below_one_are_refused(options, flowers):
    with pytest.raises(ValueError, match="at least 1"):
        small().fit(*flowers, **options)
    with pytest.raises(TypeError, match="whole number"):
        small().fit(*flowers, epochs=1.5)


def test_predicting_many_rows_is_predicting_each(rng):
    model = small()
    x = rng.normal(size=(5000, 4))
    together = model.predict(x)
    numpy.testing.assert_array_equal(together[4321:4322], model.predict(x[4321:4322]))
    with pytest.raises(ValueError, match="at least one row"):
        model.predict(x[:0])
    numpy.testing.assert_array_equal(model(x[:3]), together[:3])


# What is shown


def test_plain_lines_are_shown_where_there_is_no_terminal(flowers, capsys):
    model = small()
    model.fit(*flowers, epochs=2)
    shown = capsys.readouterr().out.splitlines()
    assert [line.split(" - ")[0] for line in shown] == ["Epoch 1/2", "Epoch 2/2"]
    assert "loss: " in shown[0] and "accuracy: " in shown[0] and "samples/s" in shown[0]
    model.fit(*flowers, verbose=0)
    assert capsys.readouterr().out == ""


class Terminal:
    def __init__(self):
        self.text = ""

    def write(self, text):
        self.text += text

    def flush(self):
        pass

    def isatty(self):
        return True


def test_a_bar_is_shown_on_a_terminal(flowers, monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr("sys.stdout", terminal)
    small().fit(*flowers, epochs=2, batch_size=10)
    assert terminal.text.startswith("Epoch 1/2\n")
    assert "15/15 ━━━━━━━━━━━━━━━━━━━━" in terminal.text and terminal.text.endswith("\n")


def test_the_summary_names_layers_shapes_and_sizes():
    lines = []
    small().summary(print_fn=lines.append)
    text = "\n".join(lines)
    assert "dense (Dense)" in text and "(None, 8)" in text and "40" in text and "Total params: 67" in text


# The catalog


@pytest.mark.parametrize(
    "family, module, left_out",
    [
        ("layers", layers, {"seed", "data_format", "trainable", "alpha"}),
        ("optimizers", optimizers, set()),
        ("schedules", optimizers.schedules, set()),
        ("losses", losses, set()),
        ("initializers", initializers, {"seed"}),
        ("regularizers", regularizers, set()),
        ("constraints", constraints, set()),
        ("metrics", metrics, set()),
    ],
)
def test_constructors_are_those_of_the_catalog(family, module, left_out):
    for entry in apus.catalog()[family]:
        kind = getattr(module, entry["kind"])
        names = kind._parameter_names()
        defaults = {
            name: parameter.default for name, parameter in inspect.signature(kind).parameters.items()
        }
        for spec in entry["parameters"]:
            if spec["name"] not in names:
                assert spec["name"] in left_out, (entry["kind"], spec["name"])
            elif not spec["required"]:
                assert defaults[spec["name"]] == spec["default"], (entry["kind"], spec["name"])
        assert set(names) <= {spec["name"] for spec in entry["parameters"]}, entry["kind"]


def test_configurations_make_the_same_objects():
    for thing in (
        optimizers.SGD(0.5, momentum=0.9, nesterov=True),
        optimizers.Nadam(optimizers.schedules.CosineDecay(0.1, 20, warmup_target=0.2, warmup_steps=3), clipnorm=1.0),
        losses.Huber(2.0),
        initializers.VarianceScaling(2.0, "fan_out"),
        layers.Dense(3, "relu", kernel_initializer="zeros", name="d"),
    ):
        config = thing.get_config()
        assert type(thing).from_config(config).get_config() == config
        assert repr(type(thing).from_config(config)) == repr(thing)


@pytest.mark.parametrize("kind", [name for name in optimizers.__all__ if name != "schedules"])
def test_every_optimizer_trains_by_name_and_resumes(kind, flowers, tmp_path):
    model = small()
    model.compile(kind.lower(), "sparse_categorical_crossentropy")
    model.fit(*flowers, epochs=2, verbose=0)
    model.save_checkpoint(tmp_path / "c.h5")
    again = apus.load_checkpoint(tmp_path / "c.h5")
    for one in (model, again):
        one.fit(*flowers, epochs=2, verbose=0)
    for a, b in zip(model.get_weights(), again.get_weights()):
        numpy.testing.assert_array_equal(a, b)


def test_biases_can_be_left_out_of_the_decay(flowers):
    model = small()
    optimizer = optimizers.SGD(0.5, weight_decay=0.5, clipvalue=1e-30)
    optimizer.exclude_from_weight_decay(var_names=["bias"])
    model.compile(optimizer, "sparse_categorical_crossentropy")
    model.set_weights([numpy.ones_like(weight) for weight in model.get_weights()])
    model.train_on_batch(*flowers)
    for weight in model.get_weights():
        assert numpy.all(weight == (1 if weight.ndim == 1 else 0.75))


def test_a_schedule_lowers_the_learning_rate(flowers, tmp_path):
    schedule = optimizers.schedules.PiecewiseConstantDecay([0], [0.5, 0.0])
    model = small()
    model.compile(optimizers.SGD(schedule), "sparse_categorical_crossentropy")
    start = model.get_weights()
    model.train_on_batch(*flowers)
    first = model.get_weights()
    assert not numpy.array_equal(start[0], first[0])
    model.save_checkpoint(tmp_path / "c.h5")
    for one in (model, apus.load_checkpoint(tmp_path / "c.h5")):
        one.train_on_batch(*flowers)
        for a, b in zip(first, one.get_weights()):
            numpy.testing.assert_array_equal(a, b)
    with pytest.raises(ValueError, match="schedule"):
        model.optimizer.learning_rate = 0.1


def test_history_is_a_callback():
    assert issubclass(callbacks.History, callbacks.Callback)


def test_networks_can_be_copied_and_pickled(flowers):
    import copy
    import pickle

    x, y = flowers
    model = small()
    model.fit(x, y, epochs=2, verbose=0)
    for other in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        numpy.testing.assert_array_equal(other.predict(x), model.predict(x))
        assert other.evaluate(x, y) == model.evaluate(x, y)
        other.fit(x, y, verbose=0)
        assert not numpy.array_equal(other.predict(x), model.predict(x))


def test_a_loaded_checkpoint_knows_its_history(flowers, tmp_path):
    model = small()
    history = model.fit(*flowers, epochs=3, verbose=0).history
    model.save_checkpoint(tmp_path / "c.h5")
    loaded = apus.load_checkpoint(tmp_path / "c.h5")
    assert loaded.history.history == history and loaded.history.epoch == [0, 1, 2]


@pytest.mark.parametrize("method", ["L-BFGS-B", "BFGS", "Newton-CG"])
def test_all_rows_at_once_by_methods_of_minimisation(method, rng):
    x = rng.normal(size=(200, 3))
    y = x @ [[1.0], [-2.0], [0.5]] + 0.25
    model = Sequential([Input((3,)), layers.Dense(1)])
    model.compile("sgd", "mse")
    seen = []
    result = model.minimize(x, y, method, callback=seen.append)
    assert result.fun < 1e-9 and result.status in (0, 3) and len(seen) == result.nit
    numpy.testing.assert_allclose(model.get_weights()[0][:, 0], [1.0, -2.0, 0.5], atol=1e-4)
    numpy.testing.assert_allclose(result.x[1], [0.25], atol=1e-4)
    assert model.evaluate(x, y) == pytest.approx(result.fun, abs=1e-9)

    def stop(weights):
        raise StopIteration

    assert model.minimize(x, y + 1, method, callback=stop).nit == 1
    with pytest.raises(ValueError, match="L-BFGS-B"):
        model.minimize(x, y, "banana")
    with pytest.raises(ZeroDivisionError):
        model.minimize(x, y, method, callback=lambda weights: 1 / 0)


# Layers of attention, noise, and what layers give on the way


def test_attention_learns_to_look_things_up(rng):
    """The query names one of the keys; the target is its value."""
    keys = rng.normal(size=(400, 6, 8)).astype(numpy.float32)
    values = rng.normal(size=(400, 6, 2)).astype(numpy.float32)
    chosen = rng.integers(0, 6, 400)
    query = keys[numpy.arange(400), chosen][:, None, :]
    apus.set_seed(2)
    inputs = [Input((1, 8)), Input((6, 2)), Input((6, 8))]
    found, scores = layers.MultiHeadAttention(2, 8, output_shape=2)(
        inputs[0], inputs[1], key=inputs[2], return_attention_scores=True
    )
    assert found.shape == (None, 1, 2) and scores.shape == (None, 2, 1, 6)
    model = apus.Model(inputs, found)
    model.compile(optimizers.Adam(0.01), "mse")
    target = values[numpy.arange(400), chosen][:, None, :]
    losses_seen = model.fit([query, values, keys], target, epochs=60, verbose=0).history["loss"]
    assert losses_seen[-1] < 0.2 * losses_seen[0]
    assert [w.shape for w in model.get_weights()] == [
        (8, 2, 8), (2, 8), (8, 2, 8), (2, 8), (2, 2, 8), (2, 8), (2, 8, 2), (2,),
    ]  # fmt: skip


def test_a_causal_mask_hides_what_comes_later(rng):
    steps = Input((5, 4))
    model = apus.Model(steps, layers.MultiHeadAttention(1, 3)(steps, steps, use_causal_mask=True))
    x = rng.normal(size=(2, 5, 4)).astype(numpy.float32)
    changed = x.copy()
    changed[:, 3:] += 1
    before, after = model.predict(x), model.predict(changed)
    numpy.testing.assert_allclose(before[:, :3], after[:, :3], rtol=1e-5, atol=1e-6)
    assert abs(before[:, 3:] - after[:, 3:]).max() > 1e-3


def test_einsum_dense_is_einsum(rng):
    model = Sequential([Input((4, 5)), layers.EinsumDense("abc,cde->abed", (None, 3, 2), bias_axes="e")])
    x = rng.normal(size=(7, 4, 5)).astype(numpy.float32)
    kernel, bias = model.get_weights()
    assert kernel.shape == (5, 2, 3) and bias.shape == (3, 1)
    model.set_weights([kernel, bias + numpy.arange(3)[:, None]])
    wanted = numpy.einsum("abc,cde->abed", x, kernel) + numpy.arange(3)[:, None]
    numpy.testing.assert_allclose(model.predict(x), wanted, rtol=1e-5, atol=1e-6)


def test_sampling_adds_its_divergence_to_the_loss(rng):
    apus.set_seed(3)
    entry = Input((3,))
    mean, log_variance = layers.Dense(2, name="mean")(entry), layers.Dense(2, name="log_variance")(entry)
    model = apus.Model(entry, layers.Sampling(kl_weight=0.5)([mean, log_variance]))
    model.compile("sgd", "mse")
    x = rng.normal(size=(9, 3)).astype(numpy.float32)
    ways = model.layer_outputs(x, ["mean", "log_variance"])
    m, v = ways["mean"].astype(float), ways["log_variance"].astype(float)
    numpy.testing.assert_array_equal(model.predict(x), ways["mean"])
    divergence = (-0.5 * (1 + v - m**2 - numpy.exp(v))).sum(axis=1).mean()
    assert model.evaluate(x, numpy.zeros((9, 2))) == pytest.approx((m**2).mean() + 0.5 * divergence, rel=1e-5)
    one, two = (model.layer_outputs(x, "sampling", training=True)["sampling"] for _ in range(2))
    assert abs(one - two).max() > 0.01


def test_layers_can_be_watched_within_others(rng):
    inner = Sequential([Input((4,)), layers.Dense(3, name="narrow"), layers.ReLU(name="bend")], name="encoder")
    entry = Input((4,))
    first = inner(entry)
    model = apus.Model(entry, layers.Dense(1, name="end")(first))
    x = rng.normal(size=(6, 4)).astype(numpy.float32)
    seen = model.layer_outputs(x, ["encoder/narrow", "encoder/bend", "encoder", "end", ("end", 0, 0)])
    numpy.testing.assert_array_equal(numpy.maximum(seen["encoder/narrow"], 0), seen["encoder/bend"])
    numpy.testing.assert_array_equal(seen["encoder"], seen["encoder/bend"])
    numpy.testing.assert_allclose(seen["end"], model.predict(x), rtol=1e-6, atol=1e-6)
    numpy.testing.assert_array_equal(seen["end"], seen["end", 0, 0])
    assert list(model.layer_outputs(x)) == ["encoder", "end"]
    with pytest.raises(ValueError, match="no layer 'nobody'"):
        model.layer_outputs(x, "nobody")


def test_noise_on_the_weights_leaves_predictions_alone(flowers):
    x, y = flowers
    model = small(compiled=False)
    model.compile(optimizers.Adam(0.02), "sparse_categorical_crossentropy", metrics=["accuracy"], weight_noise=0.1)
    before = model.predict(x)
    numpy.testing.assert_array_equal(before, model.predict(x))
    model.fit(x, y, epochs=30, verbose=0)
    assert model.evaluate(x, y)[1] > 0.95
    with pytest.raises(ValueError, match="weight_noise"):
        model.compile("adam", "mse", weight_noise=-1)


def test_the_summary_states_the_memory():
    lines = []
    small().summary(print_fn=lines.append)
    text = "\n".join(lines)
    assert "Trainable params: 67, others: 0" in text and "Memory for 32 rows" in text
    memory = small()._require_built().info["memory"]
    # In inference the outputs take the place of the inputs, which nobody reads any more.
    assert memory["rows"] == 32 and 67 * 4 + 32 * 4 * 12 <= memory["inference"] < 67 * 4 + 32 * 4 * 15
    assert memory["inference"] < memory["training"]
    entry = Input((None, 3))
    assert apus.Model(entry, layers.GlobalAveragePooling1D()(entry))._require_built().info["memory"] is None
