"""What it costs to train on a file that is read meanwhile, beside the same rows in memory.

    python benchmarks/streaming.py [--rows N] [--threads N]

784-128-10 on random pictures in batches of 128: float32 and uint8, contiguous and in chunks of 256 rows, plain and
compressed. Needs h5py. Rounds of all kinds take turns; the median of each is shown, and its ratio to arrays of float32.
"""

import argparse
import pathlib
import statistics
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "bindings/python"))


def main():
    import h5py
    import numpy

    import apus

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=30_000)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    apus.set_threads(options.threads)
    rng = numpy.random.default_rng(0)
    # Three quarters of a picture are empty, so that compression has something to do.
    pictures = rng.integers(0, 256, (options.rows, 784), numpy.uint8)
    pictures[rng.random((options.rows, 784)) < 0.75] = 0
    x, y = pictures.astype("float32") / 255, rng.integers(0, 10, options.rows)

    def network():
        apus.set_seed(0)
        model = apus.Sequential(
            [apus.Input((784,)), apus.layers.Dense(128, activation="relu"), apus.layers.Dense(10, activation="softmax")]
        )
        model.compile("adam", "sparse_categorical_crossentropy")
        return model

    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "pictures.h5"
        with h5py.File(path, "w") as file:
            file["y"], file["float32"], file["uint8"] = y, x, pictures
            for name, values in (("float32", x), ("uint8", pictures)):
                file.create_dataset(f"chunked/{name}", data=values, chunks=(256, 784))
                file.create_dataset(f"gzip/{name}", data=values, chunks=(256, 784), compression="gzip")
        kinds = {"arrays of float32": (x, y), "arrays of uint8": (pictures, y)}
        buffers = min(8 << 20, options.rows * 784 // 3)
        for name in ("float32", "uint8", "chunked/float32", "chunked/uint8", "gzip/float32", "gzip/uint8"):
            kinds[f"file, {name}"] = (apus.data.HDF5Dataset(path, name, buffer_bytes=buffers),)
        model = network()
        walls, processor = {kind: [] for kind in kinds}, {kind: [] for kind in kinds}
        for _ in range(options.rounds):
            for kind, data in kinds.items():
                began, used = time.perf_counter(), time.process_time()
                model.fit(*data, batch_size=128, verbose=0)
                walls[kind].append(time.perf_counter() - began)
                processor[kind].append(time.process_time() - used)
    base = statistics.median(processor["arrays of float32"])
    print(f"{options.rows:,} rows, {options.threads} threads, windows of {buffers // 2**20} MiB together")
    print(f"{'':<24}{'rows/s':>10}{'processor':>12}{'ratio':>8}")
    for kind in kinds:
        wall, used = statistics.median(walls[kind]), statistics.median(processor[kind])
        print(f"{kind:<24}{options.rows / wall:>10,.0f}{used:>10.3f} s{used / base:>8.2f}")


if __name__ == "__main__":
    main()
