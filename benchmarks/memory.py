"""Peak memory of training and of inference, Apus beside PyTorch: python benchmarks/memory.py [rows...] (Linux; torch).

Each figure is of a process of its own that has both libraries loaded and both models made, so that what the libraries
themselves take is on both sides. Two epochs run, or two predictions of a batch, with a session made before them beside
inference mode; the figure is how far the resident memory rose above what it was before, at its peak. In MB.
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
# The network and the rows of a prediction.
INFERENCE = {
    "cnn_infer_b1": ("cnn", 1), "cnn_infer_b256": ("cnn", 256), "cnn_deep_infer_b32": ("cnn_deep", 32),
    "autoencoder_infer_b256": ("autoencoder", 256), "vae_infer_b256": ("vae", 256),
}


def status(name):
    """A figure of this process in MB."""
    return int(re.search(name + r":\s+(\d+) kB", pathlib.Path("/proc/self/status").read_text())[1]) / 1024


def rise(turn):
    """Prints how far two turns raise the resident memory."""
    before = status("VmRSS")
    # Sets the peak back to what is resident now.
    pathlib.Path("/proc/self/clear_refs").write_text("5")
    turn()
    turn()
    print(json.dumps(status("VmHWM") - before))


def predict(row, side):
    import torch

    import apus
    import networks

    apus.set_threads(2)
    torch.set_num_threads(2)
    name, batch = INFERENCE[row]
    workload = getattr(networks, name)()
    workload.peer.eval()
    x, tx, session = workload.x[:batch], workload.tx[:batch], None

    def ours():
        nonlocal session
        session = session or networks.Session(workload.ours, batch)
        session.x[...] = x
        session.run()

    def theirs():
        with torch.inference_mode():
            workload.peer(tx)

    rise(ours if side == "apus" else theirs)


def measure(row, side):
    if row in INFERENCE:
        return predict(row, side)
    import workloads

    def run(row, threads, pairs, unit, work, apus, peer):
        rise(apus if side == "apus" else peer)

    workloads.paired = run
    sys.argv[1:] = ["2", "1", row]
    workloads.main()
    return None


def main():
    if len(sys.argv) == 4 and sys.argv[1] == "measure":
        return measure(*sys.argv[2:])
    environment = dict(os.environ, PYTHONPATH=str(ROOT / "bindings/python"), OMP_NUM_THREADS="2")
    print("| workload | Apus, MB | PyTorch, MB | ratio |\n| --- | ---: | ---: | ---: |")
    for row in sys.argv[1:] or (*ROWS, *INFERENCE):
        ours, theirs = (
            float(subprocess.run([sys.executable, __file__, "measure", row, side], env=environment, check=True,
                                 stdout=subprocess.PIPE, text=True).stdout)
            for side in ("apus", "torch"))
        print(f"| {row} | {ours:.1f} | {theirs:.1f} | {ours / theirs:.2f} |", flush=True)
    return None


if __name__ == "__main__":
    main()
