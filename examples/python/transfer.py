"""Transfer learning: a network that tells digits apart helps another one that is to learn something else from few
pictures: whether a digit is even.

    python transfer.py [digits.csv]

The second network takes the weights of the layers that have the same names, and learns from there, with a last layer of
its own, from 60 pictures. (To keep layers as they are, make them with trainable=False.)
"""

import os
import sys
import tempfile

import numpy as np

import apus
from apus import layers

EXAMPLES, DRAWS = 60, 5


def read(path):
    """Pictures of 64 pixels from 0 to 1, and their digits."""
    table = np.loadtxt(path, delimiter=",", skiprows=1, dtype=np.float32)
    pixels = table[:, :64]
    return pixels / pixels.max(), table[:, 64].astype(np.int64)


def network(head, units):
    """Two layers that look at the picture, and a last one of so many units named ``head``."""
    return apus.Sequential(
        [
            apus.Input((64,)),
            layers.Dense(64, "relu", name="strokes"),
            layers.Dense(32, "relu", name="shapes"),
            layers.Dense(units, "softmax", name=head),
        ]
    )


def train(model, x, y, epochs):
    model.compile(apus.optimizers.Adam(0.003), "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(x, y, epochs=epochs, batch_size=16, verbose=0)
    return model


def main(arguments):
    folder = os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir, "data")
    x, digit = read(arguments[0] if arguments else os.path.join(folder, "digits.csv"))
    even = 1 - digit % 2
    order = np.random.default_rng(0).permutation(len(x))
    first, others = order[:1000], order[1000:]

    apus.set_seed(5)
    teacher = train(network("digit", 10), x[first], digit[first], epochs=60)
    named = teacher.evaluate(x[others], digit[others])[1]
    print(f"The first network names {named:.1%} of the digits that it has not seen.")

    right = {"helped": [], "alone": []}
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "teacher.h5")
        teacher.save_weights(path)
        for draw in range(DRAWS):
            few, rest = np.split(np.roll(others, draw * EXAMPLES), [EXAMPLES])
            for name, results in right.items():
                pupil = network("even", 2)
                if name == "helped":
                    report = pupil.load_weights(path, by_name=True)
                train(pupil, x[few], even[few], epochs=60)
                results.append(pupil.evaluate(x[rest], even[rest])[1])
    print(f"The second takes {', '.join(report['loaded'])}; its own are {', '.join(report['untouched'])}.")
    helped, alone = (np.mean(results) for results in right.values())
    print(f"From {EXAMPLES} pictures it learns which digits are even, and is right on {helped:.1%} of the others;")
    print(f"a network that begins from nothing is right on {alone:.1%}. (Means of {DRAWS} draws.)")


if __name__ == "__main__":
    main(sys.argv[1:])
