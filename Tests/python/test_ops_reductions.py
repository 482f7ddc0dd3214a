"""apus.ops beside NumPy and SciPy: reductions, sorting, distinct values, running sums, unit vectors, grids."""

import math

import numpy as np
import pytest
from scipy.special import logsumexp

import apus
from apus import ops

DTYPES = [np.float32, np.float64, np.int32, np.int64, np.uint8, np.bool_]
SHAPES = [(1,), (7,), (2049,), (70000,), (3, 4), (1000, 3), (3, 1000), (40, 1700), (2, 3, 700), (5, 1, 6, 4)]


def spread(shape, dtype, seed=0):
    values = np.random.default_rng(seed).uniform(-4, 4, shape)
    if dtype in (np.uint8, np.bool_):
        values = np.abs(values)
    return values.astype(dtype)


def layouts(x):
    """The array in other orders of memory, reversed, and with gaps."""
    yield x
    if x.ndim > 1:
        yield np.asfortranarray(x)
        yield np.moveaxis(np.ascontiguousarray(np.moveaxis(x, 0, -1)), -1, 0)
    yield np.ascontiguousarray(x[::-1])[::-1]
    wide = np.zeros(tuple(2 * n for n in x.shape), x.dtype)
    gaps = wide[tuple(slice(None, None, 2) for _ in x.shape)]
    gaps[...] = x
    yield gaps
    packed = np.zeros(x.size, np.dtype([("odd", np.uint8), ("x", x.dtype)]))
    packed["x"] = x.ravel()
    yield packed["x"].reshape(x.shape)


def axes_of(x):
    yield None
    for axis in range(-x.ndim, x.ndim):
        yield axis
    if x.ndim > 2:
        yield (0, -1)
        yield (2, 1)


def check_close(found, wanted, x, axis, keepdims, bound):
    """Within `bound` times the sum of magnitudes."""
    scale = np.abs(x.astype(float)).sum(axis=axis, keepdims=keepdims)
    assert np.shape(found) == np.shape(wanted)
    assert np.all(np.abs(found - wanted) <= bound * scale)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int32, np.bool_])
def test_whole_arrays_become_scalars_of_numpys_types(dtype):
    x = np.random.default_rng(0).integers(0, 2, size=(3, 5)).astype(dtype)
    real = np.float32 if dtype == np.float32 else np.float64
    for name in ("sum", "mean", "prod", "min", "max"):
        found = getattr(ops, name)(x)
        assert type(found) is real and found == getattr(np, name)(x)
    for name, kind in [("argmin", np.int64), ("argmax", np.int64), ("any", np.bool_), ("all", np.bool_)]:
        found = getattr(ops, name)(x)
        assert type(found) is kind and found == getattr(np, name)(x)
    assert ops.sum(x, keepdims=True).shape == (1, 1)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", SHAPES)
def test_reductions_agree_in_every_layout(shape, dtype):
    x = spread(shape, dtype)
    wide = x.astype(float)
    rounding = 2**-24 if dtype == np.float32 else 0
    for y in layouts(x):
        for axis in axes_of(x):
            for keepdims in (False, True):
                kwargs = {"axis": axis, "keepdims": keepdims}
                for name in ("min", "max", "any", "all", "count_nonzero"):
                    found = getattr(ops, name)(y, **kwargs)
                    assert np.array_equal(found, getattr(np, name)(wide, **kwargs)), name
                exact = np.sum(wide.astype(np.longdouble), **kwargs)
                check_close(ops.sum(y, **kwargs), exact, wide, axis, keepdims, 2**-48 + rounding)
                check_close(
                    ops.norm(y, 1, **kwargs), np.sum(np.abs(wide), **kwargs), wide, axis, keepdims, 2**-47 + rounding
                )
                assert np.allclose(
                    ops.norm(y, **kwargs), np.sqrt(np.sum(wide**2, **kwargs)), rtol=2**-47 + rounding, atol=0
                )
                assert np.array_equal(
                    ops.norm(y, np.inf, **kwargs), np.max(np.abs(wide), **kwargs)
                )
                assert np.allclose(
                    ops.logsumexp(y, **kwargs), logsumexp(wide, **kwargs), rtol=1e-14 + 2 * rounding, atol=1e-15
                )


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", SHAPES)
def test_positions_are_those_of_the_first(shape, dtype):
    x = np.round(spread(shape, dtype)).astype(dtype)
    for y in layouts(x):
        for axis in [None, *range(-x.ndim, x.ndim)]:
            assert np.array_equal(ops.argmin(y, axis=axis), np.argmin(x, axis=axis))
            assert np.array_equal(ops.argmax(y, axis=axis, keepdims=True), np.argmax(x, axis=axis, keepdims=True))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_nan_wins(dtype):
    x = spread((50, 60), dtype)
    x[3, 4] = x[40, 4] = x[3, 50] = np.nan
    for axis in (None, 0, 1):
        for name in ("min", "max"):
            assert np.array_equal(getattr(ops, name)(x, axis=axis), getattr(np, name)(x, axis=axis), equal_nan=True)
        for name in ("argmin", "argmax"):
            assert np.array_equal(getattr(ops, name)(x, axis=axis), getattr(np, name)(x, axis=axis))
        assert np.array_equal(
            np.isnan(ops.norm(x, np.inf, axis=axis)), np.isnan(x).any(axis=axis)
        )


def test_sums_of_float32_are_made_in_float64():
    x = np.full(10_000_000, 0.1, np.float32)
    exact = math.fsum(x[:1].astype(float)) * x.size
    assert ops.sum(x) == np.float32(exact)
    wide = np.empty((), np.float64)
    ops.sum(x, out=wide)
    assert abs(wide - exact) <= 1e-12 * exact


def test_sums_are_far_better_than_one_after_the_other():
    x = np.random.default_rng(0).uniform(0, 1, 3_000_000)
    assert abs(ops.sum(x) - math.fsum(x)) <= 2 * math.ulp(math.fsum(x))
    columns = x.reshape(-1, 3)
    for c, found in enumerate(ops.sum(columns, axis=0)):
        assert abs(found - math.fsum(columns[:, c])) <= 4 * math.ulp(found)


@pytest.mark.parametrize("scale", [1e300, 1e-300, 1e-320])
def test_norms_at_the_ends_of_the_range(scale):
    x = np.array([[3.0, -4.0, 0.0], [0.0, 0.0, 0.0], [1.0, 2.0, 2.0]]) * scale
    expected = np.array([5.0, 0.0, 3.0]) * scale
    assert np.allclose(ops.norm(x, axis=1), expected, rtol=1e-15, atol=5e-324)
    assert np.allclose(ops.norm(np.asfortranarray(x), axis=1), expected, rtol=1e-15, atol=5e-324)
    units = ops.unit_vectors(x)
    assert np.all(units[1] == 0)
    assert np.allclose(np.hypot.reduce(units[[0, 2]], axis=1), 1, rtol=1e-15 if scale != 1e-320 else 1e-3)


def test_unit_vectors_whose_length_overflows():
    x = np.array([1.7e308, -1.7e308, 1.7e308, 1.7e308])
    assert np.allclose(ops.unit_vectors(x), [0.5, -0.5, 0.5, 0.5], rtol=1e-15)


@pytest.mark.parametrize("name", ["sum", "prod", "norm", "logsumexp", "mean", "cumsum"])
def test_threads_do_not_change_a_bit(name):
    x = np.random.default_rng(1).normal(1, 0.001, (700, 1100))
    found = []
    try:
        for threads in (1, 2, 5):
            apus.set_threads(threads)
            found.append([getattr(ops, name)(x, axis=axis) for axis in (None, 0, 1)])
    finally:
        apus.set_threads(0)
    for other in found[1:]:
        for a, b in zip(found[0], other):
            assert np.array_equal(a, b)


def test_emptiness():
    empty = np.zeros((0, 3))
    assert ops.sum(empty) == 0 and ops.prod(empty) == 1 and ops.norm(empty) == 0
    assert not ops.any(empty) and ops.all(empty) and ops.count_nonzero(empty) == 0
    assert np.array_equal(ops.sum(empty, axis=0), np.zeros(3))
    assert ops.max(empty, axis=1).shape == (0,)
    for name in ("mean", "min", "max", "argmin", "argmax", "logsumexp"):
        with pytest.raises(ValueError, match="no elements"):
            getattr(ops, name)(empty)


def test_what_reductions_refuse():
    x = np.ones((2, 3))
    with pytest.raises(ValueError, match="axis is 2"):
        ops.sum(x, axis=2)
    with pytest.raises(ValueError, match="twice"):
        ops.sum(x, axis=(0, -2))
    with pytest.raises(ValueError, match="shape"):
        ops.sum(x, axis=0, out=np.empty(2))
    with pytest.raises(TypeError, match="out must be float64"):
        ops.sum(x, axis=0, out=np.empty(3, np.float32))
    with pytest.raises(ValueError, match="shares memory"):
        ops.sum(x, axis=0, out=x[0])
    with pytest.raises(TypeError, match="exactly"):
        ops.sum(np.array([2**60 + 1]))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(1,), (40,), (41,), (3000,), (200_000,), (20, 50), (50, 3, 20)])
def test_sorting_is_stable_with_nan_last(shape, dtype):
    x = np.round(spread(shape, dtype, 3)).astype(dtype)
    if np.issubdtype(dtype, np.floating):
        x.flat[:: 7] = np.nan
        x.flat[1 :: 9] = -0.0
        x.flat[2 :: 11] = 0.0
    for y in layouts(x):
        for axis in range(-x.ndim, x.ndim):
            order = np.argsort(x, axis=axis, kind="stable")
            assert np.array_equal(ops.argsort(y, axis=axis), order)
            found, wanted = ops.sort(y, axis=axis), np.take_along_axis(x, order, axis)
            assert found.tobytes() == wanted.tobytes()
            order = np.argsort(-x.astype(float), axis=axis, kind="stable")
            assert np.array_equal(ops.argsort(y, axis=axis, descending=True), order)
            wanted = np.take_along_axis(x, order, axis)
            assert ops.sort(y, axis=axis, descending=True).tobytes() == wanted.tobytes()
    copy = x.copy()
    assert ops.sort(copy, out=copy) is copy and copy.tobytes() == ops.sort(x).tobytes()


def test_sorting_orders_the_whole_range():
    x = np.array([np.inf, 1e-310, -1e-310, 5e-324, -np.inf, 1.7e308, -1.7e308, 0.0, 1.0, -1.0])
    assert np.array_equal(ops.sort(x), np.sort(x))
    whole = np.array([2**63 - 1, -(2**63), 0, -1, 2**53 + 1, 2**53])
    assert np.array_equal(ops.sort(whole), np.sort(whole))


@pytest.mark.parametrize("dtype", DTYPES)
def test_unique_is_numpys(dtype):
    x = np.round(spread((300, 40), dtype, 5)).astype(dtype)
    if np.issubdtype(dtype, np.floating):
        x[::3, ::4] = np.nan
    for y in [x, x.T, x[::-1, ::2]]:
        wanted = np.unique(y, return_index=True, return_inverse=True, return_counts=True)
        found = ops.unique(y, return_index=True, return_inverse=True, return_counts=True)
        for a, b in zip(found, wanted):
            assert np.array_equal(a, np.reshape(b, a.shape), equal_nan=a.dtype.kind == "f")
        assert np.array_equal(ops.unique(y), wanted[0], equal_nan=wanted[0].dtype.kind == "f")
    assert ops.unique(np.zeros((0, 2), dtype)).shape == (0,)


@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64])
def test_searchsorted_is_numpys(dtype, side):
    a = np.sort(np.round(spread(500, dtype, 2)).astype(dtype))
    v = np.append(spread((40,), np.float64, 4), [np.nan, np.inf, -np.inf, 2.0, 1.0])
    if dtype != np.int64:
        a[-3:] = np.nan
    assert np.array_equal(ops.searchsorted(a, v, side), np.searchsorted(a.astype(float), v, side))
    assert ops.searchsorted(a[::2], 1.0, side) == np.searchsorted(a[::2].astype(float), 1.0, side)
    assert ops.searchsorted(np.zeros(0), 1.0, side) == 0


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int32])
@pytest.mark.parametrize("shape", [(5,), (3000,), (40, 70), (3, 50, 2)])
def test_running_results(shape, dtype):
    x = spread(shape, dtype, 6)
    wide = x.astype(float)
    result = x.dtype if x.dtype.kind == "f" else np.float64
    for y in layouts(x):
        for axis in range(-x.ndim, x.ndim):
            assert np.array_equal(ops.cummin(y, axis=axis), np.minimum.accumulate(wide, axis=axis))
            assert np.array_equal(ops.cummax(y, axis=axis), np.maximum.accumulate(wide, axis=axis))
            exact = np.cumsum(wide.astype(np.longdouble), axis=axis).astype(result)
            assert np.allclose(ops.cumsum(y, axis=axis), exact, rtol=np.finfo(result).eps, atol=0)
            with np.errstate(all="ignore"):
                exact = np.cumprod(wide, axis=axis).astype(result)
                sane = np.isfinite(exact) & (np.abs(exact) > np.finfo(result).tiny)
            found = ops.cumprod(y, axis=axis)
            assert np.allclose(found[sane], exact[sane], rtol=4 * np.finfo(result).eps, atol=0)


def test_running_sums_keep_infinities_and_nan():
    assert np.array_equal(ops.cumsum([1, np.inf, 2, -np.inf, 3]), np.cumsum([1, np.inf, 2, -np.inf, 3]), equal_nan=True)
    assert np.array_equal(ops.cummin([3, np.nan, 1]), [3, np.nan, np.nan], equal_nan=True)


def test_running_sums_carry_what_rounding_loses():
    x = np.tile([1e16, 1.0, -1e16], 1000)
    assert ops.cumsum(x)[-1] == 1000


def test_a_grid_runs_row_by_row():
    seen = []

    def field(p):
        seen.append(tuple(p))
        return p[0] + 10 * p[1], p[0] * p[1]

    found = ops.evaluate_grid(field, [1.0, 2.0], np.float32([3, 4, 5]), outputs=2)
    assert found.shape == (2, 3, 2)
    assert seen == [(x, y) for x in (1, 2) for y in (3, 4, 5)]
    assert np.array_equal(found[1, 2], [52, 10])
    assert np.array_equal(ops.evaluate_grid(lambda p: math.nan, range(3)), [np.nan] * 3, equal_nan=True)
    with pytest.raises(ZeroDivisionError):
        ops.evaluate_grid(lambda p: 1 / 0, [1.0])
    with pytest.raises(ValueError, match="2 numbers"):
        ops.evaluate_grid(lambda p: 1.0, [1.0], outputs=2)


def test_the_catalog_lists_reductions():
    names = {entry["name"] for entry in apus.catalog()["reductions"]}
    assert {"sum", "mean", "norm_2", "logsumexp", "argmax", "count_nonzero"} <= names
    with pytest.raises(ValueError, match="one of sum, mean"):
        ops._reductions._reduce(b"median", [1.0], None, None, False)


@pytest.mark.parametrize("axis", [2**32, -(2**32), 2**70])
def test_axes_beyond_32_bits_are_no_axes(axis):
    x = np.ones((2, 3))
    for call in (ops.sum, ops.argmax, ops.cumsum, ops.sort, ops.unit_vectors, ops.slice_along_axis):
        with pytest.raises(ValueError, match="axis"):
            call(x, axis=axis)
        with pytest.raises(TypeError, match="axis must be a whole number"):
            call(x, axis=0.5)
