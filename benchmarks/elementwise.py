"""Elementwise arithmetic beside NumPy: python benchmarks/elementwise.py [--operations exp log] [--threads 1 2] [--cpu].

NumPy runs on one thread, as it always does here; Apus on one and on two, called from C. Both write into the same kind of
array that exists already, so no time goes into memory. They take turns on the same data; the figure is the median of the
ratios of the pairs, above 1 where Apus is faster. With --cpu the processors' time is taken instead of the clock's, which a
busy machine does not spoil but which says nothing of more threads than one. Needs the release library and a C compiler.
"""

import argparse
import ctypes
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "bindings/python"))
os.environ.setdefault("APUS_LIBRARY", str(ROOT / ".build/release/libapus.so"))

import numpy  # noqa: E402

from apus import _arrays, _library  # noqa: E402

SIZES = (1_000, 100_000, 1_000_000, 4_000_000)
BINARY = {
    "add": numpy.add, "subtract": numpy.subtract, "multiply": numpy.multiply, "divide": numpy.divide,
    "maximum": numpy.maximum, "minimum": numpy.minimum, "fmax": numpy.fmax, "fmin": numpy.fmin, "power": numpy.power,
    "equal": numpy.equal, "not_equal": numpy.not_equal, "less": numpy.less, "less_equal": numpy.less_equal,
    "greater": numpy.greater, "greater_equal": numpy.greater_equal, "logical_and": numpy.logical_and,
    "logical_or": numpy.logical_or, "logical_xor": numpy.logical_xor, "arctan2": numpy.arctan2, "hypot": numpy.hypot,
    "fmod": numpy.fmod, "remainder": numpy.remainder,
}
UNARY = {
    "negative": numpy.negative, "absolute": numpy.absolute, "sign": numpy.sign, "square": numpy.square,
    "sqrt": numpy.sqrt, "reciprocal": numpy.reciprocal, "floor": numpy.floor, "ceil": numpy.ceil,
    "trunc": numpy.trunc, "rint": numpy.rint, "exp": numpy.exp, "exp2": numpy.exp2, "expm1": numpy.expm1,
    "log": numpy.log, "log2": numpy.log2, "log10": numpy.log10, "log1p": numpy.log1p, "sin": numpy.sin,
    "cos": numpy.cos, "tan": numpy.tan, "arcsin": numpy.arcsin, "arccos": numpy.arccos, "arctan": numpy.arctan,
    "sinh": numpy.sinh, "cosh": numpy.cosh, "tanh": numpy.tanh, "arcsinh": numpy.arcsinh, "arccosh": numpy.arccosh,
    "arctanh": numpy.arctanh, "cbrt": numpy.cbrt, "logical_not": numpy.logical_not, "isnan": numpy.isnan,
    "isinf": numpy.isinf, "isfinite": numpy.isfinite,
}
# Where the function is not defined from 0.1 to 3.
RANGES = {"arcsin": (0.1, 0.99), "arccos": (0.1, 0.99), "arctanh": (0.1, 0.99), "arccosh": (1.1, 3)}


def layouts(size, dtype, generator):
    """Pairs of operands: alike, with one row or column for all, with one of them transposed."""
    side = int(size**0.5)
    rows, columns = side, size // side

    def numbers(*shape):
        return generator.uniform(0.1, 3, shape).astype(dtype)

    yield "", numbers(size), numbers(size)
    yield " row", numbers(rows, columns), numbers(columns)
    yield " column", numbers(rows, columns), numbers(rows, 1)
    yield " transposed", numbers(rows, columns), numbers(columns, rows).T


def context(threads):
    options = _library.ContextOptions(threads=threads)
    out = ctypes.c_void_p()
    assert _library.lib.apus_context_create(ctypes.byref(options), ctypes.byref(out)) == 0
    return out


def measure(turn, context, name, function, a, b, pairs, cpu):
    """The seconds of one call of each, and the ratios."""
    arguments = (a,) if b is None else (a, b)
    result = function(*arguments)
    ours = numpy.empty_like(result)
    views = [_arrays.view(array) for array in arguments]
    out = _arrays.view(ours)
    c_arguments = [ctypes.byref(views[0]), None if b is None else ctypes.byref(views[1]), ctypes.byref(out)]
    calls = max(1, 400_000 // result.size)

    def apus_turn():
        seconds = turn(context, name.encode(), *c_arguments, calls, cpu)
        assert seconds >= 0, name
        return seconds / calls

    def numpy_turn():
        clock = time.process_time if cpu else time.perf_counter
        start = clock()
        for _ in range(calls):
            function(*arguments, out=result)
        return (clock() - start) / calls

    apus_turn(), numpy_turn()
    mine, theirs = [], []
    for turn_number in range(pairs):
        if turn_number % 2:
            theirs.append(numpy_turn()), mine.append(apus_turn())
        else:
            mine.append(apus_turn()), theirs.append(numpy_turn())
    ratio = statistics.median(t / m for m, t in zip(mine, theirs))
    return statistics.median(mine), statistics.median(theirs), ratio


def results(threads, pairs, sizes, cpu, operations=()):
    with tempfile.TemporaryDirectory() as folder:
        shared = pathlib.Path(folder) / "turn.so"
        subprocess.run(
            ["cc", "-O2", "-shared", "-fPIC", "-I", ROOT / "include", pathlib.Path(__file__).with_suffix(".c"), "-o", shared],
            check=True,
        )
        ctypes.CDLL(os.environ["APUS_LIBRARY"], mode=ctypes.RTLD_GLOBAL)
        turn = ctypes.CDLL(str(shared)).elementwise_turn
    turn.restype = ctypes.c_double
    turn.argtypes = (
        ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_long,
        ctypes.c_int,
    )
    contexts = {count: context(count) for count in threads}
    generator = numpy.random.default_rng(0)
    for dtype in (numpy.float32, numpy.float64):
        for size in sizes:
            for layout, a, b in layouts(size, dtype, generator):
                jobs = [(name, function, b) for name, function in BINARY.items() if not layout or name in ("add", "less")]
                if not layout:
                    jobs += [(name, function, None) for name, function in UNARY.items()]
                for name, function, second in jobs:
                    if operations and name not in operations:
                        continue
                    first = generator.uniform(*RANGES[name], size).astype(dtype) if name in RANGES else a
                    row = {"row": name + layout, "dtype": dtype.__name__, "size": size}
                    for count in threads:
                        mine, theirs, ratio = measure(turn, contexts[count], name, function, first, second, pairs, cpu)
                        row[f"apus_{count}"], row[f"ratio_{count}"], row["numpy"] = mine, ratio, theirs
                    yield row


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", nargs="+", type=int, default=[1, 2])
    parser.add_argument("--pairs", type=int, default=11)
    parser.add_argument("--sizes", nargs="+", type=int, default=SIZES)
    parser.add_argument("--operations", nargs="+", default=(), help="these alone")
    parser.add_argument("--cpu", action="store_true", help="measure the processors' time")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if not options.json:
        heads = [f"ratio, {count} thread{'s' if count > 1 else ''}" for count in options.threads]
        print(f"| {' | '.join(heads)} | operation | type | elements | Apus, 1st count, ns | NumPy, ns |")
        print("| " + "---: | " * len(heads) + "--- | --- | ---: | ---: | ---: |")
    for row in results(options.threads, options.pairs, options.sizes, options.cpu, options.operations):
        if options.json:
            print(json.dumps(row), flush=True)
            continue
        ratios = " | ".join(f"**{row[f'ratio_{count}']:.2f}**" for count in options.threads)
        first = row[f"apus_{options.threads[0]}"] * 1e9
        print(f"| {ratios} | {row['row']} | {row['dtype']} | {row['size']:,} | {first:,.0f} | {row['numpy'] * 1e9:,.0f} |", flush=True)


if __name__ == "__main__":
    main()
