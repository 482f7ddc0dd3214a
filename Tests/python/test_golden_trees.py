"""Decision trees and ensembles against reference results of the field's standard tools."""

import json
import os

import numpy
import pytest
from conftest import golden_folder

from apus.ensemble import (
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from apus.tree import DecisionTreeClassifier, DecisionTreeRegressor

h5py = pytest.importorskip("h5py")

ENSEMBLES = {
    "extra_trees.classifier": ExtraTreesClassifier,
    "extra_trees.regressor": ExtraTreesRegressor,
    "hist_gradient_boosting.classifier": HistGradientBoostingClassifier,
    "hist_gradient_boosting.regressor": HistGradientBoostingRegressor,
    "random_forest.classifier": RandomForestClassifier,
    "random_forest.regressor": RandomForestRegressor,
}


def cases(files, algorithms):
    folder = golden_folder()
    if folder is None:
        return []
    with open(os.path.join(folder, "classical", "index.json")) as index:
        listed = json.load(index)["files"]
    return [
        (file["file"], case["name"])
        for file in listed
        if file["file"].startswith(files)
        for case in file["cases"]
        if case["algorithm"] in algorithms
    ]


def read(file, name):
    with h5py.File(os.path.join(golden_folder(), "classical", file)) as golden:
        case = golden[name]
        given = {key: value[()] for key, value in case["in"].items()}
        wanted = {key: (value[()], dict(value.attrs)) for key, value in case["out"].items()}
        algorithm = case.attrs["algorithm"]
        algorithm = algorithm.decode() if isinstance(algorithm, bytes) else algorithm
        return algorithm, json.loads(case.attrs["params"]), given, wanted


def compare(name, got, wanted):
    value, attributes = wanted
    kind = attributes["compare"].decode() if isinstance(attributes["compare"], bytes) else attributes["compare"]
    if kind == "exact":
        numpy.testing.assert_array_equal(got, value, err_msg=name)
    elif kind == "close":
        numpy.testing.assert_allclose(got, value, rtol=attributes["rtol"], atol=attributes["atol"], err_msg=name)


@pytest.mark.parametrize("file, name", cases("trees_cart", ("tree.classifier", "tree.regressor")))
def test_cart_trees_are_those_of_scikit_learn(file, name):
    algorithm, parameters, given, wanted = read(file, name)
    kind = DecisionTreeClassifier if algorithm == "tree.classifier" else DecisionTreeRegressor
    x, y, query, weight = given["X"], given["y"], given["X_query"], given.get("sample_weight")
    for dtype in (numpy.float64, numpy.float32):
        model = kind(**parameters).fit(x.astype(dtype), y, sample_weight=weight)
        tree = model.tree_
        leaf = tree.children_left < 0
        value = tree.value[:, 0, :] if algorithm == "tree.classifier" else tree.value[:, 0, 0]
        results = {
            "node_feature": numpy.where(leaf, -1, tree.feature),
            "node_threshold": numpy.where(leaf, 0, tree.threshold),
            "node_left": tree.children_left,
            "node_right": tree.children_right,
            "node_samples": tree.n_node_samples,
            "node_weighted_samples": tree.weighted_n_node_samples,
            "node_impurity": tree.impurity,
            "node_value": value,
            "depth": model.get_depth(),
            "leaves": model.get_n_leaves(),
            "feature_importances": model.feature_importances_,
            "prediction": model.predict(query),
            "leaf_index": model.apply(query),
        }
        if algorithm == "tree.classifier":
            results["probabilities"] = model.predict_proba(query)
        if "ccp_test_alphas" in given:
            pruned = [kind(**parameters, ccp_alpha=alpha).fit(x, y, weight) for alpha in given["ccp_test_alphas"]]
            results["ccp_test_leaves"] = [other.get_n_leaves() for other in pruned]
            if "ccp_test_prediction" in wanted:
                results["ccp_test_prediction"] = [other.predict(query) for other in pruned]
        assert len(results.keys() & wanted.keys()) >= 12
        for key in results.keys() & wanted.keys():
            compare(key, numpy.asarray(results[key]), wanted[key])


def scores(model, task, x, y):
    """The scores that the bands are of."""
    if task == "regression":
        error = y - model.predict(x)
        return {
            "mae": numpy.abs(error).mean(),
            "rmse": numpy.sqrt((error**2).mean()),
            "r2": 1 - (error**2).sum() / ((y - y.mean()) ** 2).sum(),
        }
    p = numpy.clip(model.predict_proba(x), 1e-6, 1)
    p /= p.sum(axis=1, keepdims=True)
    place = numpy.searchsorted(model.classes_, y)
    return {"accuracy": (model.predict(x) == y).mean(), "log_loss": -numpy.log(p[numpy.arange(len(y)), place]).mean()}


# How the names of LightGBM and XGBoost map onto scikit-learn's.
NAMES = {
    "n_estimators": "max_iter",
    "num_leaves": "max_leaf_nodes",
    "min_child_samples": "min_samples_leaf",
    "colsample_bytree": "max_features",
    "reg_lambda": "l2_regularization",
}
IGNORED = ("inputs_from", "seeds", "subsample_freq", "tree_method", "task", "log_loss_clip", "min_child_weight")


@pytest.mark.parametrize("file, name", cases("ensemble_bands", ENSEMBLES))
def test_ensembles_score_inside_the_bands(file, name):
    algorithm, parameters, _, wanted = read(file, name)
    _, data, given, _ = read(file, "data")
    kind = ENSEMBLES[algorithm]
    parameters = {key: value for key, value in parameters.items() if key not in IGNORED}
    if kind._kind.startswith("hist"):
        parameters = {NAMES.get(key, key): value for key, value in parameters.items()}
        parameters.setdefault("early_stopping", False)
        if "l2_regularization" in parameters:
            parameters.setdefault("max_leaf_nodes", None)
            parameters.setdefault("min_samples_leaf", 1)
    found = []
    for seed in range(3):
        model = kind(random_state=seed, **parameters).fit(given["X_train"], given["y_train"])
        found.append(scores(model, data["task"], given["X_test"], given["y_test"]))
        if parameters.get("oob_score"):
            found[-1]["oob_score"] = model.oob_score_
    for key in found[0].keys() & wanted.keys():
        attributes = wanted[key][1]
        better = attributes["better"].decode() if isinstance(attributes["better"], bytes) else attributes["better"]
        mean = numpy.mean([score[key] for score in found])
        assert mean >= attributes["lower"] or better == "lower", (key, mean, attributes["lower"])
        assert mean <= attributes["upper"] or better == "higher", (key, mean, attributes["upper"])
