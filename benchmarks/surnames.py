"""Accuracy of examples/python/surnames.py beside Keras: mean and spread of five seeds of the same model on the same data.

    python benchmarks/surnames.py [seeds]
"""

import importlib
import os
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "bindings/python"), str(ROOT / "examples/python")]
os.environ.setdefault("KERAS_BACKEND", "jax")


def main():
    import numpy

    import surnames

    seeds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    classes, train, test = surnames.split(*surnames.read(surnames.TABLE))
    for kind in surnames.KINDS:
        for name in ("apus", "keras"):
            library = importlib.import_module(name)
            scores = [
                (surnames.told(library, kind, seed, surnames.EPOCHS, classes, train, test) == test[1]).mean()
                for seed in range(seeds)
            ]
            print(f"{kind} {name}: {numpy.mean(scores):.1%} +- {numpy.std(scores, ddof=1):.1%} of {len(scores)} seeds: "
                  + " ".join(f"{score:.1%}" for score in scores), flush=True)


if __name__ == "__main__":
    main()
