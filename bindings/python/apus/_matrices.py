"""What the functions of linear algebra share: calls, checks of matrices, room for results."""

import ctypes

import numpy

from ._arrays import as_array, view
from ._context import current
from ._errors import ConvergenceError


class LinAlgError(ConvergenceError, numpy.linalg.LinAlgError):
    """A matrix is singular or not positive definite, or an iteration did not converge; the message says which."""

    __module__ = "apus.linalg"


def _call(function, *arguments):
    with current() as context:
        try:
            context.check(function(context.handle, *arguments))
        except ConvergenceError as error:
            raise LinAlgError(str(error)) from None


def _matrix(values, name):
    array = as_array(values, name)
    if array.ndim < 2:
        raise LinAlgError(f"{name} must have at least two dimensions, got shape {array.shape}")
    return array


def _square(values, name):
    array = _matrix(values, name)
    if array.shape[-1] != array.shape[-2]:
        raise LinAlgError(f"{name} must be square in its last two dimensions, got shape {array.shape}")
    return array


def _dtype(*arrays):
    """The dtype of results: float32 when all are float32."""
    return numpy.float32 if all(array.dtype == numpy.float32 for array in arrays) else numpy.float64


def _new(array, *shape, dtype=None):
    """An array for a result: the stack of ``array`` and the extents given."""
    return numpy.empty(array.shape[:-2] + shape, _dtype(array) if dtype is None else dtype)


_REAL, _WHOLE = ctypes.c_double, ctypes.c_int64
_POINTERS = {_REAL: ctypes.POINTER(_REAL), _WHOLE: ctypes.POINTER(_WHOLE)}


def _room(stack, kind):
    """Numbers for the library to write, one for each matrix of a stack, and a function that gives what was written."""
    if not stack:
        number = kind()
        return ctypes.byref(number), lambda: numpy.float64(number.value) if kind is _REAL else numpy.int64(number.value)
    numbers = numpy.empty(stack, numpy.float64 if kind is _REAL else numpy.int64)
    return numbers.ctypes.data_as(_POINTERS[kind]), lambda: numbers


def _numbers(array, function, *arguments, kind=_REAL, count=1):
    """Numbers for each matrix: scalars for a single one."""
    rooms = [_room(array.shape[:-2], kind) for _ in range(count)]
    _call(function, view(array), *arguments, *(pointer for pointer, _ in rooms))
    results = [result() for _, result in rooms]
    if kind is _REAL and array.dtype == numpy.float32:
        results = [result.astype(numpy.float32) for result in results]
    return results


def _swapped(array, wanted):
    return array.swapaxes(-1, -2) if wanted else array
