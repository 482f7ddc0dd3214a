"""Newton's methods, trust regions and the simplex method, beside SciPy."""

import math

import numpy
import pytest
import scipy.optimize
from scipy.optimize import rosen, rosen_der, rosen_hess, rosen_hess_prod

from apus.optimize import minimize

METHODS = ["Newton", "Newton-CG", "trust-exact", "trust-ncg"]
START = numpy.array([1.3, 0.7, 0.8, 1.9, 1.2])


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("second", ["hess", "hessp", "differences"])
def test_rosenbrocks_valley_with_any_second_derivatives(method, second):
    given = {"hess": {"hess": rosen_hess}, "hessp": {"hessp": rosen_hess_prod}, "differences": {}}[second]
    result = minimize(rosen, START, method=method, jac=rosen_der, tol=1e-7, **given)
    assert result.success and result.x == pytest.approx(numpy.ones(5), abs=1e-6)
    assert numpy.abs(result.jac).max() <= 1e-7
    assert (result.nhev == 0) == (second == "differences")


@pytest.mark.parametrize("method", ["trust-exact", "trust-ncg", "Newton-CG"])
def test_no_more_evaluations_than_scipys(method):
    options = {} if method == "Newton-CG" else {"gtol": 1e-6}
    ours = minimize(rosen, START, method=method, jac=rosen_der, hess=rosen_hess, options={"gtol": 1e-6})
    theirs = scipy.optimize.minimize(rosen, START, method=method, jac=rosen_der, hess=rosen_hess, options=options)
    assert ours.success and ours.fun <= 1e-10
    assert ours.nfev <= theirs.nfev + 2 and ours.nit <= theirs.nit + 2


@pytest.mark.parametrize("start", [[-1.2, 1], [1.3, 0.7, 0.8, 1.9, 1.2], [0, 0, 0]])
def test_the_simplex_method_takes_scipys_steps(start):
    ours = minimize(rosen, start, method="Nelder-Mead", options={"maxiter": 2000})
    theirs = scipy.optimize.minimize(rosen, start, method="Nelder-Mead", options={"maxiter": 2000})
    assert ours.success and ours.nfev == theirs.nfev
    assert ours.x == pytest.approx(theirs.x, rel=1e-9)


@pytest.mark.parametrize("adaptive", [False, True])
def test_the_simplex_method_keeps_scipys_bounds(adaptive):
    bounds = [(-2, 0.5), (None, 2), (0.1, 0.3)]
    options = {"xatol": 1e-8, "fatol": 1e-10, "adaptive": adaptive, "maxiter": 4000}
    ours = minimize(rosen, [3, 3, 3], method="Nelder-Mead", bounds=bounds, options=options)
    with pytest.warns(Warning):  # SciPy says that it clips the start
        theirs = scipy.optimize.minimize(rosen, [3, 3, 3], method="Nelder-Mead", bounds=bounds, options=options)
    assert ours.fun == pytest.approx(theirs.fun, rel=1e-9)
    assert ours.x == pytest.approx(theirs.x, abs=1e-6)


def test_a_first_simplex_may_be_given():
    simplex = numpy.array([[0, 0], [0.5, 0], [0, 0.5]])
    options = {"initial_simplex": simplex, "xatol": 1e-6, "fatol": 1e-6}
    ours = minimize(rosen, [0, 0], method="Nelder-Mead", options=options)
    theirs = scipy.optimize.minimize(rosen, [0, 0], method="Nelder-Mead", options=options)
    assert ours.x == pytest.approx(theirs.x, rel=1e-9)


def saddle(x):
    return x[0] ** 2 - x[1] ** 2 + x[1] ** 4


def saddle_slope(x):
    return numpy.array([2 * x[0], -2 * x[1] + 4 * x[1] ** 3])


def saddle_hessian(x):
    return numpy.diag([2, -2 + 12 * x[1] ** 2])


@pytest.mark.parametrize("method", ["trust-exact", "Newton"])
@pytest.mark.parametrize("start", [[0, 0], [3, 0]])
def test_saddles_are_left(method, start):
    result = minimize(saddle, start, method=method, jac=saddle_slope, hess=saddle_hessian, tol=1e-8)
    assert result.success and result.fun == pytest.approx(-0.25, abs=1e-12)


@pytest.mark.parametrize("method", METHODS)
def test_a_hessian_that_is_not_a_number_is_a_status(method):
    result = minimize(rosen, START, method=method, jac=rosen_der, hess=lambda x: numpy.full((5, 5), math.nan))
    assert result.status == 6 and not result.success and (result.x == START).all()


@pytest.mark.parametrize("method", METHODS)
def test_a_hessian_of_another_shape_is_an_error(method):
    with pytest.raises(ValueError, match=r"\(5, 5\)"):
        minimize(rosen, START, method=method, jac=rosen_der, hess=lambda x: numpy.eye(4))


@pytest.mark.parametrize("method", ["Newton-CG", "trust-ncg"])
def test_many_variables_need_no_matrix(method):
    n = 20000

    def row(x):
        y = 3 * x
        y[1:] -= x[:-1]
        y[:-1] -= x[1:]
        return y

    result = minimize(
        lambda x: 0.5 * x @ row(x) - x.sum(),
        numpy.zeros(n),
        method=method,
        jac=lambda x: row(x) - 1,
        hessp=lambda x, p: row(p.copy()),
        tol=1e-6,
    )
    assert result.success and result.x[n // 2] == pytest.approx(1, abs=1e-5)


def test_steps_stay_within_the_largest_radius():
    points = [numpy.array([-5.0, 20.0])]
    result = minimize(
        rosen,
        points[0],
        method="trust-exact",
        jac=rosen_der,
        hess=rosen_hess,
        callback=lambda x: points.append(x.copy()),
        options={"initial_trust_radius": 0.5, "max_trust_radius": 0.5},
    )
    steps = [numpy.linalg.norm(b - a) for a, b in zip(points, points[1:])]
    assert result.success and 0.3 < max(steps) <= 0.506
