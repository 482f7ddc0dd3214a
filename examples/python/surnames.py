"""Reads surnames letter by letter and tells their language: a simple recurrent network and an LSTM.

    python surnames.py [--epochs N] [--seed N] [--picture confusion.png] [names.csv | folder]

Names have any length: one-hot letters, with steps of zeros behind the last one that Masking leaves out. By default the
names are examples/data/surnames.csv; another table has the same two columns, a folder has a file Language.txt of names for
each language. Needs numpy and the apus package alone. The picture shows which language (row) was taken for which (column).
"""

import argparse
import csv
import pathlib
import struct
import unicodedata
import zlib

import numpy as np

import apus

TABLE = pathlib.Path(__file__).resolve().parents[1] / "data" / "surnames.csv"
LETTERS = "abcdefghijklmnopqrstuvwxyz '-"
KINDS = ("SimpleRNN", "LSTM")
UNITS = 64
EPOCHS = 30
# benchmarks/surnames.py: the same model in both libraries, mean and standard deviation of five seeds.
MEASURED = {
    "SimpleRNN": "five seeds: apus 84.9% +- 1.7%, Keras 84.9% +- 1.2%",
    "LSTM": "five seeds: apus 91.7% +- 2.8%, Keras 91.4% +- 1.0%",
}


def plain(name):
    """The name in small letters without accents, of LETTERS alone."""
    letters = unicodedata.normalize("NFD", name.lower())
    return "".join(letter for letter in letters if letter in LETTERS)


def read(path):
    """Names and their languages, from a table or a folder; a name counts once for each language."""
    path = pathlib.Path(path)
    if path.is_dir():
        pairs = [(file.stem, name) for file in sorted(path.glob("*.txt"))
                 for name in file.read_text(encoding="utf-8").split("\n")]
    else:
        with open(path, newline="", encoding="utf-8") as file:
            pairs = [(row["language"], row["surname"]) for row in csv.DictReader(file)]
    pairs = dict.fromkeys((language, plain(name)) for language, name in pairs if plain(name))
    if not pairs:
        raise SystemExit(f"{path} holds no names")
    return [name for _, name in pairs], [language for language, _ in pairs]


def encode(names):
    """(names, steps, letters): ones for the letters, zeros behind the end of a name."""
    x = np.zeros((len(names), max(map(len, names)), len(LETTERS)), np.float32)
    for row, name in enumerate(names):
        x[row, np.arange(len(name)), [LETTERS.index(letter) for letter in name]] = 1
    return x


def split(names, languages):
    """Three quarters to learn from, the others to be told: the same ones for every seed and library."""
    classes = sorted(set(languages))
    x, y = encode(names), np.array([classes.index(language) for language in languages])
    order = np.random.default_rng(0).permutation(len(names))
    test, train = np.split(order, [len(names) // 4])
    return classes, (x[train], y[train]), (x[test], y[test])


def network(library, kind, shape, classes):
    """The model of apus or, with the same words, of Keras."""
    layers = library.layers
    model = library.Sequential([
        library.Input(shape), layers.Masking(), getattr(layers, kind)(UNITS), layers.Dense(classes),
    ])
    model.compile(
        optimizer=library.optimizers.Adam(0.005),
        loss=library.losses.SparseCategoricalCrossentropy(from_logits=True))
    return model


def told(library, kind, seed, epochs, classes, train, test):
    """What a freshly trained network takes each test name for."""
    (library.set_seed if hasattr(library, "set_seed") else library.utils.set_random_seed)(seed)
    model = network(library, kind, train[0].shape[1:], len(classes))
    model.fit(*train, batch_size=32, epochs=epochs, verbose=0)
    return np.asarray(model.predict(test[0], verbose=0)).argmax(axis=1)


def confusion(expected, observed, count):
    """[row, column]: the share of language `row` that was taken for language `column`."""
    table = np.zeros((count, count))
    np.add.at(table, (expected, observed), 1)
    return table / np.maximum(table.sum(axis=1, keepdims=True), 1)


def write_png(path, shares, cell=24):
    """The shares as a picture, one square each, dark for many."""
    pixels = np.kron(255 - np.round(255 * shares), np.ones((cell, cell))).astype(np.uint8)
    rows = b"".join(b"\0" + row.tobytes() for row in pixels)

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", pixels.shape[1], pixels.shape[0], 8, 0, 0, 0, 0)
    parts = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    pathlib.Path(path).write_bytes(b"\x89PNG\r\n\x1a\n" + parts)


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="?", default=TABLE)
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--picture", metavar="PNG", help="where the LSTM's confusions are drawn")
    options = parser.parse_args(arguments)
    names, languages = read(options.names)
    classes, train, test = split(names, languages)
    print(f"{len(names)} surnames of {len(classes)} languages, {len(test[1])} of them kept for the test")
    for kind in KINDS:
        observed = told(apus, kind, options.seed, options.epochs, classes, train, test)
        accuracy = (observed == test[1]).mean()
        print(f"{kind}: {accuracy:.1%} of the test names told right")
        if pathlib.Path(options.names) == TABLE and options.epochs == EPOCHS:
            print(f"  {MEASURED[kind]}")
    shares = confusion(test[1], observed, len(classes))
    for number, language in enumerate(classes):
        row = " ".join(f"{share:4.0%}" for share in shares[number])
        print(f"  {language[:12]:12} {row}")
    if options.picture:
        write_png(options.picture, shares)
        print(f"confusions drawn to {options.picture}")


if __name__ == "__main__":
    main()
