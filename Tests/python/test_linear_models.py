"""Linear models beside scikit-learn's, and the manners of their Python classes."""

import warnings

import numpy
import pytest

import apus
from apus import linear_model as mine
from apus.preprocessing import PolynomialFeatures, StandardScaler
from apus.svm import LinearSVC

peers = pytest.importorskip("sklearn.linear_model")
sklearn_svm = pytest.importorskip("sklearn.svm")
sklearn_preprocessing = pytest.importorskip("sklearn.preprocessing")


@pytest.fixture
def scaled(table):
    x, y, classes = table
    return StandardScaler().fit_transform(x), y, classes


def close(ours, theirs, tolerance):
    numpy.testing.assert_allclose(ours.coef_, theirs.coef_, rtol=tolerance, atol=tolerance)
    numpy.testing.assert_allclose(ours.intercept_, theirs.intercept_, rtol=tolerance, atol=tolerance)
    assert numpy.shape(ours.coef_) == numpy.shape(theirs.coef_)
    assert numpy.shape(ours.intercept_) == numpy.shape(theirs.intercept_)


@pytest.mark.parametrize(
    "name, settings",
    [
        ("Ridge", {"alpha": 3.0}),
        ("Ridge", {"alpha": 0.1, "fit_intercept": False}),
        ("Lasso", {"alpha": 0.1}),
        ("Lasso", {"alpha": 0.1, "positive": True}),
        ("ElasticNet", {"alpha": 0.2, "l1_ratio": 0.7}),
        ("BayesianRidge", {}),
        ("HuberRegressor", {"epsilon": 1.2}),
    ],
)
def test_regressors_are_those_of_scikit_learn(scaled, rng, name, settings):
    x, y, _ = scaled
    weight = rng.uniform(0.5, 2.0, size=len(y))
    exact = {} if name == "Ridge" else {"tol": 1e-9, "max_iter": 10_000}
    theirs = getattr(peers, name)(**settings, **exact)
    for sample_weight in (None, weight):
        ours = getattr(mine, name)(**settings, **exact).fit(x, y, sample_weight=sample_weight)
        close(ours, theirs.fit(x, y, sample_weight=sample_weight), 2e-4 if name == "HuberRegressor" else 1e-6)


def test_ridge_takes_an_alpha_for_each_target(scaled, rng):
    x, y, _ = scaled
    targets = numpy.stack([y, rng.normal(size=len(y))], axis=1)
    alpha = numpy.array([0.5, 20.0])
    ours = mine.Ridge(alpha).fit(x, targets)
    close(ours, peers.Ridge(alpha).fit(x, targets), 1e-9)
    assert ours.score(x, targets) == pytest.approx(peers.Ridge(alpha).fit(x, targets).score(x, targets))


@pytest.mark.parametrize("name", ["lasso_path", "enet_path"])
def test_paths_are_those_of_scikit_learn(scaled, name):
    x, y, _ = scaled
    y = y - y.mean()
    ours = getattr(mine, name)(x, y, n_alphas=12)
    theirs = getattr(peers, name)(x, y, n_alphas=12, tol=1e-12, max_iter=100_000)
    for a, b, tolerance in zip(ours, theirs, (1e-9, 1e-6, 1e-3)):
        assert a.shape == b.shape
        if tolerance < 1e-3:
            numpy.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance)
    assert (ours[2] >= 0).all() and ours[2].max() < 1e-9


def test_predictions_have_deviations(table):
    x, y, _ = table
    ours, theirs = mine.BayesianRidge(tol=1e-10).fit(x, y), peers.BayesianRidge(tol=1e-10).fit(x, y)
    for a, b in zip(ours.predict(x, return_std=True), theirs.predict(x, return_std=True)):
        numpy.testing.assert_allclose(a, b, rtol=1e-6)
    numpy.testing.assert_allclose(ours.sigma_, theirs.sigma_, rtol=1e-5, atol=1e-12)


@pytest.mark.parametrize("loss", ["hinge", "squared_hinge"])
@pytest.mark.parametrize("classes", [2, 3])
def test_the_linear_machine_has_the_cost_of_liblinear(scaled, loss, classes):
    x, _, y = scaled
    y = numpy.minimum(y, classes - 1)
    settings = {"loss": loss, "C": 0.7, "tol": 1e-7, "max_iter": 200_000, "class_weight": {0: 2.0}}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ours, theirs = LinearSVC(**settings).fit(x, y), sklearn_svm.LinearSVC(**settings).fit(x, y)
    close(ours, theirs, 1e-3)
    # Where a class is no half-space its scores are all but equal.
    assert numpy.mean(ours.predict(x) == theirs.predict(x)) > 0.97


@pytest.mark.parametrize("penalty", ["l1", "elasticnet"])
@pytest.mark.parametrize("classes", [2, 3])
def test_sparse_logistic_regression_beats_the_cost_of_saga(scaled, penalty, classes):
    x, _, y = scaled
    y = numpy.minimum(y, classes - 1)
    ratio = 1.0 if penalty == "l1" else 0.5
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = peers.LogisticRegression(
            penalty=penalty, solver="saga", l1_ratio=0.5 if penalty == "elasticnet" else None, C=0.1, max_iter=3000,
            tol=1e-8,
        ).fit(x, y)
    ours = mine.LogisticRegression(penalty=penalty, l1_ratio=0.5, C=0.1, tol=1e-9).fit(x, y)

    def cost(model):
        own = model.predict_proba(x)[numpy.arange(len(y)), y]
        coef = model.coef_
        return -0.1 * numpy.log(own).sum() + ratio * abs(coef).sum() + (1 - ratio) / 2 * (coef**2).sum()

    assert cost(ours) <= cost(theirs) * (1 + 1e-12)
    numpy.testing.assert_allclose(ours.coef_, theirs.coef_, atol=1e-3)


def test_many_rows_give_the_optimum_of_every_solver(rng):
    x = rng.normal(size=(40_000, 30)) * rng.uniform(0.1, 10, size=30) + 5
    score = (x - 5) @ rng.normal(size=30) / 10
    for y in (score > rng.logistic(size=len(x)), numpy.digitize(score + rng.logistic(size=len(x)), [-1, 1])):
        y = y.astype(int)
        weight = rng.uniform(0.5, 2, size=len(y))
        fast = mine.LogisticRegression(tol=1e-8).fit(x, y, sample_weight=weight)
        sure = mine.LogisticRegression(solver="newton", tol=1e-8).fit(x, y, sample_weight=weight)
        assert fast.converged_
        numpy.testing.assert_allclose(fast.coef_, sure.coef_, rtol=1e-5, atol=1e-7)
    bad = x.copy()
    bad[7, 3] = numpy.nan
    with pytest.raises(ValueError, match="NaN at row 7, column 3"):
        mine.LogisticRegression().fit(bad, y)
    # Rows in the order of their classes, and classes that x tells apart.
    order = numpy.argsort(y)
    numpy.testing.assert_allclose(
        mine.LogisticRegression(tol=1e-8).fit(x[order], y[order]).coef_,
        mine.LogisticRegression(tol=1e-8, solver="newton").fit(x, y).coef_, rtol=1e-5, atol=1e-7)
    apart = mine.LogisticRegression().fit(x, (score > 0).astype(int))
    assert apart.score(x, (score > 0).astype(int)) > 0.99


@pytest.mark.parametrize("loss", ["hinge", "log_loss", "modified_huber", "squared_hinge", "perceptron"])
def test_stochastic_descent_classifies_as_scikit_learns(scaled, loss):
    x, _, y = scaled
    apus.set_seed(3)
    ours = mine.SGDClassifier(loss).fit(x, y)
    theirs = peers.SGDClassifier(loss=loss, random_state=0).fit(x, y)
    assert ours.score(x, y) > theirs.score(x, y) - 0.1
    assert ours.coef_.shape == theirs.coef_.shape
    if hasattr(theirs, "predict_proba"):
        numpy.testing.assert_allclose(ours.predict_proba(x).sum(axis=1), 1, rtol=1e-12)


def test_stochastic_regression_comes_close_to_ridge(scaled):
    x, y, _ = scaled
    apus.set_seed(3)
    ours = mine.SGDRegressor(max_iter=200).fit(x, y)
    assert ours.score(x, y) > mine.LinearRegression().fit(x, y).score(x, y) - 0.01
    stopped = mine.SGDRegressor(early_stopping=True, penalty=None).fit(x, y)
    assert stopped.n_iter_ < 1000 and stopped.score(x, y) > 0.9


def test_class_weights_go_by_any_label(table, tmp_path):
    x, _, codes = table
    names = numpy.array(["low", "mid", "high"])[codes]
    by_name = mine.LogisticRegression(class_weight={"low": 5.0, "high": 0.5}).fit(x, names)
    by_code = mine.LogisticRegression(class_weight={0: 5.0, 2: 0.5}).fit(x, codes)
    order = [2, 0, 1]  # high, low, mid
    numpy.testing.assert_allclose(by_name.coef_, by_code.coef_[order], rtol=1e-6)
    theirs = peers.LogisticRegression(class_weight={0: 5.0, 2: 0.5}, tol=1e-10, max_iter=5000).fit(x, codes)
    numpy.testing.assert_allclose(by_code.coef_, theirs.coef_, rtol=1e-3, atol=1e-4)
    by_code.save(tmp_path / "model.h5")
    assert apus.load_model(tmp_path / "model.h5").class_weight == {0: 5.0, 2: 0.5}
    with pytest.raises(ValueError, match="class_weight"):
        mine.LogisticRegression(class_weight={"none": 1.0}).fit(x, codes)
    with pytest.raises(ValueError, match="names the label 9"):
        mine.LogisticRegression(class_weight={9: 1.0}).fit(x, codes)


@pytest.mark.parametrize("degree", [1, 2, 3, (2, 3)])
@pytest.mark.parametrize("interaction_only", [False, True])
@pytest.mark.parametrize("include_bias", [False, True])
def test_polynomial_features_are_those_of_scikit_learn(table, degree, interaction_only, include_bias):
    x = table[0]
    settings = {"degree": degree, "interaction_only": interaction_only, "include_bias": include_bias}
    ours = PolynomialFeatures(**settings).fit(x)
    theirs = sklearn_preprocessing.PolynomialFeatures(**settings).fit(x)
    numpy.testing.assert_allclose(ours.transform(x), theirs.transform(x), rtol=1e-14)
    numpy.testing.assert_array_equal(ours.powers_, theirs.powers_)
    assert ours.n_output_features_ == theirs.n_output_features_
    assert list(ours.get_feature_names_out()) == list(theirs.get_feature_names_out())
