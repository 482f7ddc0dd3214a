"""Recurrent layers: states in and out, and what a network of them learns."""

import numpy
import pytest

import apus
from apus import Input, Model, Sequential, layers


@pytest.mark.parametrize("kind, states", [(layers.SimpleRNN, 1), (layers.GRU, 1), (layers.LSTM, 2)])
def test_a_sequence_may_be_cut_where_its_states_are_handed_on(kind, states):
    apus.set_seed(1)
    whole = Input((6, 2))
    layer = kind(3, return_sequences=True, return_state=True)
    all_outputs = Model(whole, layer(whole))
    part = Input((3, 2))
    given = [Input((3,)) for _ in range(states)]
    again = kind(3, return_sequences=True, return_state=True)
    continued = Model([part, *given], again(part, initial_state=given))
    continued.set_weights(all_outputs.get_weights())
    x = numpy.random.default_rng(0).standard_normal((4, 6, 2)).astype("float32")
    expected = all_outputs.predict(x)
    state = [numpy.zeros((4, 3), "float32")] * states
    pieces = []
    for half in (x[:, :3], x[:, 3:]):
        y, *state = continued.predict([half, *state])
        pieces.append(y)
    numpy.testing.assert_allclose(numpy.concatenate(pieces, 1), expected[0], rtol=1e-5, atol=1e-6)
    for observed, last in zip(state, expected[1:]):
        numpy.testing.assert_allclose(observed, last, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    "layer",
    [layers.SimpleRNN(12), layers.LSTM(12, dropout=0.1), layers.GRU(12, recurrent_dropout=0.1), layers.Bidirectional(layers.LSTM(6))],
    ids=lambda layer: type(layer).__name__,
)
def test_learns_whether_more_went_up_than_down(layer):
    apus.set_seed(3)
    x = numpy.random.default_rng(1).standard_normal((400, 6, 1)).astype("float32")
    y = (x.sum((1, 2)) > 0).astype("float32")[:, None]
    model = Sequential([Input((6, 1)), layer, layers.Dense(1, activation="sigmoid")])
    model.compile(apus.optimizers.Adam(0.02), "binary_crossentropy")
    history = model.fit(x, y, epochs=40, batch_size=32, verbose=0)
    assert history.history["loss"][-1] < 0.25 < history.history["loss"][0]
    assert ((model.predict(x) > 0.5) == (y > 0.5)).mean() > 0.93


def test_files_keep_every_parameter(tmp_path):
    kinds = [
        layers.Bidirectional(layers.GRU(3, return_sequences=True, reset_after=False, name="g"), merge_mode="mul"),
        layers.LSTM(2, activation="relu", recurrent_activation="softsign", return_sequences=True, go_backwards=True),
        layers.SimpleRNN(2, kernel_regularizer="l2", recurrent_constraint="non_neg", use_bias=False),
    ]
    model = Sequential([Input((None, 2)), *kinds])
    path = str(tmp_path / "recurrent.h5")
    model.save(path)
    loaded = apus.load_model(path)
    x = numpy.random.default_rng(2).standard_normal((3, 5, 2)).astype("float32")
    numpy.testing.assert_array_equal(loaded.predict(x), model.predict(x))
    assert loaded.layers[0].merge_mode == "mul" and loaded.layers[0].layer.reset_after is False
    assert loaded.layers[1].go_backwards and loaded.layers[1].recurrent_activation == "softsign"
