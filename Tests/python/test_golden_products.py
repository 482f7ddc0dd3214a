"""Matrix products, operations on vectors, broadcasting and plain sums against reference results."""

import os

import numpy as np
import pytest
from conftest import golden_folder

from apus import ops

h5py = pytest.importorskip("h5py")


def text(value):
    return value.decode() if isinstance(value, bytes) else str(value)


def cases(file_name, *algorithms):
    folder = golden_folder()
    if folder is None:
        return []
    with h5py.File(os.path.join(folder, "classical", file_name)) as file:
        return sorted(name for name, group in file.items() if text(group.attrs["algorithm"]) in algorithms)


def check(file_name, name, compute):
    """Every expected result that the file holds and `compute` makes, by the file's own tolerances."""
    with h5py.File(os.path.join(golden_folder(), "classical", file_name)) as file:
        group = file[name]
        results = compute({key: data[()] for key, data in group["in"].items()})
        compared = 0
        for key, data in group["out"].items():
            if key not in results:
                continue
            found, wanted = np.asarray(results[key], float), data[()]
            assert found.shape == wanted.shape, key
            scale = np.abs(wanted).max(initial=0) if text(data.attrs["compare"]) == "norm" else np.abs(wanted)
            bound = data.attrs.get("atol", 0.0) + data.attrs.get("rtol", 0.0) * scale
            assert np.all((np.abs(found - wanted) <= bound) | (found == wanted)), key
            compared += 1
        assert compared > 0
        return set(group["out"]) - set(results)


@pytest.mark.parametrize("name", cases("linear_algebra.h5", "linalg.matmul"))
def test_matrix_products(name):
    def compute(given):
        a, b = given["a"], given["b"]
        results = {"product": ops.matmul(a, b)}
        if a.ndim == 2:
            results["transpose_a"] = ops.transpose(a)
        if a.ndim == b.ndim == 2:
            results["transpose_product"] = ops.matmul(b, a, transpose_a=True, transpose_b=True)
        return results

    assert not check("linear_algebra.h5", name, compute)


@pytest.mark.parametrize("name", cases("linear_algebra.h5", "linalg.vectors"))
def test_vectors(name):
    def compute(given):
        a, b = given["a"], given["b"]
        difference = ops.subtract(a, b)
        results = {
            "sum": ops.add(a, b),
            "difference": difference,
            "hadamard": ops.multiply(a, b),
            "dot": ops.dot(a, b),
            "outer": ops.outer(a, b),
            "norm_1": ops.norm(a, 1),
            "norm_2": ops.norm(a),
            "norm_inf": ops.norm(a, np.inf),
            "distance": ops.norm(difference),
            "cosine": ops.dot(ops.unit_vectors(a), ops.unit_vectors(b)),
        }
        if a.shape == (3,):
            results["cross"] = ops.cross(a, b)
        return results

    assert not check("linear_algebra.h5", name, compute)


@pytest.mark.parametrize("name", cases("linear_algebra.h5", "linalg.broadcast"))
def test_broadcasting(name):
    def compute(given):
        a, b = given["a"], given["b"]
        return {
            "sum": ops.add(a, b),
            "difference": ops.subtract(a, b),
            "product": ops.multiply(a, b),
            "quotient": ops.divide(a, b),
        }

    assert not check("linear_algebra.h5", name, compute)


@pytest.mark.parametrize("name", cases("statistics.h5", "statistics.sample"))
def test_sums_and_extremes(name):
    def compute(given):
        x = given["x"]
        return {"sum": ops.sum(x), "mean": ops.mean(x), "minimum": ops.min(x), "maximum": ops.max(x)}

    check("statistics.h5", name, compute)


@pytest.mark.parametrize("name", cases("statistics.h5", "statistics.columns"))
def test_means_of_columns(name):
    check("statistics.h5", name, lambda given: {"mean": ops.mean(given["X"], axis=0)})
