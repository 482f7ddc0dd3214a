"""Minimisation beside SciPy: the Rosenbrock function of 200 variables, and of more, from C and from Python.

    PYTHONPATH=bindings/python python benchmarks/minimisation.py

SciPy gets its own scipy.optimize.rosen and rosen_der, the library the same function as a callback in C (compiled here)
and, through apus.optimize, the same Python functions. All stop at the same tolerance of the gradient. Times are medians
of runs taken in turn; one thread each.
"""

import ctypes
import os
import statistics
import subprocess
import sys
import tempfile
import time

for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"

import numpy
import scipy
from scipy import optimize

import apus
from apus import _context
from apus._library import ITERATION_CALLBACK, Minimum, OBJECTIVE, Problem, lib

HERE = os.path.dirname(os.path.abspath(__file__))
TOLERANCE = 1e-5
METHODS = ("L-BFGS-B", "BFGS", "CG")


def compiled():
    """The benchmark's C functions."""
    folder = tempfile.mkdtemp()
    path = os.path.join(folder, "functions.so")
    include = os.path.join(os.path.dirname(HERE), "include")
    compiler = os.environ.get("CC", "cc")
    subprocess.run(
        [compiler, "-O2", "-shared", "-fPIC", "-I", include, os.path.join(HERE, "minimisation.c"), "-o", path],
        check=True,
    )
    return ctypes.CDLL(path)


def from_c(function, method, start):
    problem = Problem(n=start.size, function=ctypes.cast(function, OBJECTIVE))
    x = start.copy()
    result = Minimum()
    text = f"gtol={TOLERANCE} maxiter=20000".encode()
    with _context.current() as context:
        begin = time.perf_counter()
        status = lib.apus_minimize(
            *(context.handle, method.encode(), text, ctypes.byref(problem), x.ctypes.data),
            *(ITERATION_CALLBACK(), None, ctypes.byref(result)),
        )
        seconds = time.perf_counter() - begin
        context.check(status)
    return seconds, result.value, result.gradient_norm, result.iterations, result.function_evaluations


def from_python(minimize, method, start):
    options = {"gtol": TOLERANCE, "maxiter": 20000}
    if minimize is optimize.minimize and method == "L-BFGS-B":
        options.update(ftol=0, maxfun=100000)
    begin = time.perf_counter()
    result = minimize(optimize.rosen, start, jac=optimize.rosen_der, method=method, options=options)
    seconds = time.perf_counter() - begin
    return seconds, result.fun, abs(result.jac).max(), result.nit, result.nfev


def main():
    library = compiled()
    apus.set_threads(1)
    sizes = [int(size) for size in sys.argv[1:]] or [2, 200, 1000]
    print(f"apus {apus.library_version}, SciPy {scipy.__version__}")
    print(f"{'':24}{'milliseconds':>13}{'ratio':>8}{'iterations':>12}{'evaluations':>13}{'value':>11}{'gradient':>10}")
    for size in sizes:
        start = numpy.where(numpy.arange(size) % 2 == 0, -1.2, 1.0)
        for method in METHODS:
            runs = {
                "SciPy": lambda: from_python(optimize.minimize, method, start),
                "apus, C callback": lambda: from_c(library.rosenbrock, method, start),
                "apus, Python callback": lambda: from_python(apus.optimize.minimize, method, start),
            }
            taken = {name: [] for name in runs}
            last = {}
            for turn in range(8):
                for name, run in runs.items():
                    last[name] = run()
                    if turn > 0:
                        taken[name].append(last[name][0])
            print(f"Rosenbrock {size}, {method}")
            for name in runs:
                seconds = statistics.median(taken[name])
                ratio = statistics.median(a / b for a, b in zip(taken["SciPy"], taken[name]))
                _, value, gradient, iterations, evaluations = last[name]
                print(
                    f"  {name:22}{seconds * 1e3:13.3f}{ratio:7.1f}x{iterations:12d}{evaluations:13d}"
                    f"{value:11.2e}{gradient:10.1e}"
                )


if __name__ == "__main__":
    main()
