"""The examples that draw digits run, learn something in a few epochs, and draw what they say."""

import os
import re
import struct
import subprocess
import sys
import zlib

import numpy
import pytest

from conftest import PACKAGE

FOLDER = os.path.join(os.path.dirname(os.path.dirname(PACKAGE)), "examples", "python")


def run(name, *arguments):
    environment = dict(os.environ, PYTHONPATH=PACKAGE)
    command = [sys.executable, os.path.join(FOLDER, name), *map(str, arguments)]
    return subprocess.run(
        command, env=environment, check=True, stdout=subprocess.PIPE, text=True, timeout=300
    ).stdout


def numbers(line):
    return [float(number) for number in re.findall(r"\d+\.\d+", line)]


def levels(path):
    """The grey levels of a PNG of one sheet, (height, width)."""
    data = path.read_bytes()
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = struct.unpack(">II", data[16:24])
    size = struct.unpack(">I", data[33:37])[0]
    rows = numpy.frombuffer(zlib.decompress(data[41:41 + size]), numpy.uint8).reshape(height, width + 1)
    return rows[:, 1:]


def test_the_autoencoder_learns_and_draws_new_digits(tmp_path):
    picture = tmp_path / "digits.png"
    output = run("vae.py", "--epochs", 6, "--picture", picture)
    assert "1348 pictures to learn from, 449 for the test" in output
    assert "Keras" not in output
    cross_entropy, divergence = numbers(next(line for line in output.splitlines() if line.startswith("test:")))
    assert cross_entropy < 23  # 44.4 when every pixel is 1/2, 27.0 for the mean of all pictures
    assert divergence > 0.5  # 0 when the points tell nothing of the pictures
    sheet = levels(picture)
    assert sheet.shape == (9 * 58 + 2, 16 * 58 + 2)
    first, second = sheet[2:58, 2:58].astype(int), sheet[2:58, 60:116].astype(int)
    assert numpy.ptp(first) > 100 and abs(first - second).max() > 50


def test_the_generator_and_the_discriminator_play(tmp_path):
    picture = tmp_path / "digits.png"
    output = run("gan.py", "--epochs", 3, "--picture", picture)
    assert "1348 pictures to learn from" in output
    generator, discriminator = numbers(next(line for line in output.splitlines() if line.startswith("epoch")))
    assert 0.2 < generator < 5 and 0.1 < discriminator < 1  # neither has won
    sheet = levels(picture)
    assert sheet.shape == (8 * 58 + 2, 16 * 58 + 2)
    first, second = sheet[2:58, 2:58].astype(int), sheet[2:58, 60:116].astype(int)
    assert numpy.ptp(first) > 100 and abs(first - second).max() > 50


@pytest.mark.parametrize("name", ["vae.py", "gan.py"])
def test_the_same_seed_draws_the_same_digits(tmp_path, name):
    sheets = []
    for number, seed in enumerate((5, 5, 6)):
        picture = tmp_path / f"{number}.png"
        run(name, "--epochs", 1, "--seed", seed, "--picture", picture)
        sheets.append(levels(picture))
    numpy.testing.assert_array_equal(sheets[0], sheets[1])
    assert (sheets[0] != sheets[2]).any()
