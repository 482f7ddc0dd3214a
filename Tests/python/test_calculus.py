"""Derivatives and integrals of Python functions: signatures, exceptions, warnings, SciPy's results."""

import math
import signal
import warnings

import numpy
import pytest

import apus
from apus import calculus

scipy_integrate = pytest.importorskip("scipy.integrate")
INF = float("inf")

INTEGRALS = {
    "square": (lambda x: x * x, 0, 1),
    "tail": (lambda x: math.exp(-x), 0, INF),
    "bell": (lambda x: math.exp(-x * x), -INF, INF),
    "reversed bell": (lambda x: math.exp(-x * x), INF, -INF),
    "root": (lambda x: x**-0.5, 0, 1),
    "logarithm": (math.log, 0, 1),
    "kink": (lambda x: abs(x - 0.3), 0, 1),
    "runge": (lambda x: 1 / (1 + 25 * x * x), -1, 1),
    "oscillation": (lambda x: math.sin(100 * x), 0, 1),
    "damped": (lambda x: math.exp(-x) * math.cos(10 * x), 0, INF),
    "slow": (lambda x: x**-1.1, 1, INF),
}


@pytest.mark.parametrize("x", [1e300, 1e307, 1e308, -1e308, 1.7e308])
def test_the_largest_numbers_have_derivatives(x):
    assert calculus.derivative(lambda t: t, x) == pytest.approx(1, rel=1e-12)
    assert calculus.derivative(lambda t: t, x, side="forward" if x < 0 else "backward") == pytest.approx(1, rel=1e-9)
    assert calculus.gradient(lambda t: t[0] - 2 * t[1], [x, x / 2]) == pytest.approx([1, -2], rel=1e-9)


@pytest.mark.parametrize("name", INTEGRALS)
def test_quad_agrees_with_scipy_at_the_same_cost(name):
    f, a, b = INTEGRALS[name]
    value, error, details = calculus.quad(f, a, b, full_output=1)
    expected, _, theirs = scipy_integrate.quad(f, a, b, full_output=1)[:3]
    assert value == pytest.approx(expected, rel=1e-7, abs=1e-12)
    assert details["message"] == "" and abs(value - expected) <= error + 1e-8
    assert details["neval"] <= theirs["neval"] * 1.1 + 42


def test_quad_takes_arguments_points_and_limit():
    assert calculus.quad(lambda x, a, b: a * x + b, 0, 1, args=(2, 3))[0] == pytest.approx(4, rel=1e-15)
    assert calculus.quad(lambda x, a: a * x, 0, 1, 2)[0] == pytest.approx(1, rel=1e-15)
    value, error = calculus.quad(lambda x: abs(x) ** -0.5, -1, 1, points=[0])
    assert value == pytest.approx(4, rel=1e-10)
    with pytest.warns(calculus.IntegrationWarning, match="limit"):
        calculus.quad(lambda x: math.sin(x * x), 0, 100, limit=3)


@pytest.mark.parametrize("f, a, b", [(lambda x: 1 / x, 0, 1), (math.sin, 0, INF), (math.tan, 0, 2)])
def test_divergence_is_a_warning_with_the_best_estimate(f, a, b):
    with pytest.warns(calculus.IntegrationWarning, match="converge"):
        value, error = calculus.quad(f, a, b)
    assert math.isfinite(value) and error > 1e-3
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert calculus.quad(f, a, b, full_output=1)[2]["message"]


def test_values_that_are_not_finite_name_the_place_and_keep_the_cause():
    with pytest.raises(apus.ConvergenceError, match="x = 0") as caught:
        calculus.quad(lambda x: 1 / x, -1, 1)
    assert isinstance(caught.value.__cause__, ZeroDivisionError)
    with pytest.raises(apus.ConvergenceError) as caught:
        calculus.derivative(math.log, 0.0)
    assert isinstance(caught.value.__cause__, ValueError)


def test_exceptions_of_functions_come_through():
    class Oops(Exception):
        pass

    def f(*x):
        raise Oops

    for call in (
        lambda: calculus.derivative(f, 1.0),
        lambda: calculus.gradient(f, [1.0, 2.0]),
        lambda: calculus.hessian(f, [1.0, 2.0]),
        lambda: calculus.jacobian(f, [1.0, 2.0]),
        lambda: calculus.directional_derivative(f, [1.0, 2.0], [1.0, 0.0]),
        lambda: calculus.quad(f, 0, 1),
        lambda: calculus.nquad(f, [[0, 1], [0, 1]]),
        lambda: calculus.expected_value(f, 0, 1),
        lambda: calculus.expected_value(lambda x: 1.0, 0, 1, f),
        lambda: calculus.variance(f, 0, 1),
        lambda: calculus.probability(f, 0, 1, 0, 1),
    ):
        with pytest.raises(Oops):
            call()


def test_results_that_are_no_numbers_are_refused():
    for wrong in ("1", None, [1.0, 2.0]):
        with pytest.raises(TypeError):
            calculus.derivative(lambda x: wrong, 1.0)


def test_a_signal_ends_an_integration():
    def alarmed(number, frame):
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, alarmed)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        with pytest.raises(TimeoutError):
            calculus.nquad(lambda *x: math.sin(sum(x)), [[0, 1]] * 6)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def test_functions_may_use_apus_themselves():
    inner = lambda x: calculus.quad(lambda t: t * x, 0, 1)[0]
    assert calculus.quad(inner, 0, 2)[0] == pytest.approx(1, rel=1e-14)
    assert calculus.derivative(inner, 3.0) == pytest.approx(0.5, rel=1e-12)


def test_derivatives_have_the_shapes_of_their_points():
    x = numpy.array([[0.1, 1.0], [2.0, 30.0]])
    assert calculus.derivative(numpy.log, x) == pytest.approx(1 / x, rel=1e-11)
    value, error, evaluations = calculus.derivative(numpy.exp, 1.0, full_output=True)
    assert abs(value - math.e) <= error < 1e-10 and evaluations < 30
    gradient, errors = calculus.gradient(lambda x: (x**3).sum(), x, full_output=True)
    assert gradient.shape == errors.shape == x.shape
    assert (abs(gradient - 3 * x**2) <= 1e-10 * (1 + 3 * x**2)).all()
    assert calculus.jacobian(lambda x: x.sum(), [1.0, 2.0, 3.0]).shape == (1, 3)
    assert calculus.derivative(math.sqrt, 0.25, side="forward") == pytest.approx(1, rel=1e-9)
    assert calculus.derivative(lambda x: x**3, 2.0, order=2) == pytest.approx(12, rel=1e-9)


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 10, 11])
@pytest.mark.parametrize("even", [True, False])
def test_rules_of_samples_agree_with_scipy(rng, n, even):
    y = rng.normal(size=(3, n, 2))
    x = numpy.arange(n) * 0.5 if even else numpy.sort(rng.uniform(size=n))
    given = {"dx": 0.5} if even else {"x": x}
    for name in ("trapezoid", "simpson"):
        ours, theirs = getattr(calculus, name), getattr(scipy_integrate, name)
        assert ours(y, axis=1, **given) == pytest.approx(theirs(y, axis=1, **given), rel=1e-9, abs=1e-12)
    for initial in (None, 0):
        ours = calculus.cumulative_trapezoid(y, axis=1, initial=initial, **given)
        assert ours == pytest.approx(
            scipy_integrate.cumulative_trapezoid(y, axis=1, initial=initial, **given), rel=1e-12, abs=1e-14
        )
    assert calculus.trapezoid(y[0, :, 0]) == pytest.approx(scipy_integrate.trapezoid(y[0, :, 0]), abs=1e-13)


def test_boxes_agree_with_scipy():
    f = lambda x, y, z: x * y**2 + math.exp(z) * x
    ranges = [[0, 1], [-1, 2], [0, 0.5]]
    assert calculus.nquad(f, ranges)[0] == pytest.approx(scipy_integrate.nquad(f, ranges)[0], rel=1e-10)
    triangle = calculus.dblquad(lambda y, x: x * y, 0, 1, 0, lambda x: x)
    assert triangle[0] == pytest.approx(1 / 8, rel=1e-12)
    assert calculus.dblquad(lambda y, x: x * y, 0, 1, 0, 1)[0] == pytest.approx(1 / 4, rel=1e-12)


def test_boxes_are_pairs_of_numbers():
    for ranges in ([[0, 1, 2]], [0, 1], [], [[[0, 1]], [[0, 1]]]):
        with pytest.raises(ValueError, match="pairs of numbers"):
            calculus.nquad(lambda *x: 1.0, ranges)
    with pytest.raises(ValueError, match="axis 2"):
        calculus.simpson([1.0, 2.0], axis=2)


def test_expectations_check_the_density():
    with pytest.raises(apus.InvalidArgumentError, match="0.5"):
        calculus.expected_value(lambda x: 0.5, 0, 1)
    assert calculus.expected_value(lambda x: 0.5, 0, 1, normalize=True) == pytest.approx(0.5, rel=1e-14)
    with pytest.raises(apus.InvalidArgumentError, match="density"):
        calculus.variance(lambda x: 1.5 - 4 * x, 0, 1)
    with pytest.raises(apus.ShapeError):
        calculus.discrete_moments([1, 2, 3], [0.5, 0.5])


@pytest.mark.parametrize(("a", "b", "integral"), [(0.0, 1e308, 1e8), (1e300, 1.5e308, 1.5e8)])
def test_tanh_sinh_takes_ranges_as_long_as_numbers_are(a, b, integral):
    assert calculus.integrate(lambda x: 1e-300, a, b, method="tanh_sinh")[0] == pytest.approx(integral, rel=1e-7)


def test_tanh_sinh_says_when_it_cannot_look():
    with pytest.raises(apus.InvalidArgumentError, match="too wide"):
        calculus.integrate(lambda x: 1e-300, -1e308, 1e308, method="tanh_sinh")
    with pytest.raises(apus.ConvergenceError, match="0 evaluations"):
        calculus.integrate(lambda x: 1.0, 1.0, math.nextafter(1.0, 2.0), method="tanh_sinh")
