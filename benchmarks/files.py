"""Reading and writing 100 MB of weights, Apus beside h5py: python benchmarks/files.py [--pairs N] [--folder PATH].

The network is 2048-4096-4096, a file of two large arrays and two small ones. Both sides flush what they write to the
disk (fsync) before the clock stops. Reading finds the file in the system's cache; Apus makes a model of it, whose
configuration and shapes are checked, h5py arrays of all datasets. The two take turns, and each pair gives a ratio of
h5py's time to Apus's, above 1 where Apus is faster; the figure is the median. Peak memory is how far the resident
memory of a fresh process rose at its peak, beyond the model itself where it is written. Linux.
"""

import argparse
import json
import os
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "bindings/python"))
ACTIONS = ("read", "write")


def build():
    import apus

    apus.set_threads(1)
    apus.set_seed(0)
    return apus.Sequential([apus.Input((2048,)), apus.layers.Dense(4096), apus.layers.Dense(4096)])


def read_h5py(path):
    import h5py

    arrays = {}
    with h5py.File(path, "r") as file:
        file.visititems(lambda name, item: arrays.update({name: item[()]}) if isinstance(item, h5py.Dataset) else None)
    return arrays


def write_h5py(arrays, path):
    import h5py

    temporary = f"{path}.new"
    with h5py.File(temporary, "w") as file:
        for name, values in arrays.items():
            file[name] = values
    descriptor = os.open(temporary, os.O_RDONLY)
    os.fsync(descriptor)
    os.close(descriptor)
    os.rename(temporary, path)


def turns(folder):
    """For each action what Apus does and what h5py does, on a network and a file made by this call."""
    import apus

    model = build()
    path = str(pathlib.Path(folder) / "model.h5")
    model.save(path)
    arrays = read_h5py(path)
    size = sum(values.nbytes for values in arrays.values())
    return size, {
        "read": (lambda: apus.load_model(path), lambda: read_h5py(path)),
        "write": (
            lambda: model.save(str(pathlib.Path(folder) / "ours.h5")),
            lambda: write_h5py(arrays, str(pathlib.Path(folder) / "theirs.h5")),
        ),
    }


def status(name):
    """A figure of this process in MB."""
    return int(re.search(name + r":\s+(\d+) kB", pathlib.Path("/proc/self/status").read_text())[1]) * 1024 / 1e6


def peak(action, side, folder):
    """Prints how far one turn raises the resident memory."""
    turn = turns(folder)[1][action][side == "h5py"]
    before = status("VmRSS")
    # Sets the peak back to what is resident now.
    pathlib.Path("/proc/self/clear_refs").write_text("5")
    kept = turn()
    print(json.dumps(status("VmHWM") - before))
    del kept


def timed(turn):
    wall, processor = time.perf_counter(), time.process_time()
    kept = turn()
    wall, processor = time.perf_counter() - wall, time.process_time() - processor
    del kept
    return wall, processor


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, default=11)
    parser.add_argument("--folder", help="where the files are written; a temporary folder by default")
    parser.add_argument("--peak", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        if options.peak:
            return peak(*options.peak, folder)
        size, actions = turns(folder)
        print("| ratio | what | clock | Apus, MB/s | h5py, MB/s | pairs, lowest to highest | peak MB, Apus | h5py |")
        print("| ---: | --- | --- | ---: | ---: | --- | ---: | ---: |")
        for action, (ours, theirs) in actions.items():
            pairs = []
            for number in range(options.pairs + 1):
                order = [("apus", ours), ("h5py", theirs)]
                times = dict((side, timed(turn)) for side, turn in (order if number % 2 else order[::-1]))
                if number:
                    pairs.append((times["apus"], times["h5py"]))
            peaks = [
                float(subprocess.run(
                    [sys.executable, __file__, "--peak", action, side, "--folder", folder], check=True,
                    stdout=subprocess.PIPE, text=True).stdout)
                for side in ("apus", "h5py")
            ]
            for clock, name in enumerate(("wall", "processor")):
                ratios = [b[clock] / a[clock] for a, b in pairs]
                speeds = [size / 1e6 / statistics.median(pair[side][clock] for pair in pairs) for side in (0, 1)]
                print(
                    f"| **{statistics.median(ratios):.2f}** | {action} | {name} | {speeds[0]:,.0f} | {speeds[1]:,.0f} "
                    f"| {len(ratios)}: {min(ratios):.2f} to {max(ratios):.2f} | {peaks[0]:.0f} | {peaks[1]:.0f} |",
                    flush=True)
    return None


if __name__ == "__main__":
    main()
