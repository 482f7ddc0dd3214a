"""Each workload beside its peer, in one run: `make bench`, or python benchmarks/run.py [--threads 1 2] [rows...].

Apus and the peer take turns on the same data with the same number of threads, and each pair gives one ratio: the figure
that counts is the median of the ratios, above 1 where Apus is faster. Data are made outside the clock, the first turn
of each is dropped. One process a thread count, because PyTorch sets its threads once. Prints one table, or with --json
one line a row; --write puts the table into benchmarks/README.md.
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent
ROWS = (
    "mlp_b1000", "mlp_b32", "mlp_tiny_b16", "lstm128_t20_b64", "tiny_inference", "import", "cnn_b64",
    "cnn_infer_b1", "cnn_infer_b256", "cnn_deep_b32", "autoencoder_b128", "vae_b64", "sigmoid_4m", "tanh_4m", "exp_4m",
    "gelu_4m", "copy_4m",
)


def measure(threads, rows, pairs):
    """Runs the rows in a process of their own and returns their results."""
    environment = dict(os.environ, PYTHONPATH=str(ROOT / "bindings/python"), OMP_NUM_THREADS=str(threads))
    # A processor forced for one library would not be the machine that the peer runs on.
    for name in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"):
        environment.pop(name, None)
    command = [sys.executable, str(HERE / "workloads.py"), str(threads), str(pairs), *rows]
    output = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True).stdout
    return [json.loads(line) for line in output.splitlines() if line.startswith("{")]


def table(results):
    """The results as a Markdown table, ratio first."""
    lines = [
        "| ratio | workload | threads | Apus | peer | unit | pairs, lowest to highest ratio |",
        "| ---: | --- | ---: | ---: | ---: | --- | --- |",
    ]
    for r in results:
        spread = f"{r['pairs']}: {r['low']:.2f} to {r['high']:.2f}" if r["pairs"] else ""
        ratio = f"**{r['ratio']:.2f}**" if r["ratio"] else ""
        peer = f"{r['peer']:,.4g}" if r["peer"] else ""
        lines.append(
            f"| {ratio} | {r['row']} | {r['threads']} | {r['apus']:,.4g} | {peer} | {r['unit']} | {spread} |"
        )
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("rows", nargs="*", default=ROWS, metavar="row", help=f"of {', '.join(ROWS)}")
    parser.add_argument("--threads", nargs="+", type=int, default=[1, 2])
    parser.add_argument("--pairs", type=int, default=15)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--write", action="store_true", help="put the table into benchmarks/README.md")
    options = parser.parse_args()
    unknown = set(options.rows) - set(ROWS)
    if unknown:
        parser.error(f"unknown rows {', '.join(sorted(unknown))}; there are {', '.join(ROWS)}")
    results = []
    for threads in options.threads:
        results += measure(threads, options.rows, options.pairs)
    if options.json:
        for result in results:
            print(json.dumps(result))
    else:
        print(table(results))
    if options.write:
        readme = HERE / "README.md"
        text = readme.read_text()
        begin, end = "<!-- table -->\n", "<!-- end of table -->"
        before, rest = text.split(begin, 1)
        readme.write_text(before + begin + table(results) + "\n" + end + rest.split(end, 1)[1])


if __name__ == "__main__":
    main()
