"""The Python examples run as they are."""

import gzip
import os
import struct
import subprocess
import sys
import zlib

import numpy
import pytest

from conftest import PACKAGE, run_python

FOLDER = os.path.join(os.path.dirname(os.path.dirname(PACKAGE)), "examples", "python")


@pytest.mark.parametrize(
    "name, lines",
    [("numerics.py", ["[ 2.  3. -1.]", "1.772453850906", "0.97725", "[1. 1. 1. 1. 1.]", "0.739085133215"])],
)
def test_an_example_prints_what_it_should(name, lines):
    with open(os.path.join(FOLDER, name), encoding="utf-8") as file:
        output = run_python(file.read())
    for line in lines:
        assert line in output


def test_weights_are_read_with_h5py_alone():
    output = run("weights_with_h5py.py")
    assert "hidden: (2, 8), (8,)" in output
    assert output.count("numpy computes the same") == 2


def test_what_was_learned_of_some_digits_helps_with_others():
    output = run("transfer.py")
    assert "takes strokes/kernel, strokes/bias, shapes/kernel, shapes/bias; its own are even/kernel, even/bias." in output
    helped, unhelped = (float(line.split("right on ")[1].split("%")[0]) for line in output.splitlines()[-2:])
    assert helped > unhelped > 50


def run(name, *arguments):
    environment = dict(os.environ, PYTHONPATH=PACKAGE)
    command = [sys.executable, os.path.join(FOLDER, name), *map(str, arguments)]
    return subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True).stdout


def read_png(path):
    """The levels of a grey picture, (height, width)."""
    data = path.read_bytes()
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = struct.unpack(">II", data[16:24])
    size = struct.unpack(">I", data[33:37])[0]
    lines = numpy.frombuffer(zlib.decompress(data[41:41 + size]), numpy.uint8).reshape(height, width + 1)
    assert not lines[:, 0].any()  # no filter
    return lines[:, 1:]


def test_linear_models_tell_what_sells():
    output = run("linear_models.py")
    scores = {line[2:22].strip(): float(line.split()[-1]) for line in output.splitlines()[1:4]}
    assert 0.85 < scores["least squares"] < scores["products of budgets"]
    assert scores["their lasso"] > 0.95
    first = next(line for line in output.splitlines() if line.startswith("  alpha"))
    assert first.split(":")[1].split() == ["0.000", "0.000", "0.000"] or "-0.000" in first
    assert "Exams told right: 9" in output or "Exams told right: 8" in output


def test_surnames_are_told_and_the_confusions_drawn(tmp_path):
    picture = tmp_path / "confusion.png"
    output = run("surnames.py", "--epochs", 8, "--picture", picture)
    assert "520 surnames of 6 languages, 130 of them kept for the test" in output
    for kind in ("SimpleRNN", "LSTM"):
        line = next(line for line in output.splitlines() if line.startswith(kind))
        assert float(line.split()[1].rstrip("%")) > 60  # one in six by chance
    assert read_png(picture).shape == (144, 144)


def test_surnames_come_from_a_folder_too(tmp_path):
    (tmp_path / "Short.txt").write_text("Abe\nAo\nIto\nÔta\n\n", encoding="utf-8")
    (tmp_path / "Long.txt").write_text("Papadopoulos\nKonstantinidis\nAnagnostopoulos\nOikonomou\n", encoding="utf-8")
    output = run("surnames.py", "--epochs", 1, tmp_path)
    assert "8 surnames of 2 languages, 2 of them kept for the test" in output
    assert "five seeds" not in output


@pytest.mark.parametrize("name, title, epochs", [("mlp.py", "MLP", 8), ("cnn.py", "CNN", 3)])
def test_digits_are_read(name, title, epochs):
    output = run(name, "--epochs", epochs)
    assert "1348 digits to learn from, 449 to be judged by" in output
    line = next(line for line in output.splitlines() if line.startswith(title))
    assert float(line.split()[1].rstrip("%")) > 80  # one in ten by chance
    assert "seeds" not in output
    assert ("the average of three such networks" in output) == (name == "mlp.py")


def test_an_autoencoder_draws_digits_above_their_reconstructions(tmp_path):
    picture = tmp_path / "reconstructions.png"
    output = run("autoencoder.py", "--epochs", 10, "--picture", picture)
    line = next(line for line in output.splitlines() if line.startswith("autoencoder"))
    assert float(line.split()[4]) < 0.04  # 0.073 for the mean digit
    sheet = read_png(picture)
    assert sheet.shape == (4 * 58 + 2, 10 * 58 + 2)
    drawn = sheet[2:].reshape(2, 2, 58, -1)[:, :, :56].astype(float)
    # Each digit is nearer to its reconstruction than to that of the digit beside it.
    digits, reconstructions = (row.reshape(2, 56, -1) for row in (drawn[:, 0], drawn[:, 1]))
    own = numpy.abs(digits - reconstructions).mean()
    assert own < 0.7 * numpy.abs(digits - numpy.roll(reconstructions, 58, axis=2)).mean()


def write_idx(path, values):
    header = bytes([0, 0, 8, values.ndim]) + struct.pack(f">{values.ndim}I", *values.shape)
    path.write_bytes(gzip.compress(header + values.tobytes()))


@pytest.mark.parametrize("test", ["t10k", "test"])
def test_digits_come_from_a_folder_too(tmp_path, test):
    generator = numpy.random.default_rng(1)
    for part, count in (("train", 40), (test, 12)):
        labels = generator.integers(0, 10, count, dtype=numpy.uint8)
        write_idx(tmp_path / f"{part}-labels-idx1-ubyte.gz", labels)
        write_idx(tmp_path / f"{part}-images-idx3-ubyte.gz", generator.integers(0, 256, (count, 12, 16), numpy.uint8))
    assert "40 digits to learn from, 12 to be judged by" in run("cnn.py", "--epochs", 1, "--data", tmp_path)


def test_a_folder_without_digits_is_refused(tmp_path):
    with pytest.raises(subprocess.CalledProcessError):
        run("mlp.py", "--data", tmp_path)
    write_idx(tmp_path / "train-labels-idx1-ubyte.gz", numpy.zeros(3, numpy.uint8))
    write_idx(tmp_path / "train-images-idx3-ubyte.gz", numpy.zeros((2, 8, 8), numpy.uint8))
    with pytest.raises(subprocess.CalledProcessError):
        run("mlp.py", "--data", tmp_path)
