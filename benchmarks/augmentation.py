"""Augmentation beside scipy.ndimage and Keras's layers: python benchmarks/augmentation.py.

Images a second of processor time, one thread each, in turns on the same images; the figures are medians. SciPy
resamples each channel of each image once by a given map; Keras runs its layers, on the backend that KERAS_BACKEND
says (it is left out where that cannot transform images). Needs the release library.
"""

import os
import pathlib
import statistics
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "bindings/python"))
os.environ.setdefault("APUS_LIBRARY", str(ROOT / ".build/release/libapus.so"))
os.environ.setdefault("KERAS_BACKEND", "torch")

import numpy  # noqa: E402
from scipy import ndimage  # noqa: E402

import apus  # noqa: E402
from apus import augmentation  # noqa: E402

SHAPES = ((500, 28, 28, 1), (100, 64, 64, 3))
TURNS = 5
FACTORS = (
    ("RandomFlip", ("horizontal",), {}),
    ("RandomRotation", (0.05,), {"fill_mode": "nearest"}),
    ("RandomZoom", (0.1,), {"fill_mode": "nearest"}),
    ("RandomTranslation", (0.1, 0.1), {"fill_mode": "nearest"}),
)


def ours():
    steps = [getattr(augmentation, kind)(*values, **settings) for kind, values, settings in FACTORS]
    return augmentation.Sequential(steps)


def scipys():
    matrix, offset = numpy.array([[0.9, 0.1], [-0.1, 0.9]]), [1.0, 2.0]

    def resampled(images):
        for image in images:
            for channel in range(image.shape[-1]):
                ndimage.affine_transform(image[..., channel], matrix, offset, order=1, mode="nearest")

    return resampled


def kerases():
    try:
        import keras
        import torch
    except ImportError:
        return None
    torch.set_num_threads(1)
    layers = [getattr(keras.layers, kind)(*values, **settings) for kind, values, settings in FACTORS]

    def augmented(images):
        for layer in layers:
            images = layer(images, training=True)

    try:
        augmented(numpy.zeros((2, 8, 8, 1), numpy.float32))
    except NotImplementedError:
        return None
    return augmented


def main():
    apus.set_threads(1)
    peers = {"apus": ours(), "scipy.ndimage, one resampling": scipys(), "Keras, four layers": kerases()}
    peers = {name: function for name, function in peers.items() if function}
    generator = numpy.random.default_rng(0)
    for shape in SHAPES:
        images = generator.random(shape).astype(numpy.float32)
        rates = {name: [] for name in peers}
        for turn in range(TURNS + 1):
            for name, function in peers.items():
                before = time.process_time()
                function(images)
                if turn:  # the first is for warming up
                    rates[name].append(shape[0] / (time.process_time() - before))
        print("images of " + " x ".join(map(str, shape[1:])))
        for name, values in rates.items():
            print(f"  {name:32} {statistics.median(values):12,.0f} a second")


if __name__ == "__main__":
    main()
