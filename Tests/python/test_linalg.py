"""Linear algebra over shapes, dtypes, layouts and faults, beside NumPy."""

import re
import warnings

import numpy
import pytest

import apus
from apus import linalg

EPS = 2.0**-52
SHAPES = [(1, 1), (2, 2), (5, 5), (17, 17), (40, 40), (7, 3), (3, 7), (60, 20), (20, 60), (300, 280), (1, 9), (9, 1)]
SQUARES = [1, 2, 3, 4, 8, 9, 16, 17, 24, 25, 33, 64, 100, 257, 300]
EMPTY = [(0, 0), (0, 3), (3, 0)]
STACKS = [(), (1,), (5,), (2, 3), (0,), (40,)]


def close(got, want, scale, times=50):
    """Within some roundings of numbers of a size."""
    got, want = numpy.asarray(got), numpy.asarray(want)
    assert got.shape == want.shape
    assert numpy.isfinite(got).all()
    error = abs(got - want).max(initial=0)
    assert error <= times * EPS * scale, f"off by {error / (EPS * scale):.1f} roundings"


def size(*shape):
    return max(*shape, 1)


def orthonormal(q):
    n = q.shape[-1]
    close(q.swapaxes(-1, -2) @ q, numpy.broadcast_to(numpy.eye(n), q.shape[:-2] + (n, n)), size(*q.shape[-2:]), 10)


# Factors


@pytest.mark.parametrize("shape", SHAPES + EMPTY)
@pytest.mark.parametrize("stack", [(), (3,)])
def test_qr_reproduces_the_matrix(rng, shape, stack):
    a = rng.normal(size=stack + shape)
    m, n = shape
    for mode, k in (("reduced", min(m, n)), ("complete", m)):
        q, r = linalg.qr(a, mode)
        assert q.shape == stack + (m, k) and r.shape == stack + (k, n)
        close(q @ r, a, size(m, n))
        orthonormal(q)
        assert (numpy.tril(r, -1) == 0).all()
        assert (numpy.diagonal(r, axis1=-2, axis2=-1) >= 0).all()
        close(linalg.qr(a, "r"), linalg.qr(a, "reduced").R, 0)


@pytest.mark.parametrize("shape", SHAPES + EMPTY)
def test_pivoted_qr_reproduces_the_matrix_with_a_descending_diagonal(rng, shape):
    a = rng.normal(size=(2,) + shape)
    q, r, order = linalg.qr(a, "complete", pivoting=True)
    close(q @ r, numpy.take_along_axis(a, order[:, None, :], -1), size(*shape))
    orthonormal(q)
    diagonal = numpy.diagonal(r, axis1=-2, axis2=-1)
    assert (diagonal >= 0).all() and (numpy.diff(diagonal) <= 1e-12).all()
    assert (numpy.sort(order) == numpy.arange(shape[1])).all()
    r_alone, order_alone = linalg.qr(a, "r", pivoting=True)
    assert (r_alone == r[:, : min(shape)]).all() and (order_alone == order).all()


def test_pivoted_qr_shows_the_rank(rng):
    a = rng.normal(size=(30, 4)) @ rng.normal(size=(4, 20))
    _, r, _ = linalg.qr(a, pivoting=True)
    diagonal = numpy.diagonal(r)
    assert diagonal[3] > 1e-3 and diagonal[4] < 1e-12


@pytest.mark.parametrize("shape", SHAPES + EMPTY)
@pytest.mark.parametrize("stack", [(), (3,)])
def test_lu_reproduces_the_matrix(rng, shape, stack):
    a = rng.normal(size=stack + shape)
    m, n = shape
    k = min(m, n)
    p, l, u = linalg.lu(a)
    assert p.shape == stack + (m, m) and l.shape == stack + (m, k) and u.shape == stack + (k, n)
    close(p @ l @ u, a, size(m, n))
    assert (abs(l) <= 1).all() and (numpy.triu(l, 1) == 0).all() and (numpy.tril(u, -1) == 0).all()
    assert (numpy.diagonal(l, axis1=-2, axis2=-1) == 1).all()
    rows, l2, u2 = linalg.lu(a, p_indices=True)
    assert (l2 == l).all() and (u2 == u).all()
    close(numpy.take_along_axis(l, rows[..., None], -2) @ u, a, size(m, n))
    close(linalg.lu(a, permute_l=True)[0], p @ l, 0)


@pytest.mark.parametrize("n", [3, 300])
def test_lu_of_a_singular_matrix_is_no_error(rng, n):
    a = rng.integers(-3, 4, size=(n, n)).astype(float)
    a[:, n // 2] = 0
    p, l, u = linalg.lu(a)
    close(p @ l @ u, a, 10 * n)
    assert u[n // 2, n // 2] == 0
    zero = linalg.lu(numpy.zeros((n, n)))
    assert (zero[2] == 0).all() and (zero[1] == numpy.eye(n)).all()


@pytest.mark.parametrize("n", SQUARES)
def test_cholesky_reproduces_the_matrix_and_reads_one_half(rng, n):
    root = rng.normal(size=(n, n))
    a = root @ root.T + n * numpy.eye(n)
    half = numpy.tril(a) + numpy.triu(numpy.full((n, n), numpy.nan), 1)
    l, u = linalg.cholesky(half), linalg.cholesky(half.T, upper=True)
    close(l @ l.T, a, 4 * n)
    close(l, numpy.linalg.cholesky(a), 4 * n)
    assert (numpy.triu(l, 1) == 0).all() and (u == l.T).all()


@pytest.mark.parametrize("n, minor", [(1, 1), (5, 3), (60, 41), (300, 1), (300, 64), (300, 65), (300, 257), (300, 300)])
def test_cholesky_names_the_leading_minor(rng, n, minor):
    root = rng.normal(size=(n, n))
    a = root @ root.T + n * numpy.eye(n)
    a[minor - 1, minor - 1] = -1
    with pytest.raises(linalg.LinAlgError, match=f"leading minor of order {minor} "):
        linalg.cholesky(a)
    with pytest.raises(linalg.LinAlgError, match=rf"leading minor of order {minor} of matrix \(1,\)"):
        linalg.cholesky([numpy.eye(n), a])


@pytest.mark.parametrize("shape", SHAPES + EMPTY)
@pytest.mark.parametrize("stack", [(), (3,)])
def test_svd_reproduces_the_matrix(rng, shape, stack):
    a = rng.normal(size=stack + shape)
    m, n = shape
    k = min(m, n)
    for full in (False, True):
        u, s, vt = linalg.svd(a, full_matrices=full)
        assert u.shape == stack + (m, m if full else k) and vt.shape == stack + (n if full else k, n)
        close((u[..., :k] * s[..., None, :]) @ vt[..., :k, :], a, size(m, n))
        orthonormal(u)
        orthonormal(vt.swapaxes(-1, -2))
        assert (numpy.diff(s) <= 0).all() and (s >= 0).all()
    close(linalg.svdvals(a), numpy.linalg.svd(a, compute_uv=False), size(m, n))


@pytest.mark.parametrize("n", SQUARES)
def test_eigh_reproduces_the_matrix_and_reads_one_half(rng, n):
    a = rng.normal(size=(n, n))
    a = a + a.T
    half = numpy.tril(a) + numpy.triu(numpy.full((n, n), numpy.nan), 1)
    values, vectors = linalg.eigh(half)
    close(vectors * values @ vectors.T, a, 4 * n)
    orthonormal(vectors)
    assert (numpy.diff(values) >= 0).all()
    close(values, numpy.linalg.eigvalsh(a), 4 * n)
    close(linalg.eigvalsh(half.T, "U"), values, 4 * n)
    close(linalg.eigh(half.T, "U").eigenvalues, values, 0)


def test_eigh_of_repeated_eigenvalues_has_orthonormal_vectors(rng):
    q = numpy.linalg.qr(rng.normal(size=(40, 40)))[0]
    wanted = numpy.repeat([-2.0, 0.0, 1.0, 5.0], 10)
    values, vectors = linalg.eigh((q * wanted) @ q.T)
    close(values, wanted, 40)
    orthonormal(vectors)
    close(linalg.eigvalsh(numpy.eye(30)), numpy.ones(30), 1)


@pytest.mark.parametrize("n", [1, 2, 3, 10, 33, 100])
def test_eig_solves_the_eigenvalue_equation(rng, n):
    a = rng.normal(size=(3, n, n))
    values, vectors = linalg.eig(a)
    close(abs(a @ vectors - vectors * values[:, None, :]), numpy.zeros(a.shape), 10 * n)
    close(numpy.linalg.norm(vectors, axis=1), numpy.ones((3, n)), 10)
    close(values.sum(axis=-1).real, numpy.trace(a, axis1=1, axis2=2), 10 * n)
    for one, expected in zip(linalg.eigvals(a), numpy.linalg.eigvals(a)):
        distance = abs(one[:, None] - expected[None, :])
        assert distance.min(axis=1).max() < 1e-10 and distance.min(axis=0).max() < 1e-10


def test_eig_is_real_where_all_eigenvalues_are(rng):
    values, vectors = linalg.eig([[2.0, 0.0], [1.0, 5.0]])
    assert values.dtype == numpy.float64 and vectors.dtype == numpy.float64
    assert linalg.eigvals([[0.0, 1.0], [-1.0, 0.0]]).dtype == numpy.complex128
    turned = linalg.eig(numpy.array([[0, 1], [-1, 0]], numpy.float32))
    assert turned.eigenvalues.dtype == numpy.complex64 and turned.eigenvectors.dtype == numpy.complex64


# Systems


@pytest.mark.parametrize("n", SQUARES)
@pytest.mark.parametrize("columns", [None, 1, 5, 130])
def test_solve_solves(rng, n, columns):
    a = rng.normal(size=(n, n)) + 2 * n**0.5 * numpy.eye(n)
    b = rng.normal(size=(n,) if columns is None else (n, columns))
    symmetric = a + a.T
    definite = a @ a.T
    for matrix, kind in ((a, None), (symmetric, "sym"), (definite, "pos"), (definite, "gen")):
        x = linalg.solve(matrix, b, assume_a=kind)
        backward = abs(matrix @ x - b).max() / (abs(matrix).sum(axis=1).max() * abs(x).max() + abs(b).max())
        assert backward < 4 * n * EPS
        close(x, numpy.linalg.solve(matrix, b), numpy.linalg.cond(matrix) * max(abs(x).max(), 1e-300))
    for turned in (0, 1):
        for lower in (False, True):
            half = numpy.tril(a) if lower else numpy.triu(a)
            junk = numpy.where(half == 0, numpy.nan, half)
            x = linalg.solve_triangular(junk, b, trans=turned, lower=lower)
            close((half.T if turned else half) @ x, b, 10 * n * abs(half).max() * abs(x).max())


@pytest.mark.parametrize("kind", ["sym", "pos"])
@pytest.mark.parametrize("lower", [False, True])
def test_solve_reads_one_half_of_a_symmetric_matrix(rng, kind, lower):
    root = rng.normal(size=(6, 6))
    a = root @ root.T + numpy.eye(6)
    junk = numpy.full((6, 6), numpy.nan)
    half = numpy.tril(a) + numpy.triu(junk, 1) if lower else numpy.triu(a) + numpy.tril(junk, -1)
    b = rng.normal(size=6)
    close(linalg.solve(half, b, kind, lower), numpy.linalg.solve(a, b), 100)


@pytest.mark.parametrize(
    "first, second", [((4,), (4,)), ((4, 1), (3,)), ((1,), (5,)), ((), (6,)), ((6,), ()), ((2, 3), (2, 1)), ((0,), (1,))]
)
def test_stacks_broadcast_as_in_numpy(rng, first, second):
    a = rng.normal(size=first + (4, 4)) + 4 * numpy.eye(4)
    b = rng.normal(size=second + (4, 2))
    x = linalg.solve(a, b)
    expected = numpy.linalg.solve(a, b)
    close(x, expected, 100)
    close(linalg.lstsq(a, b)[0], expected, 1000)
    close(linalg.solve(a, b[(0,) * len(second)][:, 0] if b.size else numpy.ones(4)).shape, first + (4,), 0)


def test_stacks_that_do_not_broadcast_are_refused(rng):
    with pytest.raises(ValueError):
        linalg.solve(rng.normal(size=(2, 3, 3)), rng.normal(size=(4, 3, 1)))


@pytest.mark.parametrize("n", SQUARES)
def test_inverse_times_matrix_is_the_identity(rng, n):
    a = rng.normal(size=(n, n))
    inverse = linalg.inv(a)
    close(a @ inverse, numpy.eye(n), 10 * n * abs(a).sum(axis=1).max() * abs(inverse).max())
    close(inverse, numpy.linalg.inv(a), numpy.linalg.cond(a) * abs(inverse).max())


@pytest.mark.parametrize("shape", SHAPES + EMPTY)
@pytest.mark.parametrize("rank", [None, 2])
def test_pseudo_inverse_meets_the_four_equations(rng, shape, rank):
    m, n = shape
    a = rng.normal(size=shape) if rank is None else rng.normal(size=(m, rank)) @ rng.normal(size=(rank, n))
    p, count = linalg.pinv(a, return_rank=True)
    assert p.shape == (n, m)
    assert count == min(m, n, m if rank is None else rank) == linalg.matrix_rank(a)
    scale = 10 * size(m, n) * max(1, abs(a).max(initial=0) ** 2) * max(1, abs(p).max(initial=0) ** 2) * size(m, n)
    close(a @ p @ a, a, scale)
    close(p @ a @ p, p, scale)
    close((a @ p).T, a @ p, scale)
    close((p @ a).T, p @ a, scale)


@pytest.mark.parametrize("shape", SHAPES + EMPTY)
@pytest.mark.parametrize("columns", [None, 0, 3])
def test_least_squares_agrees_with_numpy(rng, shape, columns):
    a = rng.normal(size=shape)
    b = rng.normal(size=shape[:1] if columns is None else (shape[0], columns))
    x, residuals, rank, s = linalg.lstsq(a, b)
    expected = numpy.linalg.lstsq(a, b, rcond=None)
    scale = 100 * size(*shape) * (1 / s[-1] if s.size else 1) * max(1, abs(x).max(initial=0))
    close(x, expected[0], scale)
    assert rank == expected[2]
    if 0 not in shape:
        close(residuals, expected[1], 100 * size(*shape))
    close(s, expected[3], size(*shape))


def test_least_squares_of_deficient_rank_has_the_least_norm(rng):
    a = rng.normal(size=(3, 12, 2)) @ rng.normal(size=(3, 2, 7))
    b = rng.normal(size=(3, 12, 2))
    x, residuals, rank, _ = linalg.lstsq(a, b)
    assert (rank == 2).all()
    close(x, numpy.linalg.pinv(a, 1e-12) @ b, 1000)
    close(residuals, ((b - a @ x) ** 2).sum(axis=1), 1000)


# Numbers


@pytest.mark.parametrize("n", [0] + SQUARES)
def test_determinants_agree_with_numpy(rng, n):
    a = rng.normal(size=(2, n, n)) / max(n, 1) ** 0.5
    sign, log_absolute = linalg.slogdet(a)
    expected = numpy.linalg.slogdet(a)
    assert (sign == expected[0]).all()
    close(log_absolute, expected[1], 100 * size(n))
    determinant = linalg.det(a)
    assert numpy.allclose(determinant, sign * numpy.exp(log_absolute), rtol=1e-10, atol=0)
    close(linalg.trace(a), numpy.trace(a, axis1=1, axis2=2), 4 * size(n))


def test_a_determinant_overflows_only_where_the_result_does():
    assert linalg.det(numpy.diag([1e200, 1e200, 1e-200, 1e-200])) == pytest.approx(1, rel=1e-14)
    assert linalg.det(numpy.diag([1e-200, 1e-200, 1e200, -1e200])) == pytest.approx(-1, rel=1e-14)
    assert linalg.det(numpy.diag([1e200, -1e200])) == -numpy.inf
    assert linalg.det(numpy.diag([5e-324, 0.5 * 2.0**1000])) == pytest.approx(5e-324 * 2.0**999)
    assert linalg.slogdet(numpy.diag([1e200, -1e200])).logabsdet == pytest.approx(400 * numpy.log(10))


def test_the_determinant_of_whole_numbers_is_near_a_whole_number():
    assert linalg.det([[6, 1, 1], [4, -2, 5], [2, 8, 7]]) == pytest.approx(-306, rel=1e-14)
    assert linalg.det(numpy.eye(4)[[1, 0, 2, 3]]) == -1
    assert linalg.det([[1, 2], [2, 4]]) == 0


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("order", ["fro", "nuc", 1, 2, numpy.inf])
def test_matrix_norms_agree_with_numpy(rng, shape, order):
    a = rng.normal(size=(3,) + shape)
    expected = numpy.linalg.norm(a, order, axis=(1, 2))
    close(linalg.norm(a, order, axis=(1, 2)), expected, size(*shape) * expected.max())
    close(linalg.matrix_norm(a, order, keepdims=True)[:, 0, 0], expected, size(*shape) * expected.max())
    close(linalg.norm(a[0], order), expected[0], size(*shape) * expected.max())


@pytest.mark.parametrize("order", [None, 1, 2, numpy.inf])
def test_vector_norms_agree_with_numpy(rng, order):
    a = rng.normal(size=(4, 5, 6))
    for axis in (0, 1, -1):
        for keep in (False, True):
            close(linalg.norm(a, order, axis, keep), numpy.linalg.norm(a, order, axis, keep), 10)
    close(linalg.norm(a[0, 0], order), numpy.linalg.norm(a[0, 0], order), 10)
    close(linalg.norm(a), numpy.linalg.norm(a), 20)
    close(linalg.norm(a, keepdims=True), numpy.linalg.norm(a, keepdims=True), 20)


def test_norms_do_not_overflow_on_the_way():
    for scale in (1e300, 1e-300, 5e-324):
        assert linalg.norm(numpy.array([3.0, 4.0]) * scale) == pytest.approx(5 * scale, rel=1e-14)
    assert linalg.norm(numpy.full((2, 2), 1e308)) == numpy.inf
    assert linalg.norm(numpy.zeros((3, 3))) == 0 and linalg.norm(numpy.zeros((0, 3)), 1) == 0


@pytest.mark.parametrize("p", [None, 1, 2, numpy.inf, "fro"])
def test_condition_numbers_agree_with_numpy(rng, p):
    a = rng.normal(size=(4, 12, 12))
    expected = numpy.linalg.cond(a, p)
    assert numpy.allclose(linalg.cond(a, p), expected, rtol=1e-10)
    assert linalg.cond(numpy.diag([1.0, 0.0]), p) == numpy.inf
    assert linalg.cond(numpy.eye(3), p) == pytest.approx(3 if p == "fro" else 1)
    with pytest.raises(ValueError, match="empty"):
        linalg.cond(numpy.zeros((0, 0)), p)


def test_rank_counts_what_lies_above_the_tolerance():
    a = numpy.diag([4.0, 1.0, 1e-3, 1e-17])
    assert linalg.matrix_rank(a) == 3
    assert linalg.matrix_rank(a, 1e-2) == 2 and linalg.matrix_rank(a, 0) == 4
    assert linalg.matrix_rank(numpy.zeros((3, 2))) == 0 and linalg.matrix_rank(numpy.zeros((0, 2))) == 0
    assert linalg.matrix_rank([a, numpy.eye(4)]).tolist() == [3, 4]


# Functions of matrices


@pytest.mark.parametrize("exponent", [-3, -1, 0, 1, 2, 3, 7, 10])
def test_powers_agree_with_numpy(rng, exponent):
    a = rng.normal(size=(3, 5, 5)) + 3 * numpy.eye(5)
    expected = numpy.linalg.matrix_power(a, exponent)
    close(linalg.matrix_power(a, exponent), expected, 1000 * abs(expected).max())


def test_a_large_power_is_exact_where_doubles_are():
    assert linalg.matrix_power([[1, 1], [0, 1]], 2**40).tolist() == [[1, 2**40], [0, 1]]
    assert linalg.matrix_power(numpy.diag([-1.0, 1.0]), -(2**63)).tolist() == [[1, 0], [0, 1]]
    with pytest.raises(linalg.LinAlgError, match="overflows"):
        linalg.matrix_power([[10.0]], 309)


def test_the_exponential_agrees_with_a_power_series(rng):
    for n in (1, 2, 3, 8, 30):
        for scale in (0, 1e-9, 0.01, 0.2, 0.9, 2.0, 5.0, 40.0):
            a = rng.normal(size=(n, n))
            a *= scale / abs(a).sum(axis=0).max()
            expected = series(a)
            close(linalg.expm(a), expected, 40 * max(scale, 1) * n * abs(expected).max())


def series(a):
    """e^a by halving until the series is short, in extended precision."""
    halvings = 12
    x = a.astype(numpy.longdouble) / 2**halvings
    total = numpy.eye(len(a), dtype=numpy.longdouble)
    term = total.copy()
    for k in range(1, 25):
        term = term @ x / k
        total = total + term
    for _ in range(halvings):
        total = total @ total
    return total.astype(float)


def test_the_exponential_is_not_scaled_too_much():
    # Far from normal: scaling by the norm alone loses all digits of the first entry.
    a = numpy.array([[1.0, 1e6], [0.0, -1.0]])
    e = numpy.e
    expected = [[e, 1e6 * (e - 1 / e) / 2], [0, 1 / e]]
    assert numpy.allclose(linalg.expm(a), expected, rtol=1e-13, atol=0)


def test_the_exponential_of_a_small_matrix_is_good_to_the_last_digit():
    a = numpy.array([[1e-9, 2e-10], [-3e-10, 4e-9]])
    second = a @ a / 2
    assert (linalg.expm(a) == numpy.eye(2) + (a + second)).all()


def test_exponentials_of_special_matrices():
    assert (linalg.expm(numpy.zeros((3, 3))) == numpy.eye(3)).all()
    assert linalg.expm(numpy.zeros((0, 0))).shape == (0, 0)
    t = numpy.pi / 3
    close(linalg.expm([[0, -t], [t, 0]]), [[0.5, -(0.75**0.5)], [0.75**0.5, 0.5]], 1)
    close(linalg.expm(numpy.diag([-1e5, 0.0, 1.0])), numpy.diag([0, 1, numpy.e]), 1e3)
    assert linalg.expm([[-1e300]]) == 0
    huge = linalg.expm(numpy.array([[-1e300, 0], [0, -1e300]]))
    assert (huge == 0).all()
    for a in ([[1000.0]], [[1000.0, 0.0], [0.0, 0.0]]):
        with pytest.raises(linalg.LinAlgError, match="overflows"):
            linalg.expm(a)


# Stacks, layouts, dtypes, threads


CALLS = {
    "solve": lambda a: linalg.solve(a, a[..., :2]),
    "solve symmetric": lambda a: linalg.solve(a, a[..., :2], "sym"),
    "inv": linalg.inv,
    "pinv": linalg.pinv,
    "lstsq": lambda a: linalg.lstsq(a, a[..., :1])[0],
    "det": linalg.det,
    "slogdet": lambda a: linalg.slogdet(a).logabsdet,
    "trace": linalg.trace,
    "rank": linalg.matrix_rank,
    "cond": linalg.cond,
    "cond 1": lambda a: linalg.cond(a, 1),
    "norm": linalg.matrix_norm,
    "norm nuc": lambda a: linalg.matrix_norm(a, "nuc"),
    "cholesky": lambda a: linalg.cholesky(a @ a.swapaxes(-1, -2)),
    "lu": lambda a: numpy.concatenate(linalg.lu(a), axis=-1),
    "qr": lambda a: numpy.concatenate(linalg.qr(a), axis=-1),
    "qr pivoted": lambda a: numpy.concatenate(linalg.qr(a, pivoting=True)[:2], axis=-1),
    "svd": lambda a: numpy.concatenate([linalg.svd(a)[0], linalg.svd(a)[2]], axis=-1),
    "eigh": lambda a: linalg.eigh(a).eigenvectors,
    "eig": lambda a: linalg.eig(a + 5 * numpy.eye(a.shape[-1])).eigenvalues.real,
    "power": lambda a: linalg.matrix_power(a, 5),
    "expm": linalg.expm,
}


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("stack", STACKS)
def test_a_matrix_of_a_stack_has_the_bits_of_the_matrix_alone(rng, name, stack):
    call = CALLS[name]
    a = rng.normal(size=stack + (6, 6))
    together = call(a)
    assert together.shape[: len(stack)] == stack
    for index in numpy.ndindex(stack):
        assert (together[index] == call(a[index])).all()


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("shape", [(50, 7, 7), (3, 40, 40), (290, 290), (2, 290, 290)])
def test_any_number_of_threads_gives_the_same_bits(rng, name, shape):
    a = rng.normal(size=shape) / shape[-1] ** 0.5
    results = []
    try:
        for threads in (1, 2, 3, 8):
            apus.set_threads(threads)
            results.append(CALLS[name](a))
    finally:
        apus.set_threads(0)
    for other in results[1:]:
        assert (other == results[0]).all()


@pytest.mark.parametrize("name", CALLS)
def test_strides_do_not_matter(rng, name):
    a = rng.normal(size=(9, 3, 9))
    want = CALLS[name](numpy.ascontiguousarray(a[::2, 1, ::-2]))
    assert (CALLS[name](a[::2, 1, ::-2]) == want).all()
    fortran = numpy.asfortranarray(a[::2, 1, ::-2])
    assert (CALLS[name](fortran) == want).all()
    stretched = numpy.broadcast_to(a[::2, 1, ::-2], (4, 5, 5))
    assert (CALLS[name](stretched) == want).all()


@pytest.mark.parametrize("name", CALLS)
def test_float32_is_widened_and_rounded_once(rng, name):
    a = rng.normal(size=(4, 4)).astype(numpy.float32)
    if name == "cholesky":
        a = numpy.eye(4, dtype=numpy.float32) * 3
    single, double = numpy.asarray(CALLS[name](a)), numpy.asarray(CALLS[name](a.astype(float)))
    if name == "eig":
        assert numpy.allclose(single, double, rtol=1e-5)
        return
    if name == "rank":
        assert single == double
        return
    assert single.dtype == numpy.float32
    assert (single == double.astype(numpy.float32)).all()


@pytest.mark.parametrize("dtype", [numpy.int64, numpy.int32, numpy.uint8, numpy.bool_])
def test_whole_numbers_are_read_exactly(dtype):
    a = numpy.array([[1, 1], [0, 1]], dtype)
    assert linalg.inv(a).tolist() == [[1, -1], [0, 1]]
    assert linalg.solve(a, numpy.array([3, 1], numpy.int64)).tolist() == [2, 1]
    assert linalg.trace(a) == 2


# Faults


@pytest.mark.parametrize("value, text", [(numpy.nan, "NaN"), (numpy.inf, "infinity"), (-numpy.inf, "-infinity")])
@pytest.mark.parametrize("name", [name for name in CALLS if name not in ("cholesky", "eig", "eigh", "trace")])
def test_values_that_are_not_finite_are_named(rng, name, value, text):
    a = rng.normal(size=(4, 4))
    a[2, 1] = value
    with pytest.raises(ValueError, match=f"holds {text} at row 2, column 1"):
        CALLS[name](a)
    with pytest.raises(ValueError, match=r"row 2, column 1 of matrix \(0, 1\)"):
        CALLS[name](numpy.stack([numpy.eye(4), a])[None])


def test_a_vector_that_is_not_finite_is_named(rng):
    with pytest.raises(ValueError, match="b holds NaN at row 1 "):
        linalg.solve(numpy.eye(2), [1.0, numpy.nan])
    with pytest.raises(ValueError, match="holds NaN at row 1, column 1"):
        linalg.trace([[1.0, 2.0], [3.0, numpy.nan]])


@pytest.mark.parametrize("n", [1, 2, 10, 30, 300])
def test_a_singular_matrix_names_its_pivot(n):
    a = numpy.eye(n)
    a[-1, -1] = 0
    for call in (linalg.inv, lambda a: linalg.solve(a, numpy.ones(n)), lambda a: linalg.matrix_power(a, -2)):
        with pytest.raises(linalg.LinAlgError, match=f"pivot {n - 1} "):
            call(a)
    for kind in ("lower triangular", "upper triangular"):
        with pytest.raises(linalg.LinAlgError, match=f"diagonal element {n - 1} "):
            linalg.solve(a, numpy.ones(n), kind)
    with pytest.raises(linalg.LinAlgError, match="singular"):
        linalg.solve(a, numpy.ones(n), "sym")
    assert linalg.det(a) == 0 and linalg.slogdet(a) == (0, -numpy.inf)


def test_the_first_singular_matrix_of_a_stack_is_named():
    a = numpy.tile(numpy.eye(3), (200, 1, 1))
    a[[57, 130], 1, 1] = 0
    with pytest.raises(linalg.LinAlgError, match=r"pivot 1 of matrix \(57,\)"):
        linalg.inv(a)


@pytest.mark.parametrize("n", [2, 12, 40])
def test_a_nearly_singular_matrix_warns(n):
    a = numpy.vander(numpy.linspace(0, 1, n)) if n > 2 else numpy.array([[1.0, 1.0], [1.0, 1.0 + EPS]])
    nearly = n != 12
    calls = [lambda: linalg.solve(a, numpy.ones(n)), lambda: linalg.inv(a)]
    for call in calls:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            call()
        assert bool(caught) == nearly
        if nearly:
            message = str(caught[0].message)
            assert "nearly singular" in message
            assert float(re.search(r"about ([0-9.e+-]+),", message).group(1)) < EPS


def test_shapes_that_do_not_fit_are_refused(rng):
    for call in (linalg.inv, linalg.det, linalg.cholesky, linalg.eigh, linalg.eig, linalg.expm, linalg.slogdet):
        with pytest.raises(numpy.linalg.LinAlgError, match="square"):
            call(rng.normal(size=(2, 3)))
        with pytest.raises(numpy.linalg.LinAlgError, match="two dimensions"):
            call(rng.normal(size=3))
    with pytest.raises(ValueError, match="b must have 3 rows"):
        linalg.solve(numpy.eye(3), numpy.ones(2))
    with pytest.raises(ValueError, match="b must have 3 rows"):
        linalg.lstsq(numpy.ones((3, 2)), numpy.ones(2))
    with pytest.raises(ValueError, match="one dimension"):
        linalg.solve(numpy.eye(3), 1.0)


def test_unknown_names_are_refused():
    eye = numpy.eye(2)
    for call in (
        lambda: linalg.solve(eye, [1.0, 2.0], "banded"),
        lambda: linalg.qr(eye, "raw"),
        lambda: linalg.norm(eye, "max"),
        lambda: linalg.cond(eye, "nuc"),
        lambda: linalg.eigh(eye, "X"),
        lambda: linalg.norm(eye, axis=2),
        lambda: linalg.norm(eye, axis=(0, 0)),
        lambda: linalg.pinv(eye, 1e-3, rtol=1e-3),
        lambda: linalg.matrix_power(eye, 2**63),
    ):
        with pytest.raises(ValueError):
            call()
    with pytest.raises(TypeError):
        linalg.matrix_power(eye, 0.5)
    with pytest.raises(TypeError):
        linalg.inv(eye.astype(complex))
    with pytest.raises(ValueError, match="NaN"):
        linalg.matrix_rank(eye, numpy.nan)


@pytest.mark.parametrize("kind", ["gen", "sym", "lower triangular", "upper triangular"])
@pytest.mark.parametrize("n", [2, 5, 8, 9, 24, 40, 300])
def test_no_nearly_singular_matrix_passes_without_a_warning(rng, n, kind):
    """Inverses with one large entry, row, column or part, where an estimate could be fooled."""
    for trial in range(20):
        if "triangular" in kind:
            a = numpy.tril(rng.normal(size=(n, n))) / n + numpy.eye(n)
            a[trial % n, trial % n] = 1e-17
            a = a if kind.startswith("lower") else a.T
        else:
            q = numpy.linalg.qr(rng.normal(size=(n, n)))[0] if trial % 2 else numpy.eye(n)[rng.permutation(n)]
            values = numpy.ones(n)
            values[trial % n] = 1e-17
            a = (q * values) @ q.T if kind == "sym" else (q * values) @ numpy.linalg.qr(rng.normal(size=(n, n)))[0]
            a = (a + a.T) / 2 if kind == "sym" else a
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            try:
                linalg.solve(a, numpy.ones(n), kind)
            except linalg.LinAlgError:
                continue
        assert caught or 1 / numpy.linalg.cond(a, 1) > EPS / 10


def test_products_are_those_of_ops():
    for name in ("matmul", "dot", "outer", "cross"):
        assert getattr(linalg, name) is getattr(apus.ops, name)
    with pytest.raises(AttributeError, match="kron"):
        linalg.kron
