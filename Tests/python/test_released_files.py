"""Every file that a release wrote is read by each later one, with the predictions it had then."""

import json
import pathlib

import numpy
import pytest

import apus

RELEASES = sorted(path.parent for path in (pathlib.Path(__file__).parent / "released").glob("*/expected.json"))
CASES = [(folder, name) for folder in RELEASES for name in sorted(path.stem for path in folder.glob("*.h5"))]


def predicted(model, name, question):
    if name in ("standard_scaler", "min_max_scaler", "mean_normalizer"):
        return model.transform(question)
    return model.predict_proba(question) if name in ("logistic_regression", "pipeline") else model.predict(question)


@pytest.mark.parametrize("folder, name", CASES, ids=lambda value: getattr(value, "name", value))
def test_released_files_predict_what_they_did(folder, name):
    expected = json.loads((folder / "expected.json").read_text())
    question = numpy.array(expected["question"])
    if name == "checkpoint":
        x, labels = (numpy.array(expected["training"][key]) for key in ("x", "labels"))
        model = apus.load_checkpoint(str(folder / "checkpoint.h5"))
        model.fit(x, labels, epochs=2, verbose=0)
        answer = expected["predictions"]["checkpoint after two more epochs"]
    else:
        model = apus.load_model(str(folder / f"{name}.h5"))
        answer = expected["predictions"][name]
    single = name in ("network", "checkpoint")
    numpy.testing.assert_allclose(predicted(model, name, question), answer, rtol=1e-4 if single else 1e-12,
                                  atol=1e-6 if single else 1e-12)


def test_every_kind_has_a_file():
    kinds = {entry["kind"] for entry in apus.catalog()["estimators"]} | {"network", "checkpoint"}
    files = {name for folder, name in CASES if folder == RELEASES[-1]}
    # A kind that is newer than the last release gets its file with the next.
    assert files <= kinds if RELEASES[-1].name != apus.__version__ else files == kinds
