"""``minimize``, with SciPy's signature."""

import ctypes
import inspect
import json

import numpy

from .. import _context, _errors
from .._library import ITERATION_CALLBACK, Iteration, Minimum, lib
from ._problem import Objective, guarded, vector
from ._result import OptimizeResult

_DENSE = 1000
"""Numbers in x up to which an n x n inverse Hessian is asked for."""

_TOLERANCES = ("gtol", "xtol", "xatol", "fatol")
_DIFFERENCES = {None: "forward", False: "forward", "2-point": "forward", "3-point": "central"}
_methods = {}


def minimize(
    fun, x0, args=(), method=None, jac=None, hess=None, hessp=None, bounds=None, tol=None, callback=None, options=None
):
    """Minimises a function of one or more numbers.

    Parameters
    ----------
    fun : callable
        ``fun(x, *args) -> float``. NaN and infinity say that it is undefined at x. ``StopIteration`` ends the run.
    x0 : array_like
        Where to start.
    args : tuple
        Further arguments of fun, jac, hess and hessp.
    method : str
        "BFGS" (the default without bounds), "L-BFGS-B" (the default with bounds), "CG", "Newton", "Newton-CG",
        "trust-exact", "trust-ncg", "Nelder-Mead", or an update rule of networks: "SGD", "Adagrad", "Adadelta",
        "RMSprop", "Adam", "AdamW", "Adamax", "Nadam".
    jac : callable, bool or str
        ``jac(x, *args) -> array``; True when fun returns (value, gradient); "2-point" (the default) or "3-point" for
        forward or central differences.
    hess : callable
        ``hess(x, *args) -> array of shape (n, n)``, for methods that use it.
    hessp : callable
        ``hessp(x, p, *args) -> array``: the Hessian times p.
    bounds : sequence of (min, max) pairs, or an object with ``lb`` and ``ub``
        None in a pair means no bound.
    tol : float
        The tolerance of the method: gtol where it uses gradients.
    callback : callable
        ``callback(xk)``, or ``callback(intermediate_result)`` with a result of x and fun, after each iteration.
        ``StopIteration`` ends the run and keeps the best point; other exceptions come out of this call.
    options : dict
        maxiter, maxfev, gtol and the method's own parameters: see ``apus.catalog()["minimizers"]``. "disp" prints the
        outcome.

    Returns
    -------
    OptimizeResult
        x, fun, jac, hess_inv, nit, nfev, njev, nhev, success, status and message.

    Examples
    --------
    >>> from apus.optimize import minimize
    >>> result = minimize(lambda x: ((x - [1, 2]) ** 2).sum(), [0, 0], jac=lambda x: 2 * (x - [1, 2]))
    >>> result.x.round(6)
    array([1., 2.])
    """
    x = numpy.array(x0, dtype=float).ravel()
    entry = _entry(("BFGS" if bounds is None else "L-BFGS-B") if method is None else method)
    known = {parameter["name"] for parameter in entry["parameters"]}
    given, disp = _options(options, known, tol)
    if entry["gradient"] and not (callable(jac) or jac is True):
        try:
            given["gradient"] = _DIFFERENCES[jac]
        except (KeyError, TypeError):
            raise ValueError(f"jac must be a function, True, '2-point' or '3-point', got {jac!r}") from None
    objective = Objective(fun, x.size, args, jac, hess, hessp, _bounds(bounds, x.size))
    gradient = numpy.empty(x.size)
    inverse = numpy.empty((x.size, x.size)) if entry["kind"] == "BFGS" or x.size <= _DENSE else None
    out = Minimum(
        gradient=gradient.ctypes.data if entry["gradient"] else None,
        inverse_hessian=None if inverse is None else inverse.ctypes.data,
    )
    after = ITERATION_CALLBACK() if callback is None else ITERATION_CALLBACK(guarded(objective, after_iteration(callback)))
    with objective, _context.current() as context:
        status = lib.apus_minimize(
            context.handle,
            entry["kind"].encode(),
            json.dumps(given).encode(),
            ctypes.byref(objective.problem),
            x.ctypes.data,
            after,
            None,
            ctypes.byref(out),
        )
        if objective.error is None:
            context.check(status)
    result = outcome(x, out)
    if entry["gradient"]:
        result.jac = gradient
    if inverse is not None and not numpy.isnan(inverse[0, 0]):
        result.hess_inv = inverse
    if disp:
        print(f"{result.message}\n  value {result.fun}, iterations {result.nit}, evaluations {result.nfev}")
    return result


def outcome(x, out):
    """The result that the library filled in, at x."""
    return OptimizeResult(
        x=x,
        fun=out.value,
        success=out.status == 0,
        status=out.status,
        message=out.message.decode("utf-8", "replace"),
        nit=out.iterations,
        nfev=out.function_evaluations,
        njev=out.gradient_evaluations,
        nhev=out.hessian_evaluations,
    )


def _entry(name):
    """The catalog's line of a method."""
    if not isinstance(name, str):
        raise TypeError(f"method must be the name of a method, got {name!r}")
    if not _methods:
        _methods.update({entry["kind"].lower(): entry for entry in _context.catalog()["minimizers"]})
    try:
        return _methods[name.lower()]
    except KeyError:
        names = ", ".join(entry["kind"] for entry in _methods.values())
        raise _errors.InvalidArgumentError(f"method must be one of {names}, got {name!r}") from None


def _options(options, known, tol):
    """The library's parameters for SciPy's options and tolerance, and whether to print."""
    given = dict(options or {})
    disp = bool(given.pop("disp", False))
    if "maxfun" in given and "maxfun" not in known:
        given["maxfev"] = given.pop("maxfun")
    if tol is not None:
        for name in _TOLERANCES:
            if name in known:
                given.setdefault(name, tol)
    for name, value in given.items():
        if isinstance(value, (numpy.generic, numpy.ndarray)):
            given[name] = value.tolist()
    return given, disp


def _bounds(bounds, count):
    """Two arrays of lower and upper bounds, or None."""
    if bounds is None:
        return None
    if hasattr(bounds, "lb"):
        pairs = [numpy.broadcast_to(numpy.asarray(side, dtype=float), count) for side in (bounds.lb, bounds.ub)]
        return [numpy.ascontiguousarray(side) for side in pairs]
    pairs = list(bounds)
    if len(pairs) != count:
        raise _errors.ShapeError(f"bounds must have one pair for each of the {count} numbers in x0, got {len(pairs)}")
    lower = numpy.array([-numpy.inf if low is None else low for low, _ in pairs], dtype=float)
    upper = numpy.array([numpy.inf if high is None else high for _, high in pairs], dtype=float)
    return [lower, upper]


def after_iteration(callback):
    """The callback after an iteration, in SciPy's old or new form."""
    try:
        names = list(inspect.signature(callback).parameters)
    except (TypeError, ValueError):
        names = []
    takes_result = names == ["intermediate_result"]

    def body(user, address):
        iteration = Iteration.from_address(address)
        x = vector(iteration.x, iteration.n).copy()
        if takes_result:
            callback(intermediate_result=OptimizeResult(x=x, fun=iteration.value, nit=iteration.iteration))
        else:
            callback(x)
        return 0

    return body
