"""Every gradient that Keras has stored, by weights and by inputs, through the parts of a step."""

import json
import pathlib

import h5py
import numpy
import pytest

import apus
from conftest import golden_folder

FOLDER = golden_folder() and pathlib.Path(golden_folder())
# Kinds of files that hold the same model; the others are not read by this version.
KINDS = ("h5", "keras2_h5")


def cases():
    if not FOLDER:
        return []
    index = json.loads((FOLDER / "index.json").read_text())
    return [case for case in index["cases"] if case["group"] in ("layers", "models") and case["gradients"]]


def stored(file, name):
    """The arrays name_0, name_1, ...; by number, for there are gaps where something has no gradient."""
    start = name + "_"
    numbers = [key[len(start) :] for key in file if key.startswith(start)]
    return {int(number): file[start + number][()] for number in numbers if number.isdigit()}


def without_penalties(config):
    """A configuration whose loss is that of the outputs alone, as in the stored gradients."""
    if isinstance(config, dict):
        if config.get("class_name") == "ActivityRegularization":
            config = {**config, "config": {**config["config"], "l1": 0.0, "l2": 0.0}}
        penalties = [key for key in config if key.endswith("_regularizer")]
        return {key: None if key in penalties else without_penalties(value) for key, value in config.items()}
    return [without_penalties(item) for item in config] if isinstance(config, list) else config


def model_of(path):
    loaded = apus.load_model(path)
    config = json.loads(loaded.to_json())
    plain = without_penalties(config)
    if plain == config:
        return loaded
    model = apus.models.model_from_json(json.dumps(plain))
    model.set_weights(loaded.get_weights())
    return model


def named(model, weights):
    """The name that each of Keras's weights has here. Keras has them in another order where models are nested."""
    names = dict(zip(model.weight_names, model.get_weights()))
    found = {}
    for number in sorted(weights):
        equal = [name for name, value in names.items() if numpy.array_equal(value, weights[number])]
        assert equal, f"weight {number} of the file is none of the model"
        found[number] = equal[0]
        del names[equal[0]]
    return found


def one_or_all(values):
    return values if len(values) > 1 else values[0]


def check(model, file, bounds, prefix=""):
    """Compares all gradients of a pass in inference (prefix "") or training ("train_"); how many."""
    inputs, cotangents = stored(file, "input"), stored(file, "cotangent")
    names = named(model, stored(file, "weight"))
    parts = apus.models.StepParts(model)
    parts.forward(one_or_all([inputs[i] for i in sorted(inputs)]), training=bool(prefix))
    by_inputs = parts.backward(one_or_all([cotangents[i] for i in sorted(cotangents)]))
    by_inputs = by_inputs if isinstance(by_inputs, list) else [by_inputs]
    count = 0
    for number, expected in stored(file, prefix + "grad_input").items():
        numpy.testing.assert_allclose(by_inputs[number], expected, **bounds, err_msg=f"{prefix}input {number}")
        count += 1
    gradients = parts.gradients()
    expected = stored(file, prefix + "grad_weight")
    assert {names[number] for number in expected} == set(gradients)
    for number, values in expected.items():
        numpy.testing.assert_allclose(gradients[names[number]], values, **bounds, err_msg=prefix + names[number])
        count += 1
    for number, values in stored(file, prefix + "weight_after").items() if prefix else ():
        numpy.testing.assert_allclose(parts.weight(names[number]), values, **bounds, err_msg=names[number] + " after")
    return count


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("case", cases(), ids=lambda case: case["name"])
def test_gradients_are_those_of_keras(case, kind):
    if kind not in case["files"]:
        return
    bounds = case["tolerance"]["gradients"]
    with h5py.File(FOLDER / case["files"]["ref"]) as file:
        for prefix in ("", "train_") if case["training_mode"] else ("",):
            model = model_of(str(FOLDER / case["files"][kind]))
            model.compile("sgd")
            assert check(model, file, bounds, prefix) > 0


def test_all_stored_gradients_are_compared():
    total, compared = 0, 0
    for case in cases():
        with h5py.File(FOLDER / case["files"]["ref"]) as file:
            count = sum("grad_" in key for key in file)
        total += count
        if any(kind in case["files"] for kind in KINDS):
            compared += count
    assert compared == total
