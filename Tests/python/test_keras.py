"""Networks travel to real Keras and back, and predict the same on both sides."""

import json
import os

import numpy
import pytest

import apus
from apus import Input, Sequential, initializers, layers, losses
from conftest import golden_folder

keras = pytest.importorskip("keras")
h5py = pytest.importorskip("h5py")

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept:DeprecationWarning")

# A few units in the last place of a float32 sum: products are added in another order.
CLOSE = {"rtol": 1e-5, "atol": 2e-6}

ACTIVATIONS = ["linear", "relu", "leaky_relu", "elu", "sigmoid", "tanh", "softmax"]

OURS = {
    "perceptron": lambda: [Input((6,)), layers.Dense(16, "relu"), layers.Dense(3, "softmax")],
    "all activations": lambda: [Input((5,)), *[layers.Dense(7, name) for name in ACTIVATIONS], layers.Dense(2)],
    "activation layers": lambda: [Input((4,)), *[layers.Activation(name) for name in ACTIVATIONS]],
    "pictures": lambda: [Input((3, 4, 2)), layers.Flatten(), layers.Dropout(0.3), layers.Dense(2, use_bias=False)],
    "rows of rows": lambda: [
        Input((3, 4)), layers.Dense(5, "tanh"), layers.Identity(), layers.Flatten(), layers.Dense(1, "sigmoid")],
    "initializers": lambda: [
        Input((4,)),
        layers.Dense(3, kernel_initializer=initializers.HeNormal(), bias_initializer=initializers.Constant(0.5)),
        layers.Dense(3, kernel_initializer=initializers.VarianceScaling(2.0, "fan_avg", "uniform"), name="head"),
    ],
}


@pytest.mark.parametrize("name", OURS)
def test_keras_opens_our_networks(name, tmp_path, rng):
    apus.set_seed(4)
    model = Sequential(OURS[name]())
    x = rng.normal(size=(9, *model.input_shape[1:])).astype(numpy.float32)
    path = str(tmp_path / "ours.h5")
    model.save(path)
    theirs = keras.models.load_model(path)
    numpy.testing.assert_allclose(model.predict(x), theirs.predict(x, verbose=0), **CLOSE)
    assert [layer.name for layer in theirs.layers] == [layer.name for layer in model.layers]
    for a, b in zip(model.get_weights(), theirs.get_weights()):
        numpy.testing.assert_array_equal(a, b)


def test_keras_opens_a_trained_network_and_trains_it_on(tmp_path, digits):
    x, y = digits
    apus.set_seed(4)
    model = Sequential([Input((64,)), layers.Dense(32, "relu"), layers.Dense(10, "softmax")])
    model.compile("adam", losses.SparseCategoricalCrossentropy(), metrics=["accuracy"])
    model.fit(x, y, epochs=5, verbose=0)
    path = str(tmp_path / "digits.h5")
    model.save(path)
    theirs = keras.models.load_model(path, compile=False)
    numpy.testing.assert_allclose(model.predict(x), theirs.predict(x, verbose=0), **CLOSE)
    theirs.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    loss, accuracy = theirs.evaluate(x, y, verbose=0)
    ours = model.evaluate(x, y)
    assert loss == pytest.approx(ours[0], rel=1e-4) and accuracy == pytest.approx(ours[1], abs=1e-6)
    theirs.fit(x, y, epochs=1, verbose=0)
    theirs.save(path)
    numpy.testing.assert_allclose(apus.load_model(path).predict(x), theirs.predict(x, verbose=0), **CLOSE)


def test_keras_opens_our_checkpoint(tmp_path, rng):
    model = Sequential([Input((3,)), layers.Dense(2, "tanh"), layers.Dense(1)])
    model.compile(apus.optimizers.SGD(0.01, momentum=0.9), "mse")
    x = rng.normal(size=(20, 3)).astype(numpy.float32)
    model.fit(x, x[:, 0], epochs=2, verbose=0)
    path = str(tmp_path / "checkpoint.h5")
    model.save_checkpoint(path)
    theirs = keras.models.load_model(path, compile=False)
    numpy.testing.assert_allclose(model.predict(x), theirs.predict(x, verbose=0), **CLOSE)


def theirs_sequential():
    return keras.Sequential(
        [
            keras.Input((8,)),
            keras.layers.Dense(12, activation="elu", kernel_initializer="he_normal"),
            keras.layers.Dropout(0.2),
            keras.layers.Activation("leaky_relu"),
            keras.layers.Dense(4, activation="softmax", use_bias=False),
        ]
    )


def theirs_functional():
    inputs = keras.Input((2, 4), name="picture")
    flat = keras.layers.Flatten()(inputs)
    hidden = keras.layers.Dense(6, activation="tanh")(flat)
    return keras.Model(inputs, keras.layers.Dense(3, activation="sigmoid")(hidden))


def theirs_compiled():
    model = theirs_sequential()
    model.compile("adam", "categorical_crossentropy", metrics=["accuracy"])
    x = numpy.random.default_rng(1).normal(size=(40, 8))
    model.fit(x, numpy.eye(4)[x[:, :4].argmax(axis=1)], epochs=2, verbose=0)
    return model


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("make", [theirs_sequential, theirs_functional, theirs_compiled])
def test_we_open_the_networks_of_keras(make, tmp_path, rng):
    model = make()
    path = str(tmp_path / "theirs.h5")
    model.save(path)
    ours = apus.load_model(path)
    x = rng.normal(size=(11, *model.input_shape[1:])).astype(numpy.float32)
    numpy.testing.assert_allclose(ours.predict(x), model.predict(x, verbose=0), **CLOSE)
    for a, b in zip(ours.get_weights(), model.get_weights()):
        numpy.testing.assert_array_equal(a, b)
    ours.compile("sgd", "mse")
    assert numpy.isfinite(ours.fit(x, ours.predict(x) + 1, verbose=0).history["loss"]).all()


def test_configurations_travel_both_ways():
    ours = Sequential(OURS["perceptron"](), name="there")
    theirs = keras.models.model_from_json(ours.to_json())
    assert theirs.count_params() == ours.count_params() and theirs.name == "there"
    back = apus.models.model_from_json(theirs.to_json())
    assert back.count_params() == ours.count_params()
    assert [layer.name for layer in back.layers] == [layer.name for layer in ours.layers]


def test_graphs_travel_both_ways(tmp_path, rng):
    left, right = keras.Input((3,), name="left"), keras.Input((2,), name="right")
    tower = keras.layers.Dense(4, activation="tanh", name="tower")(left)
    theirs = keras.Model(
        [left, right],
        [keras.layers.Dense(1, name="up")(tower), keras.layers.Flatten(name="same")(right)],
    )
    theirs.save(str(tmp_path / "theirs.h5"))
    ours = apus.load_model(tmp_path / "theirs.h5")
    x = {"left": rng.normal(size=(5, 3)), "right": rng.normal(size=(5, 2))}
    for inputs in (x, [x["left"], x["right"]]):
        for a, b in zip(ours.predict(inputs), theirs.predict([x["left"], x["right"]], verbose=0)):
            numpy.testing.assert_allclose(a, b, **CLOSE)
    with pytest.raises(ValueError, match="the inputs are left, right, got left"):
        ours.predict({"left": x["left"]})
    again = keras.models.model_from_json(ours.to_json())
    assert again.count_params() == theirs.count_params() and len(again.outputs) == 2
    ours.compile("adam", ["mse", "mae"])
    history = ours.fit([x["left"], x["right"]], [x["left"][:, 0], x["right"]], epochs=2, verbose=0).history
    assert history["loss"][1] < history["loss"][0]
    ours.save(tmp_path / "ours.h5")
    back = keras.models.load_model(str(tmp_path / "ours.h5"))
    for a, b in zip(ours.predict(x), back.predict([x["left"], x["right"]], verbose=0)):
        numpy.testing.assert_allclose(a, b, **CLOSE)


KNOWN = {entry["kind"] for entry in apus.catalog()["layers"]}


def layer_classes(config):
    layers = config["config"]["layers"]
    inner = [layer["config"]["layer"] for layer in layers if isinstance(layer["config"].get("layer"), dict)]
    return {layer["class_name"] for layer in layers + inner}


def activations(config):
    layers = config["config"]["layers"]
    inner = [layer["config"]["layer"] for layer in layers if isinstance(layer["config"].get("layer"), dict)]
    return {layer["config"]["activation"] for layer in layers + inner if "activation" in layer["config"]}


def golden_cases():
    """Names of the reference files whose layers this version knows."""
    folder = golden_folder()
    if folder is None:
        return []
    with open(os.path.join(folder, "index.json"), encoding="utf-8") as file:
        index = json.load(file)
    names = []
    for case in index["cases"]:
        if case["group"] != "layers" or "h5" not in case["files"]:
            continue
        with h5py.File(os.path.join(folder, case["files"]["h5"])) as file:
            config = json.loads(file.attrs["model_config"])
        if layer_classes(config) <= KNOWN and activations(config) <= set(ACTIVATIONS):
            names.append(case)
    return names


@pytest.mark.parametrize("case", golden_cases(), ids=lambda case: case["name"])
def test_reference_files_of_keras_predict_what_keras_predicted(case):
    folder = golden_folder()
    for kind in ("h5", "keras2_h5"):
        if kind not in case["files"]:
            continue
        model = apus.load_model(os.path.join(folder, case["files"][kind]))
        with h5py.File(os.path.join(folder, case["files"]["ref"])) as file:
            inputs = [file[f"input_{i}"][:] for i in range(len(case["inputs"]))]
            wanted = [file[f"output_{i}"][:] for i in range(len(case["outputs"]))]
        outputs = model.predict(inputs if len(inputs) > 1 else inputs[0])
        for output, expected in zip(outputs if len(wanted) > 1 else [outputs], wanted):
            numpy.testing.assert_allclose(output, expected, **case["tolerance"]["outputs"])


@pytest.mark.parametrize(
    ("name", "options", "bound"),
    [
        ("Adam", {"use_ema": True, "ema_momentum": 0.9}, 1e-5),
        ("SGD", {"use_ema": True, "ema_overwrite_frequency": 2}, 1e-5),
        ("Adam", {"gradient_accumulation_steps": 3}, 1e-5),
        ("AdamW", {"weight_decay": 0.3}, 1e-4),
    ],
)
def test_what_surrounds_the_rule_is_that_of_keras(name, options, bound, rng):
    x = rng.normal(size=(60, 3)).astype(numpy.float32)
    y = x[:, :1] * 2
    models = []
    for library in (apus, keras):
        model = library.Sequential(
            [library.Input((3,)), library.layers.Dense(4, activation="tanh"), library.layers.Dense(1)]
        )
        optimizer = getattr(library.optimizers, name)(0.01, **options)
        if name == "AdamW":
            optimizer.exclude_from_weight_decay(var_names=["bias"])
        model.compile(optimizer, "mse")
        models.append(model)
    ours, theirs = models
    ours.set_weights([rng.normal(size=weight.shape) for weight in ours.get_weights()])
    theirs.set_weights(ours.get_weights())
    for model in models:
        model.fit(x, y, batch_size=20, epochs=3, shuffle=False, verbose=0)
    for a, b in zip(ours.get_weights(), theirs.get_weights()):
        numpy.testing.assert_allclose(a, b, rtol=bound, atol=bound)
    assert ours.evaluate(x, y) == pytest.approx(theirs.evaluate(x, y, verbose=0), rel=bound)
    if "use_ema" in options:
        return  # Keras goes on from the average
    for model in models:
        for start in range(0, 54, 6):
            model.train_on_batch(x[start : start + 6], y[start : start + 6])
    for a, b in zip(ours.get_weights(), theirs.get_weights()):
        numpy.testing.assert_allclose(a, b, rtol=bound, atol=bound)


def ways_to_attend():
    """Networks of Keras's layers of attention and their kin, by names, with the shapes of their inputs."""
    kl = keras.layers
    a, b = (4, 6), (5, 6)
    return {
        "multi_head": ([a, b], lambda x, y: kl.MultiHeadAttention(2, 3)(x, y)),
        "multi_head_scores": ([a, b], lambda x, y: kl.MultiHeadAttention(2, 3)(x, y, return_attention_scores=True)),
        "multi_head_key": ([a, b, b], lambda x, y, z: kl.MultiHeadAttention(2, 3, use_bias=False)(x, y, key=z)),
        "multi_head_causal": ([a], lambda x: kl.MultiHeadAttention(3, 2, output_shape=4)(x, x, use_causal_mask=True)),
        "multi_head_axis": ([(2, 3, 6)], lambda x: kl.MultiHeadAttention(2, 3, attention_axes=(2,))(x, x)),
        "multi_head_axes": ([(2, 3, 6)], lambda x: kl.MultiHeadAttention(2, 3)(x, x)),
        "attention": ([a, b], lambda x, y: kl.Attention(use_scale=True)([x, y])),
        "attention_concat": ([a, b], lambda x, y: kl.Attention(score_mode="concat")([x, y], use_causal_mask=True)),
        "attention_masked": ([a, b], lambda x, y: kl.Attention()([kl.Masking()(x), kl.Masking()(y)])),
        "additive": ([a, b, b], lambda x, y, z: kl.AdditiveAttention()([x, y, z])),
        "einsum": ([a], lambda x: kl.EinsumDense("abc,cde->abde", (None, 2, 3), bias_axes="de", activation="relu")(x)),
        "einsum_dots": ([a], lambda x: kl.EinsumDense("...x,xy->...y", 7, bias_axes="y")(x)),
        "dot": ([a, b], lambda x, y: kl.Dot(axes=2, normalize=True)([x, y])),
        "group": ([a], lambda x: kl.GroupNormalization(3)(x)),
        "group_axis": ([a], lambda x: kl.GroupNormalization(2, axis=1)(x)),
        "unit": ([a], lambda x: kl.UnitNormalization(axis=1)(x)),
        "layer_axis": ([a], lambda x: kl.LayerNormalization(axis=1)(x)),
        "rescaling": ([a], lambda x: kl.Rescaling(0.5, offset=2)(x)),
        "noise": ([a], lambda x: kl.AlphaDropout(0.1)(kl.GaussianDropout(0.2)(kl.SpatialDropout1D(0.3)(x)))),
        "spatial": ([(2, 3, 6)], lambda x: kl.SpatialDropout2D(0.3)(x)),
    }


@pytest.mark.parametrize("name", list(ways_to_attend()))
def test_attention_and_its_kin_go_to_keras_and_back(name, tmp_path, rng):
    shapes, connect = ways_to_attend()[name]
    entries = [keras.Input(shape) for shape in shapes]
    theirs = keras.Model(entries, connect(*entries))
    for variable in theirs.weights:
        variable.assign(0.5 * rng.normal(size=variable.shape))
    x = [rng.normal(size=(3, *shape)).astype(numpy.float32) for shape in shapes]
    if "masked" in name:
        x[0][0, 2], x[1][1, 3] = 0, 0
    x = x if len(x) > 1 else x[0]
    theirs.save(tmp_path / "theirs.h5")
    ours = apus.load_model(str(tmp_path / "theirs.h5"))
    ours.save(tmp_path / "ours.h5")
    back = keras.models.load_model(str(tmp_path / "ours.h5"))
    wanted = theirs.predict(x, verbose=0)
    for outputs in (ours.predict(x), back.predict(x, verbose=0)):
        for output, expected in zip(*[v if isinstance(v, (list, tuple)) else [v] for v in (outputs, wanted)]):
            numpy.testing.assert_allclose(output, expected, **CLOSE)
