"""``line_search``, with SciPy's signature."""

import ctypes
import json
import warnings

import numpy

from .. import _context, _errors
from .._library import Minimum, lib
from ._problem import Objective


def line_search(
    f,
    myfprime,
    xk,
    pk,
    gfk=None,
    old_fval=None,
    old_old_fval=None,
    args=(),
    c1=1e-4,
    c2=0.9,
    amax=None,
    extra_condition=None,
    maxiter=50,
):
    """A step along a direction that meets the strong Wolfe conditions.

    Parameters
    ----------
    f, myfprime : callable
        ``f(x, *args)`` and its gradient.
    xk, pk : array_like
        The point and the direction.
    gfk, old_fval, old_old_fval : optional
        Taken for SciPy's sake; the value and gradient at xk are evaluated anew.
    args : tuple
        Further arguments of f and myfprime.
    c1, c2 : float
        Decrease and flattening asked for.
    amax : float
        The largest step; 1e10 unless given.
    extra_condition : callable
        ``extra_condition(alpha, x, f, g)``: a step for which it is false counts as not found.
    maxiter : int
        Steps tried at most.

    Returns
    -------
    alpha : float or None
        The step, None where there is none.
    fc, gc : int
        Evaluations of the function and the gradient.
    new_fval : float or None
        The value at the step.
    old_fval : float or None
        The value at xk.
    new_slope : ndarray or None
        The gradient along pk at the step.
    """
    x = numpy.array(xk, dtype=float).ravel()
    direction = numpy.array(pk, dtype=float).ravel()
    if direction.size != x.size:
        raise _errors.ShapeError(f"pk must have {x.size} numbers as xk has, got {direction.size}")
    given = {"c1": float(c1), "c2": float(c2), "maxiter": int(maxiter)}
    if amax is not None:
        given["maximum"] = float(amax)
    counts = [0, 0, old_fval]

    def value(point, *more):
        counts[0] += 1
        result = f(point, *more)
        if counts[0] == 1:
            counts[2] = result
        return result

    def slope(point, *more):
        counts[1] += 1
        return myfprime(point, *more)

    objective = Objective(value, x.size, args, slope)
    gradient = numpy.empty(x.size)
    out = Minimum(gradient=gradient.ctypes.data)
    step = ctypes.c_double()
    with objective, _context.current() as context:
        status = lib.apus_line_search(
            context.handle,
            json.dumps(given).encode(),
            ctypes.byref(objective.problem),
            x.ctypes.data,
            direction.ctypes.data,
            ctypes.byref(step),
            ctypes.byref(out),
        )
        if objective.error is None:
            try:
                context.check(status)
            except _errors.ConvergenceError as error:
                warnings.warn(str(error), _errors.ApusWarning, stacklevel=2)
                return None, counts[0], counts[1], None, counts[2], None
    alpha = step.value
    if extra_condition is not None and not extra_condition(alpha, x + alpha * direction, out.value, gradient):
        return None, counts[0], counts[1], None, counts[2], None
    return alpha, counts[0], counts[1], out.value, counts[2], float(gradient @ direction)
