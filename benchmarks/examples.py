"""What the examples on pictures reach beside Keras, the CNN beside PyTorch too: mean and spread over seeds.

    python benchmarks/examples.py [--data FOLDER] [--seeds N] [example ...]

Model and data are the same. Each example builds and trains its model with apus or Keras in its function `score`.
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


def torch_cnn(seed, epochs, train, test):
    """examples/python/cnn.py in PyTorch, with Keras's initial weights and epsilon."""
    import torch
    from torch import nn

    torch.manual_seed(seed)
    torch.set_flush_denormal(True)
    x, fresh = (torch.tensor(part[0].transpose(0, 3, 1, 2).copy()) for part in (train, test))
    y, expected = (torch.tensor(part[1]).long() for part in (train, test))
    model = nn.Sequential(
        nn.Conv2d(1, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(32, 64, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.LazyLinear(128), nn.ReLU(), nn.Dropout(0.5), nn.Linear(128, 10))
    model(x[:1])
    for parameter in model.parameters():
        nn.init.xavier_uniform_(parameter) if parameter.ndim > 1 else nn.init.zeros_(parameter)
    optimizer, loss = torch.optim.Adam(model.parameters(), 0.001, eps=1e-7), nn.CrossEntropyLoss()
    for _ in range(epochs):
        for rows in torch.randperm(len(x)).split(32):
            optimizer.zero_grad()
            loss(model(x[rows]), y[rows]).backward()
            optimizer.step()
    model.eval()
    with torch.no_grad():
        return (model(fresh).argmax(dim=1) == expected).float().mean().item()


def main():
    import numpy

    import pictures

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("examples", nargs="*", metavar="example", help=f"of {', '.join(FORMS)}; by default all of them")
    parser.add_argument("--data", metavar="FOLDER", help="MNIST's gzipped IDX files instead of the table of digits")
    parser.add_argument("--seeds", type=int, default=5)
    options = parser.parse_args()
    for name in options.examples:
        if name not in FORMS:
            parser.error(f"no example {name!r}; there are {', '.join(FORMS)}")
    train, test = pictures.read(options.data)
    for name in options.examples or FORMS:
        example, form = importlib.import_module(name), FORMS[name]
        for peer in ("apus", "keras", "torch")[:3 if name == "cnn" else 2]:
            if peer == "torch":
                score = torch_cnn
            else:
                score = functools.partial(example.score, importlib.import_module(peer))
            scores = [score(seed, example.EPOCHS, train, test) for seed in range(options.seeds)]
            mean, spread = numpy.mean(scores), numpy.std(scores, ddof=1)
            print(f"{name} {peer}: {mean:{form}} +- {spread:{form}} of {len(scores)} seeds: "
                  + " ".join(f"{score:{form}}" for score in scores), flush=True)


if __name__ == "__main__":
    main()
