"""The workloads of run.py, in one process with one thread count: workloads.py THREADS PAIRS ROWS... (JSON lines)."""

import json
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent


def seconds(function):
    # The threads of the one whose turn is over may still spin, waiting for more, on the other's processor.
    time.sleep(0.02)
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def paired(row, threads, pairs, unit, work, apus, peer):
    """Alternates the two and prints rates (work over seconds) and the ratios of the pairs."""
    apus(), peer()
    ours, theirs = [], []
    for turn in range(pairs):
        # Who goes first changes from pair to pair.
        if turn % 2:
            theirs.append(seconds(peer)), ours.append(seconds(apus))
        else:
            ours.append(seconds(apus)), theirs.append(seconds(peer))
    ratios = [t / o for o, t in zip(ours, theirs)]
    emit(row, threads, work / statistics.median(ours), work / statistics.median(theirs), unit, ratios)


def emit(row, threads, apus, peer, unit, ratios):
    ratio = statistics.median(ratios) if ratios else None
    print(json.dumps(dict(row=row, threads=threads, apus=apus, peer=peer, unit=unit, ratio=ratio, pairs=len(ratios),
                          low=min(ratios, default=None), high=max(ratios, default=None))), flush=True)


def mlp(row, threads, pairs, sizes, batch, rows, epochs, rate, unit):
    """A relu perceptron with Adam on logits: Apus's fit beside the plain PyTorch loop with its fused Adam."""
    import numpy
    import torch

    import apus

    apus.set_threads(threads)
    torch.set_num_threads(threads)
    # Else Adam's moments of idle weights decay into denormals and PyTorch slows down several times over a long run.
    torch.set_flush_denormal(True)
    generator = numpy.random.default_rng(0)
    x = generator.random((rows, sizes[0]), dtype=numpy.float32)
    y = generator.integers(0, sizes[-1], rows)

    model = apus.Sequential([apus.Input((sizes[0],))])
    for units in sizes[1:-1]:
        model.add(apus.layers.Dense(units, activation="relu"))
    model.add(apus.layers.Dense(sizes[-1]))
    model.compile(apus.optimizers.Adam(rate), apus.losses.SparseCategoricalCrossentropy(from_logits=True))

    def ours():
        model.fit(x, y, batch_size=batch, epochs=epochs, shuffle=False, verbose=0)

    layers = []
    for inner, outer in zip(sizes, sizes[1:]):
        layers += [torch.nn.Linear(inner, outer), torch.nn.ReLU()]
    peer = torch.nn.Sequential(*layers[:-1])
    optimizer = torch.optim.Adam(peer.parameters(), lr=rate, fused=True)
    loss = torch.nn.CrossEntropyLoss()
    tx, ty = torch.from_numpy(x), torch.from_numpy(y)

    def theirs():
        for _ in range(epochs):
            for start in range(0, rows, batch):
                value = loss(peer(tx[start:start + batch]), ty[start:start + batch])
                optimizer.zero_grad(set_to_none=True)
                value.backward()
                optimizer.step()

    work = rows * epochs if unit == "samples/s" else (rows // batch) * epochs
    paired(row, threads, pairs, unit, work, ours, theirs)


def lstm(row, threads, pairs):
    """One-hot-sized sequences through an LSTM and a dense layer with Adam on logits, beside the plain PyTorch loop."""
    import numpy
    import torch

    import apus

    apus.set_threads(threads)
    torch.set_num_threads(threads)
    torch.set_flush_denormal(True)
    rows, steps, features, units, classes, batch = 1024, 20, 57, 128, 18, 64
    generator = numpy.random.default_rng(0)
    x = generator.random((rows, steps, features), dtype=numpy.float32)
    y = generator.integers(0, classes, rows)

    model = apus.Sequential([apus.Input((steps, features)), apus.layers.LSTM(units), apus.layers.Dense(classes)])
    model.compile(apus.optimizers.Adam(0.001), apus.losses.SparseCategoricalCrossentropy(from_logits=True))

    def ours():
        model.fit(x, y, batch_size=batch, epochs=1, shuffle=False, verbose=0)

    recurrent = torch.nn.LSTM(features, units, batch_first=True)
    dense = torch.nn.Linear(units, classes)
    optimizer = torch.optim.Adam([*recurrent.parameters(), *dense.parameters()], lr=0.001, fused=True)
    loss = torch.nn.CrossEntropyLoss()
    tx, ty = torch.from_numpy(x), torch.from_numpy(y)

    def theirs():
        for start in range(0, rows, batch):
            value = loss(dense(recurrent(tx[start:start + batch])[0][:, -1]), ty[start:start + batch])
            optimizer.zero_grad(set_to_none=True)
            value.backward()
            optimizer.step()

    paired(row, threads, pairs, "samples/s", rows, ours, theirs)


def tiny_inference(threads, pairs):
    """One row through 4-16-3: a session called from C beside a PyTorch module called from Python, in microseconds."""
    import torch

    if threads != 1:
        return
    torch.set_num_threads(1)
    net = torch.nn.Sequential(torch.nn.Linear(4, 16), torch.nn.ReLU(), torch.nn.Linear(16, 3))
    x = torch.rand(1, 4)
    with tempfile.TemporaryDirectory() as folder:
        program = pathlib.Path(folder) / "inference"
        release = ROOT / ".build/release"
        subprocess.run(["cc", "-O2", str(HERE / "inference.c"), "-o", str(program), f"-I{ROOT / 'include'}",
                        f"-L{release}", f"-Wl,-rpath,{release}", "-lapus"], check=True)
        ours, theirs = [], []
        for _ in range(pairs):
            ours.append(float(subprocess.run([str(program)], check=True, stdout=subprocess.PIPE).stdout))
            with torch.inference_mode():
                theirs.append(seconds(lambda: [net(x) for _ in range(2000)]) / 2000 * 1e6)
    emit("tiny_inference", threads, statistics.median(ours), statistics.median(theirs), "us, from C",
         [t / o for o, t in zip(ours, theirs)])


def elementwise(row, threads, pairs):
    """An activation of four million floats into an array that is there already, in GB/s read and written; `copy_4m` is
    numpy's copy, the speed of memory."""
    import numpy
    import torch

    import apus
    from apus import _arrays, _context
    from apus._library import lib

    apus.set_threads(threads)
    torch.set_num_threads(threads)
    name = row.split("_")[0]
    x = numpy.random.default_rng(0).standard_normal(1 << 22, dtype=numpy.float32)
    y = numpy.empty_like(x)
    tx, ty = torch.from_numpy(x), torch.empty(1 << 22)
    functions = {
        "sigmoid": lambda: torch.sigmoid(tx, out=ty), "tanh": lambda: torch.tanh(tx, out=ty),
        "exp": lambda: torch.exp(tx, out=ty), "gelu": lambda: torch._C._nn.gelu(tx, out=ty),
        "copy": lambda: ty.copy_(tx),
    }
    repeats = 10

    def theirs():
        for _ in range(repeats):
            functions[name]()

    with _context.current() as context:
        handle, source, target = context.handle, _arrays.view(x), _arrays.view(y)
        activation = {"exp": "exponential"}.get(name, name).encode()
        call = lib.apus_copy if name == "copy" else lib.apus_activation
        arguments = (handle, source, target) if name == "copy" else (handle, activation, source, target)

        def ours():
            for _ in range(repeats):
                context.check(call(*arguments))

        paired(row, threads, pairs, "GB/s", repeats * x.nbytes * 2 / 1e9, ours, theirs)


def start(threads, pairs):
    """Import and first prediction in a fresh interpreter, in seconds beyond numpy's own import; no peer."""
    if threads != 1:
        return
    code = ("import numpy, time; s = time.perf_counter(); import apus;"
            "from apus.linear_model import LinearRegression;"
            "m = LinearRegression().fit(numpy.eye(3), numpy.arange(3.0)); m.predict(numpy.eye(3));"
            "print(time.perf_counter() - s)")
    times = []
    for _ in range(pairs):
        times.append(float(subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.PIPE).stdout))
    emit("import_fit_predict", threads, statistics.median(times), None, "s beyond numpy", [])


def network(row, threads, pairs, prepare):
    """A row of networks.py."""
    import torch

    import apus

    apus.set_threads(threads)
    torch.set_num_threads(threads)
    torch.set_flush_denormal(True)
    work, ours, theirs = prepare()
    paired(row, threads, pairs, "samples/s", work, ours, theirs)


def networks():
    """The rows of networks.py, each with what prepares it."""
    import networks as made

    return {
        "cnn_b64": lambda: made.train(made.cnn),
        "cnn_infer_b256": lambda: made.infer(made.cnn, 256, 8),
        "cnn_infer_b1": lambda: made.infer(made.cnn, 1, 200),
        "cnn_deep_b32": lambda: made.train(made.cnn_deep),
        "vae_b64": lambda: made.train(made.vae),
        "autoencoder_b128": lambda: made.train(made.autoencoder),
    }


def main():
    threads, pairs = int(sys.argv[1]), int(sys.argv[2])
    for row in sys.argv[3:]:
        if row == "mlp_b1000":
            mlp(row, threads, pairs, [784, 500, 200, 100, 10], 1000, 8000, 1, 0.01, "samples/s")
        elif row == "mlp_b32":
            mlp(row, threads, pairs, [784, 128, 10], 32, 8000, 1, 0.001, "samples/s")
        elif row == "mlp_tiny_b16":
            mlp(row, threads, pairs, [4, 16, 3], 16, 1600, 5, 0.001, "steps/s")
        elif row == "lstm128_t20_b64":
            lstm(row, threads, pairs)
        elif row.endswith("_4m"):
            elementwise(row, threads, pairs)
        elif row == "tiny_inference":
            tiny_inference(threads, pairs)
        elif row == "import":
            start(threads, pairs)
        else:
            network(row, threads, pairs, networks()[row])


if __name__ == "__main__":
    main()
