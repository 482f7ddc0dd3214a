"""Metrics by themselves, held to real Keras over random rows in several batches."""

import copy
import inspect
import pickle

import numpy
import pytest

import apus
from apus import metrics

keras = pytest.importorskip("keras")

# Keras sums in float32, Apus in float64.
CLOSE = {"rtol": 3e-5, "atol": 3e-6}


def softmax(x):
    e = numpy.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def draw(kind, rng, rows):
    """Targets and predictions."""
    if kind == "binary":
        p = rng.uniform(size=(rows, 1))
        return (rng.uniform(size=(rows, 1)) < p).astype("float32"), p.astype("float32")
    if kind == "labels and scores":
        y, p = draw("one-hot", rng, rows)
        return y.argmax(axis=1).astype("int32"), p
    if kind == "multi-label":
        p = rng.uniform(size=(rows, 4)).astype("float32")
        return (rng.uniform(size=(rows, 4)) < p).astype("float32"), p
    if kind == "one-hot":
        p = softmax(rng.normal(size=(rows, 6)) * 2)
        y = numpy.eye(6)[[rng.choice(6, p=row) for row in p]]
        return y.astype("float32"), p.astype("float32")
    if kind == "real":
        y = rng.normal(size=(rows, 3))
        return y.astype("float32"), (y + rng.normal(size=(rows, 3)) * 0.5).astype("float32")
    if kind == "positive":
        return rng.gamma(2, size=(rows, 3)).astype("float32"), rng.gamma(2, size=(rows, 3)).astype("float32")
    if kind == "distribution":
        return softmax(rng.normal(size=(rows, 5))).astype("float32"), softmax(rng.normal(size=(rows, 5))).astype("float32")
    if kind == "logits":
        return draw("multi-label", rng, rows)[0], (rng.normal(size=(rows, 4)) * 3).astype("float32")
    if kind == "class numbers":
        return rng.integers(0, 4, rows).astype("int32"), rng.integers(0, 4, rows).astype("float32")
    if kind == "steps":
        y, p = draw("one-hot", rng, rows * 3)
        return y.argmax(axis=1).reshape(rows, 3).astype("int32"), p.reshape(rows, 3, 6)
    raise AssertionError(kind)


CASES = [
    ("BinaryAccuracy", {}, "multi-label"),
    ("BinaryAccuracy", {"threshold": 0.3}, "binary"),
    ("CategoricalAccuracy", {}, "one-hot"),
    ("SparseCategoricalAccuracy", {}, "labels and scores"),
    ("SparseCategoricalAccuracy", {}, "steps"),
    ("TopKCategoricalAccuracy", {"k": 2}, "one-hot"),
    ("TopKCategoricalAccuracy", {}, "one-hot"),
    ("SparseTopKCategoricalAccuracy", {"k": 3}, "labels and scores"),
    ("SparseTopKCategoricalAccuracy", {"k": 2}, "steps"),
    ("TruePositives", {}, "binary"),
    ("FalsePositives", {"thresholds": 0.4}, "multi-label"),
    ("TrueNegatives", {"thresholds": [0.7, 0.2]}, "binary"),
    ("FalseNegatives", {"thresholds": [0.0, 0.25, 0.5, 0.75, 1.0]}, "multi-label"),
    ("Precision", {}, "binary"),
    ("Precision", {"thresholds": [0.2, 0.9, 0.6]}, "multi-label"),
    ("Precision", {"top_k": 2}, "multi-label"),
    ("Precision", {"top_k": 3, "class_id": 2}, "one-hot"),
    ("Precision", {"thresholds": [0.0, 0.5, 1.0]}, "one-hot"),
    ("Recall", {"class_id": 1}, "one-hot"),
    ("Recall", {"top_k": 2}, "one-hot"),
    ("Recall", {"thresholds": 0.1}, "binary"),
    ("F1Score", {}, "one-hot"),
    ("F1Score", {"average": "micro"}, "one-hot"),
    ("F1Score", {"average": "macro", "threshold": 0.4}, "multi-label"),
    ("F1Score", {"average": "weighted"}, "one-hot"),
    ("FBetaScore", {"beta": 2.0, "average": "macro"}, "one-hot"),
    ("FBetaScore", {"beta": 0.5, "threshold": 0.5}, "multi-label"),
    ("AUC", {}, "binary"),
    ("AUC", {"curve": "PR"}, "binary"),
    ("AUC", {"curve": "PRGAIN"}, "binary"),
    ("AUC", {"summation_method": "minoring"}, "multi-label"),
    ("AUC", {"summation_method": "majoring", "curve": "PR"}, "multi-label"),
    ("AUC", {"curve": "PR", "summation_method": "minoring", "num_thresholds": 17}, "binary"),
    ("AUC", {"thresholds": [0.3, 0.1, 0.8]}, "binary"),
    ("AUC", {"from_logits": True}, "logits"),
    ("AUC", {"multi_label": True}, "multi-label"),
    ("AUC", {"multi_label": True, "label_weights": [1.0, 2.0, 0.5, 0.0], "num_labels": 4}, "multi-label"),
    ("AUC", {"multi_label": True, "curve": "PR"}, "multi-label"),
    ("AUC", {"label_weights": [1.0, 2.0, 0.5, 0.0]}, "multi-label"),
    ("SensitivityAtSpecificity", {"specificity": 0.6}, "binary"),
    ("SpecificityAtSensitivity", {"sensitivity": 0.8, "num_thresholds": 50}, "multi-label"),
    ("PrecisionAtRecall", {"recall": 0.5, "num_thresholds": 1}, "binary"),
    ("PrecisionAtRecall", {"recall": 0.3}, "binary"),
    ("RecallAtPrecision", {"precision": 0.7, "class_id": 1}, "multi-label"),
    ("MeanSquaredError", {}, "real"),
    ("RootMeanSquaredError", {}, "real"),
    ("MeanAbsoluteError", {}, "real"),
    ("MeanAbsolutePercentageError", {}, "positive"),
    ("MeanSquaredLogarithmicError", {}, "positive"),
    ("R2Score", {}, "real"),
    ("R2Score", {"class_aggregation": None}, "real"),
    ("R2Score", {"class_aggregation": "variance_weighted_average", "num_regressors": 4}, "real"),
    ("CosineSimilarity", {}, "real"),
    ("LogCoshError", {}, "real"),
    ("Hinge", {}, "logits"),
    ("SquaredHinge", {}, "logits"),
    ("CategoricalHinge", {}, "one-hot"),
    ("KLDivergence", {}, "distribution"),
    ("Poisson", {}, "positive"),
    ("BinaryCrossentropy", {"label_smoothing": 0.1}, "multi-label"),
    ("BinaryCrossentropy", {"from_logits": True}, "logits"),
    ("CategoricalCrossentropy", {}, "one-hot"),
    ("CategoricalCrossentropy", {"from_logits": True, "label_smoothing": 0.2}, "one-hot"),
    ("SparseCategoricalCrossentropy", {}, "labels and scores"),
    ("SparseCategoricalCrossentropy", {"from_logits": True}, "steps"),
    ("SparseCategoricalCrossentropy", {"ignore_class": 2}, "steps"),
    ("IoU", {"num_classes": 4, "target_class_ids": [0, 2]}, "class numbers"),
    ("IoU", {"num_classes": 6, "target_class_ids": [1, 5], "sparse_y_pred": False, "ignore_class": 0}, "steps"),
    ("MeanIoU", {"num_classes": 5}, "class numbers"),
    ("MeanIoU", {"num_classes": 6, "sparse_y_pred": False}, "steps"),
    ("BinaryIoU", {"threshold": 0.3}, "multi-label"),
    ("BinaryIoU", {"target_class_ids": [1]}, "binary"),
    ("OneHotIoU", {"num_classes": 6, "target_class_ids": [3]}, "one-hot"),
    ("OneHotMeanIoU", {"num_classes": 6}, "one-hot"),
    ("PearsonCorrelation", {}, "real"),
    ("ConcordanceCorrelation", {}, "real"),
]
SUMS_WHOLE = {"IoU", "MeanIoU", "BinaryIoU", "OneHotIoU", "OneHotMeanIoU"}


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("name, parameters, kind", CASES, ids=lambda value: str(value))
def test_metrics_are_those_of_keras(name, parameters, kind, weighted, rng):
    ours = getattr(metrics, name)(**parameters)
    # Keras counts classes in whole numbers unless it is asked for more.
    theirs = getattr(keras.metrics, name)(**parameters, **({"dtype": "float32"} if name in SUMS_WHOLE else {}))
    for rows in (40, 1, 23):
        y, p = draw(kind, rng, rows)
        weight = None
        if weighted:
            weight = rng.uniform(size=y.shape[:2] if kind == "steps" else rows).astype("float32")
            if kind == "multi-label" and name in SUMS_WHOLE:
                weight = numpy.repeat(weight[:, None], 4, axis=1)
        theirs_weight = weight
        if weighted and kind == "multi-label" and name in SUMS_WHOLE:
            weight = weight[:, 0]
        ours.update_state(y, p, weight)
        theirs.update_state(y, p, theirs_weight)
        numpy.testing.assert_allclose(ours.result(), numpy.asarray(theirs.result()), **CLOSE)
    ours.reset_state()
    theirs.reset_state()
    y, p = draw(kind, rng, 12)
    ours.update_state(y, p)
    theirs.update_state(y, p)
    numpy.testing.assert_allclose(ours.result(), numpy.asarray(theirs.result()), **CLOSE)


def test_every_metric_is_compared():
    own = {"Accuracy", "ConfusionMatrix", "Perplexity", "Metric"}
    assert {name for name, _, _ in CASES} == set(metrics.__all__) - own


@pytest.mark.parametrize("name", sorted({name for name, _, _ in CASES}))
def test_constructors_have_the_parameters_of_keras(name):
    ours = inspect.signature(getattr(metrics, name)).parameters
    theirs = inspect.signature(getattr(keras.metrics, name)).parameters
    assert list(ours) == list(theirs)
    for key in set(ours) - {"name", "target_class_ids", "label_smoothing"}:
        assert ours[key].default == theirs[key].default, key


def test_the_matrix_has_targets_in_rows():
    matrix = metrics.ConfusionMatrix()
    matrix.update_state([0, 1, 2, 2], numpy.eye(3)[[0, 1, 1, 2]])
    numpy.testing.assert_array_equal(matrix.result(), [[1, 0, 0], [0, 1, 0], [0, 1, 1]])
    pair = metrics.ConfusionMatrix()
    pair.update_state([0, 1, 1, 0], [0.2, 0.7, 0.1, 0.9], sample_weight=[1, 2, 3, 4])
    numpy.testing.assert_array_equal(pair.result(), [[1, 4], [3, 2]])


def test_perplexity_of_equal_chances_is_the_number_of_classes():
    metric = metrics.Perplexity(mask_token_id=0)
    assert metric([1, 0, 3], [[0.25] * 4, [1, 0, 0, 0], [0.25] * 4]) == pytest.approx(4)


def test_labels_stand_for_rows_of_one(rng):
    y, p = draw("labels and scores", rng, 60)
    for make in (metrics.F1Score, metrics.Precision, lambda: metrics.AUC(multi_label=True)):
        numpy.testing.assert_array_equal(make()(y, p), make()(numpy.eye(6)[y], p))


def test_empty_denominators_are_zero():
    nothing = [[0.0], [0.0]]
    for metric in (metrics.Precision(), metrics.Recall(), metrics.F1Score(average="macro"), metrics.AUC()):
        assert metric(nothing, nothing) == pytest.approx(0, abs=1e-6)
    assert metrics.MeanSquaredError()([[1.0]], [[2.0]], [0.0]) == 0


def test_nan_predictions_are_never_positive():
    assert metrics.Precision()([[1.0]], [[numpy.nan]]) == 0
    assert metrics.AUC()([[1.0], [0.0]], [[numpy.nan], [0.5]]) == pytest.approx(0, abs=1e-6)
    assert metrics.TopKCategoricalAccuracy(k=1)([[1, 0, 0]], [[numpy.nan, 0.1, 0.2]]) == 0


def test_many_updates_do_not_lose_small_ones():
    metric = metrics.MeanSquaredError()
    metric.update_state(numpy.zeros((1, 1)), [[2.0**20]])
    for _ in range(100):
        metric.update_state(numpy.zeros((1, 1)), [[1.0]])
    assert metric.result() == pytest.approx((2.0**40 + 100) / 101, rel=1e-15)


def test_metrics_can_be_copied(rng):
    metric = metrics.Precision(thresholds=0.3)
    y, p = draw("binary", rng, 9)
    metric.update_state(y, p)
    for other in (copy.copy(metric), pickle.loads(pickle.dumps(metric))):
        assert other.get_config() == metric.get_config()
        assert other(y, p) == metric.result()


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: metrics.Precision()([1, 0], [[0.1, 0.2]]), "targets must have"),
        (lambda: metrics.Precision(thresholds=1.5)([1.0], [0.5]), r"thresholds of Precision must be a number in \[0, 1\]"),
        (lambda: metrics.Precision(thresholds=[])([1.0], [0.5]), "thresholds"),
        (lambda: metrics.Precision(class_id=3)([[1.0, 0]], [[0.5, 0.5]]), "class_id of Precision must be below the 2"),
        (lambda: metrics.Recall(top_k=3)([[1.0, 0]], [[0.5, 0.5]]), "top_k of Recall must be at most the 2"),
        (lambda: metrics.AUC(num_thresholds=1)([1.0], [0.5]), "num_thresholds of AUC"),
        (lambda: metrics.AUC(curve="LOC")([1.0], [0.5]), "curve of AUC"),
        (lambda: metrics.AUC(label_weights=[1.0])([[1.0, 0]], [[0.5, 0.5]]), "label_weights of AUC"),
        (lambda: metrics.AUC(num_labels=2)([[1.0, 0]], [[0.5, 0.5]]), "multi_label"),
        (lambda: metrics.F1Score(average="mean")([[1.0]], [[0.5]]), "average of F1Score"),
        (lambda: metrics.F1Score(threshold=0.0)([[1.0]], [[0.5]]), "threshold of F1Score"),
        (lambda: metrics.F1Score()(numpy.ones((2, 3, 4)), numpy.ones((2, 3, 4))), "two axes"),
        (lambda: metrics.R2Score()([0, 1], [[0.5, 0.5], [0.1, 0.9]]), "needs targets of the outputs' shape"),
        (lambda: metrics.SparseCategoricalAccuracy()([[1.0, 0]], [[0.5, 0.5]]), "needs class numbers"),
        (lambda: metrics.IoU(2, [2])([1], [1.0]), "target_class_ids of IoU"),
        (lambda: metrics.MeanIoU(2)([0, 1], [[0.5, 0.5], [0.1, 0.9]]), "sparse_y_pred"),
        (lambda: metrics.MeanSquaredError()([[1.0]], [[1.0]], [-1.0]), "sample_weight must be >= 0"),
        (lambda: metrics.MeanSquaredError()([[1.0]], [[1.0]], [1.0, 2.0]), "sample_weight must have shape"),
        (lambda: metrics.MeanSquaredError()(numpy.zeros((0, 1)), numpy.zeros((0, 1))), "at least one row"),
        (lambda: metrics.Precision().result(), "has seen no rows"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises((apus.ApusError, ValueError), match=message):
        call()


def test_updates_must_agree():
    metric = metrics.MeanSquaredError()
    metric.update_state([[1.0, 2.0]], [[1.0, 2.0]])
    with pytest.raises(apus.ApusError, match="must agree"):
        metric.update_state([[1.0]], [[1.0]])
    assert metric.result() == 0
