"""Roots of functions of one number, with SciPy's signatures."""

import ctypes
import json
import math

import numpy

from .. import _context, _errors
from .._library import SCALAR_FUNCTION, Root, lib
from ._scalar import ScalarObjective, one_number, whole_number

_STOPS = ("converged", "iterations", "evaluations", "precision", "stopped", "unbounded", "not finite")


class RootResults(dict):
    """Where a search for a root ended; every entry is an attribute as well.

    Attributes
    ----------
    root : float
        The best point known.
    value : float
        The function there.
    converged : bool
        Whether the root is known to the tolerance.
    iterations, function_calls : int
        Calls of the derivative are counted too.
    flag : str
        Why it ended.
    method : str
    message : str
        The same in a sentence. It says so when the sign changes at a jump or a pole.
    """

    def __getattr__(self, name):
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None

    __setattr__ = dict.__setitem__
    __delattr__ = dict.__delitem__

    def __dir__(self):
        return list(self)

    def __repr__(self):
        width = max(map(len, self), default=0)
        return "\n".join(f"{name:>{width}}: {value!r}" for name, value in self.items())


def _find(method, f, derivative, a, b, args, xtol, rtol, maxiter, disp):
    objective = ScalarObjective(f, args, "f")
    slope = None if derivative is None else ScalarObjective(derivative, args, "fprime", objective)
    given = {"xtol": float(xtol), "rtol": float(rtol), "maxiter": whole_number("maxiter", maxiter)}
    out = Root()
    with objective, _context.current() as context:
        status = lib.apus_find_root(
            context.handle,
            method.encode(),
            json.dumps(given).encode(),
            objective.callback,
            SCALAR_FUNCTION() if slope is None else slope.callback,
            None,
            a,
            b,
            ctypes.byref(out),
        )
        if objective.error is None and (disp or status != _errors.ConvergenceError.code):
            context.check(status)
    return RootResults(
        root=out.root,
        value=out.value,
        converged=out.status == 0,
        iterations=out.iterations,
        function_calls=out.evaluations,
        flag=_STOPS[out.status],
        method=method,
        message=out.message.decode("utf-8", "replace"),
    )


def brentq(f, a, b, args=(), xtol=2e-12, rtol=8.881784197001252e-16, maxiter=100, full_output=False, disp=True):
    """A root of f between a and b, where f has opposite signs, by Brent's method.

    Parameters
    ----------
    f : callable
        ``f(x, *args) -> float``. ``StopIteration`` ends the search and keeps the best point.
    a, b : float
        The ends.
    args : tuple
        Further arguments of f.
    xtol, rtol : float
        The root is found to ``xtol + rtol * abs(root)``.
    maxiter : int
        Iterations at most.
    full_output : bool
        Return the RootResults too.
    disp : bool
        Raise RuntimeError when the root is not found; else look at ``converged``.

    Returns
    -------
    root : float
    result : RootResults
        With ``full_output``.

    Examples
    --------
    >>> from apus.optimize import brentq
    >>> round(brentq(lambda x: x**2 - 2, 0, 2), 12)
    1.414213562373
    """
    return _bracketed("brentq", f, a, b, args, xtol, rtol, maxiter, full_output, disp)


def bisect(f, a, b, args=(), xtol=2e-12, rtol=8.881784197001252e-16, maxiter=100, full_output=False, disp=True):
    """A root of f between a and b, where f has opposite signs, by bisection. Parameters and result are brentq's.

    Examples
    --------
    >>> from apus.optimize import bisect
    >>> round(bisect(lambda x: x**2 - 2, 0, 2), 10)
    1.4142135624
    """
    return _bracketed("bisect", f, a, b, args, xtol, rtol, maxiter, full_output, disp)


def _bracketed(method, f, a, b, args, xtol, rtol, maxiter, full_output, disp):
    result = _find(method, f, None, one_number("a", a), one_number("b", b), args, xtol, rtol, maxiter, disp)
    return (result.root, result) if full_output else result.root


def newton(
    func, x0, fprime=None, args=(), tol=1.48e-8, maxiter=50, fprime2=None, x1=None, rtol=0.0, full_output=False, disp=True
):
    """A root of func near x0, by Newton's method with fprime, by the secant method without.

    A step to where func is not finite is halved until it is.

    Parameters
    ----------
    func : callable
        ``func(x, *args) -> float``.
    x0 : float
        Where to start.
    fprime : callable
        ``fprime(x, *args)``: the derivative.
    args : tuple
        Further arguments of func and fprime.
    tol, rtol : float
        Ends when a step is not longer than ``tol + rtol * abs(x)``.
    maxiter : int
        Iterations at most.
    fprime2 : callable
        Taken for SciPy's sake; second derivatives are not used.
    x1 : float
        The second point of the secant method; close to x0 unless given.
    full_output : bool
        Return the RootResults too.
    disp : bool
        Raise RuntimeError when the root is not found.

    Returns
    -------
    root : float
    result : RootResults
        With ``full_output``.

    Examples
    --------
    >>> from apus.optimize import newton
    >>> round(newton(lambda x: x**3 - 1, 1.5, fprime=lambda x: 3 * x**2), 12)
    1.0
    """
    start = one_number("x0", x0)
    if fprime is not None:
        result = _find("newton", func, fprime, start, start, args, tol, rtol, maxiter, disp)
    else:
        second = one_number("x1", x1) if x1 is not None else start * (1 + 1e-4) + math.copysign(1e-4, start)
        result = _find("secant", func, None, start, second, args, tol, rtol, maxiter, disp)
    return (result.root, result) if full_output else result.root


def root_scalar(
    f,
    args=(),
    method=None,
    bracket=None,
    fprime=None,
    fprime2=None,
    x0=None,
    x1=None,
    xtol=None,
    rtol=None,
    maxiter=None,
    options=None,
):
    """A root of f.

    Parameters
    ----------
    f : callable
        ``f(x, *args) -> float``; with ``fprime=True`` it returns the value and the derivative.
    args : tuple
        Further arguments of f and fprime.
    method : str
        "brentq" (the default with a bracket), "bisect", "newton" (the default with fprime), "secant".
    bracket : pair of floats
        Where f has opposite signs, for brentq and bisect.
    fprime : callable or bool
        The derivative, for newton.
    fprime2 : callable
        Taken for SciPy's sake.
    x0, x1 : float
        Where newton and secant start.
    xtol, rtol, maxiter
        As for brentq.
    options : dict
        More of the same.

    Returns
    -------
    RootResults
        Look at ``converged``.

    Examples
    --------
    >>> from apus.optimize import root_scalar
    >>> round(root_scalar(lambda x: x**3 - 1, bracket=[0, 3]).root, 9)
    1.0
    """
    if method is None:
        if bracket is not None:
            method = "brentq"
        elif x0 is not None:
            method = "newton" if fprime else "secant"
        else:
            raise ValueError("root_scalar needs a bracket, or x0")
    given = {"xtol": 2e-12, "rtol": 8.881784197001252e-16, "maxiter": 100}
    for name, value in {"xtol": xtol, "rtol": rtol, "maxiter": maxiter, **(options or {})}.items():
        if name not in given:
            raise ValueError(f"root_scalar has no option {name!r}; it has {', '.join(given)}")
        if value is not None:
            given[name] = value
    name = str(method).lower()
    if name in ("brentq", "bisect"):
        if bracket is None or len(bracket) != 2:
            raise ValueError(f"{name} needs a bracket of two numbers, got {bracket!r}")
        a, b = (one_number("bracket", end) for end in bracket)
        return _find(name, f, None, a, b, args, disp=False, **given)
    if name not in ("newton", "secant"):
        raise ValueError(f"method must be one of brentq, bisect, newton, secant, got {method!r}")
    if x0 is None:
        raise ValueError(f"{name} needs x0")
    start = one_number("x0", x0)
    if name == "newton":
        if not fprime:
            raise ValueError("newton needs fprime")
        if fprime is True:
            both = _Memo(f)
            return _find(name, both.value, both.slope, start, start, args, disp=False, **given)
        return _find(name, f, fprime, start, start, args, disp=False, **given)
    second = one_number("x1", x1) if x1 is not None else start * (1 + 1e-4) + math.copysign(1e-4, start)
    return _find(name, f, None, start, second, args, disp=False, **given)


class _Memo:
    """Value and derivative of a function that returns both, called once for each point."""

    def __init__(self, f):
        self.f = f
        self.x = None

    def value(self, x, *args):
        self.x, self.pair = x, self.f(x, *args)
        return self.pair[0]

    def slope(self, x, *args):
        if x != self.x:
            self.value(x, *args)
        return numpy.asarray(self.pair[1])
