"""Small inputs that fuzzing starts from: python Tests/fuzz/seeds.py FOLDER. Makes a folder for each target.

Models, checkpoints and configurations are written by Apus and by h5py as other writers lay files out. Reference files
beside the repository (../shared/golden) are added when they are there and small.
"""

import json
import os
import pathlib
import sys
import tempfile
import zlib

import h5py
import numpy

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "bindings/python"))

import apus  # noqa: E402
from apus import layers  # noqa: E402

LARGEST = 16_000


def networks():
    return {
        "dense": [apus.Input((4,)), layers.Dense(3, "relu"), layers.Dense(2, "softmax")],
        "pictures": [apus.Input((6, 6, 2)), layers.Conv2D(3, 3), layers.BatchNormalization(), layers.MaxPooling2D(),
                     layers.Flatten(), layers.Dense(2)],
        "steps": [apus.Input((5, 3)), layers.Bidirectional(layers.LSTM(2, return_sequences=True)), layers.GRU(2)],
        "words": [apus.Input((4,)), layers.Embedding(5, 2), layers.SimpleRNN(2), layers.Dense(1)],
    }


def write_networks(put):
    rng = numpy.random.default_rng(0)
    for name, parts in networks().items():
        apus.set_seed(0)
        model = apus.Sequential(parts)
        put("model", name, model._current().to_bytes())
        put("network_json", name, model.to_json().encode())
        model.compile("adam", "mse")
        x = rng.integers(0, 4, (8, *model.input_shape[1:])).astype("float32")
        model.fit(x, model.predict(x), epochs=1, verbose=0)
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "checkpoint.h5"
            model.save_checkpoint(str(path))
            put("checkpoint", name, path.read_bytes())
            model.save_checkpoint(str(path.with_suffix(".keras")))
            put("archive", name, path.with_suffix(".keras").read_bytes())


def write_weights(put):
    """For the network of the target, and for others: the first byte says how they are paired."""
    for units in (3, 2):
        model = apus.Sequential([apus.Input((4,)), layers.Dense(units)])
        with tempfile.TemporaryDirectory() as folder:
            for number, name in enumerate(("a.h5", "a.weights.h5", "b.h5", "b.keras")):
                path = pathlib.Path(folder) / name
                model.save(path) if name.startswith("b") else model.save_weights(path)
                for pairing in range(4):
                    put("weights", f"{units}_{number}_{pairing}", bytes([pairing]) + path.read_bytes())


def write_estimators(put):
    rng = numpy.random.default_rng(0)
    x, y = rng.random((20, 3)), rng.integers(0, 2, 20)
    scaler, regression = apus.preprocessing.StandardScaler(), apus.linear_model.LogisticRegression()
    pipeline = apus.pipeline.Pipeline([("scaler", scaler), ("model", regression)])
    for name, estimator in (("linear", apus.linear_model.LinearRegression()), ("pipeline", pipeline)):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "model.h5"
            estimator.fit(x, y)
            estimator.save(str(path))
            put("model", name, path.read_bytes())


def write_arrays(put):
    """Files of rows in every layout, type and format that is read, and in some that are refused."""
    x, y = numpy.arange(160, dtype="float32").reshape(40, 4), numpy.arange(40, dtype="float32").reshape(40, 1)
    kinds = {
        "contiguous": {}, "chunks": {"chunks": (8, 4)}, "edges": {"chunks": (7, 3)},
        "filters": {"chunks": (8, 4), "compression": "gzip", "shuffle": True, "fletcher32": True},
        "turned": {"dtype": ">f8"}, "half": {"dtype": "<f2"}, "whole": {"dtype": "u1"}, "truth": {"dtype": bool},
        "single": {"chunks": (40, 4), "compression": "gzip"}, "lzf": {"chunks": (8, 4), "compression": "lzf"},
    }
    for name, options in kinds.items():
        for version in ("earliest", "v108", "latest"):
            with tempfile.TemporaryDirectory() as folder:
                path = pathlib.Path(folder) / "rows.h5"
                with h5py.File(path, "w", libver=version) as file:
                    rest = {key: value for key, value in options.items() if key != "dtype"}
                    file.create_dataset("x", data=x.astype(options.get("dtype", x.dtype)), **rest)
                    file.create_dataset("y", data=y)
                put("dataset", f"{name}_{version}", path.read_bytes())


def write_texts(put):
    formulas = [
        "100 * (v[0] - s^2)^2 + (1 - s)^2", "sum(sigmoid(W @ v + s))", "where(v > 0, v, -v)", "softmax(v, axis=-1)",
        "mean(W, axes=[0], keepdims=true)", "reshape(W, shape=[9])", "[[1, 2], [3, 4]]", "-s**2 ^ 3 / 4e-3",
    ]
    for number, formula in enumerate(formulas):
        put("expression", str(number), formula.encode())
    texts = ["Dense\nunits=3 activation=relu", "Conv2D\nfilters=2 kernel_size=[3,3] padding=same",
             'Reshape\n{"target_shape": [8, -1]}', "Dropout\nrate=0.5",
             "Flatten\nloss=mse optimizer=Adam optimizer.learning_rate=0.1",
             "Dense\nunits=2 kernel_regularizer=L2 kernel_regularizer.l2=0.1 bias_initializer=Constant"]
    for number, text in enumerate(texts):
        put("parameters", str(number), text.encode())


def write_streams(put):
    data = bytes(range(256)) + bytes(768) + numpy.random.default_rng(0).integers(0, 5, 1024).astype("u1").tobytes()
    for level in (0, 1, 9):
        for strategy in (zlib.Z_DEFAULT_STRATEGY, zlib.Z_FIXED):
            packer = zlib.compressobj(level, zlib.DEFLATED, 15, 8, strategy)
            stream = packer.compress(data) + packer.flush()
            put("inflate", f"{level}_{strategy}", (len(data) // 4 - 1).to_bytes(2, "little") + stream)


def write_references(put, folder):
    """Files of Keras and others: whole models, those that go on training, those to refuse, configurations."""
    for path in sorted([*folder.rglob("*.h5"), *folder.rglob("*.keras")]):
        name = "_".join(path.relative_to(folder).parts)
        content = path.read_bytes()
        if path.name.endswith("weights.h5"):
            put("weights", name, b"\1" + content)
            continue
        if path.suffix == ".keras":
            put("archive", name, content)
            continue
        put("checkpoint" if "training" in path.parts else "model", name, content)
        try:
            with h5py.File(path) as file:
                config = file.attrs.get("model_config", "")
                put("network_json", name, config if isinstance(config, bytes) else config.encode())
        except (OSError, RuntimeError, UnicodeError):
            pass


def main():
    folder = pathlib.Path(sys.argv[1])

    def put(target, name, content):
        if 0 < len(content) <= LARGEST:
            (folder / target).mkdir(parents=True, exist_ok=True)
            (folder / target / name).write_bytes(content)

    for write in (write_networks, write_weights, write_estimators, write_arrays, write_texts, write_streams):
        write(put)
    references = pathlib.Path(os.environ.get("APUS_GOLDEN", ROOT.parent / "shared/golden"))
    if references.is_dir():
        write_references(put, references)
    print(json.dumps({path.name: len(list(path.iterdir())) for path in sorted(folder.iterdir())}))


if __name__ == "__main__":
    main()
