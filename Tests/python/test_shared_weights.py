"""Models within models and layers in several models have their weights in common, as in Keras."""

import copy

import numpy
import pytest

import apus
from apus import Input, Model, Sequential, layers


def assert_same(one, other):
    assert len(one) == len(other)
    for a, b in zip(one, other):
        numpy.testing.assert_array_equal(a, b)


@pytest.fixture
def x(rng):
    return rng.normal(size=(40, 4)).astype(numpy.float32)


@pytest.fixture
def coder():
    """Encoder, decoder and both together, compiled."""
    apus.set_seed(3)
    entry, code = Input((4,)), Input((2,))
    encoder = Model(entry, layers.Dense(2, "tanh")(entry), name="encoder")
    decoder = Model(code, layers.Dense(4)(code), name="decoder")
    picture = Input((4,))
    both = Model(picture, decoder(encoder(picture)), name="both")
    both.compile("adam", "mse")
    return encoder, decoder, both


def test_parts_have_learned_what_the_whole_has(coder, x):
    encoder, decoder, both = coder
    before = encoder.get_weights()
    both.fit(x, x, epochs=2, verbose=0)
    assert (encoder.get_weights()[0] != before[0]).any()
    assert_same(both.get_weights(), encoder.get_weights() + decoder.get_weights())
    numpy.testing.assert_array_equal(decoder.predict(encoder.predict(x)), both.predict(x))
    both.train_on_batch(x, x)
    assert_same(both.get_weights(), encoder.get_weights() + decoder.get_weights())


def test_the_whole_has_what_a_part_has_learned(coder, x):
    encoder, decoder, both = coder
    encoder.compile("sgd", "mse")
    for _ in range(3):
        encoder.train_on_batch(x, x[:, :2])
        both.train_on_batch(x, x)
    assert_same(both.get_weights(), encoder.get_weights() + decoder.get_weights())
    decoder.set_weights([weight * 0 for weight in decoder.get_weights()])
    assert both.evaluate(x, x) == pytest.approx((x**2).mean(), rel=1e-5)
    both.layers[0].set_weights([weight * 0 for weight in encoder.get_weights()])
    assert not encoder.predict(x).any()


def test_two_players_train_in_turns_on_one_set_of_weights(rng, x):
    generator = Sequential([Input((4,)), layers.Dense(4)], name="generator")
    critic = Sequential([Input((4,)), layers.Dense(1)], name="critic")
    critic.compile(apus.optimizers.SGD(0.1), "mse")
    critic.build()
    critic.trainable = False
    pair = Sequential([Input((4,)), generator, critic])
    pair.compile(apus.optimizers.SGD(0.1), "mse")
    target = rng.normal(size=(40, 1)).astype(numpy.float32)
    kernel, bias, judge, shift = generator.get_weights() + critic.get_weights()
    for _ in range(4):
        critic.train_on_batch(x, target)
        error = 2 * (x @ judge + shift - target) / len(x)
        judge, shift = judge - 0.1 * x.T @ error, shift - 0.1 * error.sum(axis=0)
        pair.train_on_batch(x, target)
        error = 2 * ((x @ kernel + bias) @ judge + shift - target) / len(x) @ judge.T
        kernel, bias = kernel - 0.1 * x.T @ error, bias - 0.1 * error.sum(axis=0)
    for got, expected in zip(generator.get_weights() + critic.get_weights(), [kernel, bias, judge, shift]):
        numpy.testing.assert_allclose(got, expected, rtol=1e-4, atol=1e-5)
    assert_same(pair.get_weights(), generator.get_weights() + critic.get_weights())


def test_layers_of_several_models_are_one(x):
    entry = Input((4,))
    hidden = layers.Dense(3, "relu", name="hidden")
    features = hidden(entry)
    whole, part = Model(entry, layers.Dense(1)(features)), Model(entry, features)
    whole.compile("adam", "mse")
    whole.fit(x, x[:, 0], epochs=2, verbose=0)
    assert_same(part.get_weights(), whole.get_weights()[:2])
    part.set_weights([weight + 1 for weight in part.get_weights()])
    assert_same(part.get_weights(), hidden.get_weights())
    assert_same(part.get_weights(), whole.get_weights()[:2])


def test_three_levels_and_two_users(x):
    inner = Sequential([Input((4,)), layers.Dense(4)], name="inner")
    middle = Sequential([Input((4,)), inner, layers.Dense(4)], name="middle")
    outer = Sequential([Input((4,)), middle, layers.Dense(4)], name="outer")
    other = Sequential([Input((4,)), inner, layers.Dense(2)], name="other")
    for model, columns in ((outer, 4), (other, 2), (inner, 4), (middle, 4), (outer, 4)):
        model.compile("sgd", "mse")
        before = inner.get_weights()[0]
        model.fit(x, x[:, :columns], verbose=0)
        assert (inner.get_weights()[0] != before).any()
        for user in (middle, outer, other):
            assert_same(user.get_weights()[:2], inner.get_weights())


def test_averages_of_normalization_are_shared(x):
    inner = Sequential([Input((4,)), layers.BatchNormalization()], name="inner")
    whole = Sequential([Input((4,)), inner, layers.Dense(4)])
    whole.compile("sgd", "mse")
    whole.fit(x, x, verbose=0)
    assert inner.get_weights()[2].any()
    assert_same(whole.get_weights()[:4], inner.get_weights())


def test_what_is_frozen_stays_and_copies_are_on_their_own(coder, x):
    encoder, decoder, both = coder
    alone = copy.deepcopy(encoder)
    encoder.trainable = False
    tuned = Sequential([Input((4,)), encoder, layers.Dense(2)])
    tuned.compile("adam", "mse")
    before = encoder.get_weights()
    tuned.fit(x, x[:, :2], verbose=0)
    assert_same(encoder.get_weights(), before)
    both.fit(x, x, verbose=0)
    assert_same(tuned.get_weights()[:2], encoder.get_weights())
    assert_same(alone.get_weights(), before)


def test_a_model_that_grows_goes_its_own_way(x):
    inner = Sequential([Input((4,)), layers.Dense(4)])
    whole = Sequential([Input((4,)), inner, layers.Dense(1)])
    inner.add(layers.Dense(2))
    before = whole.get_weights()
    inner.compile("sgd", "mse")
    inner.fit(x, x[:, :2], verbose=0)
    assert_same(whole.get_weights(), before)


def test_callbacks_see_the_weights_of_the_epoch(coder, x):
    encoder, _, both = coder
    seen = []

    class Watch(apus.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            assert_same(encoder.get_weights(), both.get_weights()[:2])
            seen.append(encoder.get_weights()[0])

        def on_train_batch_end(self, batch, logs=None):
            encoder.predict(x)

    both.fit(x, x, epochs=3, verbose=0, callbacks=[Watch()])
    assert len(seen) == 3 and (seen[0] != seen[1]).any()
