"""Statistics beside NumPy: python benchmarks/summary_statistics.py [--threads 1 2] [--pairs 15].

Apus and NumPy take turns on the same data; each pair gives one ratio of their times, and the figure is the median of the
ratios: above 1 Apus is faster. NumPy's reductions use one thread whatever is asked for. Data are made outside the clock.
"""

import argparse
import os
import pathlib
import statistics
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "bindings" / "python"))

import numpy  # noqa: E402

import apus  # noqa: E402
from apus import stats  # noqa: E402

QUARTILES = [0.05, 0.25, 0.5, 0.75, 0.95]


def workloads():
    """(name, Apus's call, NumPy's call)"""
    rng = numpy.random.default_rng(1)
    long, table = rng.normal(size=1_000_000), rng.normal(size=(100_000, 20))
    for name, data, axis in (("1e6", long, None), ("1e5 x 20, axis 0", table, 0)):
        yield f"mean {name}", lambda d=data, a=axis: stats.mean(d, axis=a), lambda d=data, a=axis: numpy.mean(d, axis=a)
        yield f"var {name}", lambda d=data, a=axis: stats.var(d, axis=a), lambda d=data, a=axis: numpy.var(d, axis=a)
        yield (
            f"median {name}",
            lambda d=data, a=axis: stats.median(d, axis=a),
            lambda d=data, a=axis: numpy.median(d, axis=a),
        )
        yield (
            f"quantile (5) {name}",
            lambda d=data, a=axis: stats.quantile(d, QUARTILES, axis=a),
            lambda d=data, a=axis: numpy.quantile(d, QUARTILES, axis=a),
        )
    yield "histogram (10) 1e6", lambda: stats.histogram(long, 10), lambda: numpy.histogram(long, 10)
    yield "histogram (1000) 2e6", lambda: stats.histogram(table, 1000), lambda: numpy.histogram(table, 1000)
    yield "cov 1e6", lambda: stats.cov(long), lambda: numpy.cov(long)
    yield "cov 1e5 x 20", lambda: stats.cov(table, rowvar=False), lambda: numpy.cov(table, rowvar=False)


def seconds(call):
    """The shortest of three turns."""
    best = float("inf")
    for _ in range(3):
        began = time.perf_counter()
        call()
        best = min(best, time.perf_counter() - began)
    return best


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", nargs="+", type=int, default=[1, 2])
    parser.add_argument("--pairs", type=int, default=15)
    parser.add_argument("--rows", default="", help="only workloads whose name holds this")
    options = parser.parse_args()
    print("| ratio | workload | threads | Apus, ms | NumPy, ms |")
    print("| ---: | --- | ---: | ---: | ---: |")
    for threads in options.threads:
        apus.set_threads(threads)
        for name, ours, theirs in workloads():
            if options.rows not in name:
                continue
            ours(), theirs()
            pairs = [(seconds(ours), seconds(theirs)) for _ in range(options.pairs)]
            ratio = statistics.median(b / a for a, b in pairs)
            mine, peer = (1000 * statistics.median(side) for side in zip(*pairs))
            print(f"| **{ratio:.2f}** | {name} | {threads} | {mine:.3f} | {peer:.3f} |", flush=True)


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    main()
