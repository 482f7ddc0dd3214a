"""Reads what Apus has saved with h5py and numpy alone: a network, and a pipeline in the layout of docs/file-format.md.

    python weights_with_h5py.py

Needs numpy, h5py and the apus package, which only makes the files here.
"""

import os
import tempfile

import h5py
import numpy as np

import apus


def make_files(folder):
    """Trains a network and a pipeline; data, predictions and the names of their files."""
    apus.set_seed(3)
    rng = np.random.default_rng(3)
    x = rng.uniform(-1, 1, size=(300, 2)).astype(np.float32)
    y = (x[:, 0] * x[:, 1] > 0).astype(np.float32)  # which quarters of the square
    network = apus.Sequential(
        [
            apus.Input((2,)),
            apus.layers.Dense(8, activation="tanh", name="hidden"),
            apus.layers.Dense(1, activation="sigmoid", name="output"),
        ]
    )
    network.compile(apus.optimizers.Adam(0.05), "binary_crossentropy", metrics=["accuracy"])
    network.fit(x, y, epochs=100, verbose=0)
    print(f"The network is right on {network.evaluate(x, y)[1]:.0%} of the points.")
    network.save(os.path.join(folder, "network.h5"))

    scale = apus.preprocessing.StandardScaler()
    pipeline = apus.pipeline.Pipeline([("scale", scale), ("model", apus.linear_model.LinearRegression())])
    pipeline.fit(x * 100, 3 * x[:, 0] - x[:, 1] + 2)
    pipeline.save(os.path.join(folder, "pipeline.h5"))
    return x, network.predict(x)[:, 0], pipeline.predict(x * 100)


def network_weights(path):
    """The weights of each layer of a network's file, by the layer's name, in Keras's order."""
    with h5py.File(path) as file:
        group = file["model_weights"]
        return {
            layer: [group[layer][weight][()] for weight in group[layer].attrs["weight_names"]]
            for layer in group.attrs["layer_names"]
        }


def record(group):
    """A record of the native layout as a dict: its kind, and the items that it lists."""
    items = {"kind": text(group.attrs["kind"])}
    for name in map(text, group.attrs["items"]):
        if name not in group:
            items[name] = group.attrs[name]
        elif isinstance(group[name], h5py.Group):
            items[name] = record(group[name])
        else:
            items[name] = group[name][()]
    return items


def text(value):
    return value.decode() if isinstance(value, bytes) else str(value)


def show(items, depth=1):
    for name, value in items.items():
        if isinstance(value, dict):
            print("    " * depth + name)
            show(value, depth + 1)
        else:
            value = text(value) if isinstance(value, (bytes, str)) else np.round(value, 3)
            print("    " * depth + f"{name}: {value}")


def find(items, name):
    """The first item of that name, in this record or in those within."""
    if name in items:
        return items[name]
    inner = [find(value, name) for value in items.values() if isinstance(value, dict)]
    return next((value for value in inner if value is not None), None)


def main():
    with tempfile.TemporaryDirectory() as folder:
        x, from_network, from_pipeline = make_files(folder)
        weights = network_weights(os.path.join(folder, "network.h5"))
        with h5py.File(os.path.join(folder, "pipeline.h5")) as file:
            pipeline = record(file)
    for layer, arrays in weights.items():
        print(f"    {layer}: {', '.join(str(array.shape) for array in arrays)}")
    (kernel, bias), (output, last) = weights["hidden"], weights["output"]
    again = 1 / (1 + np.exp(-(np.tanh(x @ kernel + bias) @ output + last)[:, 0]))
    print(f"numpy computes the same from them within {np.max(np.abs(again - from_network)):.0e}.")
    assert np.allclose(again, from_network, atol=1e-5)

    print("The pipeline's file holds:")
    show(pipeline)
    scaled = (x * 100 - find(pipeline, "mean_")) / find(pipeline, "scale_")
    again = scaled @ find(pipeline, "coef_") + find(pipeline, "intercept_")
    print(f"numpy computes the same from it within {np.max(np.abs(again - from_pipeline)):.0e}.")
    assert np.allclose(again, from_pipeline, atol=1e-4)


if __name__ == "__main__":
    main()
