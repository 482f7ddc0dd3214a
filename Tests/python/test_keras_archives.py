"""Archives of Keras 3 (.keras) and its weights alone (.weights.h5), to real Keras and back."""

import ctypes
import io
import json
import pathlib
import zipfile

import h5py
import numpy
import pytest

import apus
from apus import Input, Model, Sequential, layers
from conftest import golden_folder

keras = pytest.importorskip("keras")

pytestmark = pytest.mark.filterwarnings("ignore")

FOLDER = golden_folder() and pathlib.Path(golden_folder())
# A few units in the last place of a float32 sum: products are added in another order.
CLOSE = {"rtol": 1e-5, "atol": 2e-6}


def index():
    return json.loads((FOLDER / "index.json").read_text()) if FOLDER else {"cases": [], "variants": [], "reject": []}


def cases(*groups):
    found = [case for case in index()["cases"] if case["group"] in groups and "keras" in case["files"]]
    return [pytest.param(case, id=case["name"]) for case in found]


def arrays(file, stem):
    return [file[f"{stem}_{i}"][()] for i in range(len(file)) if f"{stem}_{i}" in file]


def as_list(value):
    return list(value) if isinstance(value, (list, tuple)) else [value]


def one_or_all(items):
    return items[0] if len(items) == 1 else items


def same(ours, theirs, bounds=CLOSE):
    ours, theirs = as_list(ours), as_list(theirs)
    assert len(ours) == len(theirs)
    for a, b in zip(ours, theirs):
        numpy.testing.assert_allclose(a, numpy.asarray(b), **bounds)


# Files of Keras


@pytest.mark.parametrize("case", cases("layers", "models"))
def test_archives_of_keras_come_back_to_keras(case, tmp_path):
    model = apus.load_model(FOLDER / case["files"]["keras"])
    with h5py.File(FOLDER / case["files"]["ref"]) as file:
        inputs, outputs, weights = arrays(file, "input"), arrays(file, "output"), arrays(file, "weight")
    same(model.predict(one_or_all(inputs)), outputs, case["tolerance"]["outputs"])
    path = str(tmp_path / "ours.keras")
    model.save(path)
    theirs = keras.models.load_model(path)
    for a, b in zip(theirs.weights, weights):
        numpy.testing.assert_array_equal(numpy.asarray(a), b)
    same(outputs, theirs(one_or_all(inputs), training=False), case["tolerance"]["outputs"])


@pytest.mark.parametrize("name", [v["file"] for v in index()["variants"] if v["file"].endswith(".keras")])
def test_archives_of_other_releases_are_read(name):
    variant = next(v for v in index()["variants"] if v["file"] == name)
    with h5py.File(FOLDER / variant["ref"]) as file:
        inputs, outputs = arrays(file, "input"), arrays(file, "output")
    bounds = variant.get("tolerance") or {"rtol": 1e-4, "atol": 1e-5}
    same(apus.load_model(FOLDER / name).predict(one_or_all(inputs)), outputs, bounds)


@pytest.mark.parametrize(
    "case", [r for r in index()["reject"] if r["file"].endswith(".keras")], ids=lambda r: r["file"]
)
def test_hostile_archives_are_refused(case):
    path = str(FOLDER / case["file"])
    try:
        apus.load_model(path)
    except (apus.ApusError, OSError) as error:
        assert case["file"] in str(error)
    else:
        assert case["expect"] == "any"


# Training


def trajectories(case):
    with h5py.File(FOLDER / case["files"]["ref"]) as file:
        count = len(json.loads(file.attrs["meta"])["weights"])
        weights = [file[f"weight_trajectory_{k}"][()] for k in range(count)]
        return file["batches_x"][()], file["batches_y"][()], file["loss_values"][()], weights


@pytest.mark.parametrize("case", cases("training"))
def test_training_goes_on_in_apus_and_then_in_keras(case, tmp_path):
    """Five steps in Keras, one in Apus, two in Keras: all as if Keras had made the eight."""
    x, y, losses, weights = trajectories(case)
    bounds = case["tolerance"]
    ours = apus.load_checkpoint(FOLDER / case["files"]["keras"])

    def check(model, step):
        for got, expected in zip(model.weights if model is not ours else ours.get_weights(), weights):
            numpy.testing.assert_allclose(numpy.asarray(got), expected[step], **bounds["weights"])

    check(ours, 5)
    # A parameter that Keras forgets when it saves.
    knows_loss = case["name"] != "loss_huber"
    if knows_loss:
        numpy.testing.assert_allclose(ours.train_on_batch(x[5], y[5]), losses[5], **bounds["loss"])
        check(ours, 6)
    path = str(tmp_path / "ours.keras")
    ours.save_checkpoint(path)
    theirs = keras.models.load_model(path)
    check(theirs, 6 if knows_loss else 5)
    if not knows_loss:
        return
    for step in (6, 7):
        theirs.reset_metrics()
        loss = theirs.train_on_batch(x[step], y[step])
        numpy.testing.assert_allclose(as_list(loss)[0], losses[step], **bounds["loss"])
        check(theirs, step + 1)


def network():
    return [Input((3,)), layers.Dense(8, "tanh"), layers.Dropout(0.2), layers.Dense(2)]


@pytest.mark.parametrize("ending", [".keras", ".h5"])
@pytest.mark.parametrize("steps", [None, 3])
def test_checkpoints_go_on_to_the_same_bits(ending, steps, tmp_path, rng):
    x = rng.normal(size=(50, 3)).astype(numpy.float32)
    y = rng.normal(size=(50, 2)).astype(numpy.float32)
    apus.set_seed(5)
    model = Sequential(network())
    model.compile(apus.optimizers.Nadam(0.01, gradient_accumulation_steps=steps, use_ema=True), "mse", metrics=["mae"])
    model.fit(x, y, batch_size=7, epochs=2, verbose=0)
    path = str(tmp_path / ("checkpoint" + ending))
    model.save_checkpoint(path)
    again = apus.load_checkpoint(path)
    for one in (model, again):
        one.fit(x, y, batch_size=7, epochs=2, verbose=0)
    for a, b in zip(model.get_weights(), again.get_weights()):
        numpy.testing.assert_array_equal(a, b)
    assert again.history.history["loss"][:2] == model.history.history["loss"][:2]


@pytest.mark.parametrize("legacy", [False, True])
def test_training_that_began_in_keras_goes_on(legacy, tmp_path, rng):
    x = rng.normal(size=(64, 5)).astype(numpy.float32)
    y = (x.sum(axis=1, keepdims=True) > 0).astype(numpy.float32)
    theirs = keras.Sequential([keras.Input((5,)), keras.layers.Dense(6, "relu"), keras.layers.Dense(1, "sigmoid")])
    theirs.compile(keras.optimizers.SGD(0.05, momentum=0.9), "binary_crossentropy", metrics=["accuracy", "mae"])
    theirs.fit(x, y, batch_size=16, epochs=2, shuffle=False, verbose=0)
    path = str(tmp_path / ("theirs.h5" if legacy else "theirs.keras"))
    theirs.save(str(tmp_path / "same.keras"))
    theirs.save(path)
    ours = apus.load_checkpoint(path)
    theirs = keras.models.load_model(str(tmp_path / "same.keras"))
    for model in (ours, theirs):
        model.fit(x, y, batch_size=16, epochs=2, shuffle=False, verbose=0)
    same(ours.get_weights(), theirs.get_weights(), {"rtol": 1e-4, "atol": 1e-5})
    assert set(ours.history.history) == {"loss", "accuracy", "mae"}


def test_half_a_group_of_batches_travels(tmp_path, rng):
    x = rng.normal(size=(6, 8, 4)).astype(numpy.float32)
    y = x.sum(axis=2, keepdims=True)
    ours = Sequential([Input((4,)), layers.Dense(3, "tanh"), layers.Dense(1)])
    ours.compile(apus.optimizers.Adam(0.01, gradient_accumulation_steps=3), "mse")
    for step in range(4):
        ours.train_on_batch(x[step], y[step])
    ours.save_checkpoint(tmp_path / "ours.keras")
    theirs = keras.models.load_model(str(tmp_path / "ours.keras"))
    theirs.train_on_batch(x[4], y[4])
    theirs.save(str(tmp_path / "theirs.keras"))
    back = apus.load_checkpoint(tmp_path / "theirs.keras")
    ours.train_on_batch(x[4], y[4])
    for model in (ours, theirs, back):
        model.train_on_batch(x[5], y[5])
    same(ours.get_weights(), theirs.get_weights())
    same(ours.get_weights(), back.get_weights())


def test_models_without_training_state_say_so(tmp_path):
    theirs = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    theirs.save(str(tmp_path / "plain.keras"))
    with pytest.raises(NotImplementedError, match="not compiled|no optimizer"):
        apus.load_checkpoint(tmp_path / "plain.keras")


# What Apus makes


def tangled(rng, share):
    """Layers of one kind and shape, connected at random, so that only the right order gives the right weights."""
    entry = Input((4,))
    values, shared = [entry], layers.Dense(4, activation="tanh", name="shared")
    for number in range(8):
        before = values[rng.integers(len(values))]
        if share and rng.random() < 0.3:
            values.append(shared(before))
        elif rng.random() < 0.3 and len(values) > 1:
            picked = rng.choice(len(values), 2, replace=False)
            values.append(layers.Add()([values[i] for i in picked]))
        else:
            values.append(layers.Dense(4, activation="tanh", name=f"layer_{number}")(before))
    ends = [value for value in values[-3:] if value is not entry]
    return Model(entry, ends)


@pytest.mark.parametrize("share", [False, True])
@pytest.mark.parametrize("seed", range(6))
def test_layers_are_in_the_order_of_keras(seed, share, tmp_path):
    rng = numpy.random.default_rng(seed)
    ours = tangled(rng, share)
    ours.set_weights([rng.normal(size=w.shape) for w in ours.get_weights()])
    x = rng.normal(size=(5, 4)).astype(numpy.float32)
    wanted = ours.predict(x)
    for name in ("ours.keras", "ours.h5"):
        path = str(tmp_path / name)
        ours.save(path)
        theirs = keras.models.load_model(path, compile=False)
        same(wanted, theirs(x))
        same(wanted, apus.load_model(path).predict(x))
    # The names of what a model holds are the order of its layers.
    with zipfile.ZipFile(tmp_path / "ours.keras") as archive:
        names = [layer["name"] for layer in json.loads(archive.read("config.json"))["config"]["layers"]]
    theirs = keras.models.load_model(str(tmp_path / "ours.keras"))
    assert names == [layer.name for layer in theirs.layers]
    theirs.save(str(tmp_path / "theirs.keras"))
    same(wanted, apus.load_model(tmp_path / "theirs.keras").predict(x))


def towers():
    inner = Sequential([Input((4,)), layers.Dense(3, "relu"), layers.BatchNormalization()], name="inner")
    entry, other = Input((4,), name="entry"), Input((4,), name="other")
    tower = Model(entry, layers.Dense(2)(layers.Add()([inner(entry), layers.Dense(3)(entry)])), name="tower")
    left, right = Input((4,), name="left"), Input((4,), name="right")
    both = layers.Concatenate()([tower(left), tower(right)])
    return Model([left, right], layers.Dense(1, name="score")(both))


def sequences():
    model = [Input((6, 4)), layers.Bidirectional(layers.LSTM(3, return_sequences=True)),
             layers.TimeDistributed(layers.Dense(3, "swish")), layers.GRU(2, return_sequences=True),
             layers.LeakyReLU(), layers.LayerNormalization(), layers.SimpleRNN(2)]
    return Sequential(model)


def attention():
    query, value = Input((4, 6)), Input((5, 6))
    attended = layers.MultiHeadAttention(2, 3)(query, value)
    return Model([query, value], layers.GroupNormalization(3)(layers.Attention(use_scale=True)([attended, value])))


def masked():
    """The operations that make the mask put one of the dense layers farther from the output than the other."""
    entry = Input((5, 3))
    left = layers.LSTM(4)(layers.Masking()(layers.Dense(3, "tanh", name="left")(entry)))
    right = layers.LSTM(4)(layers.Dropout(0.1)(layers.Dense(3, "tanh", name="right")(entry)))
    return Model(entry, layers.Concatenate()([right, left]))


@pytest.mark.parametrize("make", [towers, sequences, attention, masked])
def test_keras_opens_our_archives_and_weights(make, tmp_path, rng):
    ours = make()
    ours.set_weights([0.5 * rng.random(size=w.shape) for w in ours.get_weights()])
    shapes = ours.input_shape if isinstance(ours.input_shape, list) else [ours.input_shape]
    x = one_or_all([rng.normal(size=(3, *shape[1:])).astype(numpy.float32) for shape in shapes])
    wanted = ours.predict(x)
    path = str(tmp_path / "ours.keras")
    ours.save(path)
    theirs = keras.models.load_model(path)
    same(wanted, theirs(x, training=False))
    theirs.save(str(tmp_path / "theirs.keras"))
    same(wanted, apus.load_model(tmp_path / "theirs.keras").predict(x))
    for weight in theirs.weights:
        weight.assign(numpy.zeros(weight.shape))
    ours.save(str(tmp_path / "ours.weights.h5"))
    theirs.load_weights(str(tmp_path / "ours.weights.h5"))
    same(wanted, theirs(x, training=False))
    with pytest.raises(NotImplementedError, match="weights without a model"):
        apus.load_model(tmp_path / "ours.weights.h5")


def test_archives_are_plain_zip_files(tmp_path):
    model = Sequential(network())
    model.save(tmp_path / "one.keras")
    model.save(tmp_path / "two.keras")
    assert (tmp_path / "one.keras").read_bytes() == (tmp_path / "two.keras").read_bytes()
    with zipfile.ZipFile(tmp_path / "one.keras") as archive:
        assert archive.testzip() is None
        assert archive.namelist() == ["metadata.json", "config.json", "model.weights.h5"]
        assert all(member.compress_type == zipfile.ZIP_STORED for member in archive.infolist())
        assert json.loads(archive.read("metadata.json"))["keras_version"].startswith("3.")
        with h5py.File(io.BytesIO(archive.read("model.weights.h5"))) as file:
            assert [file[f"layers/dense_1/vars/{i}"].shape for i in range(2)] == [(8, 2), (2,)]
            assert file["layers/dropout/vars"].attrs["name"] == "dropout"


def test_the_format_can_be_asked_for(tmp_path):
    from apus import _context
    from apus._library import lib

    model = Sequential(network())
    handle = model._current().pointer
    with _context.current() as context:

        def saved(options):
            needed = ctypes.c_size_t()
            context.check(lib.apus_model_save_memory(context.handle, handle, options, None, 0, ctypes.byref(needed)))
            buffer = (ctypes.c_char * needed.value)()
            arguments = (context.handle, handle, options, buffer, needed.value, ctypes.byref(needed))
            context.check(lib.apus_model_save_memory(*arguments))
            return bytes(buffer)

        assert saved(None)[:4] == saved(b"format=h5")[:4] == saved(b"format=weights")[:4] == b"\x89HDF"
        assert saved(b"format=keras")[:4] == b"PK\x03\x04"
        with pytest.raises(ValueError, match="format"):
            saved(b"format=onnx")
        context.check(lib.apus_model_save(context.handle, handle, str(tmp_path / "x.h5").encode(), b"format=keras"))
    assert zipfile.is_zipfile(tmp_path / "x.h5")
    assert len(apus.load_model(tmp_path / "x.h5").get_weights()) == 4
