"""The estimators against reference results of the field's standard tools and of 50-digit arithmetic."""

import json
import os

import numpy
import pytest
from conftest import golden_folder

from apus.linear_model import (
    BayesianRidge,
    ElasticNet,
    HuberRegressor,
    Lasso,
    LinearRegression,
    LogisticRegression,
    OrdinalLogistic,
    Ridge,
)
from apus.preprocessing import MeanNormalizer, MinMaxScaler, StandardScaler

h5py = pytest.importorskip("h5py")

FILES = (
    "linear_regression.h5",
    "regularized_regression.h5",
    "bayes_huber_regression.h5",
    "logistic_regression.h5",
    "ordinal_regression.h5",
    "gradient_descent.h5",
    "preprocessing.h5",
)


def cases():
    """Every case that this release can express, as (file, name)."""
    folder = golden_folder()
    if folder is None:
        return []
    with open(os.path.join(folder, "classical", "index.json")) as index:
        files = json.load(index)["files"]
    return [
        (file["file"], case["name"])
        for file in files
        if file["file"] in FILES
        for case in file["cases"]
        if case["algorithm"] in RUNNERS
    ]


def ols(given, parameters):
    x, y, weight = given["X"], given["y"], given.get("sample_weight")
    results = {}
    for solver in ("auto", "svd"):
        model = LinearRegression(solver=solver, **parameters).fit(x, y, sample_weight=weight)
        residual = y - model.predict(x)
        w = (numpy.ones(len(y)) if weight is None else weight).reshape((-1,) + (1,) * (y.ndim - 1))
        rss = (w * residual**2).sum(axis=0)
        spread = (w * (y - (w * y).sum(axis=0) / w.sum()) ** 2).sum(axis=0)
        results[solver] = {
            "coef": model.coef_,
            "intercept": model.intercept_,
            "prediction": model.predict(given["X_query"]),
            "rss": rss,
            "r2": 1 - rss / spread,
        }
    return results


def class_weights(given, wanted):
    """Sample weights times those of the classes: given ones, or "balanced"."""
    y, classes = given["y"], given["classes"]
    weight = given.get("sample_weight", numpy.ones(len(y)))
    if wanted is None:
        return weight
    if wanted == "balanced":
        factors = {label: weight.sum() / (len(classes) * weight[y == label].sum()) for label in classes}
    else:
        factors = {label: wanted[str(label)] for label in classes}
    return weight * numpy.array([factors[label] for label in y])


def penalised(make, objective):
    """One fit for each alpha (and l1_ratio) of the case, by each solver of `make`."""

    def run(given, parameters):
        x, y, weight = given["X"], given["y"], given.get("sample_weight")
        w = numpy.ones(len(y)) if weight is None else weight
        results = {}
        for way in make(1.0, 0.5 if "l1_ratio" in given else None, parameters):
            found = []
            for index, alpha in enumerate(given["alpha"]):
                ratio = given["l1_ratio"][index] if "l1_ratio" in given else None
                model = make(alpha, ratio, parameters)[way].fit(x, y, sample_weight=weight)
                squares = (w.reshape((-1,) + (1,) * (y.ndim - 1)) * (y - model.predict(x)) ** 2).sum()
                found.append(
                    {
                        "coef": model.coef_,
                        "intercept": model.intercept_,
                        "prediction": model.predict(given["X_query"]),
                        "support": model.coef_ != 0,
                        "objective": objective(squares, model.coef_, alpha, ratio, w.sum()),
                    }
                )
            results[way] = {key: numpy.stack([one[key] for one in found]) for key in found[0]}
        return results

    return run


def ridges(alpha, ratio, parameters):
    alpha = alpha if numpy.ndim(alpha) else float(alpha)
    return {solver: Ridge(alpha, solver=solver, **parameters) for solver in ("auto", "cholesky", "svd")}


def nets(alpha, ratio, parameters):
    if ratio is None:
        made = {"lasso": Lasso(alpha, **parameters), "net": ElasticNet(alpha, l1_ratio=1.0, **parameters)}
        return {**made, "default tolerance": Lasso(alpha, **{**parameters, "tol": 1e-4})}
    return {
        "net": ElasticNet(alpha, l1_ratio=ratio, **parameters),
        "random": ElasticNet(alpha, l1_ratio=ratio, selection="random", **parameters),
    }


def net_objective(squares, coef, alpha, ratio, weight):
    ratio = 1.0 if ratio is None else ratio
    lengths, total = numpy.abs(coef).sum(), (coef**2).sum()
    return squares / (2 * weight) + alpha * ratio * lengths + alpha * (1 - ratio) / 2 * total


def logistic(given, parameters):
    x, y, query, classes = given["X"], given["y"], given["X_query"], given["classes"]
    sample_weight = given.get("sample_weight")
    weight = class_weights(given, parameters["class_weight"])
    sparse = parameters["penalty"] in ("l1", "elasticnet")
    separate = parameters["multi_class"] == "one_vs_rest"
    given_weights = parameters["class_weight"]
    if isinstance(given_weights, dict):
        given_weights = {int(label): factor for label, factor in given_weights.items()}
    results = {}
    for solver in ("auto",) if sparse else ("newton", "lbfgs"):
        model = LogisticRegression(
            solver=solver,
            penalty=parameters["penalty"],
            l1_ratio=parameters["l1_ratio"],
            C=parameters.get("C", 1.0),
            fit_intercept=parameters["fit_intercept"],
            class_weight=given_weights,
            multi_class="ovr" if separate else "auto",
            tol=1e-9,
        ).fit(x, y, sample_weight=sample_weight)
        probabilities = model.predict_proba(x)
        own = probabilities[numpy.arange(len(y)), numpy.searchsorted(classes, y)]
        c = parameters.get("C", 1.0) if parameters["penalty"] != "none" else 1.0
        lengths, squares = numpy.abs(model.coef_).sum(axis=1), (model.coef_**2).sum(axis=1)
        ratio = parameters["l1_ratio"]
        penalty = ratio * lengths + (1 - ratio) / 2 * squares if parameters["penalty"] != "none" else 0 * lengths
        if separate:
            scores = model.decision_function(x) * numpy.where(y[:, None] == classes, 1, -1)
            objective = c * numpy.logaddexp(0, -scores).sum(axis=0) + penalty
        else:
            objective = c * (weight * -numpy.log(own)).sum() + penalty.sum()
        results[solver] = {
            "coef": model.coef_,
            "intercept": model.intercept_,
            "coef_centred": model.coef_ - model.coef_.mean(axis=0),
            "intercept_centred": model.intercept_ - model.intercept_.mean(),
            "decision_function": model.decision_function(query),
            "probabilities": model.predict_proba(query),
            "prediction": model.predict(query),
            "support": model.coef_ != 0,
            "objective": objective,
            "log_loss": -numpy.log(own).mean(),
        }
    return results


def bayesian(given, parameters):
    model = BayesianRidge(**parameters).fit(given["X"], given["y"], sample_weight=given.get("sample_weight"))
    mean, deviation = model.predict(given["X_query"], return_std=True)
    return {
        "fit": {
            "alpha": model.alpha_,
            "lambda": model.lambda_,
            "coef": model.coef_,
            "intercept": model.intercept_,
            "sigma": model.sigma_,
            "prediction_mean": mean,
            "prediction_std": deviation,
        }
    }


def huber(given, parameters):
    x, y = given["X"], given["y"]
    model = HuberRegressor(**parameters).fit(x, y, sample_weight=given.get("sample_weight"))
    weight = given.get("sample_weight", numpy.ones(len(y)))
    ratio, epsilon = numpy.abs(y - model.predict(x)) / model.scale_, parameters["epsilon"]
    loss = numpy.where(ratio <= epsilon, ratio**2, 2 * epsilon * ratio - epsilon**2)
    return {
        "fit": {
            "coef": model.coef_,
            "intercept": model.intercept_,
            "scale": model.scale_,
            "outliers": model.outliers_,
            "prediction": model.predict(given["X_query"]),
            "objective": (weight * model.scale_ * (1 + loss)).sum() + parameters["alpha"] * (model.coef_**2).sum(),
        }
    }


def ordinal(loss):
    def run(given, parameters):
        x, y = given["X"], given["y"]
        settings = {"alpha": parameters["alpha"], "loss": loss, "tol": 1e-10}
        model = OrdinalLogistic(**settings).fit(x, y)
        place = numpy.searchsorted(given["classes"], y)
        own = model.predict_proba(x)[numpy.arange(len(y)), place]
        score = model.decision_function(x)[:, None]
        signs = numpy.where(numpy.arange(len(model.thresholds_)) >= place[:, None], 1, -1)
        every = numpy.logaddexp(0, -signs * (model.thresholds_ - score)).sum()
        cost = -numpy.log(own).sum() if loss == "proportional_odds" else every
        query = given["X_query"]
        return {
            "fit": {
                "coef": model.coef_,
                "thresholds": model.thresholds_,
                "probabilities": model.predict_proba(query),
                "prediction_most_probable": model.predict(query),
                "prediction_threshold": OrdinalLogistic(prediction="threshold", **settings).fit(x, y).predict(query),
                "log_loss": -numpy.log(own).mean(),
                "objective": cost + parameters["alpha"] / 2 * (model.coef_**2).sum(),
            }
        }

    return run


def split_ones(given):
    """X without its column of ones, where that column stood, and the start weights."""
    x = given["X"]
    ones = [column for column in range(x.shape[1]) if (x[:, column] == 1).all()]
    assert len(ones) == 1
    return numpy.delete(x, ones[0], axis=1), ones[0], given["w0"]


def descent(given, parameters, make):
    x, place, start = split_ones(given)
    every = parameters["weights_every"]
    # A start away from zero is a start at zero with the targets moved.
    moved = given["y"] - given["X"] @ start

    def weights(iterations):
        if iterations == 0:
            return start, numpy.empty(0)
        model = make(iterations).fit(x, moved if start.any() else given["y"])
        learned = numpy.insert(numpy.ravel(model.coef_), place, numpy.ravel(model.intercept_)[0])
        return learned + start, model.loss_curve_

    iterations = parameters["iterations"]
    final, curve = weights(iterations)
    # Some of the way is enough: every fit starts anew.
    shown = list(range(0, iterations + 1, every))
    some = shown if len(shown) < 20 else shown[:: len(shown) // 10]
    history = {index // every: weights(index)[0] for index in some}
    return {"gd": {"cost_history": curve, "weights_final": final, "weights_history": history}}


def descent_linear(given, parameters):
    return descent(
        given,
        parameters,
        lambda iterations: LinearRegression(
            solver="gd",
            loss=parameters["loss"],
            learning_rate=parameters["learning_rate"],
            max_iter=iterations,
            tol=0,
        ),
    )


def descent_logistic(given, parameters):
    return descent(
        given,
        parameters,
        lambda iterations: LogisticRegression(
            penalty="none",
            solver="gd",
            learning_rate=parameters["learning_rate"],
            max_iter=iterations,
            tol=0,
        ),
    )


def scaler(make, names):
    def run(given, parameters):
        model = make(**parameters).fit(given["X"])
        results = {name: getattr(model, attribute) for name, attribute in names.items()}
        results["transformed"] = model.transform(given["X"])
        results["query_transformed"] = model.transform(given["X_query"])
        return {"fit": results}

    return run


RUNNERS = {
    "linear_regression.ols": ols,
    "linear_regression.ridge": penalised(
        ridges, lambda squares, coef, alpha, ratio, weight: squares + (alpha * (coef**2).sum(axis=-1)).sum()
    ),
    "linear_regression.lasso": penalised(nets, net_objective),
    "linear_regression.elastic_net": penalised(nets, net_objective),
    "linear_regression.bayesian_ridge": bayesian,
    "linear_regression.huber": huber,
    "ordinal_regression.proportional_odds": ordinal("proportional_odds"),
    "ordinal_regression.all_threshold": ordinal("all_threshold"),
    "logistic_regression.one_vs_rest": logistic,
    "logistic_regression.binary": logistic,
    "logistic_regression.multinomial": logistic,
    "gradient_descent.linear": descent_linear,
    "gradient_descent.logistic": descent_logistic,
    "scaler.standard": scaler(StandardScaler, {"mean": "mean_", "variance": "var_", "scale": "scale_"}),
    "scaler.min_max": scaler(
        MinMaxScaler, {"data_min": "data_min_", "data_max": "data_max_", "scale": "scale_", "offset": "min_"}
    ),
    "scaler.mean_range": scaler(MeanNormalizer, {"center": "mean_", "scale": "scale_"}),
}


def compare(name, observed, expected, rules):
    """Holds a result to its reference as the reference's attributes say."""
    if isinstance(observed, dict):
        expected = numpy.stack([expected[index] for index in observed])
        observed = numpy.stack(list(observed.values()))
    observed = numpy.asarray(observed).reshape(numpy.shape(expected))
    way = rules.get("compare", "close")
    way = way.decode() if isinstance(way, bytes) else way
    if way == "exact":
        assert (observed == expected).all(), name
    elif way == "norm":
        bound = rules["atol"] + rules["rtol"] * numpy.abs(expected).max()
        assert numpy.abs(observed - expected).max() <= bound, name
    else:
        assert way == "close", way
        bound = rules["atol"] + rules["rtol"] * numpy.abs(expected)
        worst = (numpy.abs(observed - expected) / bound).max()
        assert worst <= 1, f"{name}: {worst} times the tolerance"


@pytest.mark.parametrize("file, name", cases())
def test_matches_the_reference(file, name):
    with h5py.File(os.path.join(golden_folder(), "classical", file)) as golden:
        case = golden[name]
        given = {key: value[()] for key, value in case["in"].items()}
        parameters = json.loads(case.attrs["params"])
        outputs = {
            key: (value[()], dict(value.attrs)) for key, value in case["out"].items() if key != "cost_initial"
        }
        for way, results in RUNNERS[case.attrs["algorithm"].decode()](given, parameters).items():
            for key, (expected, rules) in outputs.items():
                compare(f"{way} {key}", results[key], expected, rules)
