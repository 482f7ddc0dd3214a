"""Python functions of an array as the problem of a minimisation."""

import ctypes

import numpy

from .. import _interrupt
from .._library import HESSIAN, HESSIAN_PRODUCT, OBJECTIVE, Problem

_ABORT = -1
_STOP = 1


def vector(address, count):
    """The numbers at an address, for as long as the callback runs."""
    return numpy.frombuffer((ctypes.c_double * count).from_address(address), dtype=float)


def number(value, what):
    """A value as a float."""
    if type(value) is float:
        return value
    array = numpy.asarray(value)
    if array.size != 1 or array.dtype.kind not in "biuf":
        raise TypeError(f"{what} must return one real number, got {value!r}")
    return float(array.reshape(()))


class Objective(_interrupt.SignalKeeper):
    """Calls a function and its derivatives from the library. ``with`` it around the call: leaving raises what they did.

    ``jac`` is a function, True when ``fun`` returns the value and the gradient, or None. A function that raises
    ``StopIteration`` ends the run and keeps the best point.
    """

    def __init__(self, fun, count, args=(), jac=None, hess=None, hessp=None, bounds=None):
        super().__init__()
        self.fun, self.jac, self.hess, self.hessp = fun, jac, hess, hessp
        self.args = tuple(args) if isinstance(args, (tuple, list)) else (args,)
        self.count = count
        self._functions = (
            OBJECTIVE(self._guarded(self._evaluate)),
            HESSIAN(self._guarded(self._hessian)) if callable(hess) else HESSIAN(),
            HESSIAN_PRODUCT(self._guarded(self._product)) if callable(hessp) else HESSIAN_PRODUCT(),
        )
        self._bounds = bounds
        self.problem = Problem(
            n=count,
            function=self._functions[0],
            hessian=self._functions[1],
            hessian_product=self._functions[2],
            lower=None if bounds is None else bounds[0].ctypes.data,
            upper=None if bounds is None else bounds[1].ctypes.data,
        )

    def _guarded(self, body):
        return guarded(self, body)

    def _evaluate(self, user, x, n, value, gradient):
        # A copy: the function may keep its argument, or change it.
        point = vector(x, n).copy()
        result = self.fun(point, *self.args)
        if self.jac is True:
            result, slope = result
        if gradient:
            if callable(self.jac):
                slope = self.jac(vector(x, n).copy(), *self.args)
            out = numpy.asarray(slope, dtype=float)
            if out.size != n:
                raise ValueError(f"the gradient must have {n} numbers, got {out.size}")
            vector(gradient, n)[:] = out.ravel()
        value[0] = number(result, "fun")
        return 0

    def _hessian(self, user, x, n, hessian):
        out = numpy.asarray(self.hess(vector(x, n).copy(), *self.args), dtype=float)
        if out.shape != (n, n):
            raise ValueError(f"hess must return an array of shape {(n, n)}, got {out.shape}")
        vector(hessian, n * n)[:] = out.ravel()
        return 0

    def _product(self, user, x, n, direction, product):
        out = self.hessp(vector(x, n).copy(), vector(direction, n).copy(), *self.args)
        out = numpy.asarray(out, dtype=float)
        if out.size != n:
            raise ValueError(f"hessp must return {n} numbers, got {out.size}")
        vector(product, n)[:] = out.ravel()
        return 0


def guarded(keeper, body):
    """A callback that keeps exceptions in a ``SignalKeeper`` and turns ``StopIteration`` into a stop."""

    def called(*arguments):
        if keeper.error is not None:
            return _ABORT
        try:
            keeper.open = True
            decision = body(*arguments)
            keeper.open = False
            return decision
        except StopIteration:
            keeper.open = False
            return _STOP
        except BaseException as error:
            keeper.open = False
            keeper.error = error
            return _ABORT

    return called
