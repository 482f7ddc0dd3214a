"""Minima of functions of one number, with SciPy's signatures."""

import ctypes
import json

import numpy

from .. import _context, _errors, _interrupt
from .._library import SCALAR_FUNCTION, Minimum, lib
from ._problem import guarded, number
from ._result import OptimizeResult


class ScalarObjective(_interrupt.SignalKeeper):
    """Calls a function of one number from the library; what it raises is kept in ``keeper``, itself unless given."""

    def __init__(self, function, args=(), name="fun", keeper=None):
        super().__init__()
        if not callable(function):
            raise TypeError(f"{name} must be a function, got {function!r}")
        args = tuple(args) if isinstance(args, (tuple, list)) else (args,)

        def evaluate(user, x, value):
            value[0] = number(function(x, *args), name)
            return 0

        self.callback = SCALAR_FUNCTION(guarded(self if keeper is None else keeper, evaluate))


def one_number(name, value):
    """A real number as a float."""
    array = numpy.asarray(value)
    if array.size != 1 or array.dtype.kind not in "biuf":
        raise TypeError(f"{name} must be one real number, got {value!r}")
    return float(array.reshape(()))


def whole_number(name, value):
    """A whole number as an int."""
    try:
        return value.__index__()
    except AttributeError:
        raise TypeError(f"{name} must be a whole number, got {value!r}") from None


def _search(method, function, a, b, args, **parameters):
    objective = ScalarObjective(function, args)
    out = Minimum()
    x = ctypes.c_double()
    with objective, _context.current() as context:
        status = lib.apus_minimize_scalar(
            context.handle,
            method.encode(),
            json.dumps(parameters).encode(),
            objective.callback,
            None,
            a,
            b,
            ctypes.byref(x),
            ctypes.byref(out),
        )
        if objective.error is None:
            context.check(status)
    return OptimizeResult(
        x=x.value,
        fun=out.value,
        success=out.status == 0,
        status=out.status,
        message=out.message.decode("utf-8", "replace"),
        nit=out.iterations,
        nfev=out.function_evaluations,
    )


def _ends(bracket):
    """The ends of a bracket of two or three points, and the parameters for the third."""
    points = [one_number("bracket", point) for point in ((0.0, 1.0) if bracket is None else bracket)]
    if len(points) == 2:
        return points[0], points[1], {}
    if len(points) == 3:
        return points[0], points[2], {"middle": points[1]}
    raise ValueError(f"bracket must be two or three numbers, got {bracket!r}")


def minimize_scalar(fun, bracket=None, bounds=None, args=(), method=None, tol=None, options=None):
    """Minimises a function of one number.

    Parameters
    ----------
    fun : callable
        ``fun(x, *args) -> float``. Where it is NaN or infinite it counts as high. ``StopIteration`` ends the search and
        keeps the best point.
    bracket : two or three numbers
        For "brent" and "golden": two points to go downhill from (0 and 1 unless given), or three with the function
        lowest at the middle one.
    bounds : pair of numbers
        For "bounded".
    args : tuple
        Further arguments of fun.
    method : str
        "brent", "golden" or "bounded"; the default is "brent", with bounds "bounded".
    tol : float
        The method's tolerance: relative for "brent" and "golden", absolute for "bounded".
    options : dict
        maxiter; xtol (xatol for "bounded"); "disp" prints the outcome.

    Returns
    -------
    OptimizeResult
        x, fun, success, status, message, nit and nfev. A function that falls without end has status 5.

    Examples
    --------
    >>> from apus.optimize import minimize_scalar
    >>> round(minimize_scalar(lambda x: (x - 2) * x * (x + 2) ** 2).x, 6)
    1.280776
    """
    name = ("brent" if bounds is None else "bounded") if method is None else str(method).lower()
    given = dict(options or {})
    disp = given.pop("disp", False)
    parameters = {"maxiter": whole_number("maxiter", given.pop("maxiter", 5000 if name == "golden" else 500))}
    tolerance = "xatol" if name == "bounded" else "xtol"
    standard = 1e-5 if name == "bounded" else 1.48e-8
    parameters["xtol"] = float(given.pop(tolerance, standard if tol is None else tol))
    if given:
        raise ValueError(f"{name} has no option {next(iter(given))!r}; it has maxiter, {tolerance}, disp")
    if name == "bounded":
        if bounds is None or len(bounds) != 2:
            raise ValueError(f"bounded needs bounds of two numbers, got {bounds!r}")
        a, b = (one_number("bounds", end) for end in bounds)
        more = {}
    elif bounds is not None:
        raise ValueError(f"{name} takes no bounds; use method='bounded'")
    else:
        a, b, more = _ends(bracket)
    result = _search(name, fun, a, b, args, **parameters, **more)
    if disp:
        print(f"{result.message}\n  value {result.fun}, iterations {result.nit}, evaluations {result.nfev}")
    return result


def brent(func, args=(), brack=None, tol=1.48e-8, full_output=0, maxiter=500):
    """The minimum near a bracket by Brent's method; see ``minimize_scalar``.

    Returns x, or with ``full_output`` (x, value, iterations, evaluations).

    Examples
    --------
    >>> from apus.optimize import brent
    >>> round(brent(lambda x: (x - 1) ** 2), 9)
    1.0
    """
    a, b, more = _ends(brack)
    result = _search("brent", func, a, b, args, xtol=float(tol), maxiter=whole_number("maxiter", maxiter), **more)
    return (result.x, result.fun, result.nit, result.nfev) if full_output else result.x


def golden(func, args=(), brack=None, tol=1.4901161193847656e-8, full_output=0, maxiter=5000):
    """The minimum near a bracket by golden section; see ``minimize_scalar``.

    Returns x, or with ``full_output`` (x, value, evaluations).

    Examples
    --------
    >>> from apus.optimize import golden
    >>> round(golden(lambda x: (x - 1) ** 2, brack=(0, 3)), 6)
    1.0
    """
    a, b, more = _ends(brack)
    result = _search("golden", func, a, b, args, xtol=float(tol), maxiter=whole_number("maxiter", maxiter), **more)
    return (result.x, result.fun, result.nfev) if full_output else result.x


def fminbound(func, x1, x2, args=(), xtol=1e-5, maxfun=500, full_output=0, disp=1):
    """The minimum between x1 and x2 by Brent's method; see ``minimize_scalar``.

    Returns x, or with ``full_output`` (x, value, 0 or 1 where it did not converge, evaluations). ``disp`` 2 or 3 prints
    the outcome.

    Examples
    --------
    >>> from apus.optimize import fminbound
    >>> round(fminbound(lambda x: (x - 1) ** 2, -4, 4), 6)
    1.0
    """
    a, b = one_number("x1", x1), one_number("x2", x2)
    result = _search("bounded", func, a, b, args, xtol=float(xtol), maxiter=whole_number("maxfun", maxfun))
    if not result.success and disp:
        import warnings

        warnings.warn(result.message, _errors.ApusWarning, stacklevel=2)
    if disp > 1:
        print(f"{result.message}\n  value {result.fun}, evaluations {result.nfev}")
    return (result.x, result.fun, int(not result.success), result.nfev) if full_output else result.x
