"""Products of matrices and vectors."""

import ctypes

import numpy

from .. import _arrays, _context
from .._library import lib
from ._elementwise import _broadcast, _computed, _give, _result

TRANSPOSE_A, TRANSPOSE_B = 1, 2


def matmul(x1, x2, /, out=None, transpose_a=False, transpose_b=False):
    """The matrix product, by NumPy's rules.

    Vectors are a row on the left and a column on the right, leading dimensions are batches and broadcast. Transposed
    and strided arrays are read where they lie. The same bits come out for any number of threads.

    Parameters
    ----------
    x1, x2 : array_like
        Two float32 arrays are multiplied in float32, anything else in float64.
    out : ndarray, optional
        Where the result goes.
    transpose_a, transpose_b : bool
        Exchanges the last two dimensions of ``x1`` or ``x2``, if it has two.

    Returns
    -------
    ndarray, or a scalar for two vectors
    """
    x1, x2 = _arrays.as_array(x1, "x1"), _arrays.as_array(x2, "x2")
    result = _result(out, _product_shape(x1.shape, x2.shape, transpose_a, transpose_b), _computed(x1, x2))
    flags = (TRANSPOSE_A if transpose_a else 0) | (TRANSPOSE_B if transpose_b else 0)
    with _context.current() as context:
        context.check(lib.apus_matmul(context.handle, _arrays.view(x1), _arrays.view(x2), flags, _arrays.view(result)))
    return _give(result, out)


def _product_shape(a, b, transpose_a, transpose_b):
    """The shape of a product; that of ``a`` where there is none, for the library to say why."""
    try:
        batch = numpy.broadcast_shapes(a[:-2], b[:-2])
    except ValueError:
        return a
    rows = a[-1:] if transpose_a else a[-2:-1]
    columns = b[-2:-1] if transpose_b else b[-1:]
    return (*batch, *(rows if len(a) > 1 else ()), *(columns if len(b) > 1 else ()))


def dot(x1, x2, /):
    """The inner product of two vectors, summed in float64; for matrices their product (``matmul``)."""
    x1, x2 = _arrays.as_array(x1, "x1"), _arrays.as_array(x2, "x2")
    return vdot(x1, x2) if x1.ndim == x2.ndim == 1 else matmul(x1, x2)


def vdot(x1, x2, /):
    """The sum of the products of all elements of two arrays of one shape, in float64; a float."""
    x1, x2 = _arrays.as_array(x1, "x1"), _arrays.as_array(x2, "x2")
    value = ctypes.c_double()
    with _context.current() as context:
        context.check(lib.apus_dot(context.handle, _arrays.view(x1), _arrays.view(x2), ctypes.byref(value)))
    return value.value


def outer(x1, x2, /, out=None):
    """``out[i, j] = x1[i] x2[j]``; arrays of other ranks are taken flat."""
    x1, x2 = _arrays.as_array(x1, "x1").reshape(-1), _arrays.as_array(x2, "x2").reshape(-1)
    result = _result(out, (x1.size, x2.size), _computed(x1, x2))
    with _context.current() as context:
        context.check(lib.apus_outer(context.handle, _arrays.view(x1), _arrays.view(x2), _arrays.view(result)))
    return result


def cross(x1, x2, /, out=None):
    """The cross product of the 3-vectors in the last dimension; the other dimensions broadcast."""
    x1, x2 = _arrays.as_array(x1, "x1"), _arrays.as_array(x2, "x2")
    result = _result(out, _broadcast(x1, x2), _computed(x1, x2))
    with _context.current() as context:
        context.check(lib.apus_cross(context.handle, _arrays.view(x1), _arrays.view(x2), _arrays.view(result)))
    return result


__all__ = ["cross", "dot", "matmul", "outer", "vdot"]
