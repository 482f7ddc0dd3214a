"""Matrix products beside NumPy's: python benchmarks/products.py [--threads 1 2] [--pairs 15].

Apus and NumPy (with the OpenBLAS of its wheel, at the same number of threads) take turns on the same data; each pair gives
one ratio of their times, and the figure is the median of the ratios: above 1 Apus is faster. Calls from Python, so products
of a few rows show the cost of a call through ctypes. The last table is Apus on two threads beside itself on one.
"""

import argparse
import os
import pathlib
import statistics
import sys
import time

os.environ.setdefault("OPENBLAS_NUM_THREADS", "2")
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "bindings" / "python"))

import numpy  # noqa: E402
from threadpoolctl import threadpool_limits  # noqa: E402

import apus  # noqa: E402
from apus import ops  # noqa: E402

SHAPES = [(2, 2, 2), (10, 10, 10), (100, 100, 100), (256, 256, 256), (1000, 784, 500), (1024,) * 3, (2048,) * 3]
OTHERS = [(1, 2000, 2000), (32, 784, 128), (20_000, 100, 100)]


def operands(m, k, n, dtype):
    rng = numpy.random.default_rng(1)
    return rng.uniform(-1, 1, (m, k)).astype(dtype), rng.uniform(-1, 1, (k, n)).astype(dtype)


def seconds(call, turns):
    best = float("inf")
    for _ in range(3):
        began = time.perf_counter()
        for _ in range(turns):
            call()
        best = min(best, (time.perf_counter() - began) / turns)
    return best


def compare(first, second, turns, pairs):
    """The median ratio of second's time to first's, and both medians."""
    first(), second()
    times = [(seconds(first, turns), seconds(second, turns)) for _ in range(pairs)]
    return (statistics.median(b / a for a, b in times), *(statistics.median(side) for side in zip(*times)))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", nargs="+", type=int, default=[1, 2])
    parser.add_argument("--pairs", type=int, default=15)
    options = parser.parse_args()
    print("| ratio | product | type | threads | Apus, GFLOP/s | NumPy, GFLOP/s |")
    print("| ---: | --- | --- | ---: | ---: | ---: |")
    for threads in options.threads:
        apus.set_threads(threads)
        with threadpool_limits(threads, "blas"):
            for dtype in (numpy.float64, numpy.float32):
                for m, k, n in SHAPES + OTHERS:
                    a, b = operands(m, k, n, dtype)
                    ours, theirs = numpy.empty((m, n), dtype), numpy.empty((m, n), dtype)
                    work = 2e-9 * m * k * n
                    ratio, mine, peer = compare(
                        lambda: ops.matmul(a, b, out=ours), lambda: numpy.matmul(a, b, out=theirs),
                        max(1, int(1e-3 / work)) if work < 1e-3 else 1, options.pairs,
                    )
                    print(
                        f"| **{ratio:.2f}** | {m} x {k} x {n} | {dtype.__name__} | {threads} "
                        f"| {work / mine:.4g} | {work / peer:.4g} |", flush=True,
                    )
    print("\n| two threads beside one | product | type |\n| ---: | --- | --- |")
    for dtype in (numpy.float64, numpy.float32):
        for m, k, n in SHAPES[-2:]:
            a, b = operands(m, k, n, dtype)
            out = numpy.empty((m, n), dtype)

            def on(threads):
                apus.set_threads(threads)
                ops.matmul(a, b, out=out)
                return seconds(lambda: ops.matmul(a, b, out=out), 1)

            ratio = statistics.median(on(1) / on(2) for _ in range(options.pairs))
            print(f"| **{ratio:.2f}** | {m} x {k} x {n} | {dtype.__name__} |", flush=True)


if __name__ == "__main__":
    main()
