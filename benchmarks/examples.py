"""What the examples on pictures reach beside Keras and PyTorch: mean and spread over seeds.

    python benchmarks/examples.py [--data FOLDER] [--seeds N] [--epochs N] [--peers apus,keras,torch] [example ...]

Model and data are the same. Each example builds and trains its model with apus or Keras in its function `score`; those
of PyTorch are here.
"""

import argparse
import functools
import importlib
import os
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "bindings/python"), str(ROOT / "examples/python")]
os.environ.setdefault("KERAS_BACKEND", "jax")

# How each example writes its score: the share of digits read right, or a mean squared error.
FORMS = {"mlp": ".1%", "cnn": ".1%", "autoencoder": ".4f"}


def torch_score(model, loss, batch, rate):
    """score(seed, epochs, train, test) of an example in PyTorch: what `model(shape)` makes, with Keras's initial
    weights and epsilon, trained with a loss. Without labels the pictures are their own targets."""
    import torch
    from torch import nn

    def score(seed, epochs, train, test):
        torch.manual_seed(seed)
        torch.set_flush_denormal(True)
        x, fresh = (torch.tensor(part[0].transpose(0, 3, 1, 2).copy()) for part in (train, test))
        network = model(x.shape[1:])
        network(x[:1])
        for parameter in network.parameters():
            nn.init.xavier_uniform_(parameter) if parameter.ndim > 1 else nn.init.zeros_(parameter)
        labelled = isinstance(loss, nn.CrossEntropyLoss)
        if labelled:
            y, expected = (torch.tensor(part[1]).long() for part in (train, test))
        else:
            y, expected = x.flatten(1), fresh.flatten(1)
        optimizer = torch.optim.Adam(network.parameters(), rate, eps=1e-7)
        for _ in range(epochs):
            for rows in torch.randperm(len(x)).split(batch):
                optimizer.zero_grad()
                loss(network(x[rows]), y[rows]).backward()
                optimizer.step()
        network.eval()
        with torch.no_grad():
            output = network(fresh)
            return ((output.argmax(dim=1) == expected).float().mean() if labelled else loss(output, expected)).item()

    return score


def torch_peer(name):
    """An example's model in PyTorch."""
    from torch import nn

    def dense(units):
        return [part for count in units for part in (nn.LazyLinear(count), nn.ReLU())]

    def mlp(shape):
        return nn.Sequential(nn.Flatten(), *dense([500, 200, 100]), nn.LazyLinear(10))

    def cnn(shape):
        return nn.Sequential(
            nn.Conv2d(1, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(32, 64, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
            nn.Flatten(), nn.LazyLinear(128), nn.ReLU(), nn.Dropout(0.5), nn.Linear(128, 10))

    def autoencoder(shape):
        return nn.Sequential(
            nn.Flatten(), *dense([128, 64, 12, 64, 128]), nn.LazyLinear(shape[1] * shape[2]), nn.Sigmoid())

    return {
        "mlp": lambda: torch_score(mlp, nn.CrossEntropyLoss(), 1000, 0.01),
        "cnn": lambda: torch_score(cnn, nn.CrossEntropyLoss(), 32, 0.001),
        "autoencoder": lambda: torch_score(autoencoder, nn.MSELoss(), 32, 0.001),
    }[name]()


def main():
    import numpy

    import pictures

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("examples", nargs="*", metavar="example", help=f"of {', '.join(FORMS)}; by default all of them")
    parser.add_argument("--data", metavar="FOLDER", help="MNIST's gzipped IDX files instead of the table of digits")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--epochs", type=int, help="by default those of the example")
    parser.add_argument("--peers", default="apus,keras,torch")
    options = parser.parse_args()
    for name in options.examples:
        if name not in FORMS:
            parser.error(f"no example {name!r}; there are {', '.join(FORMS)}")
    train, test = pictures.read(options.data)
    for name in options.examples or FORMS:
        example, form = importlib.import_module(name), FORMS[name]
        for peer in options.peers.split(","):
            if peer == "torch":
                score = torch_peer(name)
            else:
                score = functools.partial(example.score, importlib.import_module(peer))
            epochs = options.epochs or example.EPOCHS
            scores = [score(seed, epochs, train, test) for seed in range(options.seeds)]
            mean, spread = numpy.mean(scores), numpy.std(scores, ddof=1)
            print(f"{name} {peer}: {mean:{form}} +- {spread:{form}} of {len(scores)} seeds, {epochs} epochs: "
                  + " ".join(f"{score:{form}}" for score in scores), flush=True)


if __name__ == "__main__":
    main()
