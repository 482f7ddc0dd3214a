"""Roots and minima of functions of one variable, beside SciPy."""

import doctest
import math

import numpy
import pytest
import scipy.optimize

import apus
from apus import optimize
from apus.optimize import _roots, _scalar

ROOTS = {
    "cosine": (lambda x: math.cos(x) - x, 0, 1),
    "cubic": (lambda x: x**3 - 2 * x - 5, 2, 3),
    "exponential": (lambda x: math.exp(x) - 1, -4, 4.5),
    "sine": (lambda x: math.sin(x) - x / 2, math.pi / 2, math.pi),
    "steep": (lambda x: math.tan(x) - 1e3, 1, 1.5707),
    "flat": (lambda x: 0.0 if x == 0 else x * math.exp(-1 / x**2), -1, 4),
    "shifted cubic": (lambda x: (x - 1) * (1 + (x - 1) ** 2), 0, 3),
}
VALLEYS = {
    "parabola": (lambda x: (x - 0.7) ** 2, 0, 1),
    "cosine": (lambda x: math.cos(x), 0, 1),
    "quartic": (lambda x: x**4 - 3 * x, 0, 0.1),
    "exponential": (lambda x: math.exp(x) - 5 * x, 0, 1),
    "far": (lambda x: (x - 100) ** 2 + 3, 0, 1),
    "kink": (lambda x: abs(x - 0.3), -1, 2),
    "bell": (lambda x: -math.exp(-((x - 2) ** 2)), 0, 1),
}


@pytest.mark.parametrize("module", [_roots, _scalar])
def test_examples_of_docstrings_give_what_they_show(module):
    assert doctest.testmod(module).failed == 0


@pytest.mark.parametrize("method", ["brentq", "bisect"])
@pytest.mark.parametrize("case", ROOTS)
def test_bracketed_roots_take_no_more_evaluations_than_scipys(case, method):
    f, a, b = ROOTS[case]
    root, ours = getattr(optimize, method)(f, a, b, full_output=True)
    expected, theirs = getattr(scipy.optimize, method)(f, a, b, full_output=True)
    assert root == pytest.approx(expected, rel=1e-11, abs=4e-12)
    assert ours.converged and ours.function_calls <= theirs.function_calls
    assert ours.value == f(root)


@pytest.mark.parametrize("case", ["brent", "golden"])
@pytest.mark.parametrize("valley", VALLEYS)
def test_downhill_searches_take_no_more_evaluations_than_scipys(valley, case):
    f, a, b = VALLEYS[valley]
    ours = optimize.minimize_scalar(f, bracket=(a, b), method=case)
    theirs = scipy.optimize.minimize_scalar(f, bracket=(a, b), method=case)
    assert ours.success and ours.nfev <= theirs.nfev
    assert ours.x == pytest.approx(theirs.x, rel=1e-7, abs=1e-7)
    assert ours.fun == f(ours.x)


@pytest.mark.parametrize("valley", VALLEYS)
def test_bounded_searches_take_scipys_steps(valley):
    f, a, b = VALLEYS[valley]
    ours = optimize.minimize_scalar(f, bounds=(a, b))
    theirs = scipy.optimize.minimize_scalar(f, bounds=(a, b))
    assert ours.success and ours.nfev == theirs.nfev
    assert ours.x == pytest.approx(theirs.x, rel=1e-12)


def test_newton_and_secant_find_scipys_roots():
    def f(x, c):
        return x**3 - c

    ours, result = optimize.newton(f, 1.5, fprime=lambda x, c: 3 * x**2, args=(2,), full_output=True)
    assert ours == pytest.approx(2 ** (1 / 3), rel=1e-14)
    assert result.method == "newton" and result.converged
    assert optimize.newton(f, 1.5, args=(2,)) == pytest.approx(scipy.optimize.newton(f, 1.5, args=(2,)), rel=1e-13)
    assert optimize.newton(f, 1.5, x1=1.6, args=(2,)) == pytest.approx(2 ** (1 / 3), rel=1e-12)


def test_root_scalar_chooses_a_method():
    def f(x):
        return x * x - 2

    assert optimize.root_scalar(f, bracket=(0, 2)).method == "brentq"
    assert optimize.root_scalar(f, x0=1, fprime=lambda x: 2 * x).method == "newton"
    assert optimize.root_scalar(f, x0=1).method == "secant"
    assert optimize.root_scalar(f, bracket=(0, 2), method="bisect").root == pytest.approx(math.sqrt(2))
    both = optimize.root_scalar(lambda x: (x * x - 2, 2 * x), x0=1, fprime=True)
    assert both.root == pytest.approx(math.sqrt(2), rel=1e-15)
    rough = optimize.root_scalar(f, bracket=(0, 2), xtol=1e-2, method="bisect")
    assert rough.iterations < 10
    for bad in ({}, {"method": "bisect"}, {"method": "newton", "x0": 1}, {"method": "brentq", "bracket": (1,)}):
        with pytest.raises(ValueError):
            optimize.root_scalar(f, **bad)
    with pytest.raises(ValueError, match="ftol"):
        optimize.root_scalar(f, bracket=(0, 2), options={"ftol": 1})


def test_what_is_no_root_is_an_error():
    with pytest.raises(ValueError, match=r"f\(1.0\) = 2.0 and f\(2.0\) = 5.0"):
        optimize.brentq(lambda x: x * x + 1, 1, 2)
    with pytest.raises(RuntimeError, match="3 iterations"):
        optimize.bisect(lambda x: x - 0.3, 0, 1, maxiter=3)
    root, result = optimize.bisect(lambda x: x - 0.3, 0, 1, maxiter=3, full_output=True, disp=False)
    assert not result.converged and result.flag == "iterations" and 0 < root < 1
    with pytest.raises(RuntimeError, match="derivative"):
        optimize.newton(lambda x: x * x - 2, 0, fprime=lambda x: 2 * x)
    with pytest.raises(RuntimeError, match="not a number"):
        optimize.brentq(lambda x: math.nan, 0, 1)


def test_a_pole_says_that_it_is_one():
    result = optimize.root_scalar(lambda x: 1 / (x - 0.1), bracket=(-1, 2))
    assert result.converged and "pole" in result.message and abs(result.value) > 1e10


def test_three_points_are_a_bracket():
    f = VALLEYS["parabola"][0]
    for method in ("brent", "golden"):
        result = optimize.minimize_scalar(f, bracket=(0, 0.5, 1), method=method)
        assert result.x == pytest.approx(0.7, abs=1e-7)
        assert result.nfev <= scipy.optimize.minimize_scalar(f, bracket=(0, 0.5, 1), method=method).nfev
        with pytest.raises(ValueError, match="middle"):
            optimize.minimize_scalar(f, bracket=(0, 2, 1), method=method)


def test_older_names_give_what_scipys_give():
    f = VALLEYS["exponential"][0]
    x, value, iterations, calls = optimize.brent(f, full_output=1)
    assert x == pytest.approx(math.log(5), abs=1e-7) and value == f(x) and calls > iterations > 0
    x, value, calls = optimize.golden(f, brack=(0, 1), full_output=1)
    assert x == pytest.approx(math.log(5), abs=1e-7) and value == f(x) and calls > 10
    x, value, failed, calls = optimize.fminbound(f, 0, 4, full_output=1)
    assert x == pytest.approx(scipy.optimize.fminbound(f, 0, 4), rel=1e-12) and failed == 0 and calls > 5
    with pytest.warns(apus.ApusWarning):
        optimize.fminbound(f, 0, 4, maxfun=2)


def test_a_function_without_a_minimum_says_so():
    result = optimize.minimize_scalar(lambda x: -x)
    assert not result.success and result.status == 5 and "without end" in result.message
    with pytest.raises(RuntimeError):
        optimize.minimize_scalar(lambda x: math.nan)


def test_exceptions_and_stops_come_through():
    def fails(x):
        raise ZeroDivisionError("of mine")

    for call in (
        lambda: optimize.brentq(fails, 0, 1),
        lambda: optimize.minimize_scalar(fails),
        lambda: optimize.newton(lambda x: x, 1, fprime=fails),
    ):
        with pytest.raises(ZeroDivisionError, match="of mine"):
            call()

    seen = []

    def stops(x):
        seen.append(x)
        if len(seen) == 5:
            raise StopIteration
        return x**3 - 0.2

    result = optimize.root_scalar(stops, bracket=(0, 1))
    assert result.flag == "stopped" and result.root in seen


def test_a_function_may_search_itself():
    inner = optimize.brentq(lambda y: optimize.brentq(lambda x: x - y, -5, 5) - 2, 0, 3)
    assert inner == pytest.approx(2)


@pytest.mark.parametrize(
    "call",
    [
        lambda: optimize.brentq(None, 0, 1),
        lambda: optimize.brentq(lambda x: "one", 0, 1),
        lambda: optimize.brentq(lambda x: x, "a", 1),
        lambda: optimize.brentq(lambda x: x, numpy.zeros(2), 1),
        lambda: optimize.brentq(lambda x: x, -1, 1, maxiter=2.5),
        lambda: optimize.newton(lambda x: x, numpy.zeros(3)),
        lambda: optimize.minimize_scalar(3),
    ],
)
def test_wrong_types_are_type_errors(call):
    with pytest.raises(TypeError):
        call()


@pytest.mark.parametrize(
    "call",
    [
        lambda: optimize.minimize_scalar(abs, method="silver"),
        lambda: optimize.minimize_scalar(abs, method="bounded"),
        lambda: optimize.minimize_scalar(abs, method="brent", bounds=(0, 1)),
        lambda: optimize.minimize_scalar(abs, bracket=(0,)),
        lambda: optimize.minimize_scalar(abs, bracket=(1, 1)),
        lambda: optimize.minimize_scalar(abs, options={"ftol": 1}),
        lambda: optimize.minimize_scalar(abs, bounds=(2, 1)),
        lambda: optimize.brentq(lambda x: x, -1, 1, xtol=-1),
        lambda: optimize.brentq(lambda x: x, -math.inf, 1),
    ],
)
def test_wrong_values_are_value_errors(call):
    with pytest.raises(ValueError):
        call()
