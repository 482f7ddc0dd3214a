"""The numerics of Apus from Python: arrays, linear algebra, calculus, expressions, statistics, minimisation.

    PYTHONPATH=bindings/python python examples/python/numerics.py
"""

import math

import numpy as np

from apus import calculus, linalg, ops, optimize, stats

# Arrays: NumPy's names and rules.
table = np.arange(6.0).reshape(2, 3)
print("column means      ", ops.mean(table, axis=0))
print("rows, unit length ", ops.unit_vectors(table, axis=1)[1].round(4))

# Linear algebra: a system, its condition, the factors of a matrix.
a, b = np.array([[2.0, 1.0, -1.0], [-3.0, -1.0, 2.0], [-2.0, 1.0, 2.0]]), np.array([8.0, -11.0, -3.0])
print("solution          ", linalg.solve(a, b).round(12), " condition %.1f" % linalg.cond(a))
u, s, vt = linalg.svd(a)
print("singular values   ", s.round(6))

# Calculus: a derivative with its error, an integral over the whole line, a mean of a density.
slope, error, _ = calculus.derivative(math.sin, 1.0, full_output=True)
print("sin'(1)           ", round(slope, 12), " off by", "%.1e" % abs(slope - math.cos(1.0)), " estimated %.1e" % error)
area, error = calculus.quad(lambda x: math.exp(-x * x), -math.inf, math.inf)[:2]
print("Gauss's integral  ", round(area, 12), " squared", round(area * area, 12))

# Expressions: gradients and products with the Hessian without any difference.
x, y = calculus.Expression.variable("x"), calculus.Expression.variable("y")
formula = 100 * (y - x**2) ** 2 + (1 - x) ** 2
print("formula           ", formula, " gradient at (-1, 1)", formula.grad(x=-1.0, y=1.0))

# Statistics: moments, quantiles, distributions.
sample = stats.norm(loc=100, scale=15).rvs(size=10_000)
print("sample            ", "mean %.2f, deviation %.2f" % (stats.mean(sample), stats.std(sample)))
print("quartiles         ", stats.quantile(sample, [0.25, 0.5, 0.75]).round(1))
print("P(X < 130)        ", round(float(stats.norm(loc=100, scale=15).cdf(130.0)), 6))


# Minimisation: SciPy's call.
def rosenbrock(x):
    return float(np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2))


def rosenbrock_gradient(x):
    gradient = np.zeros_like(x)
    gradient[:-1] = -400 * x[:-1] * (x[1:] - x[:-1] ** 2) - 2 * (1 - x[:-1])
    gradient[1:] += 200 * (x[1:] - x[:-1] ** 2)
    return gradient


found = optimize.minimize(rosenbrock, np.zeros(5), jac=rosenbrock_gradient, method="BFGS")
print("Rosenbrock's least", found.x.round(5), "in", found.nit, "iterations")
print("cos x = x at      ", round(optimize.brentq(lambda x: math.cos(x) - x, 0.0, 1.0), 12))
