"""The methods of minimisation and the update rules against reference results."""

import json
import os

import numpy
import pytest
from conftest import golden_folder

from apus.optimize import minimize

h5py = pytest.importorskip("h5py")

GRADIENT_METHODS = ("BFGS", "CG", "L-BFGS-B")


def rosenbrock(x):
    a, b = x[1:] - x[:-1] ** 2, 1 - x[:-1]
    gradient = numpy.zeros_like(x)
    gradient[:-1] = -400 * a * x[:-1] - 2 * b
    gradient[1:] += 200 * a
    return (100 * a * a + b * b).sum(), gradient


def beale(x):
    value, gradient = 0.0, numpy.zeros(2)
    for power, level in ((1, 1.5), (2, 2.25), (3, 2.625)):
        rest = level - x[0] + x[0] * x[1] ** power
        value += rest * rest
        gradient += 2 * rest * numpy.array([x[1] ** power - 1, power * x[0] * x[1] ** (power - 1)])
    return value, gradient


def booth(x):
    a, b = x[0] + 2 * x[1] - 7, 2 * x[0] + x[1] - 5
    return a * a + b * b, numpy.array([2 * a + 4 * b, 4 * a + 2 * b])


def himmelblau(x):
    a, b = x[0] ** 2 + x[1] - 11, x[0] + x[1] ** 2 - 7
    return a * a + b * b, numpy.array([4 * a * x[0] + 2 * b, 2 * a + 4 * b * x[1]])


def powell_singular(x):
    a, b, c, d = x[0] + 10 * x[1], x[2] - x[3], x[1] - 2 * x[2], x[0] - x[3]
    return (
        a * a + 5 * b * b + c**4 + 10 * d**4,
        numpy.array([2 * a + 40 * d**3, 20 * a + 4 * c**3, 10 * b - 8 * c**3, -10 * b - 40 * d**3]),
    )


def wood(x):
    y = x.reshape(-1, 4).T
    a, b, c, d = y[1] - y[0] ** 2, 1 - y[0], y[3] - y[2] ** 2, 1 - y[2]
    e, f = y[1] - 1, y[3] - 1
    value = 100 * a * a + b * b + 90 * c * c + d * d + 10.1 * (e * e + f * f) + 19.8 * e * f
    gradient = numpy.empty_like(y)
    gradient[0] = -400 * y[0] * a - 2 * b
    gradient[1] = 200 * a + 20.2 * e + 19.8 * f
    gradient[2] = -360 * y[2] * c - 2 * d
    gradient[3] = 180 * c + 20.2 * f + 19.8 * e
    return value.sum(), gradient.T.ravel()


NAMED = {
    function.__name__: function for function in (rosenbrock, beale, booth, himmelblau, powell_singular, wood)
}


def logistic(x, y, penalty):
    def function(w):
        z = x @ w
        gradient = x.T @ (1 / (1 + numpy.exp(-z)) - y) / len(y) + penalty * w
        return (numpy.logaddexp(0, z) - y * z).mean() + penalty / 2 * (w @ w), gradient

    return function


def quadratic(a, b):
    return lambda x: (0.5 * x @ a @ x - b @ x, a @ x - b)


def read(file, name):
    with h5py.File(os.path.join(golden_folder(), "classical", file)) as store:
        group = store[name]
        given = {key: data[()] for key, data in group["in"].items()}
        expected = {key: (data[()], dict(data.attrs)) for key, data in group["out"].items()}
        algorithm = group.attrs["algorithm"]
        return (
            algorithm.decode() if isinstance(algorithm, bytes) else algorithm,
            json.loads(group.attrs["params"]),
            given,
            expected,
        )


def names(file):
    folder = golden_folder()
    if folder is None:
        return []
    with h5py.File(os.path.join(folder, "classical", file)) as store:
        return list(store)


def objective(given, parameters):
    if parameters.get("function") in NAMED:
        return NAMED[parameters["function"]]
    if "y" in given:
        return logistic(given["X"], given["y"], parameters.get("l2", 0.0))
    return quadratic(given["A"], given["b"])


@pytest.mark.parametrize("method", GRADIENT_METHODS)
@pytest.mark.parametrize("name", names("minimisation.h5"))
def test_reaches_the_minimum_within_the_bounds_on_counts(name, method):
    _, parameters, given, expected = read("minimisation.h5", name)
    function = objective(given, parameters)
    value, gradient = function(given["x0"])
    start, limits = expected["f_start"]
    assert abs(value - start) <= limits["atol"] + limits["rtol"] * abs(start)
    result = minimize(
        function, given["x0"], jac=True, method=method, options={"gtol": parameters["gtol"], "maxiter": 10000}
    )
    assert result.success and abs(result.jac).max() <= parameters["gtol"]
    minima, limits = expected["x_min"]
    minima = numpy.atleast_2d(minima)
    assert min(abs(result.x - row).max() for row in minima) <= limits["atol"] + limits["rtol"] * abs(minima).max()
    least, limits = expected["f_min"]
    allowed = limits["atol"] + limits["rtol"] * numpy.abs(least)
    assert numpy.any(numpy.abs(result.fun - least) <= allowed)
    index = parameters["methods"].index(method)
    for key, count in (("iterations", result.nit), ("function_evaluations", result.nfev)):
        most = expected[key][0][index]
        assert most < 0 or count <= most


SAME = ("momentum", "nesterov", "dampening", "weight_decay", "clipnorm", "clipvalue", "rho", "centered", "amsgrad")
SAME += ("lr_decay", "initial_accumulator_value", "momentum_decay", "epsilon", "learning_rate", "beta_1", "beta_2")
RENAMED = {"lr": "learning_rate", "eps": "epsilon", "alpha": "rho", "beta": "momentum"}
FORMS = {
    "momentum_heavy_ball": ("SGD", {}),
    "momentum_weighted_average": ("SGD", {"form": "average"}),
    "momentum_weighted_average_corrected": ("SGD", {"form": "corrected_average"}),
    "nesterov_lookahead": ("SGD", {"form": "lookahead"}),
    "adagrad_eps_inside": ("Adagrad", {"epsilon_inside": True, "initial_accumulator_value": 0}),
    "adagrad_eps_outside": ("Adagrad", {"epsilon_inside": False, "initial_accumulator_value": 0}),
    "rmsprop_eps_inside": ("RMSprop", {"epsilon_inside": True}),
    "rmsprop_eps_outside": ("RMSprop", {"epsilon_inside": False}),
}
TORCH = {
    "adagrad": {"epsilon_inside": False, "initial_accumulator_value": 0},
    "rmsprop": {"epsilon_inside": False},
    "adam": {"epsilon_corrected": True},
    "adamw": {"epsilon_corrected": True},
    "adamax": {"epsilon_inside": True},
}


def rule(algorithm, parameters):
    """The method and options that a golden case of an optimizer stands for."""
    kind = algorithm.split(".")[1]
    options = {}
    if kind in FORMS:
        kind, form = FORMS[kind]
        options.update(form)
    elif parameters["form"] == "torch":
        options.update(TORCH.get(kind, {}))
    for key, value in parameters.items():
        if key in RENAMED or key in SAME:
            options[RENAMED.get(key, key)] = value
        elif key == "betas":
            options["beta_1"], options["beta_2"] = value
        else:
            assert key in ("form", "problem", "steps"), key
    if parameters["form"] == "keras" and "weight_decay" in options:
        options["decay_form"] = "weights"
    return kind, options


@pytest.mark.parametrize(
    ("file", "name"),
    [
        (file, name)
        for file in ("optimizers_textbook.h5", "optimizers_keras.h5", "optimizers_torch.h5")
        for name in names(file)
    ],
)
def test_follows_the_trajectory(file, name):
    algorithm, parameters, given, expected = read(file, name)
    method, options = rule(algorithm, parameters)
    function = objective(given, parameters)
    points, values = [given["x0"]], [function(given["x0"])[0]]

    def after(intermediate_result):
        points.append(intermediate_result.x)
        values.append(intermediate_result.fun)

    minimize(
        function,
        given["x0"],
        jac=True,
        method=method,
        options={**options, "maxiter": parameters["steps"], "gtol": 0},
        callback=after,
    )
    for key, observed in (("trajectory", points), ("loss", values)):
        wanted, limits = expected[key]
        assert numpy.shape(observed) == wanted.shape
        assert numpy.all(abs(observed - wanted) <= limits["atol"] + limits["rtol"] * abs(wanted))
