"""Linear models beside scikit-learn: python benchmarks/linear.py [--threads 1 2] [--pairs 5] [--rows name].

Apus and scikit-learn take turns on the same data; each pair gives one ratio of their times, and the figure is the median
of the ratios: above 1 Apus is faster. scikit-learn's BLAS has as many threads as Apus. `cost` is how far Apus's cost lies
above scikit-learn's, as a share of it: 0 or less is level or better.
"""

import argparse
import os
import pathlib
import statistics
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "bindings" / "python"))

import numpy  # noqa: E402
import sklearn.linear_model as peers  # noqa: E402
import sklearn.svm  # noqa: E402
from threadpoolctl import threadpool_limits  # noqa: E402

import apus  # noqa: E402
from apus import linear_model as mine  # noqa: E402
from apus import svm  # noqa: E402


def squares(alpha, ratio, x, y):
    """The cost of penalised least squares, half the mean of squares."""

    def cost(model):
        error = y - x @ model.coef_ - model.intercept_
        penalty = alpha * (ratio * abs(model.coef_).sum() + (1 - ratio) / 2 * (model.coef_**2).sum())
        return (error**2).mean() / 2 + penalty

    return cost


def log_loss(x, y, ratio=0.0, c=1.0):
    """C times the summed log-loss, and the penalty."""

    def cost(model):
        own = model.predict_proba(x)[numpy.arange(len(y)), y]
        coef = model.coef_
        return -c * numpy.log(own).sum() + ratio * abs(coef).sum() + (1 - ratio) / 2 * (coef**2).sum()

    return cost


def margins(x, y, power):
    def cost(model):
        short = numpy.maximum(0, 1 - numpy.where(y > 0, 1, -1) * model.decision_function(x))
        return (model.coef_**2).sum() / 2 + (model.intercept_**2).sum() / 2 + (short**power).sum()

    return cost


def least_squares():
    rng = numpy.random.default_rng(0)
    x = rng.standard_normal((400_000, 100))
    y = x @ rng.standard_normal(100) + rng.standard_normal(400_000)
    yield "ols_400kx100", mine.LinearRegression(), peers.LinearRegression(), x, y, squares(0, 0, x, y)
    yield "ridge_400kx100", mine.Ridge(), peers.Ridge(), x, y, squares(1 / len(y), 0, x, y)
    yield "lasso_400kx100", mine.Lasso(0.05), peers.Lasso(alpha=0.05), x, y, squares(0.05, 1, x, y)
    yield (
        "bayesian_ridge_400kx100", mine.BayesianRidge(), peers.BayesianRidge(), x, y, squares(0, 0, x, y),
    )
    x, y = x[:100_000], y[:100_000] + 20 * (rng.uniform(size=100_000) < 0.1)
    yield "huber_100kx100", mine.HuberRegressor(), peers.HuberRegressor(), x, y, lambda model: model.scale_


def classification():
    rng = numpy.random.default_rng(0)
    x = rng.standard_normal((100_000, 100))
    scores = x @ rng.standard_normal((100, 10))
    two = (scores[:, 0] + rng.standard_normal(100_000) * 3 > 0).astype(int)
    ten = (scores + rng.standard_normal(scores.shape) * 8).argmax(1)
    settings = {"max_iter": 200, "tol": 1e-6}
    ours = mine.LogisticRegression(tol=1e-6)
    yield "logistic_binary_100kx100", ours, peers.LogisticRegression(**settings), x, two, log_loss(x, two)
    yield "logistic_ten_100kx100", ours, peers.LogisticRegression(**settings), x, ten, log_loss(x, ten)
    few = x[:20_000], two[:20_000]
    yield (
        "logistic_l1_20kx100", mine.LogisticRegression(penalty="l1", C=0.01),
        peers.LogisticRegression(solver="saga", C=0.01, **sparse(), tol=1e-5), *few, log_loss(*few, ratio=1.0, c=0.01),
    )
    yield "linear_svc_20kx100", svm.LinearSVC(), sklearn.svm.LinearSVC(), *few, margins(*few, 2)
    yield (
        "sgd_classifier_100kx100", mine.SGDClassifier(max_iter=5, tol=None),
        peers.SGDClassifier(max_iter=5, tol=None), x, two, lambda model: 1 - model.score(x, two),
    )


def wide():
    rng = numpy.random.default_rng(0)
    x = rng.standard_normal((1000, 5000))
    y = x[:, :20] @ rng.standard_normal(20) + rng.standard_normal(1000)
    yield "lasso_1kx5k", mine.Lasso(0.1), peers.Lasso(alpha=0.1), x, y, squares(0.1, 1, x, y)
    yield "ridge_1kx5k", mine.Ridge(), peers.Ridge(), x, y, squares(1 / len(y), 0, x, y)


GROUPS = {
    least_squares: "ols_400kx100 ridge_400kx100 lasso_400kx100 bayesian_ridge_400kx100 huber_100kx100",
    classification: "logistic_binary_100kx100 logistic_ten_100kx100 logistic_l1_20kx100 linear_svc_20kx100 "
    "sgd_classifier_100kx100",
    wide: "lasso_1kx5k ridge_1kx5k",
}


def workloads(wanted):
    """(name, Apus's model, scikit-learn's, x, y, cost) of those whose name holds what is wanted."""
    for group, names in GROUPS.items():
        if any(wanted in name for name in names.split()):
            yield from (workload for workload in group() if wanted in workload[0])


def sparse():
    """How scikit-learn is told to use absolute values alone; it changed its mind in 1.8."""
    import sklearn

    newer = tuple(map(int, sklearn.__version__.split(".")[:2])) >= (1, 8)
    return {"l1_ratio": 1.0} if newer else {"penalty": "l1"}


def seconds(clock, call):
    began = clock()
    call()
    return clock() - began


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", nargs="+", type=int, default=[1, 2])
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--rows", default="", help="only workloads whose name holds this")
    parser.add_argument("--cpu", action="store_true", help="processor time, for busy machines and one thread")
    options = parser.parse_args()
    clock = time.process_time if options.cpu else time.perf_counter
    print(f"scikit-learn {sklearn.__version__}, {os.cpu_count()} processors")
    print("| ratio | workload | threads | Apus, ms | scikit-learn, ms | cost |")
    print("| ---: | --- | ---: | ---: | ---: | ---: |")
    for threads in options.threads:
        apus.set_threads(threads)
        for name, ours, theirs, x, y, cost in workloads(options.rows):
            with threadpool_limits(threads):
                ours.fit(x, y)
                pairs = [
                    (seconds(clock, lambda: ours.fit(x, y)), seconds(clock, lambda: theirs.fit(x, y)))
                    for _ in range(options.pairs)
                ]
            ratio = statistics.median(b / a for a, b in pairs)
            mine_ms, theirs_ms = (1e3 * statistics.median(side) for side in zip(*pairs))
            above = (cost(ours) - cost(theirs)) / cost(theirs)
            figures = f"{mine_ms:.1f} | {theirs_ms:.1f} | {above:.1e}"
            print(f"| **{ratio:.2f}** | {name} | {threads} | {figures} |", flush=True)


if __name__ == "__main__":
    main()
