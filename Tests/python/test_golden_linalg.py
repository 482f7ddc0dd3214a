"""Linear algebra against reference results of LAPACK and of 50-digit arithmetic."""

import json
import os

import numpy
import pytest
from conftest import golden_folder

from apus import linalg

h5py = pytest.importorskip("h5py")


def cases():
    """Every case of a decomposition, a system or a function of matrices."""
    folder = golden_folder()
    if folder is None:
        return []
    with open(os.path.join(folder, "classical", "index.json")) as index:
        files = json.load(index)["files"]
    return [
        (file["file"], case["name"])
        for file in files
        if file["file"] == "linear_algebra.h5"
        for case in file["cases"]
        if case["algorithm"] in RUNNERS
    ]


def square(given, parameters):
    a = given["A"]
    sign, log_absolute = linalg.slogdet(a)
    return {
        "determinant": linalg.det(a),
        "sign_determinant": sign,
        "log_abs_determinant": log_absolute,
        "trace": linalg.trace(a),
        "inverse": linalg.inv(a),
        "solution": linalg.solve(a, given["b"]),
        "cond_2": linalg.cond(a),
        "norm_1": linalg.norm(a, 1),
        "norm_2": linalg.norm(a, 2),
        "norm_inf": linalg.norm(a, numpy.inf),
        "norm_frobenius": linalg.norm(a),
        "square": linalg.matrix_power(a, 2),
        "cube": linalg.matrix_power(a, 3),
        "exponential": linalg.expm(a),
    }


def cholesky(given, parameters):
    a = given["A"]
    factor = linalg.cholesky(a)
    return {
        "L": factor,
        "log_determinant": 2 * numpy.log(numpy.diagonal(factor)).sum(),
        "solution": linalg.solve(a, given["b"], assume_a="pos"),
    }


def qr(given, parameters):
    q, r = linalg.qr(given["A"])
    assert (numpy.diagonal(r) >= 0).all()
    return {"Q": q, "R": r}


def svd(given, parameters):
    a, b, rcond = given["A"], given["b"], parameters["rcond"]
    u, s, vt = linalg.svd(a, full_matrices=False)
    x, residuals, rank, s_again = linalg.lstsq(a, b, rcond)
    assert numpy.allclose(s, s_again, rtol=1e-13, atol=1e-13 * s[0])
    pinv, pinv_rank = linalg.pinv(a, rcond, return_rank=True)
    assert pinv_rank == rank == linalg.matrix_rank(a, rcond * s[0])
    return {
        "U": u,
        "Vt": vt,
        "singular_values": s,
        "rank": rank,
        "norm_2": linalg.norm(a, 2),
        "norm_nuclear": linalg.norm(a, "nuc"),
        "pinv": pinv,
        "lstsq": x,
        "lstsq_residual_norm": linalg.norm(b - a @ x),
    }


def eigh(given, parameters):
    values, vectors = linalg.eigh(given["A"])
    assert numpy.allclose(linalg.eigvalsh(given["A"]), values, rtol=1e-13, atol=1e-13 * abs(values).max())
    return {"eigenvalues": values, "eigenvectors": vectors}


def eigenvalues(given, parameters):
    values = linalg.eigvals(given["A"])
    assert not numpy.iscomplexobj(values)
    return {"eigenvalues": numpy.sort(values)}


RUNNERS = {
    "linalg.square": square,
    "linalg.cholesky": cholesky,
    "linalg.qr": qr,
    "linalg.svd": svd,
    "linalg.eigh": eigh,
    "linalg.eigenvalues": eigenvalues,
}


def must_fail(algorithm, given):
    """The calls that a case of failure is about; each must raise."""
    a, b = given["A"], given["b"]
    if algorithm == "linalg.cholesky":
        return [lambda: linalg.cholesky(a), lambda: linalg.solve(a, b, assume_a="pos")]
    assert linalg.det(a) == 0 and linalg.slogdet(a) == (0, -numpy.inf)
    return [lambda: linalg.solve(a, b), lambda: linalg.inv(a), lambda: linalg.matrix_power(a, -1)]


def compare(name, got, expected):
    want, kind = expected[()], expected.attrs["compare"].decode()
    got = numpy.asarray(got, dtype=float)
    if kind == "info":
        return
    if kind in ("sign_rows", "sign_columns"):
        axis = 0 if kind == "sign_columns" else 1
        count = want.shape[1 - axis]
        got = got[:, :count] if axis == 0 else got[:count]
        if got.shape != want.shape:
            raise AssertionError(f"{name}: shape {got.shape}, expected {want.shape}")
        got = got * numpy.where((got * want).sum(axis=axis, keepdims=True) < 0, -1, 1)
    assert got.shape == want.shape, name
    rtol, atol = float(expected.attrs["rtol"]), float(expected.attrs["atol"])
    if kind == "exact":
        assert (got == want).all(), f"{name}: {got} != {want}"
    elif kind == "norm":
        error = abs(got - want).max(initial=0)
        assert error <= atol + rtol * abs(want).max(initial=0), f"{name}: off by {error}"
    else:
        numpy.testing.assert_allclose(got, want, rtol=rtol, atol=atol, err_msg=name)


@pytest.mark.parametrize("file, name", cases())
def test_agrees_with_the_reference(file, name):
    with h5py.File(os.path.join(golden_folder(), "classical", file)) as source:
        case = source[name]
        algorithm = case.attrs["algorithm"].decode()
        given = {key: value[()] for key, value in case["in"].items()}
        if "must_fail" in case["out"]:
            for call in must_fail(algorithm, given):
                with pytest.raises(linalg.LinAlgError):
                    call()
            return
        results = RUNNERS[algorithm](given, json.loads(case.attrs["params"]))
        for key, expected in case["out"].items():
            compare(f"{name}: {key}", results[key], expected)
