"""Trees, forests and boosting beside scikit-learn, LightGBM and XGBoost: python benchmarks/trees.py [tree forest boost]
[--pairs 3] [--scale 1.0].

Apus and each peer take turns on the same data, one thread each; a pair gives one ratio of their CPU times, and the figure is
the median of the ratios: above 1 Apus is faster. Peers that are not installed are left out. `--scale 0.1` takes a tenth of
the rows.
"""

import argparse
import importlib
import os
import pathlib
import statistics
import sys
import time

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[name] = "1"
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "bindings" / "python"))

import numpy  # noqa: E402

import apus  # noqa: E402
from apus.ensemble import HistGradientBoostingClassifier, RandomForestClassifier  # noqa: E402
from apus.tree import DecisionTreeClassifier  # noqa: E402


def data(rows, columns, seed=0):
    """Two noisy classes of a few interacting columns among many."""
    random = numpy.random.default_rng(seed)
    x = random.standard_normal((rows, columns)).astype(numpy.float32)
    score = x[:, 0] * x[:, 1] + numpy.sin(2 * x[:, 2]) + x[:, 3] ** 2 - 1 + 0.5 * x[:, 4]
    return x, (score + random.standard_normal(rows) * 0.5 > 0).astype(numpy.int32)


def peer(module, name, **parameters):
    """A peer's model maker, or None where it is not installed."""
    try:
        kind = getattr(importlib.import_module(module), name)
    except ImportError:
        return None
    return lambda: kind(**parameters)


def workloads(scale):
    """(name, training rows, columns, test rows, Apus's maker, peers)"""
    boost = {"n_estimators": 100, "n_jobs": 1}
    return {
        "tree": (
            int(100_000 * scale), 20, 20_000, DecisionTreeClassifier,
            {"scikit-learn": peer("sklearn.tree", "DecisionTreeClassifier", random_state=0)},
        ),
        "forest": (
            int(100_000 * scale), 20, 20_000, lambda: RandomForestClassifier(random_state=0),
            {"scikit-learn": peer("sklearn.ensemble", "RandomForestClassifier", n_jobs=1, random_state=0)},
        ),
        "boost": (
            int(500_000 * scale), 28, 100_000, lambda: HistGradientBoostingClassifier(early_stopping=False),
            {
                "LightGBM": peer("lightgbm", "LGBMClassifier", num_leaves=31, verbose=-1, **boost),
                "XGBoost": peer(
                    "xgboost", "XGBClassifier", max_depth=0, max_leaves=31, grow_policy="lossguide",
                    tree_method="hist", learning_rate=0.1, **boost,
                ),
                "scikit-learn": peer(
                    "sklearn.ensemble", "HistGradientBoostingClassifier", max_iter=100, early_stopping=False
                ),
            },
        ),
    }  # fmt: skip


def seconds(call):
    began = time.process_time()
    call()
    return time.process_time() - began


def run(name, workload, pairs):
    rows, columns, tested, make, peers = workload
    x, y = data(rows, columns)
    x_test, y_test = data(tested, columns, 1)
    for other, make_other in peers.items():
        if make_other is None:
            print(f"{name:8} {other} is not installed")
            continue
        fits, predictions = [], []
        for _ in range(pairs):
            mine, theirs = make(), make_other()
            fits.append((seconds(lambda: mine.fit(x, y)), seconds(lambda: theirs.fit(x, y))))
            predictions.append(
                (seconds(lambda: mine.predict_proba(x_test)), seconds(lambda: theirs.predict_proba(x_test)))
            )
        for what, times in (("fit", fits), ("predict", predictions)):
            ratio = statistics.median(b / a for a, b in times)
            own, their = (statistics.median(column) for column in zip(*times))
            print(f"{name:8} {what:8} {ratio:6.2f} x   Apus {own:.3f} s, {other} {their:.3f} s", flush=True)
        print(f"{name:8} accuracy          Apus {mine.score(x_test, y_test):.4f}, "
              f"{other} {numpy.mean(theirs.predict(x_test) == y_test):.4f}", flush=True)  # fmt: skip


def main():
    parser = argparse.ArgumentParser(description=__doc__.split(":")[0])
    parser.add_argument("names", nargs="*", default=["tree", "forest", "boost"])
    parser.add_argument("--pairs", type=int, default=3)
    parser.add_argument("--scale", type=float, default=1.0)
    options = parser.parse_args()
    apus.set_threads(1)
    for name in options.names:
        run(name, workloads(options.scale)[name], options.pairs)


if __name__ == "__main__":
    main()
