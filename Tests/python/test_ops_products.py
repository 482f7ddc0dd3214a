"""apus.ops.matmul and its kin beside NumPy: shapes, layouts, dtypes, and what is refused."""

import numpy as np
import pytest

import apus
from apus import ops

SIZES = [(1, 1, 1), (2, 3, 4), (1, 50, 7), (50, 1, 3), (17, 33, 9), (64, 64, 64), (100, 130, 70), (200, 300, 150), (36, 1000, 500)]


def spread(shape, dtype, seed):
    return np.random.default_rng(seed).uniform(-1, 1, shape).astype(dtype)


def layouts(x):
    yield x
    yield np.asfortranarray(x)
    yield x[::-1, ::-1]
    padded = np.zeros((x.shape[0], x.shape[1] + 3), x.dtype)
    padded[:, : x.shape[1]] = x
    yield padded[:, : x.shape[1]]


def check(found, a, b):
    """Within k u |a| |b| of the product in extended precision."""
    exact = np.matmul(a.astype(np.longdouble), b.astype(np.longdouble))
    unit = 2**-24 if found.dtype == np.float32 else 2**-53
    bound = (a.shape[-1] + 1) * unit * np.matmul(np.abs(a).astype(float), np.abs(b).astype(float))
    assert found.shape == exact.shape
    assert np.all(np.abs(found - exact) <= bound)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("m,k,n", SIZES)
def test_products_of_every_layout(m, k, n, dtype):
    a, b = spread((m, k), dtype, 1), spread((k, n), dtype, 2)
    for x in layouts(a):
        for y in layouts(b):
            check(ops.matmul(x, y), x, y)
    check(ops.matmul(np.ascontiguousarray(a.T), b, transpose_a=True), a, b)
    check(ops.matmul(a, np.ascontiguousarray(b.T), transpose_b=True), a, b)
    for out in [np.empty((n, m), dtype).T, np.empty((m, 2 * n), dtype)[:, ::2], np.empty((2 * m, n), dtype)[::2]]:
        out[...] = np.nan
        ops.matmul(a, b, out=out)
        check(out, a, b)
    check(ops.matmul(a, b[:, 0]), a, b[:, 0])
    check(ops.matmul(a[0], b), a[0], b)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_long_inner_extents(dtype):
    a, b = spread((40, 20_000), dtype, 1), spread((20_000, 50), dtype, 2)
    check(ops.matmul(a, b), a, b)
    check(ops.matmul(b.T, b), b.T, b)
    wide = spread((60, 900), dtype, 3), spread((900, 5000), dtype, 4)
    check(ops.matmul(*wide), *wide)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_batches_broadcast(dtype):
    for a_shape, b_shape in [
        ((5, 3, 4), (5, 4, 2)), ((3, 4), (6, 4, 2)), ((2, 1, 3, 4), (7, 4, 5)), ((7, 3, 4), (4,)), ((4,), (7, 4, 2)),
        ((300, 8, 9), (300, 9, 10)), ((3, 150, 160), (1, 160, 170)), ((0, 2, 3), (3, 2)), ((2, 3, 0), (0, 4)),
    ]:
        a, b = spread(a_shape, dtype, 1), spread(b_shape, dtype, 2)
        found = ops.matmul(a, b)
        wanted = np.matmul(a.astype(float), b.astype(float))
        assert found.shape == wanted.shape and found.dtype == dtype
        assert np.allclose(found, wanted, rtol=0, atol=1e-5 if dtype == np.float32 else 1e-13)


def test_vectors_give_a_number():
    assert ops.matmul([1.0, 2.0], [3.0, 4.0]) == 11
    assert ops.dot([1, 2], [3, 4]) == 11
    assert ops.vdot(np.ones((2, 3)), np.full((2, 3), 0.5)) == 3
    assert ops.matmul(np.zeros(0), np.zeros(0)) == 0


def test_an_inner_product_of_float32_is_exact_to_float64():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(2, 100_000)).astype(np.float32)
    exact = np.sum(x.astype(np.longdouble) * y)
    assert abs(ops.vdot(x, y) - exact) <= 1e-14 * np.sum(np.abs(x.astype(float) * y))
    mixed = ops.vdot(x, y.astype(np.float64))
    assert abs(mixed - exact) <= 1e-14 * np.sum(np.abs(x.astype(float) * y))


def test_whole_numbers_count_as_float64():
    a, b = np.arange(6).reshape(2, 3), np.arange(12, dtype=np.uint8).reshape(3, 4)
    found = ops.matmul(a, b)
    assert found.dtype == np.float64 and np.array_equal(found, a @ b)
    assert ops.matmul(a, b.astype(np.float32)).dtype == np.float64


def test_out_may_be_an_input_or_wider():
    a, b = spread((30, 30), np.float64, 1), spread((30, 30), np.float64, 2)
    wanted = ops.matmul(a, b)
    copy = a.copy()
    ops.matmul(copy, b, out=copy)
    assert np.array_equal(copy, wanted)
    small = a.astype(np.float32), b.astype(np.float32)
    wide = np.empty((30, 30))
    ops.matmul(*small, out=wide)
    assert np.array_equal(wide, ops.matmul(*small))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("m,k,n", [(300, 400, 500), (1, 2000, 900), (900, 2000, 1), (20, 2000, 700), (1100, 900, 300)])
def test_threads_do_not_change_a_bit(m, k, n, dtype):
    a, b = spread((m, k), dtype, 1), spread((k, n), dtype, 2)
    found = []
    try:
        for threads in (1, 2, 5):
            apus.set_threads(threads)
            found.append(ops.matmul(a, b))
    finally:
        apus.set_threads(0)
    assert np.array_equal(found[0], found[1]) and np.array_equal(found[0], found[2])


def test_outer_and_cross_products():
    x, y = spread(50, np.float64, 1), spread(70, np.float64, 2)
    assert np.array_equal(ops.outer(x, y), np.outer(x, y))
    assert np.array_equal(ops.outer(x[::2], y[::-1], out=np.empty((70, 25)).T), np.outer(x[::2], y[::-1]))
    a, b = spread((4, 1, 3), np.float32, 3), spread((5, 3), np.float32, 4)
    assert np.allclose(ops.cross(a, b), np.cross(a, b), rtol=0, atol=1e-6)
    assert np.array_equal(ops.cross([1, 0, 0], [0, 1, 0]), [0, 0, 1])


def test_what_products_refuse():
    a = np.ones((2, 3))
    with pytest.raises(ValueError, match="inner extents are 3 and 2"):
        ops.matmul(a, a)
    with pytest.raises(ValueError, match="no dimensions"):
        ops.matmul(1.0, a, out=np.empty(3))
    with pytest.raises(ValueError, match="broadcast"):
        ops.matmul(np.ones((2, 2, 3)), np.ones((3, 3, 2)))
    with pytest.raises(TypeError, match="out must be float64"):
        ops.matmul(a, a.T, out=np.empty((2, 2), np.float32))
    with pytest.raises(ValueError, match="shares memory"):
        ops.matmul(a, a.T, out=a[:, :2])
    with pytest.raises(ValueError, match="3 elements"):
        ops.cross([1, 2], [3, 4])
    with pytest.raises(ValueError, match="one shape"):
        ops.vdot([1, 2], [1, 2, 3])
