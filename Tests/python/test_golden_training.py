"""Eight training steps beside real Keras: losses and weights after every step, for what this release trains."""

import json
import pathlib
import zipfile

import h5py
import numpy
import pytest

import apus
from conftest import golden_folder

LAYERS = {entry["kind"] for entry in apus.catalog()["layers"]}
CATALOG = apus.catalog()
LOSSES = {entry["kind"]: {p["name"] for p in entry["parameters"]} for entry in CATALOG["losses"]}
OPTIMIZERS = {entry["kind"]: {p["name"] for p in entry["parameters"]} for entry in CATALOG["optimizers"]}
SCHEDULES = {entry["kind"] for entry in CATALOG["schedules"]}
# Parameters of Keras's optimizers that do nothing at these values.
IDLE = {"name": None, "loss_scale_factor": None, "gradient_accumulation_steps": None}


def expressible(case, folder):
    """The model's configuration when this release has all of it, else None."""
    with zipfile.ZipFile(folder / case["files"]["keras"]) as archive:
        model = json.loads(archive.read("config.json"))
    compiled = model["compile_config"]
    optimizer, loss = compiled.get("optimizer"), compiled["loss"]
    if not optimizer or optimizer["class_name"] not in OPTIMIZERS:
        return None
    for key, value in optimizer["config"].items():
        known = key in OPTIMIZERS[optimizer["class_name"]]
        if isinstance(value, dict) and value["class_name"] not in SCHEDULES:
            return None
        if not known and key != "name" and (key not in IDLE or value != IDLE[key]):
            return None
    layers = model["config"]["layers"]
    if not {layer["class_name"] for layer in layers} <= LAYERS:
        return None
    if not isinstance(loss, dict) or loss["class_name"] not in LOSSES:
        return None
    return model


def cases():
    folder = golden_folder() and pathlib.Path(golden_folder())
    if folder is None:
        return []
    index = json.loads((folder / "index.json").read_text())
    found = []
    for case in index["cases"]:
        if case["group"] == "training" and "keras" in case["files"]:
            model = expressible(case, folder)
            if model:
                found.append(pytest.param(case, model, id=case["name"]))
    return found


@pytest.mark.parametrize("case, config", cases())
def test_training_follows_keras(case, config):
    with h5py.File(pathlib.Path(golden_folder()) / case["files"]["ref"]) as file:
        meta = json.loads(file.attrs["meta"])
        x, y, losses = file["batches_x"][()], file["batches_y"][()], file["loss_values"][()]
        count = len(meta["weights"])
        weights = [file[f"weight_trajectory_{k}"][()] for k in range(count)]
    model = apus.models.model_from_json(json.dumps(config))
    model.set_weights([w[0] for w in weights])
    optimizer, loss = config["compile_config"]["optimizer"], config["compile_config"]["loss"]
    options = {k: v for k, v in loss["config"].items() if k in LOSSES[loss["class_name"]] and v is not None}
    stored = meta.get("loss", {})
    if isinstance(stored, dict) and loss["class_name"] == "Huber":
        options.setdefault("delta", stored.get("config", stored).get("delta", 1.0))
    model.compile(getattr(apus.optimizers, optimizer["class_name"]).from_config(optimizer["config"]),
                  getattr(apus.losses, loss["class_name"])(**options))
    bounds = case["tolerance"]
    for step in range(len(x)):
        got = model.train_on_batch(x[step], y[step])
        numpy.testing.assert_allclose(got, losses[step], **bounds["loss"], err_msg=f"loss of step {step}")
        for weight, expected in zip(model.get_weights(), weights):
            numpy.testing.assert_allclose(weight, expected[step + 1], **bounds["weights"],
                                          err_msg=f"weights after step {step}")


def test_the_goldens_of_this_release_are_found():
    if golden_folder() is not None:
        names = {parameter.id for parameter in cases()}
        whole = {"opt_", "schedule_", "loss_", "reg_", "con_"}
        index = json.loads((pathlib.Path(golden_folder()) / "index.json").read_text())
        wanted = {case["name"] for case in index["cases"]
                  if case["group"] == "training" and any(case["name"].startswith(start) for start in whole)}
        assert wanted | {"model_frozen_adam", "model_lstm_adam"} <= names
