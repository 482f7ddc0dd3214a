"""apus.ops beside NumPy: values, broadcasting, layouts, dtypes, and what is refused."""

import gc
import math

import numpy as np
import pytest

import apus
from apus import ops

EXACT_BINARY = ["add", "subtract", "multiply", "divide", "maximum", "minimum", "fmax", "fmin", "fmod", "remainder"]
BINARY = EXACT_BINARY + ["power", "hypot", "arctan2"]
COMPARISONS = [
    "equal", "not_equal", "less", "less_equal", "greater", "greater_equal",
    "logical_and", "logical_or", "logical_xor",
]
PROPERTIES = ["isnan", "isinf", "isfinite", "logical_not"]
EXACT_UNARY = [
    "negative", "absolute", "sign", "square", "sqrt", "reciprocal", "floor", "ceil", "trunc", "rint",
]
UNARY = EXACT_UNARY + [
    "cbrt", "exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "sin", "cos", "tan", "arcsin", "arccos", "arctan",
    "sinh", "cosh", "tanh", "arcsinh", "arccosh", "arctanh",
]
NEW = ["sigmoid", "erf", "erfc", "gammaln"]

EDGES = [
    0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 1.5, 2.5, -2.5, 2.0, 3.0, -3.0, 1e-8, -1e-8, 1e-40, -1e-40, 1e-310, 5e-324,
    2.2250738585072014e-308, 1.1754943508222875e-38, 1e30, -1e30, 3.4e38, 1.7e308, -1.7e308, 88.7, 709.7, 710.0,
    -745.0, -746.0, -103.9, 7.0, 1e5, 1e15, 1e22, math.pi, math.pi / 2, math.inf, -math.inf, math.nan,
]


def spread(shape, dtype, seed=0, low=-3, high=3):
    return np.random.default_rng(seed).uniform(low, high, shape).astype(dtype)


def ulps(found, wanted):
    """The largest distance in units of the last place; infinity where one is special and the other is not."""
    found, wanted = np.atleast_1d(found), np.atleast_1d(wanted)
    assert found.dtype == wanted.dtype and found.shape == wanted.shape
    special = ~np.isfinite(found) | ~np.isfinite(wanted)
    if not np.array_equal(found[special], wanted[special], equal_nan=True):
        return math.inf
    with np.errstate(all="ignore"):
        distance = np.abs(found[~special].astype(np.longdouble) - wanted[~special]) / np.spacing(np.abs(wanted[~special]))
    return float(distance.max(initial=0))


def numpy_function(name):
    return getattr(np, name)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", EXACT_BINARY)
def test_arithmetic_has_numpys_bits(name, dtype):
    with np.errstate(all="ignore"):
        for shape in [(0,), (1,), (7,), (8,), (17,), (100, 33), (70000,)]:
            a, b = spread(shape, dtype, 1), spread(shape, dtype, 2)
            assert np.array_equal(getattr(ops, name)(a, b), numpy_function(name)(a, b))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", BINARY + COMPARISONS)
def test_edge_values_meet_each_other_as_in_numpy(name, dtype):
    with np.errstate(all="ignore"):
        edges = np.array(EDGES).astype(dtype)
        a, b = (grid.ravel().copy() for grid in np.meshgrid(edges, edges))
        found, wanted = getattr(ops, name)(a, b), numpy_function(name)(a, b)
        assert found.dtype == wanted.dtype
        if found.dtype == bool:
            assert np.array_equal(found, wanted)
        else:
            at = 0 if name in EXACT_BINARY else 2
            assert ulps(found, wanted) <= at
            if name not in ("maximum", "minimum", "fmax", "fmin"):
                number = ~np.isnan(wanted)
                assert np.array_equal(np.signbit(found[number]), np.signbit(wanted[number]))


def test_zeros_of_both_signs_are_ordered():
    a, b = np.array([0.0, -0.0]), np.array([-0.0, 0.0])
    for name in ("maximum", "fmax"):
        assert not np.signbit(getattr(ops, name)(a, b)).any()
    for name in ("minimum", "fmin"):
        assert np.signbit(getattr(ops, name)(a, b)).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", UNARY + PROPERTIES)
def test_edge_values_go_as_in_numpy(name, dtype):
    with np.errstate(all="ignore"):
        x = np.array(EDGES).astype(dtype)
        found, wanted = getattr(ops, name)(x), numpy_function(name)(x)
        if found.dtype == bool:
            assert np.array_equal(found, wanted)
        else:
            # NumPy's own functions of float32 are within 4 ulp.
            assert ulps(found, wanted) <= (0 if name in EXACT_UNARY else 5)
            number = ~np.isnan(wanted)
            assert np.array_equal(np.signbit(found[number]), np.signbit(wanted[number]))


@pytest.mark.parametrize("name", UNARY)
def test_functions_of_float32_are_those_of_float64_rounded(name):
    x = np.concatenate([spread(5000, np.float32, 1, 0.01, 1), spread(5000, np.float32, 2, -40, 40)])
    with np.errstate(all="ignore"):
        exact = numpy_function(name)(x.astype(np.float64)).astype(np.float32)
        assert ulps(getattr(ops, name)(x), exact) <= 3


@pytest.mark.parametrize("name", UNARY)
def test_functions_of_float64_agree_with_long_double(name):
    x = np.concatenate([spread(5000, np.float64, 1, 0.01, 1), spread(5000, np.float64, 2, -40, 40)])
    with np.errstate(all="ignore"):
        exact = numpy_function(name)(x.astype(np.longdouble)).astype(np.float64)
        assert ulps(getattr(ops, name)(x), exact) <= 2


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_functions_that_numpy_lacks(dtype):
    scale = [-200.0, -30.0, -3.7, -1.0, -0.3, -1e-9, 0.0, 1e-9, 0.3, 0.99, 1.0, 1.01, 2.5, 5.9, 6.1, 30.0, 200.0]
    x = np.array(scale).astype(dtype)
    erf = np.array([math.erf(v) for v in x.tolist()]).astype(dtype)
    erfc = np.array([math.erfc(v) for v in x.tolist()]).astype(dtype)
    sigmoid = np.array([math.exp(v) / (1 + math.exp(v)) if v < 0 else 1 / (1 + math.exp(-v)) for v in x.tolist()])
    assert ulps(ops.erf(x), erf) <= 2
    assert ulps(ops.erfc(x), erfc) <= 2
    assert ulps(ops.sigmoid(x), sigmoid.astype(dtype)) <= 3
    # ln(sqrt(pi)), ln(sqrt(pi) / 2), ln 2, ln 9! and ln 99999!
    known = {0.5: 0.5723649429247001, 1.5: -0.12078223763524522, 3.0: 0.6931471805599453, 10.0: 12.80182748008147,
             1e5: 1051287.7089736569}
    assert ulps(ops.gammaln(np.array(list(known), dtype)), np.array(list(known.values())).astype(dtype)) <= 2
    for function, wanted in [(ops.erf, [-1, 1]), (ops.erfc, [2, 0]), (ops.sigmoid, [0, 1])]:
        assert function(np.array([-np.inf, np.inf], dtype)).tolist() == wanted
        assert np.isnan(function(np.array([np.nan], dtype))[0])
    assert ops.gammaln(np.array([0.0, -3.0, np.inf], dtype)).tolist() == [math.inf] * 3


@pytest.mark.parametrize("shapes", [
    ((4, 5), (5,)), ((4, 5), (4, 1)), ((4, 1), (1, 5)), ((), (3,)), ((3,), ()), ((2, 1, 3), (4, 1)), ((0, 3), (3,)),
    ((1, 1, 1), (2, 3)), ((300, 1), (1, 300)), ((2, 3, 4, 5), (3, 1, 5)), ((1,), (0,)), ((2000, 3), (3,)),
    ((1, 2, 1, 3, 1, 2, 1, 2), (2, 1, 3, 1, 2, 1, 2, 1)),
])
@pytest.mark.parametrize("dtypes", [(np.float32, np.float32), (np.float64, np.float32), (np.int32, np.float64)])
def test_shapes_broadcast(shapes, dtypes):
    a, b = (spread(shape, dtype, seed, -9, 9) for seed, (shape, dtype) in enumerate(zip(shapes, dtypes)))
    found = ops.subtract(a, b)
    assert np.array_equal(found, a - b) and found.dtype == (a - b).dtype
    assert np.array_equal(ops.less(a, b), a < b)
    assert np.array_equal(ops.where(ops.less(a, b), a, b), np.where(a < b, a, b))


def layouts(x):
    """The same numbers as they may lie in memory."""
    yield x
    yield np.asfortranarray(x)
    yield np.repeat(x, 2, axis=-1)[..., ::2]
    yield np.ascontiguousarray(x[::-1])[::-1]
    yield np.ascontiguousarray(x[..., ::-1])[..., ::-1]
    padded = np.zeros(x.nbytes + 1, np.uint8)
    odd = np.frombuffer(padded.data, x.dtype, x.size, offset=1).reshape(x.shape)
    odd[...] = x
    yield odd
    yield np.broadcast_to(x, (2, *x.shape))[1]


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int32, np.uint8, np.bool_, np.int64])
def test_layouts_do_not_matter(dtype):
    a, b = spread((37, 45), np.float64, 1, 0, 9).astype(dtype), spread((37, 45), np.float32, 2)
    wanted = ops.multiply(a, b)
    reference = a.astype(np.float64) * b if dtype is not np.float32 else a * b
    assert np.array_equal(wanted, reference)
    for x in layouts(a):
        for y in layouts(b):
            assert np.array_equal(ops.multiply(x, y), wanted)
        assert np.array_equal(ops.copy(x), a)
        assert np.array_equal(ops.greater(x, 2), a > 2)
    for out in layouts(np.zeros_like(wanted)):
        if out.flags.writeable:
            assert ops.multiply(a, b, out=out) is out
            assert np.array_equal(out, wanted)


def test_transposed_and_permuted_operands():
    a = spread((23, 31, 12), np.float32)
    b = spread((12, 31, 23), np.float32, 1)
    assert np.array_equal(ops.add(a, b.T), a + b.T)
    assert np.array_equal(ops.exp(a.transpose(1, 0, 2)), ops.exp(a).transpose(1, 0, 2))
    out = np.empty((12, 31, 23), np.float32)
    ops.add(a, b.T, out=out.T)
    assert np.array_equal(out.T, a + b.T)


def test_in_place():
    a, b = spread((50, 40), np.float64), spread((50, 40), np.float64, 1)
    wanted = a * b
    ops.multiply(a, b, out=a)
    assert np.array_equal(a, wanted)
    view = spread((50, 40), np.float64)[::2, ::3]
    wanted = view + 1
    assert np.array_equal(ops.add(view, 1, out=view), wanted)
    square = spread((30, 30), np.float32)
    wanted = square + square
    assert np.array_equal(ops.add(square, square, out=square), wanted)


def test_overlaps_are_refused_unless_disjoint():
    x = np.arange(24.0)
    with pytest.raises(ValueError, match="out shares memory with a"):
        ops.add(x[:-1], 1, out=x[1:])
    square = np.arange(16.0).reshape(4, 4)
    with pytest.raises(ValueError, match="shares memory with b"):
        ops.add(np.ones((4, 4)), square.T, out=square)
    with pytest.raises(ValueError, match="shares memory"):
        ops.add(square, square[0], out=square)
    # Neighbours that only interleave are fine.
    wanted = x[::2] + x[1::2]
    assert np.array_equal(ops.add(x[::2], x[1::2], out=x[::2]), wanted)
    ops.add(square[:, :2], 1, out=square[:, 2:])
    assert np.array_equal(square[:, 2:], square[:, :2] + 1)
    ops.copy(square[:2], out=square[2:])
    assert np.array_equal(square[2:], square[:2])


def test_a_number_takes_the_precision_of_the_array():
    x = np.ones(3, np.float32)
    assert ops.add(x, 0.1).dtype == np.float32
    assert ops.subtract(1, x).dtype == np.float32
    assert ops.add(np.ones(3), 0.1).dtype == np.float64
    assert ops.add(np.arange(3), 1).dtype == np.float64
    assert ops.add(1, 2) == 3 and isinstance(ops.add(1, 2), np.float64)
    assert np.array_equal(ops.power(spread(100, np.float32, 1, 0, 9), 2), spread(100, np.float32, 1, 0, 9) ** 2)


def test_results_never_narrow():
    a = np.ones(3)
    with pytest.raises(TypeError, match="out must be float64, got float32"):
        ops.add(a, a, out=np.empty(3, np.float32))
    with pytest.raises(TypeError, match="got int64"):
        ops.add(a, a, out=np.empty(3, np.int64))
    with pytest.raises(TypeError, match="bool, uint8, float32 or float64"):
        ops.less(a, a, out=np.empty(3, np.int32))
    wide = np.empty(3)
    assert ops.add(a.astype(np.float32), 1, out=wide) is wide and wide.tolist() == [2] * 3
    assert ops.less(a, 2, out=wide).tolist() == [1.0] * 3
    with pytest.raises(TypeError, match="9007199254740993"):
        ops.add(np.array([2**53 + 1]), 1)
    with pytest.raises(ValueError, match="out must have shape"):
        ops.add(a, a, out=np.empty(4))
    with pytest.raises(ValueError, match="do not broadcast"):
        ops.add(np.ones(3), np.ones(4))


@pytest.mark.parametrize("source", [np.float32, np.float64, np.int32, np.int64, np.uint8, np.bool_])
@pytest.mark.parametrize("target", [np.float32, np.float64, np.int32, np.int64, np.uint8, np.bool_])
def test_copies_convert(source, target):
    x = np.array([[0, 1, 1], [1, 0, 1]]).astype(source)
    found = ops.copy(x.T, target)
    assert found.dtype == target and np.array_equal(found, x.T.astype(target))


def test_copies_round_to_reals_and_refuse_the_rest():
    assert ops.copy(np.array([1 / 3]), np.float32)[0] == np.float32(1 / 3)
    assert ops.copy(np.array([2**53 + 1]), np.float64)[0] == 2.0**53
    for x, dtype, word in [
        ([0.5], np.int32, "0.5"), ([math.nan], np.int64, "nan"), ([3e9], np.int32, "3000000000"), ([-1.0], np.uint8, "-1"),
        ([2], np.bool_, "2"), ([2**40], np.int32, str(2**40)), ([1e300], np.int64, "1e"),
    ]:
        with pytest.raises(TypeError, match=f"cannot hold {word}"):
            ops.copy(np.array(x), dtype)


def test_where_of_every_dtype():
    condition = np.array([[True, False, True]])
    for dtype in (np.float32, np.float64, np.int32, np.int64, np.uint8, np.bool_):
        a, b = np.array([[1], [0]]).astype(dtype), np.array([0, 1, 1]).astype(dtype)
        found = ops.where(condition, a, b)
        assert found.dtype == dtype and np.array_equal(found, np.where(condition, a, b))
    nan = np.array([math.nan, 0.0, -0.0, 2.0], np.float32)
    assert ops.where(nan, 1, 0).tolist() == [1, 0, 0, 1]
    long = spread(100001, np.float64)
    assert np.array_equal(ops.where(long > 0, long, 0.0), np.where(long > 0, long, 0.0))
    assert ops.where(np.array([2**62 + 1]), np.array([2**62 + 1]), 0)[0] == 2**62 + 1


def test_concatenate_as_numpy_does():
    a, b, c = spread((2, 3), np.float32), spread((2, 0), np.float32), spread((2, 2), np.float64)
    for axis in (1, -1):
        found = ops.concatenate([a, b, c], axis)
        wanted = np.concatenate([a, b, c], axis)
        assert found.dtype == wanted.dtype and np.array_equal(found, wanted)
    assert np.array_equal(ops.concatenate([a.T, c.T]), np.concatenate([a.T, c.T]))
    with pytest.raises(ValueError, match=r"arrays\[1\] has shape"):
        ops.concatenate([a, a.T])
    with pytest.raises(ValueError, match="axis must be from -2 to 1"):
        ops.concatenate([a], 2)
    with pytest.raises(ValueError, match="no dimensions"):
        ops.concatenate([1.0, 2.0])
    with pytest.raises(ValueError):
        ops.concatenate([])


@pytest.mark.parametrize("axis", [0, 1, 2, -1, None])
@pytest.mark.parametrize("indices", [2, [0, -1, 1], [[1, 0], [-2, 1]], []])
def test_take_as_numpy_does(axis, indices):
    x = spread((3, 4, 5), np.float64)
    indices = np.array(indices, np.int64)
    assert np.array_equal(ops.take(x, indices, axis), np.take(x, indices, axis))
    assert np.array_equal(ops.take(x.T, indices, axis), np.take(x.T, indices, axis))


def test_take_refuses_what_is_out_of_range():
    x = np.arange(4.0)
    for index in (4, -5, 2**62):
        with pytest.raises(ValueError, match=f"indices holds {index}"):
            ops.take(x, [0, index])
    with pytest.raises(TypeError, match="int64 or int32"):
        ops.take(x, [0.5])


def test_views_share_memory():
    x = np.arange(24.0).reshape(2, 3, 4)
    for found, wanted in [
        (ops.transpose(x), x.T), (ops.transpose(x, (2, 0, 1)), x.transpose(2, 0, 1)),
        (ops.transpose(x, (-1, 0, 1)), x.transpose(2, 0, 1)), (ops.reshape(x, (4, -1)), x.reshape(4, -1)),
        (ops.reshape(x[:, ::2], (-1, 4)), x[:, ::2].reshape(-1, 4)), (ops.reshape(x, 24), x.reshape(24)),
        (ops.broadcast_to(x[:, :1], (5, 2, 3, 4)), np.broadcast_to(x[:, :1], (5, 2, 3, 4))),
    ]:
        assert found.shape == wanted.shape and np.array_equal(found, wanted)
    assert np.shares_memory(ops.transpose(x), x) and np.shares_memory(ops.reshape(x, (6, 4)), x)
    assert np.array_equal(ops.reshape(x.T, 24), x.T.reshape(24))
    with pytest.raises(ValueError, match="twice"):
        ops.transpose(x, (0, 0, 1))
    with pytest.raises(ValueError, match="24 elements"):
        ops.reshape(x, (5, 5))
    with pytest.raises(ValueError, match="does not broadcast"):
        ops.broadcast_to(x, (2, 3, 5))


def test_slices_along_an_axis_are_pythons():
    generator = np.random.default_rng(5)
    x = np.arange(60.0).reshape(3, 4, 5)[:, ::-1]
    bounds = [None, 0, 1, 3, -1, -3, 9, -9, 2**70, -(2**70)]
    for _ in range(400):
        axis = int(generator.integers(-3, 3))
        start, stop = (bounds[i] for i in generator.integers(len(bounds), size=2))
        step = [1, 2, 3, -1, -2, 2**70, -(2**70)][generator.integers(7)]
        wanted = np.moveaxis(np.moveaxis(x, axis, 0)[start:stop:step], 0, axis)
        found = ops.slice_along_axis(x, start, stop, step, axis)
        assert found.shape == wanted.shape and np.array_equal(found, wanted)
        assert found.size == 0 or np.shares_memory(found, x)
    with pytest.raises(ValueError, match="step"):
        ops.slice_along_axis(x, step=0)
    with pytest.raises(ValueError, match="axis"):
        ops.slice_along_axis(x, axis=3)


def test_views_keep_their_array_alive_and_read_only_ones_are_so():
    view = ops.slice_along_axis(np.arange(10_000.0), 1, None, 2)
    gc.collect()
    assert view.sum() == 25_000_000
    view[0] = -1
    assert view[0] == -1
    fixed = np.arange(4.0)
    fixed.flags.writeable = False
    assert not ops.slice_along_axis(fixed, 1).flags.writeable


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_small_planes_of_any_layout_agree_with_numpy(dtype):
    """Small arrays of two dimensions have a way of their own through the library."""
    generator = np.random.default_rng(6)
    room = spread((80, 80), dtype, 1)

    def operand(rows, columns):
        rows, columns = (1 if generator.random() < 0.2 else rows), (1 if generator.random() < 0.2 else columns)
        steps = generator.choice([1, 1, 1, 2, -1], size=2)
        if generator.random() < 0.4:
            result = room[: columns * 2, : rows * 2][:: steps[1], :: steps[0]][:columns, :rows].T
        else:
            result = room[: rows * 2, : columns * 2][:: steps[0], :: steps[1]][:rows, :columns]
        return result[0] if rows == 1 and generator.random() < 0.5 else result

    for _ in range(600):
        rows, columns = int(generator.integers(1, 40)), int(generator.integers(1, 40))
        a, b = operand(rows, columns), operand(rows, columns)
        for name in ("subtract", "less"):
            wanted = getattr(np, name)(a, b)
            found = getattr(ops, name)(a, b)
            assert found.shape == wanted.shape and found.dtype == wanted.dtype and np.array_equal(found, wanted)
        with pytest.raises(ValueError, match="out must have shape"):
            ops.subtract(a, b, out=np.empty((rows + 1, columns), dtype))


def test_small_planes_in_place_and_overlapping():
    x = spread((20, 30), np.float64, 2)
    wanted = x - x[0]
    y = x.copy()
    assert ops.subtract(y, x[0], out=y) is y and np.array_equal(y, wanted)
    z = spread((20, 20), np.float64, 2)
    with pytest.raises(ValueError, match="out shares memory with b"):
        ops.subtract(z, z.T, out=z)
    with pytest.raises(ValueError, match="out shares memory with b"):
        ops.subtract(z, z[3], out=z)


@pytest.mark.parametrize("name", ["add", "exp", "power", "sin", "tanh", "less"])
def test_threads_do_not_change_a_bit(name):
    x = spread((1000, 333), np.float64, 3, 0.1, 5)
    arguments = (x, x[0]) if name in ("add", "power", "less") else (x,)
    try:
        results = []
        for threads in (1, 2, 3):
            apus.set_threads(threads)
            results.append(getattr(ops, name)(*arguments).tobytes())
    finally:
        apus.set_threads(0)
    assert results[0] == results[1] == results[2]


@pytest.mark.parametrize("name", ["exp", "log", "sqrt", "sigmoid", "tanh", "erf", "power", "multiply"])
def test_an_element_does_not_depend_on_its_neighbours(name):
    for dtype in (np.float32, np.float64):
        x = spread(70, dtype, 3, 0.1, 5)
        both = name in ("power", "multiply")
        function = getattr(ops, name)
        whole = function(x, x) if both else function(x)
        for start, stop in [(0, 1), (3, 10), (5, 68), (13, 46)]:
            part = x[start:stop]
            assert np.array_equal(function(part, part) if both else function(part), whole[start:stop])


def test_every_operation_of_the_catalog_is_documented_and_tested():
    names = [entry["name"] for entry in apus.catalog()["operations"]]
    assert sorted(names) == sorted(BINARY + COMPARISONS + PROPERTIES + UNARY + NEW)
    for name in names:
        assert getattr(ops, name).__doc__ and name in ops.__all__
