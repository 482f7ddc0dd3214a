"""Weights into and out of networks that there are: by place, by name, in part, from Keras and to it."""

import json
import pathlib

import h5py
import numpy
import pytest

import apus
from apus import layers
from conftest import golden_folder

FOLDER = golden_folder() and pathlib.Path(golden_folder())


def network(last="head", units=2, body="body", seed=0):
    apus.set_seed(seed)
    return apus.Sequential([apus.Input((3,)), layers.Dense(4, name=body), layers.Dense(units, name=last)])


def equal(a, b):
    return all(numpy.array_equal(x, y) for x, y in zip(a, b, strict=True))


@pytest.mark.parametrize("save", ["save_weights", "save"])
def test_weights_go_by_their_places(save, tmp_path):
    path = tmp_path / "weights.h5"
    source, target = network(), network("other", body="mine", seed=1)
    getattr(source, save)(path)
    report = target.load_weights(path)
    assert report["loaded"] == ["mine/kernel", "mine/bias", "other/kernel", "other/bias"]
    assert equal(source.get_weights(), target.get_weights())


def test_weights_go_by_their_names(tmp_path):
    path = tmp_path / "weights.h5"
    source, target = network(), network("other", 5, seed=1)
    before = target.get_weights()
    source.save_weights(path)
    report = target.load_weights(path, by_name=True)
    assert report == {
        "loaded": ["body/kernel", "body/bias"], "skipped": [], "untouched": ["other/kernel", "other/bias"],
        "unused": ["head"],
    }
    assert equal(target.get_weights(), source.get_weights()[:2] + before[2:])


def test_a_failed_load_changes_nothing(tmp_path):
    path = tmp_path / "weights.h5"
    network().save_weights(path)
    target = network("head", 3, seed=1)
    before = target.get_weights()
    for keywords in ({}, {"by_name": True}, {"layers": ["head"]}):
        with pytest.raises(apus.ShapeError, match=r"head/kernel.*\(4, 3\).*\(4, 2\).*'head'"):
            target.load_weights(path, **keywords)
    assert equal(before, target.get_weights())
    deeper = apus.Sequential([apus.Input((3,)), *[layers.Dense(4) for _ in range(3)]])
    with pytest.raises(apus.ShapeError, match="2 layers.*3 layers.*by_name"):
        deeper.load_weights(path)
    with pytest.raises(apus.ShapeError, match="'body' has 1 weights.*2 in 'body'"):
        apus.Sequential(
            [apus.Input((3,)), layers.Dense(4, use_bias=False, name="body"), layers.Dense(2)]
        ).load_weights(path)
    # An array past the end of the file, after others that are whole.
    data = path.read_bytes()
    for cut in (len(data) - 1, len(data) // 2):
        path.write_bytes(data[:cut])
        with pytest.raises(apus.ApusError):
            target.load_weights(path, by_name=True, skip_mismatch=True)
    assert equal(before, target.get_weights())
    with pytest.raises(FileNotFoundError):
        target.load_weights(tmp_path / "nothing.h5")


def test_what_does_not_fit_is_skipped_with_a_warning(tmp_path):
    path = tmp_path / "weights.h5"
    source, target = network(), network("head", 3, seed=1)
    before = target.get_weights()
    source.save_weights(path)
    for by_name in (False, True):
        target.set_weights(before)
        with pytest.warns(apus.ApusWarning, match=r"head/kernel.*\(4, 3\).*left as it is"):
            report = target.load_weights(path, skip_mismatch=True, by_name=by_name)
        assert [entry["weight"] for entry in report["skipped"]] == ["head/kernel", "head/bias"]
        assert equal(target.get_weights(), source.get_weights()[:2] + before[2:])
    other = apus.Sequential(
        [apus.Input((3,)), layers.Dense(4, use_bias=False, name="body"), layers.Dense(2, name="head")]
    )
    with pytest.warns(apus.ApusWarning, match="'body' has 1 weights"):
        assert other.load_weights(path, skip_mismatch=True)["loaded"] == ["head/kernel", "head/bias"]


def test_some_layers_alone_take_part(tmp_path):
    path = tmp_path / "weights.h5"
    source, target = network(), network(seed=1)
    before = target.get_weights()
    source.save_weights(path)
    assert target.load_weights(path, layers="he*")["untouched"] == ["body/kernel", "body/bias"]
    assert equal(target.get_weights(), before[:2] + source.get_weights()[2:])
    assert target.load_weights(path, layers=["body", "head"])["untouched"] == []
    with pytest.raises(ValueError, match="'tail'.*body, head"):
        target.load_weights(path, layers=["tail"])


def test_training_goes_on_from_what_was_loaded(tmp_path, rng):
    path = tmp_path / "weights.h5"
    x = rng.normal(size=(32, 3)).astype(numpy.float32)
    source = network()
    source.save_weights(path)
    results = []
    for load in (False, True):
        target = network(seed=0 if not load else 1)
        target.compile("sgd", "mse")
        if load:
            target.train_on_batch(x, x[:, :2])  # a step that has not been published
            target.load_weights(path)
            assert equal(target.get_weights(), source.get_weights())
        target.train_on_batch(x, x[:, :2])
        results.append(target.get_weights())
    assert equal(*results)


def test_models_in_models_are_one_layer(tmp_path):
    def nested(seed):
        apus.set_seed(seed)
        parts = [apus.Input((3,)), layers.Dense(4, name="inner"), layers.BatchNormalization(), layers.Dense(2)]
        encoder = apus.Sequential(parts, name="encoder")
        return encoder, apus.Sequential([apus.Input((3,)), encoder, layers.Dense(1, name="head")])

    (_, source), (part, target) = nested(0), nested(1)
    path = tmp_path / "weights.h5"
    source.set_weights([numpy.full(weight.shape, number) for number, weight in enumerate(source.get_weights())])
    source.save_weights(path)
    target.load_weights(path, by_name=True, layers=["encoder"])
    assert equal(source.get_weights()[:-2], target.get_weights()[:-2])
    # Those who share the weights see them.
    assert equal(part.get_weights(), source.get_weights()[:-2])


def test_an_old_file_is_kept_where_asked(tmp_path):
    path = tmp_path / "weights.h5"
    network().save_weights(path)
    with pytest.raises(FileExistsError):
        network().save_weights(path, overwrite=False)
    with pytest.raises(NotImplementedError, match="archive"):
        network().save_weights(tmp_path / "a.keras")


@pytest.mark.parametrize("storage", [{"deflate": 6}, {"fletcher32": True}, {"deflate": 1, "fletcher32": True}])
def test_large_weights_can_be_compressed_and_checked(storage, tmp_path, rng):
    path, plain = tmp_path / "model.h5", tmp_path / "plain.h5"
    apus.set_seed(0)
    model = apus.Sequential([apus.Input((1000,)), layers.Dense(700, name="wide"), layers.Dense(2, name="small")])
    weights = model.get_weights()
    model.set_weights([numpy.round(weight * 64) / 64 for weight in weights])
    for save in ("save", "save_weights"):
        getattr(model, save)(path, **storage)
        getattr(model, save)(plain)
        with h5py.File(path) as file:
            group = file["model_weights"] if save == "save" else file
            kernel = group["wide/wide/kernel:0"]
            assert kernel.fletcher32 == storage.get("fletcher32", False)
            assert kernel.compression == ("gzip" if "deflate" in storage else None)
            assert kernel.compression_opts == storage.get("deflate")
            assert kernel.shuffle == ("deflate" in storage)
            assert numpy.prod(kernel.chunks) * 4 <= 1 << 20
            numpy.testing.assert_array_equal(kernel[()], model.get_weight("wide/kernel"))
            assert group["small/small/kernel:0"].chunks is None
        if "deflate" in storage:
            assert path.stat().st_size < plain.stat().st_size / 2
        again = apus.Sequential([apus.Input((1000,)), layers.Dense(700), layers.Dense(2)])
        again.load_weights(path)
        assert equal(again.get_weights(), model.get_weights())
    # Equal models give equal bytes, and damage in a chunk is found.
    model.save(path, **storage)
    data = path.read_bytes()
    model.save(path, **storage)
    assert path.read_bytes() == data
    with h5py.File(path) as file:
        chunk = file["model_weights/wide/wide/kernel:0"].id.get_chunk_info(1)
    damaged = bytearray(data)
    damaged[chunk.byte_offset + chunk.size // 2] ^= 0x55
    path.write_bytes(damaged)
    with pytest.raises(apus.CorruptFileError, match="kernel"):
        apus.load_model(path)


def test_options_of_saving_are_checked(tmp_path):
    for options in ({"deflate": 10}, {"deflate": -1}, {"deflate": 2.5}):
        with pytest.raises(ValueError, match="deflate.*save"):
            network().save(tmp_path / "model.h5", **options)
    assert not list(tmp_path.iterdir())



@pytest.mark.parametrize("case, source", [("mlp_bn", "keras2_12"), ("text", "tf_keras2_21")])
def test_weights_of_keras_2_alone_are_read(case, source):
    if not FOLDER:
        return
    config = json.loads(apus.load_model(FOLDER / f"compat/{case}.{source}.h5").to_json())
    model = apus.models.model_from_json(json.dumps(config))
    model.load_weights(FOLDER / f"compat/{case}.{source}.legacyweights.h5")
    with h5py.File(FOLDER / f"compat/{case}.ref.h5") as file:
        numpy.testing.assert_allclose(model.predict(file["input_0"][()]), file["output_0"][()], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("case", ["nested_with_bn", "nested_frozen", "nested_frozen_bn", "bi_lstm_concat"])
def test_whole_files_of_keras_give_their_weights(case):
    paths = [] if not FOLDER else [path for path in FOLDER.rglob(f"{case}.h5")]
    for path in paths:
        whole = apus.load_model(path)
        fresh = apus.models.model_from_json(whole.to_json())
        fresh.load_weights(path)
        assert equal(fresh.get_weights(), whole.get_weights())


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("by_name", [False, True])
@pytest.mark.parametrize("skip_mismatch", [False, True])
@pytest.mark.parametrize("last, units", [("head", 2), ("head", 3), ("other", 2), ("other", 3)])
def test_keras_loads_the_same_weights(by_name, skip_mismatch, last, units, tmp_path):
    keras = pytest.importorskip("keras")
    path = str(tmp_path / "weights.h5")
    source, ours = network(), network(last, units, seed=1)
    source.save_weights(path)
    theirs = keras.Sequential(
        [keras.Input((3,)), keras.layers.Dense(4, name="body"), keras.layers.Dense(units, name=last)]
    )
    theirs.set_weights(ours.get_weights())
    failed = []
    for model, keywords in ((ours, {"by_name": by_name}), (theirs, {"by_name": by_name} if by_name else {})):
        before = model.get_weights()
        try:
            model.load_weights(path, skip_mismatch=skip_mismatch, **keywords)
            failed.append(False)
        except ValueError:
            failed.append(True)
            model.set_weights(before)
    assert failed[0] == failed[1]
    assert equal(ours.get_weights(), theirs.get_weights())


@pytest.mark.filterwarnings("ignore")
def test_trees_of_keras_3_go_both_ways(tmp_path):
    keras = pytest.importorskip("keras")
    path = str(tmp_path / "model.weights.h5")
    source = network()
    theirs = keras.Sequential([keras.Input((3,)), keras.layers.Dense(4), keras.layers.Dense(2)])
    source.save_weights(path)
    theirs.load_weights(path)
    assert equal(theirs.get_weights(), source.get_weights())
    theirs.set_weights([numpy.full(weight.shape, 0.5) for weight in theirs.get_weights()])
    theirs.save_weights(path)
    theirs.save(tmp_path / "model.keras")
    for name in ("model.weights.h5", "model.keras"):
        target = network("other", seed=1)
        assert len(target.load_weights(tmp_path / name)["loaded"]) == 4
        assert equal(target.get_weights(), theirs.get_weights())
        unlike = network("other", 3, seed=1)
        before = unlike.get_weights()
        with pytest.raises(apus.ShapeError, match="other"):
            unlike.load_weights(tmp_path / name)
        assert equal(unlike.get_weights(), before)
        with pytest.warns(apus.ApusWarning, match="other/kernel"):
            unlike.load_weights(tmp_path / name, skip_mismatch=True)
        assert equal(unlike.get_weights(), theirs.get_weights()[:2] + before[2:])
        with pytest.raises(ValueError, match="by_name"):
            unlike.load_weights(tmp_path / name, by_name=True)
