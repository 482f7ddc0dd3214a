"""The Python examples run as they are."""

import os

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
