"""Estimators: the results of scikit-learn, its manners, and files."""

import copy
import os
import pickle

import numpy
import pytest

import apus
from apus import _estimator
from apus.linear_model import (
    BayesianRidge,
    ElasticNet,
    HuberRegressor,
    Lasso,
    LinearRegression,
    LogisticRegression,
    OrdinalLogistic,
    Perceptron,
    Ridge,
    SGDClassifier,
    SGDRegressor,
)
from apus.pipeline import Pipeline, make_pipeline
from apus.preprocessing import MeanNormalizer, MinMaxScaler, PolynomialFeatures, StandardScaler
from apus.svm import LinearSVC

sklearn_linear = pytest.importorskip("sklearn.linear_model")
sklearn_preprocessing = pytest.importorskip("sklearn.preprocessing")

EVERY = [
    BayesianRidge,
    ElasticNet,
    HuberRegressor,
    Lasso,
    LinearRegression,
    LinearSVC,
    LogisticRegression,
    MeanNormalizer,
    MinMaxScaler,
    OrdinalLogistic,
    Perceptron,
    PolynomialFeatures,
    Ridge,
    SGDClassifier,
    SGDRegressor,
    StandardScaler,
]


def fitted(kind, table):
    x, y, classes = table
    # Stochastic gradient descent wants columns of one scale.
    x = StandardScaler().fit_transform(x) if kind is SGDRegressor else x
    return kind().fit(x, classes if issubclass(kind, _estimator.Classifier) else y)


# Linear regression


@pytest.mark.parametrize("solver", ["auto", "normal", "svd"])
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_linear_regression_is_that_of_scikit_learn(table, solver, fit_intercept):
    x, y, _ = table
    ours = LinearRegression(solver=solver, fit_intercept=fit_intercept).fit(x, y)
    theirs = sklearn_linear.LinearRegression(fit_intercept=fit_intercept).fit(x, y)
    numpy.testing.assert_allclose(ours.coef_, theirs.coef_, rtol=1e-9)
    numpy.testing.assert_allclose(ours.intercept_, theirs.intercept_, rtol=1e-9, atol=1e-12)
    numpy.testing.assert_allclose(ours.predict(x), theirs.predict(x), rtol=1e-9)
    assert ours.score(x, y) == pytest.approx(theirs.score(x, y), abs=1e-12)
    assert numpy.shape(ours.coef_) == numpy.shape(theirs.coef_)
    assert numpy.shape(ours.intercept_) == numpy.shape(theirs.intercept_)


def test_linear_regression_weighs_rows_as_scikit_learn(table, rng):
    x, y, _ = table
    weight = rng.uniform(0.1, 3.0, size=len(y))
    ours = LinearRegression().fit(x, y, sample_weight=weight)
    theirs = sklearn_linear.LinearRegression().fit(x, y, sample_weight=weight)
    numpy.testing.assert_allclose(ours.coef_, theirs.coef_, rtol=1e-9)
    assert ours.score(x, y, weight) == pytest.approx(theirs.score(x, y, weight), abs=1e-12)


def test_linear_regression_takes_several_targets(table, rng):
    x, y, _ = table
    targets = numpy.stack([y, 2 - y, rng.normal(size=len(y))], axis=1)
    ours = LinearRegression().fit(x, targets)
    theirs = sklearn_linear.LinearRegression().fit(x, targets)
    assert ours.coef_.shape == (3, 4) and ours.intercept_.shape == (3,)
    numpy.testing.assert_allclose(ours.coef_, theirs.coef_, rtol=1e-8, atol=1e-10)
    numpy.testing.assert_allclose(ours.predict(x), theirs.predict(x), rtol=1e-8, atol=1e-10)
    assert ours.score(x, targets) == pytest.approx(theirs.score(x, targets), abs=1e-9)


def test_fewer_rows_than_columns_give_the_weights_of_least_norm(rng):
    x, y = rng.normal(size=(5, 12)), rng.normal(size=5)
    ours = LinearRegression(fit_intercept=False).fit(x, y)
    numpy.testing.assert_allclose(ours.coef_, numpy.linalg.lstsq(x, y, rcond=None)[0], rtol=1e-8)


def test_gradient_descent_records_its_falling_cost(table):
    x, y, _ = table
    x = StandardScaler().fit_transform(x)
    model = LinearRegression(solver="gd", learning_rate=0.1, max_iter=50, tol=0).fit(x, y)
    assert model.loss_curve_.shape == (50,) and model.n_iter_ == 50
    assert numpy.all(numpy.diff(model.loss_curve_) < 0)
    exact = LinearRegression().fit(x, y)
    more = LinearRegression(solver="gd", learning_rate=0.1, max_iter=5000, tol=0).fit(x, y)
    numpy.testing.assert_allclose(more.coef_, exact.coef_, rtol=1e-6)


def test_radio_to_sales_gives_the_published_costs():
    path = os.path.join(os.path.dirname(__file__), os.pardir, os.pardir, "examples", "data", "advertising.csv")
    with open(path, encoding="utf-8") as file:
        names, *lines = [line.strip().replace('"', "").split(",") for line in file]
    rows = numpy.array(lines, dtype=float)
    radio, sales = rows[:, [names.index("Radio")]], rows[:, names.index("Sales")]
    model = LinearRegression(solver="gd", learning_rate=5e-5, max_iter=31, tol=0).fit(radio, sales)
    numpy.testing.assert_allclose(model.loss_curve_[[0, 10, 20, 30]], [197.25, 74.66, 49.48, 44.31], atol=0.006)
    assert model.coef_[0] == pytest.approx(0.445, abs=0.0006)


# Logistic regression


@pytest.mark.parametrize("C", [0.1, 1.0, 30.0])
@pytest.mark.parametrize("classes", [2, 3])
def test_logistic_regression_is_that_of_scikit_learn(table, C, classes):
    x, _, y = table
    y = numpy.minimum(y, classes - 1)
    ours = LogisticRegression(C=C, tol=1e-10, max_iter=5000).fit(x, y)
    theirs = sklearn_linear.LogisticRegression(C=C, tol=1e-10, max_iter=5000).fit(x, y)
    assert ours.coef_.shape == theirs.coef_.shape and ours.intercept_.shape == theirs.intercept_.shape
    numpy.testing.assert_allclose(ours.coef_, theirs.coef_, rtol=2e-3, atol=2e-4)
    numpy.testing.assert_allclose(ours.predict_proba(x), theirs.predict_proba(x), atol=2e-4)
    numpy.testing.assert_allclose(ours.decision_function(x), theirs.decision_function(x), rtol=2e-3, atol=2e-3)
    assert ours.decision_function(x).shape == theirs.decision_function(x).shape
    numpy.testing.assert_array_equal(ours.predict(x), theirs.predict(x))
    numpy.testing.assert_array_equal(ours.classes_, theirs.classes_)
    assert ours.score(x, y) == theirs.score(x, y)


@pytest.mark.parametrize(
    "names",
    [["red", "green", "blue"], [b"r", b"g", b"b"], numpy.array(["x", "yy", "zzz"], dtype=object), [7, -2, 40]],
    ids=["text", "bytes", "objects", "numbers"],
)
def test_labels_may_be_anything(table, names):
    x, _, codes = table
    labels = numpy.array(names)[codes] if not isinstance(names, numpy.ndarray) else names[codes]
    model = LogisticRegression().fit(x, labels)
    assert list(model.classes_) == sorted(names)
    predicted = model.predict(x)
    assert set(predicted) <= set(names)
    assert model.score(x, labels) > 0.7
    assert numpy.mean(predicted == labels) == model.score(x, labels)


def test_boolean_labels_stay_boolean(table):
    x, _, classes = table
    model = LogisticRegression().fit(x, classes > 0)
    assert model.predict(x).dtype == numpy.bool_
    assert list(model.classes_) == [False, True]


def test_probabilities_add_up_to_one(table):
    x, _, classes = table
    model = LogisticRegression().fit(x, classes)
    numpy.testing.assert_allclose(model.predict_proba(x).sum(axis=1), 1.0, rtol=1e-12)
    numpy.testing.assert_allclose(numpy.exp(model.predict_log_proba(x)), model.predict_proba(x), rtol=1e-12)


def test_no_penalty_may_be_said_as_none(table):
    x, _, classes = table
    said = LogisticRegression(penalty=None).fit(x, classes)
    named = LogisticRegression(penalty="none").fit(x, classes)
    numpy.testing.assert_array_equal(said.coef_, named.coef_)


def test_one_class_is_not_enough(table):
    with pytest.raises(ValueError):
        LogisticRegression().fit(table[0], numpy.zeros(200))
    with pytest.raises(ValueError):
        LogisticRegression().fit(table[0], ["same"] * 200)


def test_mixed_labels_are_refused():
    with pytest.raises(TypeError, match="mixture"):
        LogisticRegression().fit([[0.0], [1.0]], numpy.array([1, "a"], dtype=object))


# Scalers


@pytest.mark.parametrize("with_mean", [True, False])
@pytest.mark.parametrize("with_std", [True, False])
def test_standard_scaler_is_that_of_scikit_learn(table, with_mean, with_std):
    x = table[0]
    ours = StandardScaler(with_mean=with_mean, with_std=with_std)
    theirs = sklearn_preprocessing.StandardScaler(with_mean=with_mean, with_std=with_std)
    numpy.testing.assert_allclose(ours.fit_transform(x), theirs.fit_transform(x), rtol=1e-10, atol=1e-12)
    numpy.testing.assert_allclose(ours.inverse_transform(ours.transform(x)), x, rtol=1e-12)


@pytest.mark.parametrize("feature_range", [(0, 1), (-3.0, 5.5)])
def test_min_max_scaler_is_that_of_scikit_learn(table, feature_range):
    x = table[0]
    ours = MinMaxScaler(feature_range=feature_range)
    theirs = sklearn_preprocessing.MinMaxScaler(feature_range=feature_range)
    numpy.testing.assert_allclose(ours.fit_transform(x), theirs.fit_transform(x), rtol=1e-10, atol=1e-12)
    for name in ("data_min_", "data_max_", "data_range_", "min_", "scale_"):
        numpy.testing.assert_allclose(getattr(ours, name), getattr(theirs, name), rtol=1e-12)


def test_min_max_scaler_clips_on_request():
    scaler = MinMaxScaler(clip=True).fit([[0.0], [10.0]])
    numpy.testing.assert_array_equal(scaler.transform([[-5.0], [5.0], [15.0]]), [[0.0], [0.5], [1.0]])


def test_mean_normalizer_divides_by_the_range(table):
    x = table[0]
    scaler = MeanNormalizer().fit(x)
    wanted = (x - x.mean(axis=0)) / (x.max(axis=0) - x.min(axis=0))
    numpy.testing.assert_allclose(scaler.transform(x), wanted, rtol=1e-10, atol=1e-13)
    numpy.testing.assert_allclose(scaler.mean_, x.mean(axis=0), rtol=1e-12)
    numpy.testing.assert_allclose(scaler.inverse_transform(scaler.transform(x)), x, rtol=1e-10)


def test_a_constant_feature_is_only_centred():
    x = numpy.array([[1.0, 5.0], [2.0, 5.0]])
    for kind in (StandardScaler, MeanNormalizer, MinMaxScaler):
        assert numpy.all(kind().fit_transform(x)[:, 1] == 0)


@pytest.mark.parametrize("pair", [None, 3, (1,), (1, 2, 3)])
def test_feature_range_must_be_a_pair(pair):
    with pytest.raises(ValueError, match="feature_range"):
        MinMaxScaler(feature_range=pair).fit([[0.0], [1.0]])


# Pipelines


def test_a_pipeline_is_its_steps_in_turn(table):
    x, y, _ = table
    pipeline = make_pipeline(StandardScaler(), LinearRegression()).fit(x, y)
    scaler = StandardScaler().fit(x)
    line = LinearRegression().fit(scaler.transform(x), y)
    numpy.testing.assert_allclose(pipeline.predict(x), line.predict(scaler.transform(x)), rtol=1e-10)
    assert pipeline.score(x, y) == pytest.approx(line.score(scaler.transform(x), y), abs=1e-12)
    numpy.testing.assert_allclose(pipeline["standardscaler"].mean_, scaler.mean_)
    numpy.testing.assert_allclose(pipeline[-1].coef_, line.coef_, rtol=1e-10)


def test_a_pipeline_of_a_classifier_knows_labels(table, tmp_path):
    x, _, codes = table
    labels = numpy.array(["low", "mid", "top"])[codes]
    pipeline = Pipeline([("scale", MinMaxScaler()), ("model", LogisticRegression(C=100.0))]).fit(x, labels)
    assert list(pipeline.classes_) == ["low", "mid", "top"]
    assert pipeline.predict_proba(x).shape == (200, 3)
    assert pipeline.decision_function(x).shape == (200, 3)
    assert pipeline.score(x, labels) > 0.8


def test_a_pipeline_of_scalers_transforms(table):
    x = table[0]
    pipeline = make_pipeline(StandardScaler(), MinMaxScaler())
    changed = pipeline.fit_transform(x)
    assert changed.min() >= -1e-12 and changed.max() <= 1 + 1e-12
    numpy.testing.assert_allclose(pipeline.inverse_transform(changed), x, rtol=1e-9)
    assert not hasattr(pipeline, "predict_nothing")
    with pytest.raises(AttributeError, match="last step"):
        pipeline.predict(x)


def test_a_pipeline_gives_the_parameters_of_its_steps():
    pipeline = Pipeline([("scale", StandardScaler()), ("model", LogisticRegression())])
    pipeline.set_params(model__C=5.0, scale__with_std=False)
    assert pipeline["model"].C == 5.0 and pipeline.get_params()["scale__with_std"] is False
    pipeline.set_params(scale=MinMaxScaler())
    assert isinstance(pipeline["scale"], MinMaxScaler) and len(pipeline) == 2
    with pytest.raises(ValueError, match="no step 'other'"):
        pipeline.set_params(other__C=1)


@pytest.mark.parametrize(
    "steps, kind",
    [
        ([], ValueError),
        ([("a", StandardScaler()), ("a", LinearRegression())], ValueError),
        ([("a__b", StandardScaler())], ValueError),
        ([("a", object())], TypeError),
        ([("a", LinearRegression()), ("b", StandardScaler())], ValueError),
    ],
)
def test_a_pipeline_refuses_steps_that_do_not_fit(table, steps, kind):
    with pytest.raises(kind):
        Pipeline(steps).fit(*table[:2])


def test_equal_steps_get_different_names():
    names = list(make_pipeline(StandardScaler(), StandardScaler(), LinearRegression()).named_steps)
    assert names == ["standardscaler-1", "standardscaler-2", "linearregression"]


# Parameters


@pytest.mark.parametrize("kind", EVERY)
def test_parameters_can_be_read_and_set(kind):
    estimator = kind()
    params = estimator.get_params()
    assert estimator.set_params(**params) is estimator
    assert kind(**params).get_params() == params
    with pytest.raises(ValueError, match="has no parameter 'banana'"):
        estimator.set_params(banana=1)
    with pytest.raises(TypeError):
        kind(banana=1)


def test_an_estimator_shows_what_differs_from_the_defaults():
    assert repr(LogisticRegression()) == "LogisticRegression()"
    assert repr(LogisticRegression(C=2.0, solver="gd")) == "LogisticRegression(C=2.0, solver='gd')"


@pytest.mark.parametrize("kind", EVERY)
def test_constructors_are_those_of_the_catalog(kind):
    entries = {entry["kind"]: entry for entry in apus.catalog()["estimators"]}
    parameters = {spec["name"]: spec["default"] for spec in entries[kind._kind]["parameters"]}
    assert kind()._library_parameters() == parameters
    for name, default in parameters.items():
        assert type(kind()._library_parameters()[name]) in (type(default), int, float)


def test_every_estimator_of_the_catalog_has_a_class():
    assert {entry["kind"] for entry in apus.catalog()["estimators"]} == set(_estimator.KINDS)


@pytest.mark.parametrize("kind", EVERY)
def test_learned_attributes_are_those_of_the_model(kind, table):
    model = fitted(kind, table)
    attributes = {entry["name"] for entry in model._model.info["attributes"]}
    some = {"loss_curve_", "n_iter_", "rank_", "singular_", "converged_"}
    path = {"alphas_", "coef_path_", "intercept_path_", "dual_gaps_"}
    assert set(kind._learned) - attributes <= some | path
    assert attributes <= set(kind._learned)


@pytest.mark.parametrize(
    "estimator, name",
    [
        (LogisticRegression(C=-1.0), "C"),
        (LogisticRegression(C=numpy.inf), "C"),
        (LogisticRegression(solver="magic"), "solver"),
        (LogisticRegression(max_iter=0.5), "max_iter"),
        (LogisticRegression(fit_intercept="perhaps"), "fit_intercept"),
        (LinearRegression(solver="gd", learning_rate=-0.1), "learning_rate"),
        (LinearRegression(loss="other"), "loss"),
    ],
)
def test_parameters_out_of_range_are_named(table, estimator, name):
    with pytest.raises(ValueError, match=name):
        estimator.fit(table[0], table[2])


def test_numpy_numbers_are_parameters(table):
    model = LogisticRegression(C=numpy.float64(2.0), max_iter=numpy.int64(200), fit_intercept=numpy.bool_(True))
    model.fit(table[0], table[2])
    assert model._model.info["parameters"]["C"] == 2.0


# Fitting


@pytest.mark.parametrize("kind", EVERY)
def test_nothing_is_learned_before_fit(kind):
    estimator = kind()
    for name in kind._learned:
        assert not hasattr(estimator, name)
        with pytest.raises(apus.NotFittedError, match="not fitted yet"):
            getattr(estimator, name)
    with pytest.raises(apus.NotFittedError):
        estimator.save("nothing.h5")
    use = estimator.transform if hasattr(estimator, "transform") else estimator.predict
    with pytest.raises(apus.NotFittedError):
        use([[1.0]])


def test_fit_forgets_the_fit_before(table):
    x, y, _ = table
    model = LinearRegression().fit(x, y)
    first = model.coef_
    model.fit(x[:, :2], -y)
    assert model.coef_.shape == (2,) and model.n_features_in_ == 2
    assert first.shape == (4,)


def test_a_fit_that_fails_leaves_the_model_as_it_was(table):
    x, y, _ = table
    model = LinearRegression().fit(x, y)
    before = model.predict(x)
    with pytest.raises(ValueError):
        model.fit(x, numpy.full(200, numpy.nan))
    numpy.testing.assert_array_equal(model.predict(x), before)


@pytest.mark.parametrize(
    "x, y, message",
    [
        (numpy.zeros(5), numpy.zeros(5), "reshape"),
        (numpy.zeros((5, 2)), numpy.zeros(4), "y"),
        (numpy.zeros((5, 2)), numpy.zeros((5, 1, 1)), "y"),
        (numpy.zeros((5, 2)), numpy.float64(0), "y"),
    ],
)
def test_shapes_that_do_not_fit_are_refused(x, y, message):
    with pytest.raises(apus.ShapeError, match=message):
        LinearRegression().fit(x, y)


def test_weights_must_fit(table):
    x, y, _ = table
    for weight in (numpy.ones(3), -numpy.ones(200), numpy.ones((200, 2))):
        with pytest.raises(ValueError):
            LinearRegression().fit(x, y, sample_weight=weight)


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_results_do_not_depend_on_threads(table, threads):
    x, _, classes = table
    apus.set_threads(1)
    one = LogisticRegression().fit(x, classes).coef_
    apus.set_threads(threads)
    try:
        numpy.testing.assert_array_equal(LogisticRegression().fit(x, classes).coef_, one)
    finally:
        apus.set_threads(0)


# Files


@pytest.mark.parametrize("kind", EVERY)
def test_a_saved_estimator_is_the_same(kind, table, tmp_path):
    x = table[0]
    model = fitted(kind, table)
    model.save(tmp_path / "model.h5")
    loaded = apus.load_model(tmp_path / "model.h5")
    assert type(loaded) is kind and loaded.get_params() == model.get_params()
    assert loaded.n_features_in_ == 4
    use = "transform" if hasattr(model, "transform") else "predict"
    numpy.testing.assert_array_equal(getattr(loaded, use)(x), getattr(model, use)(x))
    for name in kind._learned:
        if hasattr(model, name):
            numpy.testing.assert_array_equal(getattr(loaded, name), getattr(model, name))


def test_a_saved_pipeline_is_the_same(table, tmp_path):
    x, _, classes = table
    model = make_pipeline(MinMaxScaler(feature_range=(-1, 1)), LogisticRegression(C=3.0)).fit(x, classes)
    model.save(str(tmp_path / "model.h5"))
    loaded = apus.load_model(str(tmp_path / "model.h5"))
    assert list(loaded.named_steps) == ["minmaxscaler", "logisticregression"]
    assert loaded[0].feature_range == (-1, 1) and loaded[1].C == 3.0
    numpy.testing.assert_array_equal(loaded.predict_proba(x), model.predict_proba(x))
    numpy.testing.assert_array_equal(loaded[1].coef_, model[1].coef_)
    numpy.testing.assert_array_equal(loaded.classes_, model.classes_)


def test_saving_labels_that_are_text_warns(table, tmp_path):
    x, _, codes = table
    labels = numpy.array(["a", "b", "c"])[codes]
    for model in (LogisticRegression(), make_pipeline(StandardScaler(), LogisticRegression())):
        model.fit(x, labels)
        with pytest.warns(apus.ApusWarning, match="a, b, c"):
            model.save(tmp_path / "model.h5")
        loaded = apus.load_model(tmp_path / "model.h5")
        numpy.testing.assert_array_equal(model.classes_[loaded.predict(x)], model.predict(x))


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))])
def test_estimators_can_be_copied_and_pickled(table, copied):
    x, y, codes = table
    labels = numpy.array(["a", "b", "c"])[codes]
    for model in (
        LinearRegression().fit(x, y),
        LogisticRegression().fit(x, labels),
        make_pipeline(StandardScaler(), LogisticRegression()).fit(x, labels),
        LinearRegression(solver="gd"),
    ):
        other = copied(model)
        assert repr(other) == repr(model)
        if hasattr(model, "n_features_in_"):
            numpy.testing.assert_array_equal(other.predict(x), model.predict(x))


def test_missing_and_damaged_files_say_so(table, tmp_path):
    with pytest.raises(FileNotFoundError) as caught:
        apus.load_model(tmp_path / "missing.h5")
    assert caught.value.filename == str(tmp_path / "missing.h5") and isinstance(caught.value, apus.ApusError)
    path = tmp_path / "model.h5"
    fitted(LinearRegression, table).save(path)
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(apus.CorruptFileError):
        apus.load_model(path)
    path.write_text("This is not HDF5.")
    with pytest.raises(apus.ApusError):
        apus.load_model(path)
    with pytest.raises(OSError):
        fitted(LinearRegression, table).save(tmp_path / "no" / "folder" / "model.h5")


# With scikit-learn


def test_scikit_learn_can_clone_search_and_validate(table):
    base = pytest.importorskip("sklearn.base")
    selection = pytest.importorskip("sklearn.model_selection")
    x, y, classes = table
    assert base.clone(LogisticRegression(C=3.0)).C == 3.0
    assert base.is_classifier(LogisticRegression()) and base.is_regressor(LinearRegression())
    scores = selection.cross_val_score(LinearRegression(), x, y, cv=4)
    numpy.testing.assert_allclose(scores, selection.cross_val_score(sklearn_linear.LinearRegression(), x, y, cv=4))
    pipeline = Pipeline([("scale", StandardScaler()), ("model", LogisticRegression())])
    search = selection.GridSearchCV(pipeline, {"model__C": [1e-4, 10.0]}, cv=3).fit(x, classes)
    assert search.best_params_ == {"model__C": 10.0}


def test_scikit_learn_pipelines_take_our_steps(table):
    pipeline = pytest.importorskip("sklearn.pipeline")
    x, y, _ = table
    mixed = pipeline.make_pipeline(StandardScaler(), sklearn_linear.LinearRegression()).fit(x, y)
    ours = make_pipeline(StandardScaler(), LinearRegression()).fit(x, y)
    numpy.testing.assert_allclose(mixed.predict(x), ours.predict(x), rtol=1e-10)
