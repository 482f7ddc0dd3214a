"""AdaBoost and ID3 against reference results, where every tree is determined."""

import numpy
import pytest
from test_golden_trees import cases, compare, read

from apus.ensemble import AdaBoostClassifier
from apus.tree import ID3Classifier

h5py = pytest.importorskip("h5py")


@pytest.mark.parametrize("file, name", cases("ensembles_exact", ("adaboost.samme",)))
def test_samme_takes_the_reference_steps(file, name):
    _, parameters, given, wanted = read(file, name)
    keys = ("n_estimators", "learning_rate", "max_depth")
    model = AdaBoostClassifier(**{key: parameters[key] for key in keys}).fit(given["X"], given["y"])
    query = given["X_query"]
    results = {
        "decision_function": model.decision_function(query),
        "probabilities": model.predict_proba(query),
        "prediction": model.predict(query),
        "estimator_errors": model.estimator_errors_,
        "estimator_weights": model.estimator_weights_,
    }
    for key, value in results.items():
        compare(key, value, wanted[key])
    for stage in range(1, parameters["n_estimators"] + 1):
        shorter = AdaBoostClassifier(**{**{key: parameters[key] for key in keys}, "n_estimators": stage})
        staged = shorter.fit(given["X"], given["y"]).predict(query)
        numpy.testing.assert_array_equal(staged, wanted["staged_prediction"][0][stage - 1])


@pytest.mark.parametrize("file, name", cases("trees_id3", ("tree.id3",)))
def test_id3_grows_the_reference_tree(file, name):
    _, _, given, wanted = read(file, name)
    model = ID3Classifier().fit(given["X"], given["y"])
    children = numpy.full(wanted["node_children"][0].shape, -1)
    children[:, : model.children.shape[1]] = model.children
    results = {
        "node_attribute": model.feature,
        "node_children": children,
        "node_class_counts": model.value,
        "node_entropy": model.entropy,
        "node_gains": model.gains,
        "prediction": model.predict(given["X_query"]),
        "root_attribute": model.feature[0],
        "root_entropy": model.entropy[0],
        "root_gains": model.gains[0],
        "root_gain_ratios": model.gain_ratios[0],
    }
    for key, value in results.items():
        compare(key, value, wanted[key])
