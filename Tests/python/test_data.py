"""Data that comes a few rows at a time: HDF5 files, batches made by Python code."""

import os

import h5py
import numpy
import pytest

import apus
from apus.data import HDF5Dataset

ROWS = 1003


@pytest.fixture(scope="module")
def arrays():
    rng = numpy.random.default_rng(0)
    x = rng.normal(size=(ROWS, 7)).astype("float32")
    y = (x @ rng.normal(size=(7, 2))).astype("float32")
    return x, y, rng.uniform(size=ROWS).astype("float32"), rng.integers(0, 5, ROWS)


@pytest.fixture
def path(arrays, tmp_path):
    x, y, w, label = arrays
    path = tmp_path / "data.h5"
    with h5py.File(path, "w") as file:
        file["x"], file["y"], file["w"], file["label"] = x, y, w, label
        file.create_dataset("packed/x", data=x, chunks=(50, 3), compression="gzip", shuffle=True, fletcher32=True)
        file.create_dataset("packed/y", data=y, chunks=(77, 2), compression="gzip")
        file["double"] = x.astype("float64")
        file["bytes"] = (numpy.abs(x) * 20).astype("uint8")
        file["short"] = (x * 20).astype("int16")
        file["text"] = numpy.array([b"a"] * ROWS)
        file["few"] = x[:10]
    return path


def model(outputs=2, loss="mse"):
    apus.set_seed(3)
    network = apus.Sequential(
        [apus.Input((7,)), apus.layers.Dense(8, activation="tanh"), apus.layers.Dense(outputs)]
    )
    network.compile("adam", loss, metrics=["mae"] if loss == "mse" else [])
    return network


def trained(*data, loss="mse", outputs=2, **options):
    network = model(outputs, loss)
    history = network.fit(*data, **{"epochs": 3, "batch_size": 32, "verbose": 0, **options})
    return network, history.history


def same(one, other):
    """The same bits of weights and the same history."""
    assert one[1] == other[1]
    for a, b in zip(one[0].get_weights(), other[0].get_weights()):
        numpy.testing.assert_array_equal(a, b)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"buffer_bytes": 20000},
        {"buffer_bytes": 20000, "prefetch": False},
        {"inputs": "packed/x", "targets": "packed/y", "buffer_bytes": 30000},
        {"inputs": "/double"},
    ],
)
def test_a_file_in_order_trains_as_arrays_do(arrays, path, options):
    x, y, w, _ = arrays
    expected = trained(x, y, sample_weight=w, shuffle=False)
    same(trained(HDF5Dataset(path, sample_weight="w", **options), shuffle=False), expected)
    same(trained(HDF5Dataset(path, sample_weight="w", shuffle=False, **options)), expected)


def test_a_file_that_fits_is_shuffled_as_arrays_are(arrays, path):
    same(trained(HDF5Dataset(path)), trained(*arrays[:2]))


def test_shuffling_in_windows_is_seeded_and_trains(arrays, path):
    one = trained(HDF5Dataset(path, buffer_bytes=20000))
    same(trained(HDF5Dataset(path, buffer_bytes=20000, prefetch=False)), one)
    assert one[1]["loss"] != trained(*arrays[:2])[1]["loss"]
    assert one[1]["loss"][2] < 0.9 * one[1]["loss"][0]


@pytest.mark.parametrize("name", ["bytes", "short"])
def test_whole_numbers_are_read(arrays, path, name):
    with h5py.File(path) as file:
        x = file[name][:]
    expected = trained(x.astype("float32"), arrays[1], shuffle=False)
    same(trained(HDF5Dataset(path, name, buffer_bytes=30000), shuffle=False), expected)


def test_labels_and_class_weights(arrays, path):
    x, _, _, label = arrays
    options = {"loss": "sparse_categorical_crossentropy", "outputs": 5, "class_weight": {1: 3.0}, "shuffle": False}
    same(trained(HDF5Dataset(path, targets="label", buffer_bytes=20000), **options), trained(x, label, **options))
    with h5py.File(path, "r+") as file:
        file["label"][777] = 5
    with pytest.raises(apus.InvalidArgumentError, match="row 777 has 5"):
        trained(HDF5Dataset(path, targets="label", buffer_bytes=20000), **options)


def test_one_file_trains_and_validates(arrays, path):
    x, y = arrays[:2]
    expected = trained(x[:800], y[:800], validation_data=(x[800:], y[800:]), shuffle=False)
    first, last = HDF5Dataset(path, rows=slice(0, 800)), HDF5Dataset(path, rows=range(800, ROWS))
    assert len(first) == 800 and len(last) == 203
    same(trained(first, validation_data=last, shuffle=False), expected)
    same(trained(x[:800], y[:800], validation_data=last, shuffle=False), expected)
    expected = trained(x, y, validation_split=0.2, shuffle=False)
    same(trained(HDF5Dataset(path, buffer_bytes=20000), validation_split=0.2, shuffle=False), expected)


def test_a_checkpoint_goes_on_to_the_same_bits(path, tmp_path):
    data = HDF5Dataset(path, buffer_bytes=20000)
    whole = model()
    whole.fit(data, epochs=4, verbose=0)
    half = model()
    half.fit(data, epochs=2, verbose=0)
    half.save_checkpoint(tmp_path / "half.h5")
    loaded = apus.load_checkpoint(tmp_path / "half.h5")
    loaded.fit(data, initial_epoch=2, epochs=4, verbose=0)
    for a, b in zip(whole.get_weights(), loaded.get_weights()):
        numpy.testing.assert_array_equal(a, b)


def test_evaluate_and_predict_read_files(arrays, path):
    network = model()
    data = HDF5Dataset(path, buffer_bytes=20000)
    assert network.evaluate(data) == network.evaluate(*arrays[:2])
    expected = network.predict(arrays[0])
    numpy.testing.assert_allclose(network.predict(data, batch_size=64), expected, rtol=1e-6, atol=1e-6)
    numpy.testing.assert_allclose(network.predict(HDF5Dataset(path, targets=None)), expected, rtol=1e-6, atol=1e-6)


def test_a_model_without_input_is_built_for_the_file(path):
    network = apus.Sequential([apus.layers.Dense(2)])
    network.compile("sgd", "mse")
    network.fit(HDF5Dataset(path), verbose=0)
    assert network.get_weights()[0].shape == (7, 2)


def test_several_inputs_and_outputs_come_by_name(arrays, path):
    def network():
        apus.set_seed(3)
        left, right = apus.Input((7,)), apus.Input((7,))
        both = apus.layers.Concatenate()([left, right])
        result = apus.Model([left, right], [apus.layers.Dense(2)(both), apus.layers.Dense(2)(both)])
        result.compile("adam", "mse")
        return result

    x, y, w, _ = arrays
    ours, theirs = network(), network()
    data = HDF5Dataset(path, ["x", "double"], ["y", "packed/y"], ["w", None], buffer_bytes=40000)
    ours.fit(data, epochs=2, verbose=0, shuffle=False)
    theirs.fit([x, x], [y, y], sample_weight=[w, None], epochs=2, verbose=0, shuffle=False)
    for a, b in zip(ours.get_weights(), theirs.get_weights()):
        numpy.testing.assert_array_equal(a, b)


def test_bad_names_shapes_and_files_are_errors(path, tmp_path):
    for options, error, words in [
        ({"inputs": "z"}, apus.InvalidArgumentError, "no array 'z'; it has bytes, double"),
        ({"inputs": "text"}, apus.UnsupportedError, "text"),
        ({"targets": "few"}, apus.ShapeError, "'few' has 10 rows, 'x' has 1003"),
        ({"inputs": "packed"}, apus.CorruptFileError, "a group"),
        ({"rows": slice(2000, None)}, ValueError, "none of the 1003 rows"),
        ({"rows": 5}, TypeError, "slice"),
    ]:
        with pytest.raises(error, match=words):
            HDF5Dataset(path, **options)
    with pytest.raises(FileNotFoundError):
        HDF5Dataset(tmp_path / "none.h5")
    with pytest.raises(apus.ShapeError, match="targets"):
        trained(HDF5Dataset(path, targets="x"))
    with pytest.raises(apus.LimitError, match="needs 2840 bytes"):
        trained(HDF5Dataset(path, buffer_bytes=1000))
    with pytest.raises(ValueError, match="beside"):
        trained(HDF5Dataset(path), numpy.zeros((ROWS, 2)))


def test_a_file_that_changes_is_an_error(path):
    data = HDF5Dataset(path, buffer_bytes=20000)
    network = model()
    before = network.get_weights()
    os.truncate(path, 30000)
    with pytest.raises(apus.FileError, match="changed"):
        network.fit(data, verbose=0)
    for a, b in zip(before, network.get_weights()):
        numpy.testing.assert_array_equal(a, b)
    with pytest.raises(apus.CorruptFileError, match="truncated"):
        HDF5Dataset(path)


class Batches(apus.utils.PyDataset):
    def __init__(self, arrays, rows=32):
        self.arrays, self.rows, self.ends = arrays[:3], rows, 0

    def __len__(self):
        return -(-ROWS // self.rows)

    def __getitem__(self, index):
        return tuple(array[index * self.rows : (index + 1) * self.rows] for array in self.arrays)

    def on_epoch_end(self):
        self.ends += 1


class Fresh:
    """Gives a new iterator for each epoch."""

    def __init__(self, batches):
        self.batches = batches

    def __iter__(self):
        return (self.batches[index] for index in range(len(self.batches)))


def forever(batches):
    while True:
        yield from Fresh(batches)


def test_batches_of_python_code_train_as_arrays_do(arrays):
    x, y, w, _ = arrays
    expected = trained(x, y, sample_weight=w, shuffle=False)
    batches = Batches(arrays)
    same(trained(batches, shuffle=False), expected)
    assert batches.ends == 3
    same(trained(Fresh(batches), batch_size=None), expected)
    same(trained(forever(batches), steps_per_epoch=32), expected)
    network = expected[0]
    assert network.evaluate(batches) == network.evaluate(x, y, sample_weight=w)
    assert network.evaluate(forever(batches), steps=32) == network.evaluate(x, y, sample_weight=w)


def test_keras_datasets_are_taken(arrays):
    keras = pytest.importorskip("keras")

    class Theirs(Batches, keras.utils.PyDataset):
        def __init__(self, arrays):
            keras.utils.PyDataset.__init__(self)
            Batches.__init__(self, arrays)

    x, y, w, _ = arrays
    same(trained(Theirs(arrays), shuffle=False), trained(x, y, sample_weight=w, shuffle=False))


def test_batches_are_shuffled_by_the_epoch(arrays):
    one, other = trained(Batches(arrays)), trained(Batches(arrays))
    same(one, other)
    assert one[1] != trained(Batches(arrays), shuffle=False)[1]


def test_validation_batches_may_be_larger_than_those_of_training(arrays):
    x, y, w, _ = arrays
    expected = trained(x, y, validation_data=(x, y, w), shuffle=False)
    ours = trained(x, y, validation_data=Batches(arrays, 100), shuffle=False)
    assert ours[1]["loss"] == expected[1]["loss"]
    numpy.testing.assert_allclose(ours[1]["val_loss"], expected[1]["val_loss"], rtol=1e-5)


def test_exceptions_come_out_as_themselves(arrays):
    class Mine(Exception):
        pass

    def failing():
        yield Batches(arrays)[0]
        raise Mine("here")

    network = model()
    before = network.get_weights()
    with pytest.raises(Mine, match="here"):
        network.fit(failing(), verbose=0)
    with pytest.raises(Mine, match="here"):
        network.evaluate(failing())
    for a, b in zip(before, network.get_weights()):
        numpy.testing.assert_array_equal(a, b)


def test_bad_batches_are_errors(arrays):
    x, y, w, _ = arrays
    batch = Batches(arrays)[0]
    for later, error, words in [
        ((x[:32, :3], y[:32], w[:32]), ValueError, "batch 2 has inputs of shape"),
        ((x[:32], y[:31], w[:32]), ValueError, "batch 2 has targets of shape"),
        ((x[:32], y[:32]), ValueError, "0 sample weights"),
        ((x[:0], y[:0], w[:0]), ValueError, "batch 2 has no rows"),
        ((x[:32], y[:32], w[:32] - 2), apus.InvalidArgumentError, "batch 2 of epoch 1"),
    ]:
        with pytest.raises(error, match=words):
            trained(iter([batch, later]), epochs=1)
    whole = (numpy.ones((32, 7), "int32"), y[:32], w[:32])
    with pytest.raises(TypeError, match="batch 2"):
        trained(iter([whole, batch]), epochs=1)
    with pytest.raises(ValueError, match="before its first batch"):
        trained(iter([]))
    with pytest.raises(ValueError, match="after 1 of 3 steps"):
        trained(iter([batch]), steps_per_epoch=3)
    with pytest.raises(apus.InvalidArgumentError, match="before the first row of epoch 2"):
        trained(iter([batch]))
    with pytest.raises(apus.InvalidArgumentError, match="validation_split"):
        trained(Batches(arrays), validation_split=0.5)
    with pytest.raises(ValueError, match="steps"):
        trained(x, y, steps_per_epoch=3)


def test_callbacks_see_the_steps(arrays):
    seen = []

    class Watch(apus.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            seen.append(batch)

    trained(Batches(arrays), epochs=2, callbacks=[Watch()])
    trained(Fresh(Batches(arrays)), epochs=1, callbacks=[Watch()])
    assert seen == 3 * list(range(32))
