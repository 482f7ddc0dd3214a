"""Reductions, sorting and distinct values beside NumPy: python benchmarks/reductions.py [--threads 1 2] [--pairs 9] [--cpu].

Apus and NumPy take turns on the same data; each pair gives one ratio of their times, and the figure is the median of the
ratios: above 1 Apus is faster. NumPy's reductions and sorts use one thread whatever is asked for (its norm of all elements
uses OpenBLAS's). GB/s are those of the data, read once. With --cpu the processors' time is taken instead of the clock's,
which a busy machine does not spoil but which says nothing of more threads than one.
"""

import argparse
import pathlib
import statistics
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "bindings" / "python"))

import numpy  # noqa: E402

import apus  # noqa: E402
from apus import ops  # noqa: E402


def norm(x, axis):
    return numpy.linalg.norm(x.ravel() if axis is None else x, axis=axis)


def workloads():
    """(name, bytes, Apus's call, NumPy's call)"""
    for dtype in (numpy.float64, numpy.float32):
        x = numpy.random.default_rng(1).normal(size=(4000, 2500)).astype(dtype)
        tall = x.reshape(-1, 4)
        kind = dtype.__name__
        for name, peer in (
            ("sum", numpy.sum), ("mean", numpy.mean), ("min", numpy.min), ("max", numpy.max), ("argmax", numpy.argmax),
            ("argmin", numpy.argmin), ("prod", numpy.prod), ("any", numpy.any), ("all", numpy.all), ("norm", norm),
        ):
            mine = getattr(ops, name)
            for axis in (None, 0, 1):
                yield (
                    f"{name} {kind} 4000 x 2500, axis {axis}", x.nbytes,
                    lambda f=mine, a=axis: f(x, axis=a), lambda f=peer, a=axis: f(x, axis=a),
                )
        yield f"sum {kind} 2.5e6 x 4, axis 0", x.nbytes, lambda: ops.sum(tall, axis=0), lambda: numpy.sum(tall, axis=0)
        yield f"sum {kind} 2.5e6 x 4, axis 1", x.nbytes, lambda: ops.sum(tall, axis=1), lambda: numpy.sum(tall, axis=1)
        line = x.ravel()[:1_000_000].copy()
        yield f"sort {kind} 1e6", line.nbytes, lambda: ops.sort(line), lambda: numpy.sort(line)
        yield (
            f"argsort {kind} 1e6 (both stable)", line.nbytes, lambda: ops.argsort(line),
            lambda: numpy.argsort(line, kind="stable"),
        )
        yield f"argsort {kind} 1e6 (NumPy's not stable)", line.nbytes, lambda: ops.argsort(line), lambda: numpy.argsort(line)
        yield f"unique {kind} 1e6", line.nbytes, lambda: ops.unique(line), lambda: numpy.unique(line)
        yield f"cumsum {kind} 1e6", line.nbytes, lambda: ops.cumsum(line), lambda: numpy.cumsum(line)


def seconds(call, clock):
    """The shortest of three turns."""
    best = float("inf")
    for _ in range(3):
        began = clock()
        call()
        best = min(best, clock() - began)
    return best


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", nargs="+", type=int, default=[1, 2])
    parser.add_argument("--pairs", type=int, default=9)
    parser.add_argument("--rows", default="", help="only workloads whose name holds this")
    parser.add_argument("--cpu", action="store_true", help="measure the processors' time")
    options = parser.parse_args()
    clock = time.process_time if options.cpu else time.perf_counter
    print("| ratio | workload | threads | Apus, ms | NumPy, ms | Apus, GB/s |")
    print("| ---: | --- | ---: | ---: | ---: | ---: |")
    for threads in options.threads:
        apus.set_threads(threads)
        for name, size, ours, theirs in workloads():
            if options.rows not in name:
                continue
            ours(), theirs()
            pairs = [(seconds(ours, clock), seconds(theirs, clock)) for _ in range(options.pairs)]
            ratio = statistics.median(b / a for a, b in pairs)
            mine, peer = (statistics.median(side) for side in zip(*pairs))
            print(
                f"| **{ratio:.2f}** | {name} | {threads} | {1e3 * mine:.2f} | {1e3 * peer:.2f} "
                f"| {size / mine / 1e9:.1f} |", flush=True,
            )


if __name__ == "__main__":
    main()
