"""Derivatives, integrals and expectations against exact values, with what the goldens allow for difference formulas."""

import json
import math
import os

import numpy
import pytest
from conftest import golden_folder

from apus import calculus

h5py = pytest.importorskip("h5py")

FILES = ("derivatives.h5", "integrals.h5", "expectations.h5")


def cases():
    folder = golden_folder()
    if folder is None:
        return []
    with open(os.path.join(folder, "classical", "index.json")) as index:
        files = json.load(index)["files"]
    return [(file["file"], case["name"]) for file in files if file["file"] in FILES for case in file["cases"]]


def rosenbrock(x):
    return numpy.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


def log_sum_exp(x):
    return numpy.log(numpy.sum(numpy.exp(x)))


SCALARS = {
    "abs": abs,
    "atan": numpy.arctan,
    "constant": lambda x: 5.0,
    "cos": numpy.cos,
    "cos_4x_squared": lambda x: numpy.cos((4 * x) ** 2),
    "cubic": lambda x: x**3 - 2 * x + 1,
    "exp": numpy.exp,
    "exp_neg_square": lambda x: numpy.exp(-(x**2)),
    "linear": lambda x: 3 * x - 7,
    "log": numpy.log,
    "reciprocal": lambda x: 1 / x,
    "sigmoid": lambda x: 1 / (1 + numpy.exp(-x)),
    "sin": numpy.sin,
    "softplus": lambda x: numpy.log1p(numpy.exp(x)),
    "sqrt": numpy.sqrt,
    "square": lambda x: x**2,
    "square_plus_3": lambda x: x**2 + 3,
    "tanh": numpy.tanh,
    "x_exp_sin": lambda x: x * numpy.exp(-x) * numpy.sin(3 * x),
}
FIELDS = {
    "beale": lambda x: (
        (1.5 - x[0] + x[0] * x[1]) ** 2
        + (2.25 - x[0] + x[0] * x[1] ** 2) ** 2
        + (2.625 - x[0] + x[0] * x[1] ** 3) ** 2
    ),
    "himmelblau": lambda x: (x[0] ** 2 + x[1] - 11) ** 2 + (x[0] + x[1] ** 2 - 7) ** 2,
    "log_sum_exp": log_sum_exp,
    "rosenbrock": rosenbrock,
    "sin_product": lambda x: numpy.sin(x[0]) * numpy.cos(x[1]) + x[0] * x[1] * x[2],
    "sphere": lambda x: numpy.sum(x**2),
    "two_z3_x2": lambda x: 2 * x[1] ** 3 * x[0] ** 2,
    "x2y_plus_3y": lambda x: x[0] ** 2 * x[1] + 3 * x[1],
}
VECTORS = {
    "lorenz": lambda x: [10 * (x[1] - x[0]), x[0] * (28 - x[2]) - x[1], x[0] * x[1] - 8 / 3 * x[2]],
    "polar": lambda x: [x[0] * numpy.cos(x[1]), x[0] * numpy.sin(x[1])],
    "spherical": lambda x: [
        x[0] * numpy.sin(x[1]) * numpy.cos(x[2]),
        x[0] * numpy.sin(x[1]) * numpy.sin(x[2]),
        x[0] * numpy.cos(x[1]),
    ],
    "textbook_2_2": lambda x: [x[0] ** 2 * x[1], 5 * x[0] + numpy.sin(x[1])],
    "three_to_two": lambda x: [x[0] ** 2 * x[1] + numpy.sin(x[2]), numpy.exp(x[0] * x[2]) - x[1]],
}
INTEGRANDS = {
    "abs_shifted": lambda x: abs(x - 0.3),
    "cauchy": lambda x: 1 / (1 + x * x),
    "cubic": lambda x: x**3 - 2 * x + 1,
    "damped_cosine": lambda x: math.exp(-x) * math.cos(10 * x),
    "exp_neg": lambda x: math.exp(-x),
    "gaussian_pdf": lambda x: math.exp(-x * x / 2) / math.sqrt(2 * math.pi),
    "gaussian_pdf_shifted": lambda x: math.exp(-(((x - 100) / 15) ** 2) / 2) / (15 * math.sqrt(2 * math.pi)),
    "half_circle": lambda x: math.sqrt(1 - x * x),
    "inverse_sqrt": lambda x: 1 / math.sqrt(x),
    "log": math.log,
    "runge": lambda x: 1 / (1 + 25 * x * x),
    "sin": math.sin,
    "sin_100x": lambda x: math.sin(100 * x),
    "square": lambda x: x * x,
}
BOXES = {"x y^2": lambda x, y: x * y**2, "exp(-x^2-y^2)": lambda x, y: math.exp(-x * x - y * y)}
DENSITIES = {
    "normal": lambda p: lambda x: math.exp(-(((x - p["mean"]) / p["std"]) ** 2) / 2) / (p["std"] * math.sqrt(2 * math.pi)),
    "exponential": lambda p: lambda x: p["rate"] * math.exp(-p["rate"] * x),
    "uniform": lambda p: lambda x: 1 / (p["high"] - p["low"]),
    "beta": lambda p: lambda x: (
        x ** (p["a"] - 1)
        * (1 - x) ** (p["b"] - 1)
        * math.exp(math.lgamma(p["a"] + p["b"]) - math.lgamma(p["a"]) - math.lgamma(p["b"]))
    ),
}
MOMENTS = {
    "mean": None,
    "second_moment": lambda x: x * x,
    "expectation_sqrt_x": math.sqrt,
    "expectation_x2": lambda x: x**2,
    "expectation_x3": lambda x: x**3,
    "expectation_x4": lambda x: x**4,
    "expectation_abs_x": abs,
    "expectation_exp_x": math.exp,
    "total": lambda x: 1.0,
}


def run(algorithm, parameters, given, out):
    if algorithm == "derivative.scalar":
        f = SCALARS[parameters["function"]]
        return {
            "value": numpy.vectorize(f, otypes=[float])(given["x"]),
            "derivative": calculus.derivative(f, given["x"]),
            "second_derivative": calculus.derivative(f, given["x"], order=2),
        }
    if algorithm == "derivative.gradient":
        f = FIELDS[parameters["function"]]
        pairs = list(zip(given["x"], given["direction"]))
        return {
            "value": [f(x) for x in given["x"]],
            "gradient": [calculus.gradient(f, x) for x in given["x"]],
            "hessian": [calculus.hessian(f, x) for x in given["x"]],
            "directional_derivative": [calculus.directional_derivative(f, *pair) for pair in pairs],
            "directional_derivative_unit": [
                calculus.directional_derivative(f, *pair, normalize=True) for pair in pairs
            ],
        }
    if algorithm == "derivative.jacobian":
        f = VECTORS[parameters["function"]]
        jacobians = [calculus.jacobian(f, x) for x in given["x"]]
        result = {"value": [numpy.asarray(f(x)) for x in given["x"]], "jacobian": jacobians}
        if "jacobian_determinant" in out:
            result["jacobian_determinant"] = [numpy.linalg.det(jacobian) for jacobian in jacobians]
        return result
    if algorithm == "integral.definite":
        f = INTEGRANDS[parameters["function"]]
        return {"value": [calculus.quad(f, a, b)[0] for a, b in zip(given["a"], given["b"])]}
    if algorithm == "integral.double":
        return {"value": calculus.nquad(BOXES[parameters["formula"]], given["limits"])[0]}
    if algorithm == "integral.sampled":
        x, y = given["x"], given["y"]
        return {
            "trapezoid": calculus.trapezoid(y, x),
            "simpson": calculus.simpson(y, x),
            "cumulative_trapezoid": calculus.cumulative_trapezoid(y, x, initial=0),
        }
    if algorithm == "expectation.discrete":
        return dict(
            zip(("mean", "variance", "entropy"), calculus.discrete_moments(given["values"], given["probabilities"]))
        )
    density = DENSITIES[parameters["distribution"]](parameters)
    a, b = given["support"]
    result = {name: calculus.expected_value(density, a, b, MOMENTS[name]) for name in out if name != "variance"}
    result["variance"] = calculus.variance(density, a, b)
    result["total"] = calculus.quad(density, a, b)[0]
    return result


@pytest.mark.parametrize("file, name", cases())
def test_agrees_with_the_exact_values(file, name):
    with h5py.File(os.path.join(golden_folder(), "classical", file)) as golden:
        case = golden[name]
        given = {key: value[()] for key, value in case["in"].items()} if "in" in case else {}
        algorithm = case.attrs["algorithm"].decode()
        parameters = json.loads(case.attrs["params"])
        results = run(algorithm, parameters, given, list(case["out"]))
        for key, expected in case["out"].items():
            wanted, found = expected[()], numpy.asarray(results[key])
            scale = numpy.abs(wanted)
            if expected.attrs["compare"].decode() == "norm":
                scale = scale.max()
            allowed = expected.attrs["atol"] + expected.attrs["rtol"] * scale
            assert found.shape == wanted.shape
            assert (numpy.abs(found - wanted) <= allowed).all(), (key, found, wanted)
