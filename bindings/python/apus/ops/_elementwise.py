"""Elementwise arithmetic, comparisons and functions, and what moves elements."""

import ctypes
import json
import numbers

import numpy

from .. import _arrays, _context
from .._library import lib

_FLOAT32 = numpy.dtype(numpy.float32)
_FLOAT64 = numpy.dtype(numpy.float64)
_BOOL = numpy.dtype(numpy.bool_)
_FIRST, _LAST = -(2**63), 2**63 - 1


def _is_number(value):
    return isinstance(value, numbers.Real) and not isinstance(value, (numpy.ndarray, numpy.generic))


def _result(out, shape, dtype):
    """The array that the library writes: the caller's, or a new one."""
    if out is None:
        return numpy.empty(shape, dtype)
    if not isinstance(out, numpy.ndarray):
        raise TypeError(f"out must be a numpy array, got {type(out).__name__}")
    if out.dtype not in _arrays.DTYPE_CODES:
        raise TypeError(f"out must be float32, float64, int32, int64, uint8 or bool, got {out.dtype}")
    if not out.flags.writeable:
        raise ValueError("out is read-only")
    return out


def _give(result, out):
    """A scalar for an array of no dimensions that is not the caller's, as NumPy does."""
    return result[()] if out is None and result.ndim == 0 else result


def _computed(*arrays):
    return _FLOAT32 if all(array.dtype == _FLOAT32 for array in arrays) else _FLOAT64


def _unary(name, x, out, dtype=None):
    x = _arrays.as_array(x, "x")
    result = _result(out, x.shape, dtype or _computed(x))
    with _context.current() as context:
        context.check(
            lib.apus_elementwise(context.handle, name, _arrays.view(x), None, _arrays.view(result))
        )
    return _give(result, out)


def _binary(name, x1, x2, out, dtype=None):
    if _is_number(x2) and not _is_number(x1):
        # A bare number takes the array's precision.
        x1 = _arrays.as_array(x1, "x1")
        result = _result(out, x1.shape, dtype or _computed(x1))
        with _context.current() as context:
            context.check(
                lib.apus_elementwise_scalar(
                    context.handle, name, _arrays.view(x1), float(x2), _arrays.view(result)
                )
            )
        return _give(result, out)
    if _is_number(x1) and not _is_number(x2):
        x2 = _arrays.as_array(x2, "x2")
        x1 = numpy.asarray(x1, _computed(x2))
    x1, x2 = _arrays.as_array(x1, "x1"), _arrays.as_array(x2, "x2")
    shape = x1.shape if x1.shape == x2.shape else _broadcast(x1, x2)
    result = _result(out, shape, dtype or _computed(x1, x2))
    with _context.current() as context:
        context.check(
            lib.apus_elementwise(context.handle, name, _arrays.view(x1), _arrays.view(x2), _arrays.view(result))
        )
    return _give(result, out)


def _broadcast(*arrays):
    """The common shape, or, where there is none, a shape that makes the library say so."""
    try:
        return numpy.broadcast_shapes(*[array.shape for array in arrays])
    except ValueError:
        return arrays[0].shape


_UNARY_DOC = """{doc}, for each element of ``x``.

Parameters
----------
x : array_like
    float32 is computed in float32, anything else in float64.
out : ndarray, optional
    Where the result goes; may be ``x``.

Returns
-------
ndarray of {result}, or a scalar for a scalar
"""

_BINARY_DOC = """{doc}, element by element, with broadcasting.

Parameters
----------
x1, x2 : array_like
    ``a`` and ``b``. Two float32 arrays are computed in float32, anything else in float64. A Python number takes the
    precision of the array beside it.
out : ndarray, optional
    Where the result goes; may be ``x1`` or ``x2``.

Returns
-------
ndarray of {result}, or a scalar for scalars
"""


def _operation(entry):
    """A function for an operation of the library's catalog."""
    name = entry["name"].encode()
    truth = _BOOL if entry["result"] == "truth" else None
    if entry["operands"] == 1:

        def function(x, /, out=None):
            return _unary(name, x, out, truth)

    else:

        def function(x1, x2, /, out=None):
            return _binary(name, x1, x2, out, truth)

    template = _UNARY_DOC if entry["operands"] == 1 else _BINARY_DOC
    function.__name__ = function.__qualname__ = entry["name"]
    function.__module__ = "apus.ops"
    doc = entry["doc"]
    function.__doc__ = template.format(doc=doc[0].upper() + doc[1:], result="bool" if truth else "floats")
    return function


with _context.current() as _borrowed:
    _OPERATIONS = {
        entry["name"]: _operation(entry) for entry in json.loads(_borrowed.text(lib.apus_catalog))["operations"]
    }
globals().update(_OPERATIONS)
abs = _OPERATIONS["absolute"]


def where(condition, x1, x2, /, out=None):
    """``x1`` where ``condition`` is not 0, else ``x2``; all three broadcast.

    The result has NumPy's common dtype of ``x1`` and ``x2``.
    """
    condition = _arrays.as_array(condition, "condition")
    dtype = numpy.result_type(x1 if _is_number(x1) else numpy.asarray(x1), x2 if _is_number(x2) else numpy.asarray(x2))
    x1 = _arrays.as_array(numpy.asarray(x1, dtype), "x1")
    x2 = _arrays.as_array(numpy.asarray(x2, dtype), "x2")
    result = _result(out, _broadcast(condition, x1, x2), x1.dtype)
    with _context.current() as context:
        context.check(
            lib.apus_where(
                context.handle, _arrays.view(condition), _arrays.view(x1), _arrays.view(x2), _arrays.view(result)
            )
        )
    return _give(result, out)


def copy(x, /, dtype=None, out=None):
    """A dense copy of ``x``, converted to ``dtype``: rounded to a real type, exactly (or TypeError) to a whole one."""
    x = _arrays.as_array(x, "x")
    result = _result(out, x.shape, x.dtype if dtype is None else numpy.dtype(dtype))
    if result.dtype not in _arrays.DTYPE_CODES:
        raise TypeError(f"dtype must be float32, float64, int32, int64, uint8 or bool, got {result.dtype}")
    with _context.current() as context:
        context.check(lib.apus_copy(context.handle, _arrays.view(x), _arrays.view(result)))
    return _give(result, out)


def concatenate(arrays, axis=0, out=None):
    """Joins arrays along an existing axis; the result has NumPy's common dtype."""
    arrays = [_arrays.as_array(array, f"arrays[{index}]") for index, array in enumerate(arrays)]
    if not arrays:
        raise ValueError("arrays must hold at least one array")
    dtype = numpy.result_type(*arrays)
    arrays = [array if array.dtype == dtype else copy(array, dtype) for array in arrays]
    shape = list(arrays[0].shape)
    axis = _arrays.axis(axis)
    if arrays[0].ndim and -arrays[0].ndim <= axis < arrays[0].ndim:
        shape[axis] = sum(array.shape[axis] if array.ndim == arrays[0].ndim else 0 for array in arrays)
    result = _result(out, tuple(shape), dtype)
    with _context.current() as context:
        context.check(
            lib.apus_concatenate(context.handle, _arrays.views(arrays), len(arrays), axis, _arrays.view(result))
        )
    return result


def take(x, indices, axis=None, out=None):
    """Elements of ``x`` along an axis at ``indices``, negative ones from the end; without an axis of the flat array.

    An index out of range raises an error that names it (NumPy's mode "raise").
    """
    x = _arrays.as_array(x, "x")
    indices = numpy.asarray(indices)
    if indices.size == 0 and indices.dtype == _FLOAT64:
        indices = indices.astype(numpy.int64)
    indices = _arrays.as_array(indices, "indices")
    if axis is None:
        x, axis = x.reshape(-1), 0
    axis = _arrays.axis(axis)
    place = axis + x.ndim if axis < 0 else axis
    result = _result(out, x.shape[:place] + indices.shape + x.shape[place + 1 :], x.dtype)
    with _context.current() as context:
        context.check(
            lib.apus_take(context.handle, _arrays.view(x), _arrays.view(indices), axis, _arrays.view(result))
        )
    return _give(result, out)


def _shape(values):
    values = (values,) if isinstance(values, numbers.Integral) else tuple(values)
    return (ctypes.c_int64 * max(len(values), 1))(*values), len(values)


def _seen(x, function, *arguments):
    """A view of ``x`` that the library has described, as an array over the same memory."""
    source = _arrays.view(x)
    description = _arrays.unknown()
    with _context.current() as context:
        context.check(function(context.handle, source, *arguments, description))
    shape = tuple(description.shape[: description.ndim])
    if 0 in shape:
        return numpy.empty(shape, x.dtype)
    return numpy.asarray(_Seen(x, description.data, shape, tuple(description.strides[: description.ndim])))


class _Seen:
    """Elements of an array, which it keeps alive, in other places of its memory."""

    def __init__(self, array, address, shape, strides):
        self.array = array
        self.__array_interface__ = {
            "version": 3, "typestr": array.dtype.str, "data": (address, not array.flags.writeable), "shape": shape,
            "strides": strides,
        }


def transpose(x, axes=None):
    """A view with the dimensions reversed, or in the order of ``axes``."""
    x = _arrays.as_array(x, "x")
    if axes is None:
        return _seen(x, lib.apus_view_transpose)
    axes = tuple(map(_arrays.axis, axes))
    return _seen(x, lib.apus_view_permute, (ctypes.c_int32 * max(len(axes), 1))(*axes), len(axes))


def reshape(x, shape):
    """Another shape of the same size, one extent of which may be -1; a view where strides allow it, else a copy."""
    x = _arrays.as_array(x, "x")
    if not x.flags.c_contiguous:
        try:
            return _seen(x, lib.apus_view_reshape, *_shape(shape))
        except ValueError:
            x = copy(x)
    return _seen(x, lib.apus_view_reshape, *_shape(shape))


def slice_along_axis(x, start=None, stop=None, step=1, axis=0):
    """A view of the elements start, start + step, ... below stop along an axis, by the rules of Python's slices.

    >>> slice_along_axis([[1.0, 2.0, 3.0]], step=-2, axis=1)
    array([[3., 1.]])
    """
    x = _arrays.as_array(x, "x")
    step = max(-_LAST, min(_arrays.index(step, "step"), _LAST))
    before, behind = (_FIRST, _LAST) if step > 0 else (_LAST, _FIRST)
    start = before if start is None else _arrays.index(start, "start")
    stop = behind if stop is None else _arrays.index(stop, "stop")
    start, stop = (max(_FIRST, min(bound, _LAST)) for bound in (start, stop))
    return _seen(x, lib.apus_view_slice, _arrays.axis(axis), start, stop, step)


def broadcast_to(x, shape):
    """``x`` stretched to a shape without a copy; for reading."""
    x = _arrays.as_array(x, "x")
    result = _seen(x, lib.apus_view_broadcast, *_shape(shape))
    result.flags.writeable = False
    return result


__all__ = [
    *_OPERATIONS,
    "abs",
    "broadcast_to",
    "concatenate",
    "copy",
    "reshape",
    "slice_along_axis",
    "take",
    "transpose",
    "where",
]
