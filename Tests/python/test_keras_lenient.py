"""What files of Keras's many versions say differently, one by one, and what is refused by name."""

import json

import h5py
import numpy
import pytest

import apus
from apus import layers

CLOSE = {"rtol": 1e-6, "atol": 1e-6}


def model(*parts, shape=(6, 4)):
    apus.set_seed(2)
    return apus.Sequential([apus.Input(shape), *parts])


def saved(network, path, edit):
    """A file of the network whose configuration ``edit`` has changed."""
    network.save(path)
    with h5py.File(path, "r+") as file:
        config = json.loads(file.attrs["model_config"])
        config = edit(config) or config
        del file.attrs["model_config"]
        file.attrs["model_config"] = json.dumps(config)
    return str(path)


def layer(config, name):
    return next(entry for entry in config["config"]["layers"] if entry["config"]["name"] == name)["config"]


def changed(name, **keys):
    """Sets keys of a layer's configuration; a value of ... takes the key away."""

    def edit(config):
        for key, value in keys.items():
            if value is ...:
                layer(config, name).pop(key, None)
            else:
                layer(config, name)[key] = value

    return edit


def policy(name):
    return {"module": "keras", "class_name": "DTypePolicy", "config": {"name": name}, "registered_name": None}


def first_layer_has_the_shape(key):
    def edit(config):
        shape = config["config"]["layers"].pop(0)["config"]["batch_input_shape"]
        config["config"]["layers"][0]["config"][key] = shape

    return edit


def model_has_the_shape(config):
    config["config"]["build_input_shape"] = config["config"]["layers"].pop(0)["config"]["batch_input_shape"]


def input_says_batch_shape(config):
    entry = config["config"]["layers"][0]["config"]
    entry["batch_shape"] = entry.pop("batch_input_shape")
    entry.update(optional=False, ragged=False, sparse=False)


def bare_list(config):
    first_layer_has_the_shape("batch_input_shape")(config)
    return {"class_name": "Sequential", "config": config["config"]["layers"]}


DENSE = lambda: model(layers.Dense(3, "tanh"))  # noqa: E731
ACCEPTED = {
    "batch_shape": (DENSE, input_says_batch_shape),
    "batch_input_shape of the first layer": (DENSE, first_layer_has_the_shape("batch_input_shape")),
    "batch_shape of the first layer": (DENSE, first_layer_has_the_shape("batch_shape")),
    "build_input_shape": (DENSE, model_has_the_shape),
    "a bare list of layers": (DENSE, bare_list),
    "units of 3.0": (DENSE, changed("dense", units=3.0)),
    "dtype policy": (DENSE, changed("dense", dtype=policy("float32"))),
    "mixed precision of Keras 2": (
        DENSE, changed("dense", dtype={"class_name": "Policy", "config": {"name": "mixed_float16"}})
    ),
    "no dtype": (DENSE, changed("dense", dtype=...)),
    "activation as a function": (
        DENSE,
        changed("dense", activation={"module": "builtins", "class_name": "function", "config": "tanh",
                                     "registered_name": "function"}),
    ),
    "keys of later versions": (
        DENSE, changed("dense", quantization_config=None, lora_rank=None, optional=False, shared_object_id=7)
    ),
    "batch_input_shape anywhere": (DENSE, changed("dense", batch_input_shape=[None, 6, 4])),
    "initializer with a module and a seed": (
        DENSE,
        changed("dense", kernel_initializer={"module": "keras.initializers", "class_name": "GlorotUniform",
                                             "config": {"seed": None}, "registered_name": None}),
    ),
    "initializer of old names": (
        DENSE, changed("dense", kernel_initializer={"class_name": "OrthogonalInitializer", "config": {"gain": 1.0}})
    ),
    "rounded numbers": (
        lambda: model(layers.LeakyReLU(negative_slope=0.1)), changed("leaky_re_lu", alpha=0.10000000149011612)
    ),
    "alpha": (
        lambda: model(layers.LeakyReLU(negative_slope=0.25)), changed("leaky_re_lu", negative_slope=..., alpha=0.25)
    ),
    "negative_slope": (
        lambda: model(layers.LeakyReLU(negative_slope=0.25)), changed("leaky_re_lu", alpha=..., negative_slope=0.25)
    ),
    "axis as a number": (lambda: model(layers.BatchNormalization()), changed("batch_normalization", axis=2)),
    "axis as a list": (lambda: model(layers.Softmax()), changed("softmax", axis=[-1])),
    "what a normalization may say": (
        lambda: model(layers.BatchNormalization()),
        changed("batch_normalization", synchronized=False, renorm=False, renorm_clipping=None, renorm_momentum=0.99),
    ),
    "rms_scaling false": (
        lambda: model(layers.LayerNormalization()), changed("layer_normalization", rms_scaling=False)
    ),
    "what a recurrent layer may say": (
        lambda: model(layers.LSTM(3)),
        changed("lstm", time_major=False, implementation=2, zero_output_for_mask=False, seed=None),
    ),
    "no reset_after with two biases": (lambda: model(layers.GRU(3)), changed("gru", reset_after=...)),
    "no reset_after with one bias": (lambda: model(layers.GRU(3, reset_after=False)), changed("gru", reset_after=...)),
    "groups of 1": (
        lambda: model(layers.DepthwiseConv1D(2)),
        changed("depthwise_conv1d", groups=1, kernel_initializer="glorot_uniform"),
    ),
    "a kernel initializer beside two others": (
        lambda: model(layers.SeparableConv1D(2, 2)),
        changed("separable_conv1d", groups=1, kernel_initializer="glorot_uniform", kernel_regularizer=None),
    ),
    "sizes as numbers": (
        lambda: model(layers.Conv1D(2, 3)), changed("conv1d", kernel_size=3, strides=1, dilation_rate=1)
    ),
    "input_length": (
        lambda: model(layers.Flatten(), layers.Embedding(9, 2), shape=(2, 2)), changed("embedding", input_length=4)
    ),
    "noise without a seed": (lambda: model(layers.Dropout(0.5)), changed("dropout", seed=..., noise_shape=None)),
}


@pytest.mark.filterwarnings("error::apus.ApusWarning")
@pytest.mark.parametrize("name", ACCEPTED)
def test_other_ways_to_say_the_same_are_read(name, tmp_path, rng):
    make, edit = ACCEPTED[name]
    network = make()
    network.set_weights([numpy.abs(rng.normal(size=weight.shape)) for weight in network.get_weights()])
    x = numpy.abs(rng.normal(size=(3, *network.input_shape[1:]))).astype(numpy.float32)
    again = apus.load_model(saved(network, tmp_path / "model.h5", edit))
    numpy.testing.assert_allclose(again.predict(x), network.predict(x), **CLOSE)


def replaced(**keys):
    """Changes the layer object of the last layer."""

    def edit(config):
        config["config"]["layers"][-1].update(keys)

    return edit


MARSHALLED = ["4wEAAAAAAAAAAAAAAAEAAAACAAAA", None, None]
REFUSED = {
    "groups of a depthwise convolution": (
        lambda: model(layers.DepthwiseConv1D(2)), changed("depthwise_conv1d", groups=2), "'depthwise_conv1d'.*groups"
    ),
    "time_major": (lambda: model(layers.LSTM(3)), changed("lstm", time_major=True), "'lstm'.*time_major"),
    "renorm": (
        lambda: model(layers.BatchNormalization()), changed("batch_normalization", renorm=True),
        "'batch_normalization'.*renorm",
    ),
    "sparse": (DENSE, changed("input_layer", sparse=True), "'input_layer'.*sparse"),
    "ragged": (DENSE, changed("input_layer", ragged=True), "'input_layer'.*ragged"),
    "quantization": (
        DENSE, changed("dense", quantization_config={"class_name": "Int8QuantizationConfig", "config": {}}),
        "'dense'.*quantization_config",
    ),
    "low-rank weights": (DENSE, changed("dense", lora_rank=4), "'dense'.*lora_rank"),
    "an unknown layer": (DENSE, replaced(class_name="Dencer"), "'dense': Unknown layer 'Dencer'"),
    "a lambda": (
        DENSE, replaced(class_name="Lambda", config={"name": "times", "function": MARSHALLED}),
        "'times'.*'Lambda'.*code",
    ),
    "an operation of TensorFlow": (
        DENSE, replaced(class_name="TFOpLambda", config={"name": "tf.add", "function": "math.add"}),
        "'tf.add'.*'TFOpLambda'",
    ),
    "a slice of TensorFlow": (
        DENSE, replaced(class_name="SlicingOpLambda", config={"name": "slice"}), "'slice'.*'SlicingOpLambda'"
    ),
    "a saved model": (
        DENSE, replaced(class_name="TFSMLayer", config={"name": "s", "filepath": "/x"}), "'s'.*'TFSMLayer'"
    ),
    "code in a value": (
        DENSE,
        changed("dense", activation={"class_name": "__lambda__", "config": {"value": MARSHALLED}}),
        "'dense'.*code",
    ),
    "a registered class": (
        DENSE, replaced(module=None, registered_name="mine>Dense"), "'dense'.*'mine>Dense'.*not Keras's own"
    ),
    "a class registered without a package": (DENSE, replaced(class_name="Custom>Dense"), "'dense'.*'Custom>Dense'"),
    "a module of others": (DENSE, replaced(module="keras_hub.layers"), "'dense'.*'keras_hub.layers'"),
    "a module of the system": (DENSE, replaced(module="os", class_name="system"), "'dense'.*'system'.*'os'"),
    "units of 4.5": (DENSE, changed("dense", units=4.5), "'dense'.*units"),
    "units of true": (DENSE, changed("dense", units=True), "'dense'.*units"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_changes_results_is_refused_by_name(name, tmp_path):
    make, edit, message = REFUSED[name]
    path = saved(make(), tmp_path / "model.h5", edit)
    with pytest.raises((NotImplementedError, ValueError), match=message):
        apus.load_model(path)


def test_a_layer_that_is_not_there_is_named_with_its_place(tmp_path):
    inner = apus.Sequential([apus.Input((4,)), layers.Dense(3, name="deep")], name="encoder")
    network = apus.Sequential([apus.Input((4,)), inner, layers.Dense(1)])
    config = json.loads(network.to_json())
    encoder = next(entry for entry in config["config"]["layers"] if entry["config"]["name"] == "encoder")
    encoder["config"]["layers"][-1]["class_name"] = "SpectralNormalization"
    with pytest.raises(NotImplementedError, match="'encoder'.*'deep'.*'SpectralNormalization'"):
        apus.models.model_from_json(json.dumps(config))
    wrapped = apus.Sequential([apus.Input((2, 4)), layers.TimeDistributed(layers.Dense(2, name="inner"), name="steps")])
    config = json.loads(wrapped.to_json())
    config["config"]["layers"][-1]["config"]["layer"]["class_name"] = "Lambda"
    with pytest.raises(NotImplementedError, match="'steps'.*'Lambda'"):
        apus.models.model_from_json(json.dumps(config))



@pytest.mark.parametrize(
    "storage",
    [
        {"dtype": "<f8"}, {"dtype": ">f4"}, {"dtype": "<f2"}, {"dtype": ">f8", "chunks": True},
        {"dtype": "<f4", "chunks": True, "compression": "gzip"},
        {"dtype": "<f4", "chunks": True, "compression": 9, "shuffle": True, "fletcher32": True},
    ],
    ids=str,
)
def test_weights_are_read_from_any_storage(storage, tmp_path):
    network = DENSE()
    path = tmp_path / "model.h5"
    network.save(path)
    with h5py.File(path, "r+") as file:
        group = file["model_weights/dense/dense"]
        for name in list(group):
            values = group[name][()]
            del group[name]
            group.create_dataset(name, data=values, **storage)
    bound = 1e-3 if storage["dtype"] == "<f2" else 0
    for a, b in zip(apus.load_model(path).get_weights(), network.get_weights()):
        numpy.testing.assert_allclose(a, b, rtol=bound, atol=bound)


def test_whole_numbers_are_no_weights(tmp_path):
    path = tmp_path / "model.h5"
    DENSE().save(path)
    with h5py.File(path, "r+") as file:
        group = file["model_weights/dense/dense"]
        del group["kernel:0"]
        group["kernel:0"] = numpy.ones((4, 3), numpy.int32)
    with pytest.raises(apus.CorruptFileError, match="kernel.*dense.*int32"):
        apus.load_model(path)


def test_a_function_that_keras_2_defined_otherwise_is_refused(tmp_path):
    path = tmp_path / "model.h5"
    model(layers.Dense(2, "tanh", name="before"), layers.LSTM(3, recurrent_activation="hard_sigmoid")).save(path)
    assert apus.load_model(path).count_params() > 0
    with h5py.File(path, "r+") as file:
        assert file.attrs["keras_version"] == "3.0.0"
        file.attrs["keras_version"] = "2.2.4"
    with pytest.raises(NotImplementedError, match="'lstm'.*hard_sigmoid of Keras 2.2.4"):
        apus.load_model(path)


@pytest.mark.parametrize("version, default", [("2.2.4", False), ("2.3.1", False), ("2.4.0", True), (None, True)])
def test_a_gru_without_biases_is_that_of_its_version(version, default, tmp_path, rng):
    path = tmp_path / "model.h5"
    network = model(layers.GRU(3, use_bias=False, reset_after=default))
    saved(network, path, changed("gru", reset_after=...))
    with h5py.File(path, "r+") as file:
        del file.attrs["keras_version"]
        if version:
            file.attrs["keras_version"] = version
    x = rng.normal(size=(3, 6, 4)).astype(numpy.float32)
    numpy.testing.assert_allclose(apus.load_model(path).predict(x), network.predict(x), **CLOSE)


@pytest.mark.parametrize(
    "version, is_read", [("1.2.2", False), ("2.1.6", True), ("2.4.0-tf", True), ("3.15.1", True), (None, True)]
)
def test_versions_of_keras(version, is_read, tmp_path):
    path = tmp_path / "model.h5"
    DENSE().save(path)
    with h5py.File(path, "r+") as file:
        del file.attrs["keras_version"]
        if version:
            file.attrs["keras_version"] = version
    if is_read:
        assert apus.load_model(path).count_params() == 15
    else:
        with pytest.raises(NotImplementedError, match="Keras 1.2.2"):
            apus.load_model(path)
