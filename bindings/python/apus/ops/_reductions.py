"""Reductions along axes, running sums, sorting, distinct values, unit vectors and grids."""

import builtins
import ctypes

import numpy

from .. import _arrays, _context
from .._interrupt import SignalKeeper
from .._library import VECTOR_FUNCTION, lib
from ._elementwise import _computed, _give, _result

_INT64 = numpy.dtype(numpy.int64)
_BOOL = numpy.dtype(numpy.bool_)


def _axes(axis, rank):
    """The axes as a tuple, or None for all."""
    if axis is None:
        return None
    return tuple(map(_arrays.axis, axis)) if isinstance(axis, (tuple, list)) else (_arrays.axis(axis),)


def _reduced_shape(shape, axes, keepdims):
    rank = len(shape)
    if axes is None:
        named = set(range(rank))
    else:
        named = {axis + rank if axis < 0 else axis for axis in axes}
    return tuple(1 if i in named else n for i, n in enumerate(shape) if keepdims or i not in named)


def _reduce(operation, x, axis, out, keepdims, dtype=None):
    x = _arrays.as_array(x, "x")
    if axis is None and out is None and not keepdims:
        return _reduce_all(operation, x, dtype)
    axes = _axes(axis, x.ndim)
    if axes == ():
        raise ValueError("axis must name at least one axis, or be None for all")
    result = _result(out, _reduced_shape(x.shape, axes, keepdims), dtype or _computed(x))
    listed = None if axes is None else (ctypes.c_int32 * len(axes))(*axes)
    with _context.current() as context:
        context.check(
            lib.apus_reduce(
                context.handle, operation, _arrays.view(x), listed, 0 if axes is None else len(axes),
                _arrays.view(result),
            )
        )
    return _give(result, out)


def _reduce_all(operation, x, dtype):
    """All elements to a scalar of the result's type."""
    value = ctypes.c_double()
    with _context.current() as context:
        context.check(lib.apus_reduce_all(context.handle, operation, _arrays.view(x), ctypes.byref(value)))
    return (dtype or _computed(x)).type(value.value)


_REDUCTION_DOC = """{doc}

Parameters
----------
x : array_like
    float32 gives float32, anything else float64{extra}.
axis : int or tuple of int, optional
    Without it all elements become one number.
out : ndarray, optional
    Where the result goes.
keepdims : bool
    Reduced dimensions stay, with an extent of 1.

Returns
-------
{result}
"""


def _reduction(name, operation, doc, dtype=None, result="ndarray, or a scalar"):
    def function(x, axis=None, out=None, keepdims=False):
        return _reduce(operation, x, axis, out, keepdims, dtype)

    function.__name__ = function.__qualname__ = name
    function.__module__ = "apus.ops"
    extra = "" if dtype is None else ", whatever the result"
    function.__doc__ = _REDUCTION_DOC.format(doc=doc, result=result, extra=extra)
    return function


sum = _reduction("sum", b"sum", "The sum, made in float64 whatever the dtype; 0 without elements.")
mean = _reduction("mean", b"mean", "The arithmetic mean.")
prod = _reduction("prod", b"product", "The product, made in float64 whatever the dtype; 1 without elements.")
min = _reduction("min", b"min", "The least element; NaN where there is one.")
max = _reduction("max", b"max", "The greatest element; NaN where there is one.")
any = _reduction("any", b"any", "Whether any element is not 0.", _BOOL, "ndarray of bool, or a bool")
all = _reduction("all", b"all", "Whether no element is 0.", _BOOL, "ndarray of bool, or a bool")
count_nonzero = _reduction(
    "count_nonzero", b"count_nonzero", "How many elements are not 0.", _INT64, "ndarray of int64, or an int"
)
logsumexp = _reduction(
    "logsumexp", b"logsumexp", "The logarithm of the sum of exponentials, without overflow (``scipy.special``'s)."
)
amin, amax = min, max


def argmin(x, axis=None, out=None, keepdims=False):
    """The position of the first least element, or of the first NaN: along an axis, or of the flat array."""
    return _reduce(b"argmin", x, axis, out, keepdims, _INT64)


def argmax(x, axis=None, out=None, keepdims=False):
    """The position of the first greatest element, or of the first NaN: along an axis, or of the flat array."""
    return _reduce(b"argmax", x, axis, out, keepdims, _INT64)


_NORMS = {1: b"norm_1", 2: b"norm_2", None: b"norm_2", numpy.inf: b"norm_inf"}


def norm(x, ord=2, axis=None, out=None, keepdims=False):
    """The norm of vectors: the sum of magnitudes (``ord=1``), the Euclidean length (2) or the greatest magnitude (inf).

    Without an axis it is that of all elements. The Euclidean length neither overflows nor underflows on the way.
    """
    if ord not in _NORMS:
        raise ValueError(f"ord must be 1, 2 or inf, got {ord!r}")
    return _reduce(_NORMS[ord], x, axis, out, keepdims)


def _along(x, axis):
    """``x`` and the axis; the flat array without one, as NumPy has it."""
    x = _arrays.as_array(x, "x")
    return (x.reshape(-1), 0) if axis is None else (x, _arrays.axis(axis))


def _cumulative(operation, x, axis, out):
    x, axis = _along(x, axis)
    result = _result(out, x.shape, _computed(x))
    with _context.current() as context:
        context.check(lib.apus_cumulative(context.handle, operation, _arrays.view(x), axis, _arrays.view(result)))
    return result


def cumsum(x, axis=None, out=None):
    """Running sums along an axis (of the flat array without one), with what rounding loses carried along."""
    return _cumulative(b"sum", x, axis, out)


def cumprod(x, axis=None, out=None):
    """Running products along an axis, of the flat array without one."""
    return _cumulative(b"product", x, axis, out)


def cummin(x, axis=None, out=None):
    """The least element so far along an axis; NaN once there was one. NumPy's ``minimum.accumulate``."""
    return _cumulative(b"min", x, axis, out)


def cummax(x, axis=None, out=None):
    """The greatest element so far along an axis; NaN once there was one. NumPy's ``maximum.accumulate``."""
    return _cumulative(b"max", x, axis, out)


def sort(x, axis=-1, descending=False, out=None):
    """The elements in order along an axis (flat with ``axis=None``): stable, NaN last in either direction."""
    x, axis = _along(x, axis)
    result = _result(out, x.shape, x.dtype)
    with _context.current() as context:
        context.check(
            lib.apus_sort(context.handle, _arrays.view(x), axis, 1 if descending else 0, _arrays.view(result))
        )
    return result


def argsort(x, axis=-1, descending=False, out=None):
    """The positions that sort ``x`` along an axis (flat with ``axis=None``): stable, NaN last in either direction."""
    x, axis = _along(x, axis)
    result = _result(out, x.shape, _INT64)
    with _context.current() as context:
        context.check(
            lib.apus_argsort(context.handle, _arrays.view(x), axis, 1 if descending else 0, _arrays.view(result))
        )
    return result


def unique(x, return_index=False, return_inverse=False, return_counts=False):
    """The distinct values of all elements, sorted; NaN counts as one value.

    Parameters
    ----------
    x : array_like
    return_index, return_inverse, return_counts : bool
        Also the flat position of the first element with each value; for each element which value it has, in x's
        shape; how many elements have each value.

    Returns
    -------
    ndarray, or a tuple of it and what else was asked for
    """
    x = _arrays.as_array(x, "x")
    values = numpy.empty(x.size, x.dtype)
    first = numpy.empty(x.size, _INT64) if return_index else None
    inverse = numpy.empty(x.shape, _INT64) if return_inverse else None
    counts = numpy.empty(x.size, _INT64) if return_counts else None
    count = ctypes.c_int64()
    results = [None if array is None else _arrays.view(array) for array in (values, first, inverse, counts)]
    with _context.current() as context:
        context.check(lib.apus_unique(context.handle, _arrays.view(x), *results, ctypes.byref(count)))
    n = count.value
    values.resize(n, refcheck=False)  # gives the rest back, and copies nothing
    found = [values]
    if return_index:
        found.append(first[:n].copy())
    if return_inverse:
        found.append(inverse)
    if return_counts:
        found.append(counts[:n].copy())
    return found[0] if len(found) == 1 else tuple(found)


def searchsorted(a, v, side="left"):
    """Where each value of ``v`` goes into the ascending vector ``a``: before equals, or after them (``side="right"``)."""
    if side not in ("left", "right"):
        raise ValueError(f"side must be 'left' or 'right', got {side!r}")
    a, v = _arrays.as_array(a, "a"), _arrays.as_array(v, "v")
    result = numpy.empty(v.shape, _INT64)
    with _context.current() as context:
        context.check(
            lib.apus_searchsorted(
                context.handle, _arrays.view(a), _arrays.view(v), 1 if side == "right" else 0, _arrays.view(result)
            )
        )
    return _give(result, None)


def unit_vectors(x, axis=-1, out=None):
    """The vectors along an axis divided by their Euclidean length, without overflow; zero vectors stay zero."""
    x = _arrays.as_array(x, "x")
    result = _result(out, x.shape, _computed(x))
    with _context.current() as context:
        context.check(lib.apus_unit_vectors(context.handle, _arrays.view(x), _arrays.axis(axis), _arrays.view(result)))
    return result


def evaluate_grid(function, *axes, outputs=1):
    """A function of several variables at every point of a grid.

    Parameters
    ----------
    function : callable
        Gets a vector with one coordinate for each axis; returns a number, or ``outputs`` numbers.
    *axes : array_like
        The coordinates along each axis.
    outputs : int
        How many numbers the function returns.

    Returns
    -------
    ndarray of float64, of shape (length of each axis, ...), with a last dimension of ``outputs`` when it is not 1
    """
    axes = [numpy.atleast_1d(_arrays.as_array(axis, f"axes[{index}]")) for index, axis in enumerate(axes)]
    shape = tuple(builtins.sum((axis.shape for axis in axes), ()))
    result = numpy.empty(shape if outputs == 1 else (*shape, outputs))

    keeper = SignalKeeper()

    def call(user, x, n, y, m):
        if keeper.error is not None:
            return -1
        try:
            keeper.open = True
            value = numpy.asarray(function(numpy.ctypeslib.as_array(x, (n,)).copy()), numpy.float64)
            if value.size != m:
                raise ValueError(f"function must return {m} number{'s' if m > 1 else ''}, got {value.size}")
            numpy.ctypeslib.as_array(y, (m,))[:] = value.reshape(-1)
            keeper.open = False
            return 0
        except BaseException as error:
            keeper.open = False
            keeper.error = error
            return -1

    with _context.current() as context, keeper:
        status = lib.apus_evaluate_grid(
            context.handle, VECTOR_FUNCTION(call), None, _arrays.views(axes), len(axes), outputs, _arrays.view(result)
        )
        if keeper.error is None:
            context.check(status)
    return result


__all__ = [
    "all", "amax", "amin", "any", "argmax", "argmin", "argsort", "count_nonzero", "cummax", "cummin", "cumprod",
    "cumsum", "evaluate_grid", "logsumexp", "max", "mean", "min", "norm", "prod", "searchsorted", "sort", "sum",
    "unique", "unit_vectors",
]
