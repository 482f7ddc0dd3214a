"""Finds the package in the checkout, and what several tests use."""

import os
import subprocess
import sys

import numpy
import pytest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PACKAGE = os.path.join(ROOT, "bindings", "python")
if PACKAGE not in sys.path:
    sys.path.insert(0, PACKAGE)

os.environ["KERAS_BACKEND"] = "jax"
os.environ.setdefault("JAX_PLATFORMS", "cpu")


def golden_folder():
    """Where the reference files are, or None."""
    folder = os.environ.get("APUS_GOLDEN", os.path.join(ROOT, os.pardir, "shared", "golden"))
    return folder if os.path.isdir(folder) else None


def environment(**extra):
    """The environment of a child process that imports the package from the checkout."""
    return {**os.environ, "PYTHONPATH": PACKAGE, **extra}


def run_python(code, *arguments, **extra):
    """Runs Python code in a process of its own and returns what it printed; fails when it fails."""
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        env=environment(**extra),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, f"status {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture
def rng():
    return numpy.random.default_rng(20260101)


@pytest.fixture
def table(rng):
    """200 rows of 4 features, a linear target with noise, and three classes."""
    x = rng.normal(size=(200, 4)) * [1.0, 5.0, 0.2, 2.0] + [0.0, 10.0, -3.0, 1.0]
    y = x @ [2.0, -0.5, 4.0, 1.0] + 3.0 + rng.normal(scale=0.3, size=200)
    classes = numpy.digitize(x[:, 0] + 0.3 * rng.normal(size=200), [-0.5, 0.5])
    return x, y, classes


@pytest.fixture
def digits():
    """The handwritten digits that the repository ships: pixels from 0 to 1 and labels."""
    rows = numpy.loadtxt(os.path.join(ROOT, "examples", "data", "digits.csv"), delimiter=",", skiprows=1)
    return (rows[:, :64] / 16).astype(numpy.float32), rows[:, 64].astype(numpy.int32)
