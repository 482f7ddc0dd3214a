"""Evaluations of L-BFGS-B within bounds beside SciPy's: python benchmarks/bounded.py.

Both end at gtol=1e-6 alone (ftol=0) and get exact gradients. A row tells iterations and evaluations of each and, if the
two do not end in the same minimum, by how much Apus's is higher.
"""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "bindings" / "python"))

import numpy  # noqa: E402
import scipy.optimize  # noqa: E402

from apus.optimize import minimize  # noqa: E402


def rosenbrock(x):
    return scipy.optimize.rosen(x), scipy.optimize.rosen_der(x)


def quadratic(n, condition):
    random = numpy.random.default_rng(n)
    q, _ = numpy.linalg.qr(random.normal(size=(n, n)))
    a = q @ numpy.diag(numpy.logspace(0, numpy.log10(condition), n)) @ q.T
    b = 10 * random.normal(size=n)
    return lambda x: (0.5 * x @ a @ x - b @ x, a @ x - b)


def powell(x):
    p, q, r, s = x[0] + 10 * x[1], x[2] - x[3], x[1] - 2 * x[2], x[0] - x[3]
    gradient = [2 * p + 40 * s**3, 20 * p + 4 * r**3, 10 * q - 8 * r**3, -10 * q - 40 * s**3]
    return p * p + 5 * q * q + r**4 + 10 * s**4, numpy.array(gradient)


def beale(v):
    x, y = v
    powers = numpy.array([y, y**2, y**3])
    t = numpy.array([1.5, 2.25, 2.625]) - x + x * powers
    slopes = numpy.array([1, 2 * y, 3 * y * y])
    return t @ t, numpy.array([2 * t @ (powers - 1), 2 * x * t @ slopes])


def wood(x):
    a, b, u, v = x[1] - x[0] ** 2, x[3] - x[2] ** 2, x[1] - 1, x[3] - 1
    value = 100 * a * a + (1 - x[0]) ** 2 + 90 * b * b + (1 - x[2]) ** 2 + 10.1 * (u * u + v * v) + 19.8 * u * v
    gradient = [
        -400 * x[0] * a - 2 * (1 - x[0]), 200 * a + 20.2 * u + 19.8 * v, -360 * x[2] * b - 2 * (1 - x[2]),
        180 * b + 20.2 * v + 19.8 * u,
    ]
    return value, numpy.array(gradient)


def himmelblau(v):
    x, y = v
    p, q = x * x + y - 11, x + y * y - 7
    return p * p + q * q, numpy.array([4 * x * p + 2 * q, 2 * p + 4 * y * q])


def trid(x):
    gradient = 2 * (x - 1)
    gradient[1:] -= x[:-1]
    gradient[:-1] -= x[1:]
    return ((x - 1) ** 2).sum() - (x[1:] * x[:-1]).sum(), gradient


def styblinski(x):
    return 0.5 * (x**4 - 16 * x**2 + 5 * x).sum(), 0.5 * (4 * x**3 - 32 * x + 5)


def sample(x):
    """The sample problem of L-BFGS-B."""
    t = x[1:] - x[:-1] ** 2
    gradient = numpy.zeros_like(x)
    gradient[0] = 2 * (x[0] - 1)
    gradient[1:] += 8 * t
    gradient[:-1] -= 16 * x[:-1] * t
    return (x[0] - 1) ** 2 + 4 * (t**2).sum(), gradient


def problems():
    """(name, function, start, bounds)"""
    valley = [-1.2, 1.0]
    sides = [(1, 100), (-100, 100)]
    yield "Rosenbrock 2, both bounds active", rosenbrock, valley, [(-2, 0.5), (-1, 2)]
    yield "Rosenbrock 2, x > 1.2 alone", rosenbrock, [2, 2], [(1.2, None), (None, None)]
    yield "Rosenbrock 10 in [-1.5, 0.8]", rosenbrock, valley * 5, [(-1.5, 0.8)] * 10
    yield "Rosenbrock 10 in [-5, 5]", rosenbrock, valley * 5, [(-5, 5)] * 10
    third = [(-1.5, 0.9) if i % 3 == 0 else (None, None) for i in range(50)]
    yield "Rosenbrock 50, every third in [-1.5, 0.9]", rosenbrock, valley * 25, third
    yield "Rosenbrock 100 in [-1, 0.95]", rosenbrock, [0.1] * 100, [(-1, 0.95)] * 100
    yield "quadratic 20, condition 1e3, in [0, 1]", quadratic(20, 1e3), [0.5] * 20, [(0, 1)] * 20
    yield "quadratic 50, condition 1e4, in [-0.5, 0.5]", quadratic(50, 1e4), [0] * 50, [(-0.5, 0.5)] * 50
    yield "quadratic 100, condition 1e3, above 0", quadratic(100, 1e3), [1] * 100, [(0, None)] * 100
    yield "Powell's, first above 0.1", powell, [3, -1, 0, 1], [(0.1, 4)] + [(-2, 2)] * 3
    yield "Powell's in [-10, 10]", powell, [3, -1, 0, 1], [(-10, 10)] * 4
    yield "Beale's, first below 2", beale, [1, 1], [(-4.5, 2), (-4.5, 4.5)]
    yield "Beale's in [-4.5, 4.5]", beale, [1, 1], [(-4.5, 4.5)] * 2
    yield "Wood's, first below 0.8", wood, [-3, -1, -3, -1], [(-10, 0.8)] + [(-10, 10)] * 3
    yield "Wood's in [-10, 10]", wood, [-3, -1, -3, -1], [(-10, 10)] * 4
    yield "Himmelblau's, first below 2.5", himmelblau, [0, 0], [(0, 2.5), (0, 5)]
    yield "trid 50 in [-50, 50]", trid, [0] * 50, [(-50, 50)] * 50
    yield "trid 50 in [-5, 100]", trid, [0] * 50, [(-5, 100)] * 50
    yield "Styblinski and Tang's 8 in [-5, 5]", styblinski, [0.1] * 8, [(-5, 5)] * 8
    yield "sample problem of L-BFGS-B, 25", sample, [3] * 25, (sides * 13)[:25]
    yield "sample problem of L-BFGS-B, 200", sample, [3] * 200, sides * 100


def main():
    print("| problem | L-BFGS-B | SciPy's | ratio |\n|---|---|---|---|")
    totals, ratios = numpy.zeros(4, int), []
    for name, function, start, bounds in problems():
        start = numpy.array(start, float)
        ours = minimize(function, start, jac=True, method="L-BFGS-B", bounds=bounds, options={"gtol": 1e-6})
        limits = {"gtol": 1e-6, "ftol": 0, "maxfun": 20000, "maxiter": 20000}
        theirs = scipy.optimize.minimize(function, start, jac=True, method="L-BFGS-B", bounds=bounds, options=limits)
        totals += [ours.nit, ours.nfev, theirs.nit, theirs.nfev]
        ratios.append(ours.nfev / theirs.nfev)
        higher = ours.fun - theirs.fun
        note = f" (higher by {higher:.1e})" if abs(higher) > 1e-8 * max(1, abs(theirs.fun)) else ""
        counts = f"{ours.nit}, {ours.nfev} | {theirs.nit}, {theirs.nfev}"
        print(f"| {name}{note} | {counts} | {ratios[-1]:.2f} |", flush=True)
    mean = numpy.exp(numpy.log(ratios).mean())
    print(f"| all | {totals[0]}, {totals[1]} | {totals[2]}, {totals[3]} | {mean:.2f} (geometric mean) |")


if __name__ == "__main__":
    main()
