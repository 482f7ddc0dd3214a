"""Networks that are no chain: made by calling layers, with several inputs and outputs, shared layers, nested models."""

import json

import numpy
import pytest

import apus
from apus import Input, Model, Sequential, layers, regularizers


def siamese(tower=None):
    left, right = Input((3,), name="left"), Input((3,), name="right")
    tower = tower or layers.Dense(4, activation="tanh", name="tower")
    both = layers.Concatenate()([tower(left), tower(right)])
    return Model([left, right], layers.Dense(1, name="score")(both), name="siamese")


def test_shapes_are_known_when_a_layer_is_called():
    x = Input((None, 3))
    hidden = layers.TimeDistributed(layers.Dense(5))(layers.Masking()(x))
    assert hidden.shape == (None, None, 5)
    assert layers.GlobalAveragePooling1D()(hidden).shape == (None, 5)
    assert layers.Reshape((2, 3))(Input((6,))).shape == (None, 2, 3)
    with pytest.raises(apus.ShapeError, match=r"\(3,\), \(4,\)"):
        layers.Add()([Input((3,)), Input((4,))])
    with pytest.raises(TypeError, match="must be an Input"):
        layers.Dense(2)(numpy.zeros((2, 3)))
    with pytest.raises(TypeError, match="without an argument 'colour'"):
        layers.Dense(2)(Input((3,)), colour=3)


def test_a_shared_layer_has_one_set_of_weights(rng):
    model = siamese()
    assert [w.shape for w in model.get_weights()] == [(3, 4), (4,), (8, 1), (1,)]
    assert model.input_shape == [(None, 3), (None, 3)] and model.output_shape == (None, 1)
    a, b = rng.normal(size=(2, 6, 3)).astype(numpy.float32)
    kernel, bias, last, shift = model.get_weights()
    expected = numpy.hstack([numpy.tanh(a @ kernel + bias), numpy.tanh(b @ kernel + bias)]) @ last + shift
    numpy.testing.assert_allclose(model.predict([a, b]), expected, rtol=1e-5, atol=1e-6)
    numpy.testing.assert_allclose(model.predict({"right": b, "left": a}), expected, rtol=1e-5, atol=1e-6)
    model.compile("adam", "mse")
    history = model.fit([a, b], a[:, :1] - b[:, :1], epochs=30, verbose=0).history["loss"]
    assert history[-1] < history[0]


def test_several_outputs_have_losses_of_their_own(rng):
    x = Input((4,))
    trunk = layers.Dense(8, activation="relu")(x)
    model = Model(x, [layers.Dense(1, name="one")(trunk), layers.Dense(2, "softmax", name="two")(trunk)])
    data = rng.normal(size=(50, 4)).astype(numpy.float32)
    model.compile("adam", ["mse", "sparse_categorical_crossentropy"])
    loss = model.fit(data, [data[:, 0], (data[:, 1] > 0).astype(int)], epochs=10, verbose=0).history["loss"]
    assert loss[-1] < loss[0]
    assert [output.shape for output in model.predict(data)] == [(50, 1), (50, 2)]


def test_names_are_given_once_and_in_order():
    x = Input((2,))
    one, two = layers.Dense(2)(x), layers.Dense(2)(x)
    model = Model(x, layers.Add()([one, two]))
    assert [layer.name for layer in model.layers] == ["dense", "dense_1", "add"]
    with pytest.raises(ValueError, match="two layers have the name 'same'"):
        Model(x, layers.Add()([layers.Dense(2, name="same")(x), layers.Dense(2, name="same")(x)]))


def test_inputs_must_be_those_that_are_used():
    left, right = Input((2,), name="left"), Input((2,), name="right")
    total = layers.Add()([left, right])
    with pytest.raises(ValueError, match="'right', which is not among"):
        Model(left, total)
    with pytest.raises(ValueError, match="'right' leads to none"):
        Model([left, right], layers.Dense(1)(left))


def test_models_are_layers_of_others(rng):
    apus.set_seed(1)
    generator = Sequential([Input((2,)), layers.Dense(6, "tanh"), layers.BatchNormalization()], name="generator")
    critic = Sequential([Input((6,)), layers.Dense(1)], name="critic")
    critic.trainable = False
    pair = Sequential([generator, critic])
    z = rng.normal(size=(20, 2)).astype(numpy.float32)
    numpy.testing.assert_allclose(pair.predict(z), critic.predict(generator.predict(z)), rtol=1e-5, atol=1e-6)
    before = critic.get_weights()
    pair.compile("adam", "mse")
    pair.fit(z, numpy.ones(20), epochs=3, verbose=0)
    numpy.testing.assert_array_equal(pair.get_weights()[-2], before[0])
    for a, b in zip(pair.get_weights(), generator.get_weights()):
        numpy.testing.assert_array_equal(a, b)
    numpy.testing.assert_allclose(pair.predict(z), critic.predict(generator.predict(z)), rtol=1e-5, atol=1e-6)


def test_a_model_of_a_hidden_layer_begins_with_its_weights(rng):
    x = Input((3,))
    hidden = layers.Dense(4, activation="relu")(x)
    whole = Model(x, layers.Dense(1)(hidden))
    part = Model(x, hidden)
    for a, b in zip(part.get_weights(), whole.get_weights()):
        numpy.testing.assert_array_equal(a, b)


def test_files_and_copies_keep_graphs(tmp_path, rng):
    inner = siamese()
    a, b = Input((3,), name="a"), Input((3,), name="b")
    model = Model([a, b], layers.Add()([inner([a, b]), inner([b, a])]))
    x = list(rng.normal(size=(2, 5, 3)).astype(numpy.float32))
    model.save(tmp_path / "graph.h5")
    again = apus.load_model(tmp_path / "graph.h5")
    numpy.testing.assert_array_equal(again.predict(x), model.predict(x))
    same = apus.models.model_from_json(model.to_json())
    assert json.loads(same.to_json()) == json.loads(model.to_json())


def test_parts_of_a_step_give_what_nested_models_end_in(rng):
    inner = siamese()
    a, b = Input((3,), name="a"), Input((3,), name="b")
    first, second = inner([a, b]), inner([b, a])
    x = list(rng.normal(size=(2, 5, 3)).astype(numpy.float32))
    for outputs in ([first], [second, first]):
        model = Model([a, b], outputs)
        model.compile("sgd", "mse")
        found = apus.models.StepParts(model).forward(x, training=False)
        numpy.testing.assert_array_equal(found, model.predict(x))
    head = Input((2,))
    twice = Sequential([Input((2,)), Model(head, layers.Add()([head, head]))])
    twice.compile("sgd", "mse")
    numpy.testing.assert_array_equal(apus.models.StepParts(twice).forward([[1.0, 2.0]]), [[2.0, 4.0]])


def test_penalties_are_part_of_the_loss():
    model = Sequential([Input((2,)), layers.Dense(1, kernel_regularizer=regularizers.L2(0.5), use_bias=False)])
    model.set_weights([numpy.array([[1.0], [2.0]])])
    model.compile("sgd", "mse")
    assert model.evaluate(numpy.zeros((3, 2)), numpy.zeros(3)) == pytest.approx(2.5)


def test_keras_opens_nested_models(tmp_path, rng):
    keras = pytest.importorskip("keras")
    generator = Sequential([Input((3,)), layers.Dense(4, "tanh"), layers.BatchNormalization()], name="generator")
    pair = siamese()
    a, b = Input((3,), name="a"), Input((3,), name="b")
    score = pair([a, b])
    model = Model([a, b], [layers.Concatenate()([generator(a), generator(b)]), score])
    x = list(rng.normal(size=(2, 5, 3)).astype(numpy.float32))
    path = str(tmp_path / "nested.h5")
    model.save(path)
    theirs = keras.models.load_model(path)
    for ours, other in zip(model.predict(x), theirs.predict(x, verbose=0)):
        numpy.testing.assert_allclose(ours, other, rtol=1e-5, atol=2e-6)
    theirs.save(str(tmp_path / "back.h5"))
    back = apus.load_model(tmp_path / "back.h5")
    for ours, other in zip(model.predict(x), back.predict(x)):
        numpy.testing.assert_allclose(ours, other, rtol=1e-5, atol=2e-6)
