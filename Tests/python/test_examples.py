"""The Python examples run as they are."""

import os
import struct
import subprocess
import sys
import zlib

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


def run_surnames(*arguments):
    environment = dict(os.environ, PYTHONPATH=PACKAGE)
    command = [sys.executable, os.path.join(FOLDER, "surnames.py"), *map(str, arguments)]
    return subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True).stdout


def test_surnames_are_told_and_the_confusions_drawn(tmp_path):
    picture = tmp_path / "confusion.png"
    output = run_surnames("--epochs", 8, "--picture", picture)
    assert "520 surnames of 6 languages, 130 of them kept for the test" in output
    for kind in ("SimpleRNN", "LSTM"):
        line = next(line for line in output.splitlines() if line.startswith(kind))
        assert float(line.split()[1].rstrip("%")) > 60  # one in six by chance
    data = picture.read_bytes()
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = struct.unpack(">II", data[16:24])
    size = struct.unpack(">I", data[33:37])[0]
    assert (width, height) == (144, 144) and len(zlib.decompress(data[41:41 + size])) == height * (width + 1)


def test_surnames_come_from_a_folder_too(tmp_path):
    (tmp_path / "Short.txt").write_text("Abe\nAo\nIto\nÔta\n\n", encoding="utf-8")
    (tmp_path / "Long.txt").write_text("Papadopoulos\nKonstantinidis\nAnagnostopoulos\nOikonomou\n", encoding="utf-8")
    output = run_surnames("--epochs", 1, tmp_path)
    assert "8 surnames of 2 languages, 2 of them kept for the test" in output
    assert "five seeds" not in output
