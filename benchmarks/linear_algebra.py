"""Linear algebra beside NumPy: python benchmarks/linear_algebra.py [--threads 1 2] [--orders 3 10 100 500 1000].

Apus and NumPy take turns on the same matrices, with the same number of threads; each pair gives one ratio of their times,
and the figure is the median of the ratios: above 1 Apus is faster. NumPy reads its number of threads when it is imported,
so each number of threads is a process of its own.
"""

import argparse
import os
import pathlib
import statistics
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "bindings" / "python"))


def workloads(order):
    """(name, Apus's call, NumPy's call)"""
    import numpy

    from apus import linalg

    rng = numpy.random.default_rng(1)
    a, b = rng.normal(size=(order, order)), rng.normal(size=order)
    symmetric, definite = a + a.T, a @ a.T + order * numpy.eye(order)
    peer = numpy.linalg
    yield "solve", lambda: linalg.solve(a, b), lambda: peer.solve(a, b)
    yield "inv", lambda: linalg.inv(a), lambda: peer.inv(a)
    yield "det", lambda: linalg.det(a), lambda: peer.det(a)
    yield "cholesky", lambda: linalg.cholesky(definite), lambda: peer.cholesky(definite)
    yield "qr", lambda: linalg.qr(a), lambda: peer.qr(a)
    yield "svd", lambda: linalg.svd(a), lambda: peer.svd(a)
    yield "eigh", lambda: linalg.eigh(symmetric), lambda: peer.eigh(symmetric)
    if order <= 100:
        stack, sides = rng.normal(size=(1000, order, order)), rng.normal(size=(1000, order, 1))
        yield "solve, 1000 at once", lambda: linalg.solve(stack, sides), lambda: peer.solve(stack, sides)
        yield "svd, 1000 at once", lambda: linalg.svd(stack), lambda: peer.svd(stack)


def repeats(call):
    """How often a call fits into some milliseconds."""
    began = time.perf_counter()
    call()
    return max(1, min(2000, int(0.005 / max(time.perf_counter() - began, 1e-7))))


def seconds(call, times):
    began = time.perf_counter()
    for _ in range(times):
        call()
    return (time.perf_counter() - began) / times


def measure(threads, options):
    import apus

    apus.set_threads(threads)
    for order in options.orders:
        for name, ours, theirs in workloads(order):
            if options.rows not in name:
                continue
            ours(), theirs()
            times = repeats(ours), repeats(theirs)
            slow = max(seconds(ours, 1), seconds(theirs, 1))
            count = max(3, min(options.pairs, int(20 / max(slow, 1e-6))))
            pairs = [(seconds(ours, times[0]), seconds(theirs, times[1])) for _ in range(count)]
            ratios = sorted(b / a for a, b in pairs)
            mine, peer = (1e6 * statistics.median(side) for side in zip(*pairs))
            print(
                f"| **{statistics.median(ratios):.2f}** | {name} | {order} | {threads} | {mine:.1f} | {peer:.1f} "
                f"| {count}: {ratios[0]:.2f} to {ratios[-1]:.2f} |",
                flush=True,
            )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", nargs="+", type=int, default=[1, 2])
    parser.add_argument("--orders", nargs="+", type=int, default=[3, 10, 100, 500, 1000])
    parser.add_argument("--pairs", type=int, default=21)
    parser.add_argument("--rows", default="", help="only workloads whose name holds this")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        measure(options.threads[0], options)
        return
    print("| ratio | what | order | threads | Apus, us | NumPy, us | pairs, lowest to highest ratio |")
    print("| ---: | --- | ---: | ---: | ---: | ---: | --- |", flush=True)
    for threads in options.threads:
        command = [sys.executable, __file__, "--child", "--threads", str(threads), "--pairs", str(options.pairs)]
        command += ["--rows", options.rows, "--orders", *map(str, options.orders)]
        subprocess.run(command, env={**os.environ, "OPENBLAS_NUM_THREADS": str(threads)}, check=True)


if __name__ == "__main__":
    main()
