"""Trees, forests and boosting: scikit-learn's manners, missing values, and files."""

import pickle

import numpy
import pytest

import apus
from apus import ensemble, tree

sklearn_tree = pytest.importorskip("sklearn.tree")
sklearn_ensemble = pytest.importorskip("sklearn.ensemble")

CLASSIFIERS = [
    tree.DecisionTreeClassifier,
    ensemble.RandomForestClassifier,
    ensemble.ExtraTreesClassifier,
    ensemble.HistGradientBoostingClassifier,
]
REGRESSORS = [
    tree.DecisionTreeRegressor,
    ensemble.RandomForestRegressor,
    ensemble.ExtraTreesRegressor,
    ensemble.HistGradientBoostingRegressor,
]
OTHERS = [ensemble.AdaBoostClassifier, ensemble.AdaBoostRegressor, tree.ID3Classifier]


@pytest.fixture
def problem():
    random = numpy.random.default_rng(5)
    x = random.standard_normal((300, 5)).astype(numpy.float32)
    y = 2 * x[:, 0] + x[:, 1] ** 2 + 0.5 * random.standard_normal(300)
    x[random.random(x.shape) < 0.1] = numpy.nan
    return x, y, random.uniform(0.5, 2, 300)


def same_splits(ours, theirs):
    """Whether every node splits as well as scikit-learn's: the rows of leaves are as pure, node by node of one depth."""
    mine, other = ours.tree_, theirs.tree_

    def mass(nodes):
        leaf = nodes.children_left < 0
        return (nodes.weighted_n_node_samples * nodes.impurity)[leaf].sum() / nodes.weighted_n_node_samples[0]

    return mass(mine) == pytest.approx(mass(other), rel=1e-7, abs=1e-12)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(
    "parameters",
    [
        {"max_depth": 3},
        {"criterion": "entropy", "max_depth": 3},
        {"min_samples_leaf": 9},
        {"min_impurity_decrease": 0.01},
        {"ccp_alpha": 0.01},
        {"max_leaf_nodes": 8},
        {"class_weight": {0: 1.0, 1: 4.0, 2: 0.5}, "max_depth": 3},
    ],
    ids=str,
)
def test_classification_trees_are_those_of_scikit_learn(problem, parameters, weighted):
    x, y, weight = problem
    y, weight = numpy.digitize(y, [0, 1.5]), weight if weighted else None
    ours = tree.DecisionTreeClassifier(**parameters).fit(x, y, weight)
    theirs = sklearn_tree.DecisionTreeClassifier(random_state=0, **parameters).fit(x, y, weight)
    assert ours.get_n_leaves() == theirs.get_n_leaves()
    assert same_splits(ours, theirs)
    numpy.testing.assert_array_equal(ours.classes_, theirs.classes_)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(
    "parameters", [{"max_depth": 3}, {"criterion": "poisson", "max_depth": 3}, {"min_samples_leaf": 11}], ids=str
)
def test_regression_trees_are_those_of_scikit_learn(problem, parameters, weighted):
    x, y, weight = problem
    y, weight = numpy.abs(y), weight if weighted else None
    ours = tree.DecisionTreeRegressor(**parameters).fit(x, y, weight)
    theirs = sklearn_tree.DecisionTreeRegressor(random_state=0, **parameters).fit(x, y, weight)
    assert same_splits(ours, theirs)
    numpy.testing.assert_allclose(ours.predict(x), theirs.predict(x), rtol=1e-9)
    numpy.testing.assert_array_equal(ours.apply(x), theirs.apply(x))


def test_absolute_errors_are_those_of_scikit_learn(problem):
    x, y, _ = problem
    x = numpy.nan_to_num(x)
    ours = tree.DecisionTreeRegressor(criterion="absolute_error", min_samples_leaf=11).fit(x, y)
    theirs = sklearn_tree.DecisionTreeRegressor(criterion="absolute_error", min_samples_leaf=11).fit(x, y)
    numpy.testing.assert_allclose(ours.predict(x), theirs.predict(x), rtol=1e-9)


@pytest.mark.parametrize("kind", CLASSIFIERS + REGRESSORS, ids=lambda kind: kind.__name__)
def test_a_file_and_a_pickle_keep_the_model(problem, kind, tmp_path):
    x, y, _ = problem
    y = (y > 1).astype(int) if kind in CLASSIFIERS else y
    model = kind().fit(x, y)
    model.save(tmp_path / "model.h5")
    for other in (apus.load_model(tmp_path / "model.h5"), pickle.loads(pickle.dumps(model))):
        numpy.testing.assert_array_equal(other.predict(x), model.predict(x))
    assert model.score(x, y) > 0.7
    assert model.get_params() == kind(**model.get_params()).get_params()


class Frame:
    """What a data frame is to an estimator: columns with names, and an array."""

    def __init__(self, values, columns):
        self.values = values
        self.columns = columns
        self.shape = values.shape

    def __array__(self, dtype=None, copy=None):
        return numpy.array(self.values, dtype=dtype)


@pytest.mark.parametrize("kind", CLASSIFIERS, ids=lambda kind: kind.__name__)
def test_labels_may_be_text_and_columns_named(problem, kind):
    x, y, _ = problem
    frame = Frame(x, columns=list("abcde"))
    labels = numpy.where(y > 1, "high", "low")
    model = kind().fit(frame, labels)
    assert list(model.classes_) == ["high", "low"]
    assert list(model.feature_names_in_) == list("abcde")
    assert model.score(frame, labels) > 0.8


@pytest.mark.parametrize("kind", CLASSIFIERS + REGRESSORS + OTHERS, ids=lambda kind: kind.__name__)
def test_constructors_are_those_of_the_catalog(kind):
    entries = {entry["kind"]: entry for entry in apus.catalog()["estimators"]}
    parameters = {spec["name"]: spec["default"] for spec in entries[kind._kind]["parameters"]}
    assert kind()._library_parameters() == parameters


def test_boosting_fits_as_well_as_scikit_learn(problem):
    x, y, weight = problem
    parameters = {"max_iter": 50, "early_stopping": False, "min_samples_leaf": 5}
    for loss in ("squared_error", "absolute_error"):
        ours = ensemble.HistGradientBoostingRegressor(loss=loss, **parameters).fit(x, y, weight)
        theirs = sklearn_ensemble.HistGradientBoostingRegressor(loss=loss, **parameters).fit(x, y, weight)
        assert ours.score(x, y) == pytest.approx(theirs.score(x, y), abs=0.02)


def test_the_first_boosted_tree_is_that_of_scikit_learn(problem):
    x, y = problem[0][:200], problem[1][:200]  # each value has a bin of its own
    parameters = {"max_iter": 1, "early_stopping": False, "learning_rate": 1.0, "max_leaf_nodes": 8}
    for target, ours, theirs in (
        (y, ensemble.HistGradientBoostingRegressor, sklearn_ensemble.HistGradientBoostingRegressor),
        (y > 1, ensemble.HistGradientBoostingClassifier, sklearn_ensemble.HistGradientBoostingClassifier),
    ):
        mine, other = ours(**parameters).fit(x, target), theirs(**parameters).fit(x, target)
        what = "predict" if ours is ensemble.HistGradientBoostingRegressor else "decision_function"
        numpy.testing.assert_allclose(getattr(mine, what)(x), getattr(other, what)(x), rtol=1e-4, atol=1e-5)
