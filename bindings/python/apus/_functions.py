"""Python functions as callbacks of the library: exceptions and signals come out of the call that they ended."""

import ctypes

import numpy

from . import _interrupt
from ._library import POINT_FUNCTION, SCALAR_FUNCTION, VECTOR_FUNCTION

_ABORT = -1


def _is_undefined(error):
    """Whether an exception says what NaN and infinity say: no value here."""
    if isinstance(error, ArithmeticError):
        return True
    text = str(error)
    return isinstance(error, ValueError) and (text.startswith("math ") or text.startswith("expected a "))


def _number(value):
    """What a function has returned, as a float."""
    if isinstance(value, (float, int)):
        return float(value)
    if isinstance(value, complex):
        raise ArithmeticError(f"the function is complex here: {value!r}")
    array = numpy.asarray(value)
    if array.size != 1 or array.dtype.kind not in "biuf":
        raise TypeError(f"the function must return one real number, got {value!r}")
    return float(array.reshape(()))


class Function(_interrupt.SignalKeeper):
    """Calls a Python function from the library. ``with`` it around the call; leaving raises what the function raised.

    A ``ValueError`` or ``ArithmeticError`` of mathematics (``math.log(-1)``, ``1 / 0``) counts as NaN; the last of them
    is kept in ``undefined``.
    """

    kind = None

    def __init__(self, function, args=()):
        super().__init__()
        self.function = function
        self.args = tuple(args)
        self.undefined = None
        self.callback = self.kind(self._called)

    def _called(self, *arguments):
        if self.error is not None:
            return _ABORT
        try:
            self.open = True
            try:
                self._evaluate(*arguments)
            except (ArithmeticError, ValueError) as error:
                if not _is_undefined(error):
                    raise
                self.undefined = error
                self._evaluate_undefined(*arguments)
        except BaseException as error:
            self.open = False
            self.error = error
            return _ABORT
        self.open = False
        return 0 if self.error is None else _ABORT


class Scalar(Function):
    """A function of one number."""

    kind = SCALAR_FUNCTION

    def _evaluate(self, user, x, out):
        out[0] = _number(self.function(x, *self.args))

    def _evaluate_undefined(self, user, x, out):
        out[0] = float("nan")


class Point(Function):
    """A function of an array of n numbers, of the shape given."""

    kind = POINT_FUNCTION

    def __init__(self, function, args=(), shape=None):
        super().__init__(function, args)
        self.shape = shape

    def _evaluate(self, user, x, n, out, gradient):
        point = numpy.array(numpy.ctypeslib.as_array(x, (n,)))
        if self.shape is not None:
            point = point.reshape(self.shape)
        out[0] = _number(self.function(point, *self.args))

    def _evaluate_undefined(self, user, x, n, out, gradient):
        out[0] = float("nan")


class Spread(Point):
    """A function of n numbers as n arguments."""

    def _evaluate(self, user, x, n, out, gradient):
        out[0] = _number(self.function(*x[:n], *self.args))


class Vector(Function):
    """A function of an array of n numbers with m numbers for its result."""

    kind = VECTOR_FUNCTION

    def _evaluate(self, user, x, n, out, m):
        value = numpy.asarray(self.function(numpy.array(numpy.ctypeslib.as_array(x, (n,))), *self.args), dtype=float)
        if value.size != m:
            raise ValueError(f"the function must return {m} numbers, as it did at first, got {value.size}")
        numpy.ctypeslib.as_array(out, (m,))[:] = value.ravel()

    def _evaluate_undefined(self, user, x, n, out, m):
        numpy.ctypeslib.as_array(out, (m,))[:] = float("nan")


def doubles(array):
    """A pointer to the doubles of a contiguous array."""
    return array.ctypes.data_as(ctypes.POINTER(ctypes.c_double))
