"""Derivatives and integrals of Python functions, and exact derivatives of expressions.

``quad``, ``nquad``, ``trapezoid``, ``simpson`` and ``cumulative_trapezoid`` have the signatures of ``scipy.integrate``.
Functions may return NaN or infinity, or raise what ``math`` raises, where they are undefined.
"""

import ctypes

import numpy

from . import _context, _errors, _functions
from ._expression import Expression
from ._integration import (
    IntegrationWarning,
    cumulative_trapezoid,
    dblquad,
    discrete_moments,
    expected_value,
    integrate,
    nquad,
    probability,
    quad,
    simpson,
    trapezoid,
    variance,
    _text,
)
from ._library import lib

__all__ = [
    "Expression",
    "IntegrationWarning",
    "cumulative_trapezoid",
    "dblquad",
    "derivative",
    "directional_derivative",
    "discrete_moments",
    "expected_value",
    "gradient",
    "hessian",
    "integrate",
    "jacobian",
    "nquad",
    "probability",
    "quad",
    "simpson",
    "trapezoid",
    "variance",
]


def _differentiate(function, call):
    """Runs ``call(context, callback)`` and raises what the function or the library has to say."""
    with _context.current() as context:
        with function:
            status = call(context, function.callback)
        try:
            context.check(status)
        except _errors.ConvergenceError as error:
            raise error from function.undefined


def _point(x):
    x = numpy.ascontiguousarray(x, dtype=float)
    return x, numpy.atleast_1d(x).ravel()


def derivative(f, x, *, order=1, method="richardson", side="both", step=0.0, args=(), full_output=False):
    """The derivative of a function of one number at ``x``.

    Args:
        f: ``f(x, *args)``.
        x: a number, or an array of them, for each of which ``f`` is differentiated.
        order: 1 or 2.
        method: ``"richardson"`` extrapolates difference quotients adaptively; ``"central"``, ``"forward"`` and
            ``"backward"`` are one quotient.
        side: of ``"richardson"``: ``"forward"`` and ``"backward"`` evaluate on one side of ``x`` only.
        step: the first or only step; 0 for one that suits.
        full_output: also return the estimate of the absolute error and the number of evaluations.

    >>> derivative(lambda x: x**2, 3.0)
    6.0
    """
    points = numpy.asarray(x, dtype=float)
    parameters = _text({"order": order, "method": method, "side": side, "step": step})
    values, errors, counts = [], [], 0
    for point in points.ravel().tolist():
        value, error, count = ctypes.c_double(), ctypes.c_double(), ctypes.c_int64()
        _differentiate(
            _functions.Scalar(f, args),
            lambda context, callback: lib.apus_derivative(
                context.handle, callback, None, point, parameters, value, error, count
            ),
        )
        values.append(value.value)
        errors.append(error.value)
        counts += count.value
    if points.ndim == 0:
        return (values[0], errors[0], counts) if full_output else values[0]
    values, errors = numpy.reshape(values, points.shape), numpy.reshape(errors, points.shape)
    return (values, errors, counts) if full_output else values


def gradient(f, x, *, method="richardson", side="both", step=0.0, args=(), full_output=False):
    """The gradient of ``f(x, *args)``, a function of an array, at ``x``; it has the shape of ``x``.

    With ``full_output`` also the estimates of the absolute errors. The other arguments are those of ``derivative``.

    >>> gradient(lambda x: x[0] ** 2 * x[1] + 3 * x[1], [2.0, 3.0])
    array([12.,  7.])
    """
    x, flat = _point(x)
    result, errors = numpy.empty_like(flat), numpy.empty_like(flat)
    parameters = _text({"method": method, "side": side, "step": step})
    _differentiate(
        _functions.Point(f, args, x.shape),
        lambda context, callback: lib.apus_gradient(
            context.handle,
            callback,
            None,
            _functions.doubles(flat),
            len(flat),
            parameters,
            _functions.doubles(result),
            _functions.doubles(errors) if full_output else None,
        ),
    )
    result, errors = result.reshape(x.shape), errors.reshape(x.shape)
    return (result, errors) if full_output else result


def directional_derivative(
    f, x, direction, *, normalize=False, order=1, method="richardson", side="both", step=0.0, args=(), full_output=False
):
    """The derivative of ``f`` at ``x`` along ``direction``, as given or, with ``normalize``, as a unit vector.

    >>> directional_derivative(lambda x: x[0] * x[1], [2.0, 3.0], [0.0, 2.0])
    4.0
    """
    x, flat = _point(x)
    along = _point(direction)[1]
    if along.shape != flat.shape:
        raise _errors.ShapeError(f"direction must have {flat.size} numbers, as x has, got {along.size}")
    value, error = ctypes.c_double(), ctypes.c_double()
    parameters = _text({"normalize": normalize, "order": order, "method": method, "side": side, "step": step})
    _differentiate(
        _functions.Point(f, args, x.shape),
        lambda context, callback: lib.apus_directional_derivative(
            context.handle,
            callback,
            None,
            _functions.doubles(flat),
            len(flat),
            _functions.doubles(along),
            parameters,
            value,
            error,
        ),
    )
    return (value.value, error.value) if full_output else value.value


def jacobian(f, x, *, method="richardson", side="both", step=0.0, args=(), full_output=False):
    """The Jacobian matrix of ``f``, a function of a vector with a vector for its result: [i, j] is d f_i / d x_j.

    >>> jacobian(lambda x: [x[0] ** 2 * x[1], 5 * x[0]], [1.0, 2.0])
    array([[4., 1.],
           [5., 0.]])
    """
    flat = _point(x)[1]
    m = numpy.asarray(f(flat.copy(), *args), dtype=float).size
    result, errors = numpy.empty((m, len(flat))), numpy.empty((m, len(flat)))
    parameters = _text({"method": method, "side": side, "step": step})
    _differentiate(
        _functions.Vector(f, args),
        lambda context, callback: lib.apus_jacobian(
            context.handle,
            callback,
            None,
            _functions.doubles(flat),
            len(flat),
            m,
            parameters,
            _functions.doubles(result),
            _functions.doubles(errors) if full_output else None,
        ),
    )
    return (result, errors) if full_output else result


def hessian(f, x, *, method="richardson", side="both", step=0.0, args=(), full_output=False):
    """The symmetric matrix of second derivatives of ``f``, a function of a vector.

    >>> hessian(lambda x: x[0] ** 2 + 3 * x[0] * x[1], [1.0, 2.0]).round(9)
    array([[2., 3.],
           [3., 0.]])
    """
    x, flat = _point(x)
    result = numpy.empty((len(flat), len(flat)))
    errors = numpy.empty_like(result)
    parameters = _text({"method": method, "side": side, "step": step})
    _differentiate(
        _functions.Point(f, args, x.shape),
        lambda context, callback: lib.apus_hessian(
            context.handle,
            callback,
            None,
            _functions.doubles(flat),
            len(flat),
            parameters,
            _functions.doubles(result),
            _functions.doubles(errors) if full_output else None,
        ),
    )
    return (result, errors) if full_output else result
