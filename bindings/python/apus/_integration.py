"""Integrals of functions and of samples, and moments of densities: what ``apus.calculus`` has of them."""

import ctypes
import json
import warnings

import numpy

from . import _arrays, _context, _errors, _functions
from ._errors import ApusWarning
from ._library import IntegralResult, lib

_NOT_CONVERGED = 10


class IntegrationWarning(ApusWarning):
    """An integral did not reach its tolerance, or seems to diverge. The value returned is the best estimate."""

    __module__ = "apus.calculus"


def _text(parameters):
    return json.dumps({name: value for name, value in parameters.items() if value is not None}).encode()


def _integrate(functions, call):
    """Runs ``call(context, callbacks, result)``; what did not converge is a warning and the best estimate."""
    from contextlib import ExitStack

    result = IntegralResult(value=float("nan"), error=float("inf"))
    with _context.current() as context:
        with ExitStack() as stack:
            for function in functions:
                stack.enter_context(function)
            status = call(context, [function.callback for function in functions], result)
        if status == _NOT_CONVERGED and result.evaluations > 0:
            message = lib.apus_last_error(context.handle).decode()
        else:
            message = None
            try:
                context.check(status)
            except _errors.ConvergenceError as error:
                raise error from functions[0].undefined
    if message is not None:
        warnings.warn(message, IntegrationWarning, stacklevel=_context._stack_level() + 1)
    return result, message


def quad(
    func, a, b, args=(), full_output=0, epsabs=1.49e-8, epsrel=1.49e-8, limit=50, points=None, *, method="gauss_kronrod"
):
    """The integral of ``func(x, *args)`` from ``a`` to ``b``, as ``scipy.integrate.quad``.

    Args:
        full_output: not 0 also returns a dictionary with ``neval``, ``last`` (intervals used) and ``message``, and
            turns the warning of an integral that did not converge off.
        points: difficult points inside of the range, which may be infinite too.
        method: ``"gauss_kronrod"`` or ``"tanh_sinh"``; ``"rectangle"``, ``"trapezoid"`` and ``"simpson"`` are
            ``integrate``'s.

    Returns:
        The integral and an estimate of its absolute error.

    >>> value, error = quad(lambda x: 1 / x**2, 1, float("inf"))
    >>> round(value, 12)
    1.0
    """
    if not isinstance(args, tuple):
        args = (args,)
    parameters = {"method": method, "epsabs": epsabs, "epsrel": epsrel, "limit": limit, "points": _points(points)}
    with warnings.catch_warnings():
        if full_output:
            warnings.simplefilter("ignore", IntegrationWarning)
        result, message = _integrate_line(func, a, b, args, parameters)
    if not full_output:
        return result.value, result.error
    details = {"neval": result.evaluations, "last": result.subdivisions, "message": message or ""}
    return result.value, result.error, details


def _points(points):
    return None if points is None else numpy.asarray(points, dtype=float).ravel().tolist()


def _integrate_line(func, a, b, args, parameters):
    text = _text(parameters)
    return _integrate(
        [_functions.Scalar(func, args)],
        lambda context, callbacks, result: lib.apus_integrate(
            context.handle, callbacks[0], None, float(a), float(b), text, result
        ),
    )


def integrate(
    f, a, b, *, method="gauss_kronrod", intervals=100, epsabs=1.49e-8, epsrel=1.49e-8, limit=50, points=None, args=()
):
    """The integral of ``f(x, *args)`` from ``a`` to ``b`` by any method, and an estimate of its absolute error.

    ``method`` is one of ``quad``, or a rule with ``intervals`` equal intervals: ``"rectangle"`` (midpoints),
    ``"trapezoid"`` or ``"simpson"``.

    >>> integrate(lambda x: x**2, 0, 3, method="simpson", intervals=2)[0]
    9.0
    """
    parameters = {
        "method": method,
        "intervals": intervals,
        "epsabs": epsabs,
        "epsrel": epsrel,
        "limit": limit,
        "points": _points(points),
    }
    result, _ = _integrate_line(f, a, b, args, parameters)
    return result.value, result.error


def nquad(func, ranges, args=(), *, epsabs=1.49e-8, epsrel=1.49e-8, limit=50):
    """The integral of ``func(x0, ..., xn, *args)`` over a box, as ``scipy.integrate.nquad``: ``ranges[i]`` is the range
    of ``xi``, and ``x0`` is the innermost variable. Up to 6 of them.

    >>> round(nquad(lambda x, y: x * y**2, [[0, 1], [0, 2]])[0], 12)
    1.333333333333
    """
    pairs = numpy.array(ranges, dtype=float)
    if pairs.ndim != 2 or pairs.shape[1] != 2:
        raise ValueError(f"ranges must be pairs of numbers, got an array of shape {pairs.shape}")
    lower, upper = pairs[::-1].T.copy()
    text = _text({"epsabs": epsabs, "epsrel": epsrel, "limit": limit})
    # The library's innermost variable is the last.
    turned = _functions.Spread(lambda *x: func(*reversed(x), *args))
    result, _ = _integrate(
        [turned],
        lambda context, callbacks, result: lib.apus_integrate_box(
            context.handle,
            callbacks[0],
            None,
            _functions.doubles(lower),
            _functions.doubles(upper),
            len(lower),
            text,
            result,
        ),
    )
    return result.value, result.error


def dblquad(func, a, b, gfun, hfun, args=(), epsabs=1.49e-8, epsrel=1.49e-8):
    """The integral of ``func(y, x, *args)`` for x from ``a`` to ``b`` and y from ``gfun`` to ``hfun``, which are numbers
    or functions of x, as ``scipy.integrate.dblquad``.

    >>> round(dblquad(lambda y, x: x * y**2, 0, 1, 0, 2)[0], 12)
    1.333333333333
    """
    if not callable(gfun) and not callable(hfun):
        return nquad(func, [[gfun, hfun], [a, b]], args, epsabs=epsabs, epsrel=epsrel)
    largest = 0.0

    def inner(x):
        nonlocal largest
        low = gfun(x) if callable(gfun) else gfun
        high = hfun(x) if callable(hfun) else hfun
        value, error = quad(lambda y: func(y, x, *args), low, high, epsabs=epsabs, epsrel=epsrel)
        largest = max(largest, error)
        return value

    value, error = quad(inner, a, b, epsabs=epsabs, epsrel=epsrel)
    width = abs(b - a)
    return value, error + largest * (width if numpy.isfinite(width) else 1.0)


def _samples(y, x, axis):
    """The samples and positions as arrays for the library, and the axis counted from the front."""
    y = _arrays.as_array(numpy.asarray(y), "y")
    if y.ndim == 0:
        raise _errors.ShapeError("y must have at least one dimension")
    positions = None
    if x is not None:
        positions = numpy.ascontiguousarray(x, dtype=float)
        if positions.ndim > 1:
            raise _errors.ShapeError("x must be a vector")
    axis = _arrays.index(axis, "axis")
    if not -y.ndim <= axis < y.ndim:
        raise ValueError(f"axis {axis} is out of bounds for an array of {y.ndim} dimensions")
    axis %= y.ndim
    return y, positions, axis


def _sampled(rule, y, x, dx, axis):
    y, positions, axis = _samples(y, x, axis)
    out = numpy.empty(y.shape[:axis] + y.shape[axis + 1 :])
    with _context.current() as context:
        context.check(
            lib.apus_integrate_samples(
                context.handle,
                rule,
                _arrays.view(y),
                None if positions is None else _arrays.view(positions),
                float(dx),
                axis,
                _arrays.view(out),
            )
        )
    return out if out.ndim else float(out)


def trapezoid(y, x=None, dx=1.0, axis=-1):
    """The integral of samples ``y`` along an axis by the trapezoidal rule, at positions ``x`` or ``dx`` apart.

    >>> trapezoid([1, 2, 3])
    4.0
    """
    return _sampled(b"trapezoid", y, x, dx, axis)


def simpson(y, x=None, *, dx=1.0, axis=-1):
    """The integral of samples ``y`` along an axis by Simpson's rule, evenly spaced or not, for any number of them.

    >>> simpson([0, 1, 4])
    2.6666666666666665
    """
    return _sampled(b"simpson", y, x, dx, axis)


def cumulative_trapezoid(y, x=None, dx=1.0, axis=-1, initial=None):
    """The running integral of samples by the trapezoidal rule: one element less than ``y`` along the axis, or as many,
    beginning with 0, with ``initial=0``.

    >>> cumulative_trapezoid([1, 2, 3])
    array([1.5, 4. ])
    """
    if initial is not None and initial != 0:
        raise _errors.InvalidArgumentError(f"initial must be None or 0, got {initial!r}")
    y, positions, axis = _samples(y, x, axis)
    shape = list(y.shape)
    if initial is None:
        shape[axis] = max(shape[axis] - 1, 0)
    out = numpy.empty(shape)
    with _context.current() as context:
        context.check(
            lib.apus_cumulative_integral(
                context.handle,
                _arrays.view(y),
                None if positions is None else _arrays.view(positions),
                float(dx),
                axis,
                _arrays.view(out),
            )
        )
    return out


def _moment_parameters(normalize, epsabs, epsrel, limit, points):
    return _text(
        {"normalize": normalize, "epsabs": epsabs, "epsrel": epsrel, "limit": limit, "points": _points(points)}
    )


def expected_value(
    density, a, b, g=None, *, normalize=False, epsabs=1.49e-8, epsrel=1.49e-8, limit=50, points=None
):
    """E[g(X)], or E[X], of a variable with the given density over its support from ``a`` to ``b``.

    >>> round(expected_value(lambda x: 0.25, -1, 3), 12)
    1.0
    """
    text = _moment_parameters(normalize, epsabs, epsrel, limit, points)
    functions = [_functions.Scalar(density)] + ([] if g is None else [_functions.Scalar(g)])
    result, _ = _integrate(
        functions,
        lambda context, callbacks, result: lib.apus_expected_value(
            context.handle,
            callbacks[0],
            None,
            float(a),
            float(b),
            callbacks[1] if g is not None else _functions.Scalar.kind(),
            None,
            text,
            result,
        ),
    )
    return result.value


def variance(density, a, b, *, normalize=False, epsabs=1.49e-8, epsrel=1.49e-8, limit=50, points=None):
    """The variance of a variable with the given density over its support.

    >>> round(variance(lambda x: 0.25, -1, 3), 9)
    1.333333333
    """
    text = _moment_parameters(normalize, epsabs, epsrel, limit, points)
    result, _ = _integrate(
        [_functions.Scalar(density)],
        lambda context, callbacks, result: lib.apus_variance_of_density(
            context.handle, callbacks[0], None, float(a), float(b), text, result
        ),
    )
    return result.value


def probability(
    density, a, b, low, high, *, normalize=False, epsabs=1.49e-8, epsrel=1.49e-8, limit=50, points=None
):
    """P(low <= X <= high) of a variable with the given density over its support from ``a`` to ``b``.

    >>> round(probability(lambda x: 0.25, -1, 3, 0, 1), 12)
    0.25
    """
    text = _moment_parameters(normalize, epsabs, epsrel, limit, points)
    result, _ = _integrate(
        [_functions.Scalar(density)],
        lambda context, callbacks, result: lib.apus_probability(
            context.handle, callbacks[0], None, float(a), float(b), float(low), float(high), text, result
        ),
    )
    return result.value


def discrete_moments(values, probabilities):
    """Mean, variance and entropy (in nats) of finitely many values with probabilities.

    >>> mean, variance, entropy = discrete_moments([1, 2, 3, 4, 5, 6], [1 / 6] * 6)
    >>> round(mean, 12), round(variance, 12)
    (3.5, 2.916666666667)
    """
    values = numpy.ascontiguousarray(values, dtype=float).ravel()
    probabilities = numpy.ascontiguousarray(probabilities, dtype=float).ravel()
    if values.shape != probabilities.shape:
        raise _errors.ShapeError(f"there are {values.size} values and {probabilities.size} probabilities")
    results = [ctypes.c_double() for _ in range(3)]
    with _context.current() as context:
        context.check(
            lib.apus_discrete_moments(
                context.handle, _functions.doubles(values), _functions.doubles(probabilities), len(values), *results
            )
        )
    return tuple(result.value for result in results)
