"""Expressions in Python: operators, numpy's functions, exact derivatives, the goldens at what exact ones reach."""

import json
import math
import os
import threading

import numpy
import pytest
from conftest import golden_folder

import apus
from apus.calculus import Expression

SCALARS = {
    "abs": "abs(x)",
    "atan": "atan(x)",
    "constant": "5 + 0 * x",
    "cos": "cos(x)",
    "cos_4x_squared": "cos((4 * x)^2)",
    "cubic": "x^3 - 2 * x + 1",
    "exp": "exp(x)",
    "exp_neg_square": "exp(-x^2)",
    "linear": "3 * x - 7",
    "log": "ln(x)",
    "reciprocal": "1 / x",
    "sigmoid": "1 / (1 + exp(-x))",
    "sin": "sin(x)",
    "softplus": "ln(1 + exp(x))",
    "sqrt": "sqrt(x)",
    "square": "x^2",
    "square_plus_3": "x^2 + 3",
    "tanh": "tanh(x)",
    "x_exp_sin": "x * exp(-x) * sin(3 * x)",
}
FIELDS = {
    "beale": "(1.5 - a + a * b)^2 + (2.25 - a + a * b^2)^2 + (2.625 - a + a * b^3)^2",
    "himmelblau": "(a^2 + b - 11)^2 + (a + b^2 - 7)^2",
    "log_sum_exp": "ln(exp(a) + exp(b) + exp(c))",
    "sin_product": "sin(a) * cos(b) + a * b * c",
    "two_z3_x2": "2 * b^3 * a^2",
    "x2y_plus_3y": "a^2 * b + 3 * b",
    "sphere": "a^2 + b^2 + c^2 + d^2",
}
VECTORS = {
    "lorenz": ["10 * (b - a)", "a * (28 - c) - b", "a * b - 8 / 3 * c"],
    "polar": ["a * cos(b)", "a * sin(b)"],
    "spherical": ["a * sin(b) * cos(c)", "a * sin(b) * sin(c)", "a * cos(b)"],
    "textbook_2_2": ["a^2 * b", "5 * a + sin(b)"],
    "three_to_two": ["a^2 * b + sin(c)", "exp(a * c) - b"],
}


def rosenbrock(n):
    x = Expression.variable("x", (n,))
    return (100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum()


def cases():
    folder = golden_folder()
    if folder is None:
        return []
    with open(os.path.join(folder, "classical", "index.json")) as index:
        files = json.load(index)["files"]
    return [case["name"] for file in files if file["file"] == "derivatives.h5" for case in file["cases"]]


def exact(function, x):
    """Value, gradient and Hessian at a point, by the expression of a golden function."""
    if function == "rosenbrock":
        f, values = rosenbrock(len(x)), {"x": x}
        value, gradient = f.value_and_grad(values)
        return value, gradient["x"], f.hessian(values)
    names = "abcd"[: len(x)]
    f = Expression.parse(FIELDS[function], **{name: () for name in names})
    values = dict(zip(names, x))
    value, gradient = f.value_and_grad(values)
    return value, [gradient[name] for name in names], f.hessian(values)


@pytest.mark.parametrize("name", cases())
def test_derivatives_are_exact(name):
    h5py = pytest.importorskip("h5py")
    with h5py.File(os.path.join(golden_folder(), "classical", "derivatives.h5")) as golden:
        case = golden[name]
        function = json.loads(case.attrs["params"])["function"]
        points = case["in"]["x"][()]
        results = {}
        if case.attrs["algorithm"].decode() == "derivative.scalar":
            f = Expression.parse(SCALARS[function], x=())
            results["value"] = [f.value(x=x) for x in points]
            results["derivative"] = [f.grad(x=x)["x"] for x in points]
            results["second_derivative"] = [f.hvp({"x": x}, {"x": 1.0})["x"] for x in points]
        elif case.attrs["algorithm"].decode() == "derivative.gradient":
            all_of_them = [exact(function, x) for x in points]
            results = dict(zip(("value", "gradient", "hessian"), zip(*all_of_them)))
        else:
            names = "abc"[: points.shape[1]]
            fs = [Expression.parse(text, **{name: () for name in names}) for text in VECTORS[function]]
            results["value"] = [[f.value(dict(zip(names, x))) for f in fs] for x in points]
            results["jacobian"] = [
                [[f.grad(dict(zip(names, x)))[name] for name in names] for f in fs] for x in points
            ]
        for key, found in results.items():
            wanted = case["out"][key][()]
            tolerance = case["out"][key].attrs.get("exact_rtol", 1e-13)
            error = numpy.abs(numpy.asarray(found) - wanted).max()
            assert error <= tolerance * max(1, numpy.abs(wanted).max()), (key, found, wanted)


def test_numpys_functions_and_operators_make_expressions(rng):
    x, w = Expression.variable("x", (3,)), Expression.variable("w", (2, 3))
    values = {"x": rng.uniform(0.1, 0.9, 3), "w": rng.uniform(0.1, 0.9, (2, 3))}
    pairs = [
        (numpy.sin(x) * 2 + 1, lambda x, w: numpy.sin(x) * 2 + 1),
        (numpy.array([1.0, 2.0, 3.0]) * x, lambda x, w: numpy.array([1.0, 2.0, 3.0]) * x),
        (w @ x, lambda x, w: w @ x),
        (numpy.ones((4, 2)) @ w, lambda x, w: numpy.ones((4, 2)) @ w),
        (numpy.maximum(w, x) - w / x, lambda x, w: numpy.maximum(w, x) - w / x),
        (2.0**x + x**w - abs(-x) % 0.4, lambda x, w: 2.0**x + x**w - abs(-x) % 0.4),
        (w.T.sum(axes=0), lambda x, w: w.T.sum(axis=0)),
        (w.mean(axes=1, keepdims=True), lambda x, w: w.mean(axis=1, keepdims=True)),
        (w.max(axes=[1]) + w.min() + w.prod(), lambda x, w: w.max(axis=1) + w.min() + w.prod()),
        (w.reshape(3, -1), lambda x, w: w.reshape(3, -1)),
        (w[1], lambda x, w: w[1]),
        (w[..., ::2] + x[-1], lambda x, w: w[..., ::2] + x[-1]),
        (w[:1, 1:] * x[5:].sum() + x[0], lambda x, w: w[:1, 1:] * x[5:].sum() + x[0]),
        (Expression.where(x > 0.5, x, -x), lambda x, w: numpy.where(x > 0.5, x, -x)),
        (Expression.concatenate([w, w * 2], axis=1), lambda x, w: numpy.concatenate([w, w * 2], axis=1)),
        (w.norm(axes=1) + w.logsumexp(), lambda x, w: numpy.linalg.norm(w, axis=1) + numpy.log(numpy.exp(w).sum())),
    ]
    for expression, function in pairs:
        given = {name: values[name] for name in expression.variables}
        expected = function(**values)
        assert expression.shape == numpy.shape(expected)
        assert numpy.allclose(expression.value(given), expected, rtol=1e-14, atol=0)


def test_gradients_of_arrays_have_their_shapes_and_take_a_vector_on_the_left(rng):
    x, w = Expression.variable("x", (3,)), Expression.variable("w", (2, 3))
    f = w @ x
    values = {"x": rng.normal(size=3), "w": rng.normal(size=(2, 3))}
    left = rng.normal(size=2)
    gradient = f.grad(values, output_gradient=left)
    assert numpy.allclose(gradient["x"], left @ values["w"], rtol=1e-14)
    assert numpy.allclose(gradient["w"], numpy.outer(left, values["x"]), rtol=1e-14)
    assert list(f.grad(values, wrt="x", output_gradient=left)) == ["x"]
    with pytest.raises(apus.InvalidArgumentError, match="output_gradient"):
        f.grad(values)


def test_the_gradient_of_rosenbrocks_function_of_a_thousand_numbers(rng):
    from scipy.optimize import rosen_der, rosen_hess_prod

    n = 1000
    f = rosenbrock(n)
    at, along = rng.normal(size=n), rng.normal(size=n)
    assert numpy.allclose(f.grad(x=at)["x"], rosen_der(at), rtol=1e-12, atol=1e-9)
    assert numpy.allclose(f.hvp({"x": at}, {"x": along})["x"], rosen_hess_prod(at, along), rtol=1e-12, atol=1e-9)


def test_faults_are_exceptions_that_name_them():
    x = Expression.variable("x")
    with pytest.raises(apus.InvalidArgumentError, match="column 5"):
        Expression.parse("x + ", x=())
    with pytest.raises(apus.InvalidArgumentError, match="no operation 'tangent'"):
        Expression.function("tangent", x).value(x=1.0)
    with pytest.raises(apus.InvalidArgumentError, match="missing"):
        (x * 2).value()
    with pytest.raises(apus.InvalidArgumentError, match="no variable 'y'"):
        (x * 2).value(x=1.0, y=2.0)
    with pytest.raises(apus.ShapeError, match=r"\(x\)"):
        (x * 2).value(x=[1.0, 2.0])
    with pytest.raises(apus.ShapeError, match="also"):
        (x + Expression.variable("x", 3)).value(x=1.0)
    with pytest.raises(TypeError):
        bool(x > 1)
    with pytest.raises(TypeError):
        list(x)


def test_long_chains_and_shared_parts_are_fine():
    x = Expression.variable("x")
    chain = x
    for _ in range(20_000):
        chain = chain + x
    assert chain.grad(x=1.0) == {"x": 20_001.0}
    shared = x
    for _ in range(50):
        shared = shared * 1.0 + shared
    assert shared.value(x=1.0) == 2.0**50


def test_threads_wait_for_each_other():
    f = Expression.parse("sum(exp(-x^2))", x=(500,))
    x = numpy.linspace(-1, 1, 500)
    expected, results = f.value(x=x), []

    def work():
        for _ in range(50):
            results.append(f.value(x=x))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [expected] * 200
    assert expected == pytest.approx(float(numpy.exp(-(x**2)).sum()), rel=1e-14)


def test_formulas_are_written_back():
    f = Expression.parse("sum(softmax(w @ x, axis=0) * [1, 2]) - 3^-x[0]".replace("x[0]", "y"), w=(2, 3), x=(3,), y=())
    again = Expression.parse(str(f), w=(2, 3), x=(3,), y=())
    assert str(again) == str(f)
    assert math.isfinite(again.value(w=numpy.ones((2, 3)), x=numpy.ones(3), y=2.0))
