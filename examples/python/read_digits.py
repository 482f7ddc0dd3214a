"""Loads the network that quickstart.c trained and saved, and holds its predictions to those that C made.

    python read_digits.py [--require-keras] [digits.h5 [digits_predictions.csv]]

Needs numpy and the apus package alone. Where Keras is installed, it opens the same file too.
"""

import os
import sys

import numpy as np

import apus

# Keras, C and Python round a little differently: a few units in the last place of a float32 probability.
TOLERANCE = 2e-6


def draw(pixels):
    """The 8x8 picture as text, dark where there is ink."""
    shades = " .:-=+*#%@"
    levels = np.clip((pixels.reshape(8, 8) * len(shades)).astype(int), 0, len(shades) - 1)
    return ["".join(shades[level] * 2 for level in row) for row in levels]


def show(name, observed, expected):
    """One line that compares predictions; whether they are the same."""
    difference = float(np.max(np.abs(observed - expected)))
    same = difference <= TOLERANCE and np.array_equal(observed.argmax(axis=1), expected.argmax(axis=1))
    print(f"  {name}: largest difference {difference:.1e} over {len(expected)} digits: {'the same' if same else 'DIFFERS'}")
    return same


def main(arguments):
    require_keras = "--require-keras" in arguments
    arguments = [argument for argument in arguments if argument != "--require-keras"]
    model_path = arguments[0] if arguments else "digits.h5"
    table = np.loadtxt(arguments[1] if len(arguments) > 1 else "digits_predictions.csv", delimiter=",", skiprows=1)
    pixels = np.ascontiguousarray(table[:, :64], dtype=np.float32)
    from_c = table[:, 64:].astype(np.float32)

    print(f"Python {sys.version.split()[0]} loads {model_path} with apus {apus.__version__}:")
    model = apus.load_model(model_path)
    probabilities = model.predict(pixels)
    for lines in zip(*(draw(pixels[i]) for i in range(4))):
        print("    " + "   ".join(lines))
    print("    " + "   ".join(f"{'reads ' + str(probabilities[i].argmax()):16}" for i in range(4)))
    same = show("Python beside C", probabilities, from_c)

    os.environ.setdefault("KERAS_BACKEND", "jax")
    try:
        import keras
    except ImportError as error:
        print(f"  Keras is not installed here ({error}): it would open {model_path} too.")
        same = same and not require_keras
    else:
        keras_model = keras.models.load_model(model_path, compile=False)
        same = show(f"Keras {keras.__version__} beside C", np.asarray(keras_model(pixels)), from_c) and same
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
