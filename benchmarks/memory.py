"""Peak memory of training, Apus beside PyTorch: python benchmarks/memory.py [rows...] (Linux; needs torch).

Each figure is of a process of its own that has both libraries loaded and both models made, so that what the libraries
themselves take is on both sides. Two epochs run; the figure is how far the resident memory rose above what it was before
the first, at its peak. In MB.
"""

import json
import os
import pathlib
import re
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent
ROWS = ("mlp_b1000", "mlp_b32", "lstm128_t20_b64", "cnn_b64", "cnn_deep_b32", "autoencoder_b128", "vae_b64")


def status(name):
    """A figure of this process in MB."""
    return int(re.search(name + r":\s+(\d+) kB", pathlib.Path("/proc/self/status").read_text())[1]) / 1024


def measure(row, side):
    import workloads

    def run(row, threads, pairs, unit, work, apus, peer):
        turn = apus if side == "apus" else peer
        before = status("VmRSS")
        # Sets the peak back to what is resident now.
        pathlib.Path("/proc/self/clear_refs").write_text("5")
        turn()
        turn()
        print(json.dumps(status("VmHWM") - before))

    workloads.paired = run
    sys.argv[1:] = ["2", "1", row]
    workloads.main()


def main():
    if len(sys.argv) == 4 and sys.argv[1] == "measure":
        return measure(*sys.argv[2:])
    environment = dict(os.environ, PYTHONPATH=str(ROOT / "bindings/python"), OMP_NUM_THREADS="2")
    print("| workload | Apus, MB | PyTorch, MB | ratio |\n| --- | ---: | ---: | ---: |")
    for row in sys.argv[1:] or ROWS:
        ours, theirs = (
            float(subprocess.run([sys.executable, __file__, "measure", row, side], env=environment, check=True,
                                 stdout=subprocess.PIPE, text=True).stdout)
            for side in ("apus", "torch"))
        print(f"| {row} | {ours:.1f} | {theirs:.1f} | {ours / theirs:.2f} |", flush=True)
    return None


if __name__ == "__main__":
    main()
