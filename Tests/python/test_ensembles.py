"""One network of several: averages, votes and averages of weights, beside Keras and scikit-learn."""

import json

import numpy
import pytest

import apus
from apus import Input, Sequential, layers


def classifier(seed, units=6, columns=3, activation="softmax"):
    apus.set_seed(seed)
    parts = [Input((4,)), layers.Dense(units, "tanh"), layers.BatchNormalization(), layers.Dense(columns, activation)]
    return Sequential(parts, name="member")


@pytest.fixture
def x(rng):
    return rng.normal(size=(50, 4)).astype(numpy.float32)


def keras_prediction(path, x):
    keras = pytest.importorskip("keras")
    return keras.models.load_model(path, compile=False).predict(x, verbose=0)


@pytest.mark.parametrize("weights", [None, [2, 1, 0.5]])
def test_keras_opens_an_average_and_predicts_the_same(weights, x, tmp_path):
    models = [classifier(1), classifier(2, 9), classifier(3)]
    mean = apus.models.ensemble(models, weights=weights)
    expected = numpy.average([model.predict(x) for model in models], axis=0, weights=weights)
    numpy.testing.assert_allclose(mean.predict(x), expected, rtol=1e-5, atol=1e-6)
    path = str(tmp_path / "mean.h5")
    mean.save(path)
    numpy.testing.assert_allclose(keras_prediction(path, x), expected, rtol=1e-5, atol=1e-6)
    numpy.testing.assert_array_equal(apus.load_model(path).predict(x), mean.predict(x))


@pytest.mark.parametrize("weights", [None, [1, 3, 1.5]])
@pytest.mark.parametrize("voting", ["hard", "soft"])
def test_votes_are_those_of_scikit_learn(voting, weights, x):
    ensemble = pytest.importorskip("sklearn.ensemble")
    base = pytest.importorskip("sklearn.base")

    class Member(base.ClassifierMixin, base.BaseEstimator):
        def __init__(self, model):
            self.model = model

        def fit(self, x, y):
            self.classes_ = numpy.unique(y)
            return self

        def predict_proba(self, x):
            return self.model.predict(x)

        def predict(self, x):
            return self.model.predict(x).argmax(axis=1)

        def __sklearn_clone__(self):
            return self

    models = [classifier(seed) for seed in (1, 2, 3)]
    members = [(str(number), Member(model)) for number, model in enumerate(models)]
    theirs = ensemble.VotingClassifier(members, voting=voting, weights=weights).fit(x, numpy.arange(50) % 3)
    own = apus.models.ensemble(models, voting, weights).predict(x)
    numpy.testing.assert_array_equal(own.argmax(axis=1), theirs.predict(x))


def test_a_column_votes_above_the_threshold(x):
    models = [classifier(seed, columns=1, activation=None) for seed in range(4)]
    votes = numpy.mean([model.predict(x) > 0 for model in models], axis=0)
    numpy.testing.assert_array_equal(apus.models.ensemble(models, "majority", threshold=0).predict(x), votes)


def test_keras_names_the_layer_that_it_does_not_have(x, tmp_path):
    keras = pytest.importorskip("keras")
    majority = apus.models.ensemble([classifier(1), classifier(2)], "majority", [2, 1])
    path = str(tmp_path / "majority.h5")
    majority.save(path)
    numpy.testing.assert_array_equal(apus.load_model(path).predict(x), majority.predict(x))
    with pytest.raises(ValueError, match="MajorityVote"):
        keras.models.load_model(path)


def test_several_inputs_and_outputs_keep_their_names(rng):
    def model(seed):
        apus.set_seed(seed)
        left, right = Input((3,), name="left"), Input((2,), name="right")
        both = layers.Concatenate()([left, right])
        return apus.Model([left, right], [layers.Dense(2, name="class")(both), layers.Dense(1, name="size")(both)])

    models = [model(1), model(2)]
    whole = apus.models.ensemble(models, name="pair")
    assert whole.name == "pair" and whole.output_names == ["class", "size"]
    given = {"left": rng.normal(size=(6, 3)), "right": rng.normal(size=(6, 2))}
    parts = [model.predict(given) for model in models]
    for got, one, two in zip(whole.predict(given), *parts):
        numpy.testing.assert_allclose(got, (one + two) / 2, rtol=1e-5, atol=1e-6)
    whole.compile("adam", {"class": "mse", "size": "mae"})
    targets = {"class": rng.normal(size=(6, 2)), "size": rng.normal(size=(6, 1))}
    before = whole.evaluate(given, targets)[0]
    whole.fit(given, targets, epochs=20, verbose=0)
    assert whole.evaluate(given, targets)[0] < before
    for model, part in zip(models, parts):
        numpy.testing.assert_array_equal(model.predict(given)[0], part[0])


def test_an_average_of_weights_is_a_network_of_the_same_kind(x):
    start = classifier(1)
    weights = [[values + 0.01 * step for values in start.get_weights()] for step in range(3)]
    models = []
    for values in weights:
        models.append(apus.models.model_from_json(start.to_json()))
        models[-1].set_weights(values)
    soup = apus.models.average_weights(models, [1, 1, 2])
    assert isinstance(soup, Sequential) and soup.name == "member"
    assert json.loads(soup.to_json()) == json.loads(start.to_json())
    for got, *parts in zip(soup.get_weights(), *weights):
        numpy.testing.assert_allclose(got, numpy.average(parts, axis=0, weights=[1, 1, 2]), rtol=1e-6, atol=1e-7)


def test_what_cannot_be_one_network_is_named():
    model = classifier(1)
    with pytest.raises(apus.ShapeError, match=r"output 0 of models\[1\] must have shape \(3,\).*got \(2,\)"):
        apus.models.ensemble([model, classifier(1, columns=2)])
    with pytest.raises(ValueError, match=r"models\[1\] must have the architecture of models\[0\]: units"):
        apus.models.average_weights([model, classifier(1, units=7)])
    with pytest.raises(TypeError, match=r"models\[1\] must be a network"):
        apus.models.ensemble([model, apus.linear_model.LinearRegression()])
    with pytest.raises(ValueError, match="n_models"):
        apus.models.ensemble([])
    with pytest.raises(ValueError, match="one for each of 1 models"):
        apus.models.ensemble([model], weights=[1, 2])
    with pytest.raises(ValueError, match="vote"):
        apus.models.ensemble([model], "plurality")
    with pytest.raises(ValueError, match="no weights yet"):
        apus.models.ensemble([Sequential([layers.Dense(2)])])
