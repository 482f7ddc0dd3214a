"""The methods with second derivatives against the golden minima: reached, within the stored counts."""

import json
import os

import numpy
import pytest

h5py = pytest.importorskip("h5py")

from apus.optimize import minimize  # noqa: E402

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
GOLDEN = os.environ.get("APUS_GOLDEN", os.path.join(os.path.dirname(ROOT), "shared", "golden"))
FILE = os.path.join(GOLDEN, "classical", "minimisation.h5")

pytestmark = pytest.mark.skipif(not os.path.exists(FILE), reason="the golden results are not here")


def cases():
    if not os.path.exists(FILE):
        return []
    with h5py.File(FILE) as file:
        return sorted(file)


def sum_of_squares(residuals):
    """Value, gradient and Hessian of sum r^2 from a list of (r, gradient of r, Hessian of r)."""
    value = sum(r * r for r, _, _ in residuals)
    gradient = sum(2 * r * numpy.asarray(g, float) for r, g, _ in residuals)
    hessian = sum(2 * (numpy.outer(g, g) + r * numpy.asarray(h, float)) for r, g, h in residuals)
    return value, gradient, hessian


def rosenbrock(x):
    n = len(x)
    a, b = x[1:] - x[:-1] ** 2, 1 - x[:-1]
    g, h, i = numpy.zeros(n), numpy.zeros((n, n)), numpy.arange(n - 1)
    g[:-1] += -400 * a * x[:-1] - 2 * b
    g[1:] += 200 * a
    h[i, i] += 1200 * x[:-1] ** 2 - 400 * x[1:] + 2
    h[i + 1, i + 1] += 200
    h[i, i + 1] = h[i + 1, i] = -400 * x[:-1]
    return (100 * a * a + b * b).sum(), g, h


def beale(x):
    u, v = x
    return sum_of_squares(
        [
            (
                level - u + u * v**p,
                [v**p - 1, u * p * v ** (p - 1)],
                [[0, p * v ** (p - 1)], [p * v ** (p - 1), u * p * (p - 1) * v ** max(p - 2, 0)]],
            )
            for p, level in ((1, 1.5), (2, 2.25), (3, 2.625))
        ]
    )


def booth(x):
    zero = numpy.zeros((2, 2))
    return sum_of_squares([(x[0] + 2 * x[1] - 7, [1, 2], zero), (2 * x[0] + x[1] - 5, [2, 1], zero)])


def himmelblau(x):
    return sum_of_squares(
        [
            (x[0] ** 2 + x[1] - 11, [2 * x[0], 1], [[2, 0], [0, 0]]),
            (x[0] + x[1] ** 2 - 7, [1, 2 * x[1]], [[0, 0], [0, 2]]),
        ]
    )


def powell_singular(x):
    value, gradient, hessian = 0, numpy.zeros(4), numpy.zeros((4, 4))
    for form, weight, power in (([1, 10, 0, 0], 1, 2), ([0, 0, 1, -1], 5, 2), ([0, 1, -2, 0], 1, 4), ([1, 0, 0, -1], 10, 4)):
        form = numpy.array(form, float)
        t = form @ x
        value += weight * t**power
        gradient += weight * power * t ** (power - 1) * form
        hessian += weight * power * (power - 1) * t ** (power - 2) * numpy.outer(form, form)
    return value, gradient, hessian


def wood(x):
    n = len(x)
    value, g, h = 0, numpy.zeros(n), numpy.zeros((n, n))
    for k in range(0, n, 4):
        a, b, c, d = x[k : k + 4]
        value += 100 * (b - a * a) ** 2 + (1 - a) ** 2 + 90 * (d - c * c) ** 2 + (1 - c) ** 2
        value += 10.1 * ((b - 1) ** 2 + (d - 1) ** 2) + 19.8 * (b - 1) * (d - 1)
        g[k : k + 4] = [
            -400 * a * (b - a * a) - 2 * (1 - a),
            200 * (b - a * a) + 20.2 * (b - 1) + 19.8 * (d - 1),
            -360 * c * (d - c * c) - 2 * (1 - c),
            180 * (d - c * c) + 20.2 * (d - 1) + 19.8 * (b - 1),
        ]
        h[k : k + 4, k : k + 4] = [
            [1200 * a * a - 400 * b + 2, -400 * a, 0, 0],
            [-400 * a, 220.2, 0, 19.8],
            [0, 0, 1080 * c * c - 360 * d + 2, -360 * c],
            [0, 19.8, -360 * c, 200.2],
        ]
    return value, g, h


NAMED = {f.__name__: f for f in (rosenbrock, beale, booth, himmelblau, powell_singular, wood)}


def function_of(case, name):
    """x -> value, gradient, Hessian of a case."""
    if case.attrs["algorithm"] == b"minimise.quadratic":
        a, b = case["in/A"][()], case["in/b"][()]
        return lambda x: (0.5 * x @ a @ x - b @ x, a @ x - b, a)
    if case.attrs["algorithm"] == b"minimise.logistic":
        x_rows, y = case["in/X"][()], case["in/y"][()]
        l2 = json.loads(case.attrs["params"])["l2"]

        def logistic(w):
            z = x_rows @ w
            p = 1 / (1 + numpy.exp(-z))
            value = (numpy.logaddexp(0, z) - y * z).mean() + l2 / 2 * w @ w
            hessian = (x_rows.T * (p * (1 - p))) @ x_rows / len(y) + l2 * numpy.eye(len(w))
            return value, x_rows.T @ (p - y) / len(y) + l2 * w, hessian

        return logistic
    named = json.loads(case.attrs["params"]).get("function") or name
    return NAMED[named]


COLUMN = {"Newton": "trust-exact", "trust-exact": "trust-exact", "Newton-CG": "Newton-CG", "trust-ncg": "Newton-CG"}


@pytest.mark.parametrize("method", COLUMN)
@pytest.mark.parametrize("name", cases())
def test_the_minimum_is_reached_within_the_stored_counts(name, method):
    with h5py.File(FILE) as file:
        case = file[name]
        params = json.loads(case.attrs["params"])
        evaluate = function_of(case, name)
        start = case["in/x0"][()]
        out = {key: (value[()], dict(value.attrs)) for key, value in case["out"].items()}
    assert evaluate(start)[0] == pytest.approx(out["f_start"][0], rel=out["f_start"][1]["rtol"])
    tolerance = out["gradient_start"][1]["rtol"] * numpy.abs(out["gradient_start"][0]).max()
    assert evaluate(start)[1] == pytest.approx(out["gradient_start"][0], abs=tolerance)

    result = minimize(
        lambda x: evaluate(x)[0],
        start,
        jac=lambda x: evaluate(x)[1],
        hess=lambda x: evaluate(x)[2],
        method=method,
        options={"gtol": params["gtol"]},
    )
    assert result.success and numpy.abs(result.jac).max() <= params["gtol"]

    def within(observed, expected, attributes):
        largest = numpy.abs(expected).max()
        return numpy.abs(observed - expected).max() <= attributes["atol"] + attributes["rtol"] * largest

    points, values = numpy.atleast_2d(out["x_min"][0]), numpy.atleast_1d(out["f_min"][0])
    assert any(
        within(result.x, points[i], out["x_min"][1]) and within(result.fun, values[i % len(values)], out["f_min"][1])
        for i in range(len(points))
    )
    column = params["methods"].index(COLUMN[method])
    for key, count in (("function_evaluations", result.nfev), ("iterations", result.nit)):
        most = out[key][0][column]
        assert most < 0 or count <= most, (key, count, most)
