"""Losses and metrics held to the reference figures, which are double precision: at the tolerance of float32."""

import json
import os

import numpy
import pytest

from apus import Input, Sequential, layers, losses, metrics
from conftest import golden_folder

h5py = pytest.importorskip("h5py")

FOLDER = golden_folder()
if FOLDER is None:
    pytest.skip("the reference files are not here", allow_module_level=True)

# Single steps in float32, and clipping to 1 - 1e-7, which float32 rounds to 1 - 1.19e-7.
CLOSE = {"rtol": 2e-5, "atol": 2e-6}


def cases(name):
    with h5py.File(os.path.join(FOLDER, "classical", name)) as file:
        found = []
        for case in file:
            group = file[case]
            text = group.attrs["algorithm"]
            params = group.attrs["params"]
            found.append(
                (
                    case,
                    text.decode() if isinstance(text, bytes) else text,
                    json.loads(params),
                    {key: group["in"][key][()] for key in group["in"]},
                    {key: group["out"][key][()] for key in group["out"]},
                )
            )
    return found


LOSSES = {
    "loss.binary_cross_entropy": lambda p: losses.BinaryCrossentropy(p["from_logits"], p["label_smoothing"]),
    "loss.categorical_cross_entropy": lambda p: losses.CategoricalCrossentropy(p["from_logits"], p["label_smoothing"]),
    "loss.sparse_cross_entropy": lambda p: losses.SparseCategoricalCrossentropy(p["from_logits"]),
    "loss.hinge": lambda p: losses.Hinge(),
    "loss.squared_hinge": lambda p: losses.SquaredHinge(),
    "loss.huber": lambda p: losses.Huber(p["delta"]),
    "loss.kl_divergence": lambda p: losses.KLDivergence(),
    "loss.log_cosh": lambda p: losses.LogCosh(),
    "loss.mae": lambda p: losses.MeanAbsoluteError(),
    "loss.mse": lambda p: losses.MeanSquaredError(),
}


def fits_float32(case):
    _, algorithm, params, given, out = case
    sparse_smoothing = "sparse" in algorithm and params.get("label_smoothing")
    figures = [given["prediction"], given["target"], out["mean"]]
    return algorithm in LOSSES and not sparse_smoothing and all(
        numpy.all(numpy.abs(numpy.nan_to_num(values)) < 1e38) for values in figures
    )


@pytest.mark.parametrize("case", [case for case in cases("losses.h5") if fits_float32(case)], ids=lambda case: case[0])
def test_losses(case):
    name, algorithm, params, given, out = case
    p, y = given["prediction"].astype("float32"), given["target"]
    if p.ndim == 1:
        p, y = p[:, None], y[:, None]
    y = y.astype("int32" if "sparse" in algorithm else "float32")
    model = Sequential([Input((p.shape[1],)), layers.Activation("linear")])
    model.compile("sgd", LOSSES[algorithm](params))
    clipped = [key for key in out if key.startswith("loss") and key.endswith("clip_1e_7")]
    expected = numpy.mean(out[clipped[0]]) if clipped else out["mean"]
    numpy.testing.assert_allclose(model.evaluate(p, y), expected, **CLOSE)


@pytest.mark.parametrize(
    "case",
    [case for case in cases("metrics_classification.h5") if case[1] == "metrics.labels"],
    ids=lambda case: case[0],
)
def test_labels(case):
    _, _, _, given, out = case
    classes = given["labels"]
    place = {label: number for number, label in enumerate(classes.tolist())}
    y = numpy.array([place[label] for label in given["y_true"].tolist()])
    rows = numpy.eye(len(classes))
    p = rows[[place[label] for label in given["y_pred"].tolist()]]
    weight = given.get("sample_weight")

    def measured(metric, y=y, p=p):
        return metric(y, p, weight)

    exact = {"rtol": 1e-6, "atol": 1e-6}  # Keras's epsilon in F scores; weights are float32
    numpy.testing.assert_allclose(measured(metrics.ConfusionMatrix()), out["confusion_matrix"], **exact)
    numpy.testing.assert_allclose(measured(metrics.SparseCategoricalAccuracy()), out["accuracy"], **exact)
    numpy.testing.assert_allclose(measured(metrics.F1Score(average="micro")), out["f1_micro"], **exact)
    numpy.testing.assert_allclose(measured(metrics.F1Score(average="macro")), out["f1_macro"], **exact)
    numpy.testing.assert_allclose(measured(metrics.F1Score(average="weighted")), out["f1_weighted"], **exact)
    numpy.testing.assert_allclose(measured(metrics.F1Score()), out["f1_per_class"], **exact)
    numpy.testing.assert_allclose(measured(metrics.FBetaScore("macro", 2.0)), out["fbeta_two_macro"], **exact)
    numpy.testing.assert_allclose(measured(metrics.FBetaScore("macro", 0.5)), out["fbeta_half_macro"], **exact)
    for number in range(len(classes)):
        precision = measured(metrics.Precision(class_id=number))
        numpy.testing.assert_allclose(precision, out["precision_per_class"][number], **exact)
        numpy.testing.assert_allclose(
            measured(metrics.Recall(class_id=number)), out["recall_per_class"][number], **exact
        )


@pytest.mark.parametrize(
    "case",
    [case for case in cases("metrics_classification.h5") if case[1] == "metrics.scores"],
    ids=lambda case: case[0],
)
def test_scores(case):
    _, _, _, given, out = case
    score = given["score"]
    span = numpy.ptp(score) or 1
    # In [0.1, 0.9]: an area only depends on the order.
    p = 0.1 + 0.8 * (score - score.min()) / span
    y = (given["y_true"] == 1).astype("float32")
    # Between thresholds that part the scores the area is exact.
    parts = numpy.unique(p)
    thresholds = ((parts[1:] + parts[:-1]) / 2).tolist() or [0.5]
    area = metrics.AUC(thresholds=thresholds)(y, p, given.get("sample_weight"))
    numpy.testing.assert_allclose(area, out["roc_auc"], rtol=1e-6)
    # Two hundred thresholds lose what lies between them.
    assert metrics.AUC()(y, p, given.get("sample_weight")) == pytest.approx(out["roc_auc"], abs=0.02)


@pytest.mark.parametrize(
    "case",
    [case for case in cases("metrics_regression.h5") if case[1] == "metrics.regression"],
    ids=lambda case: case[0],
)
def test_regression(case):
    name, _, _, given, out = case
    y, p = given["y_true"], given["y_pred"]
    if y.ndim == 1:
        y, p = y[:, None], p[:, None]
    weight = given.get("sample_weight")
    kinds = {
        "mse": metrics.MeanSquaredError(),
        "mae": metrics.MeanAbsoluteError(),
        "msle": metrics.MeanSquaredLogarithmicError(),
        "r2": metrics.R2Score(),
        "r2_per_output": metrics.R2Score(class_aggregation=None),
        "r2_variance_weighted": metrics.R2Score("variance_weighted_average"),
    }
    if "constant" in name:  # Keras has no rule for targets without variance
        kinds = {key: metric for key, metric in kinds.items() if "r2" not in key}
    if min(y.min(), p.min()) < 0:  # Keras takes logarithms of what is at least 1e-7
        del kinds["msle"]
    for key, metric in kinds.items():
        if key in out:
            numpy.testing.assert_allclose(metric(y, p, weight), out[key], err_msg=key, **CLOSE)
    if y.shape[1] == 1:
        numpy.testing.assert_allclose(metrics.RootMeanSquaredError()(y, p, weight), out["rmse"], **CLOSE)
        if numpy.all(numpy.abs(y) > 1e-3):
            numpy.testing.assert_allclose(
                metrics.MeanAbsolutePercentageError()(y, p, weight), 100 * out["mape"], **CLOSE
            )
