"""Keras's own files beside this release: what it has must predict the same, what it lacks must be named."""

import json
import pathlib

import h5py
import numpy
import pytest

import apus
from conftest import golden_folder

FOLDER = golden_folder() and pathlib.Path(golden_folder())


def index():
    return json.loads((FOLDER / "index.json").read_text()) if FOLDER else {"cases": [], "variants": [], "reject": []}


def files():
    """Every whole-model .h5 with its companion and tolerances."""
    for case in index()["cases"]:
        if case["group"] in ("layers", "models"):
            for kind in ("h5", "keras2_h5"):
                if kind in case["files"]:
                    yield pytest.param(case["files"][kind], case["files"]["ref"], case["tolerance"], id=case["files"][kind])
    for variant in index()["variants"]:
        name = variant["file"]
        if name.endswith(".h5") and "weights" not in name:
            yield pytest.param(name, variant["ref"], variant.get("tolerance"), id=name)


@pytest.mark.parametrize("name, companion, tolerance", list(files()))
def test_files_of_keras_predict_the_same(name, companion, tolerance):
    try:
        model = apus.load_model(str(FOLDER / name))
    except NotImplementedError as error:
        # Named with its place: "layer 'conv2d': Unknown layer 'Conv2D'; this version has ..."
        assert "Unknown layer" in str(error) or "Unknown activation" in str(error)
        return
    with h5py.File(FOLDER / companion) as file:
        inputs = [file[f"input_{i}"][()] for i in range(len(file)) if f"input_{i}" in file]
        outputs = [file[f"output_{i}"][()] for i in range(len(file)) if f"output_{i}" in file]
    got = model.predict(inputs if len(inputs) > 1 else inputs[0])
    bounds = (tolerance or {}).get("outputs", tolerance) or {"rtol": 1e-4, "atol": 1e-5}
    for observed, expected in zip(got if isinstance(got, (list, tuple)) else [got], outputs):
        numpy.testing.assert_allclose(observed, expected, **bounds)


@pytest.mark.parametrize("case", [r for r in index()["reject"] if r["file"].endswith(".h5")], ids=lambda r: r["file"])
def test_hostile_files_are_refused(case):
    path = str(FOLDER / case["file"])
    try:
        apus.load_model(path)
    except (apus.ApusError, OSError) as error:
        assert case["file"] in str(error)
    else:
        assert case["expect"] == "any"


def test_enough_files_of_this_release_are_there():
    if FOLDER:
        loaded = 0
        for parameter in files():
            try:
                apus.load_model(str(FOLDER / parameter.values[0]))
                loaded += 1
            except NotImplementedError:
                pass
        assert loaded >= 190
