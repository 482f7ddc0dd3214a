"""Losses of examples/python/vae.py beside Keras and of gan.py beside PyTorch: mean and spread of five seeds.

    python benchmarks/generative.py [seeds] [vae] [gan]

Models and digits are the same. Of the autoencoder, on digits kept for the test and in nats each: the cross-entropy of
what is drawn for the mean of its distribution, and the divergence of that distribution from N(0, 1). Of the two players
the mean losses of the last epoch.
"""

import os
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "bindings/python"), str(ROOT / "examples/python")]
os.environ.setdefault("KERAS_BACKEND", "jax")

import numpy  # noqa: E402

import apus  # noqa: E402
import gan  # noqa: E402
import pictures  # noqa: E402
import vae  # noqa: E402


def keras_sampling():
    """The class of a layer for Keras, which has none, that does what apus.layers.Sampling does."""
    import keras

    class Sampling(keras.layers.Layer):
        def __init__(self, kl_weight):
            super().__init__()
            self.kl_weight = kl_weight
            self.seed_generator = keras.random.SeedGenerator()

        def call(self, inputs, training=False):
            ops = keras.ops
            mean, log_variance = inputs
            divergence = -0.5 * ops.sum(1 + log_variance - ops.square(mean) - ops.exp(log_variance), axis=1)
            self.add_loss(self.kl_weight * ops.mean(divergence))
            if not training:
                return mean
            return mean + ops.exp(log_variance / 2) * keras.random.normal(ops.shape(mean), seed=self.seed_generator)

    return Sampling


def torch_players(shape):
    """The players of gan.py in PyTorch, with Keras's initial weights."""
    import torch
    from torch import nn

    height, width, channels = shape
    drawer = nn.Sequential(
        nn.Linear(gan.NOISE, 64 * height * width // 16), nn.BatchNorm1d(64 * height * width // 16, 1e-3, 0.01),
        nn.LeakyReLU(0.3), nn.Unflatten(1, (64, height // 4, width // 4)),
        nn.ConvTranspose2d(64, 64, 4, 2, 1), nn.BatchNorm2d(64, 1e-3, 0.01), nn.LeakyReLU(0.3),
        nn.ConvTranspose2d(64, 32, 4, 2, 1), nn.BatchNorm2d(32, 1e-3, 0.01), nn.LeakyReLU(0.3),
        nn.Conv2d(32, channels, 3, 1, 1), nn.Tanh())
    judge = nn.Sequential(
        nn.Conv2d(channels, 32, 3, 1, 1), nn.LeakyReLU(0.2),
        nn.Conv2d(32, 32, 4, 2, 1), nn.LeakyReLU(0.2), nn.Dropout(0.3),
        nn.Conv2d(32, 64, 4, 2, 1), nn.LeakyReLU(0.2), nn.Dropout(0.3),
        nn.Flatten(), nn.Linear(64 * height * width // 16, 1))
    for module in (*drawer, *judge):
        if isinstance(module, (nn.Linear, nn.Conv2d, nn.ConvTranspose2d)):
            nn.init.xavier_uniform_(module.weight)
            nn.init.zeros_(module.bias)
    for player in (drawer, judge):
        player.optimizer = torch.optim.Adam(player.parameters(), gan.RATE, betas=(0.5, 0.999), eps=1e-7)
    return drawer, judge


def torch_turn(drawer, judge, real, noise):
    """gan.turn in PyTorch."""
    import torch

    loss = torch.nn.functional.binary_cross_entropy_with_logits
    real = torch.from_numpy(real.transpose(0, 3, 1, 2).copy())
    drawn = drawer(torch.from_numpy(noise))
    taken, rejected = judge(real), judge(drawn.detach())
    judge_loss = (loss(taken, torch.full_like(taken, 0.9)) + loss(rejected, torch.zeros_like(rejected))) / 2
    judge.optimizer.zero_grad()
    judge_loss.backward()
    judge.optimizer.step()
    taken = judge(drawn)
    drawer_loss = loss(taken, torch.ones_like(taken))
    drawer.optimizer.zero_grad()
    drawer_loss.backward()
    drawer.optimizer.step()
    return drawer_loss.item(), judge_loss.item()


def apus_game(shape, seed):
    apus.set_seed(seed)
    parts = [apus.models.StepParts(player) for player in gan.compiled(shape)]
    return lambda real, noise: gan.turn(*parts, real, noise)


def torch_game(shape, seed):
    import torch

    torch.manual_seed(seed)
    players = torch_players(shape)
    return lambda real, noise: torch_turn(*players, real, noise)


def report(library, names, scores):
    """Mean and standard deviation of each figure over the seeds."""
    for name, values in zip(names, numpy.transpose(scores)):
        print(f"{library}: {name} {numpy.mean(values):.3f} +- {numpy.std(values, ddof=1):.3f} of {len(values)} seeds: "
              + " ".join(f"{value:.3f}" for value in values), flush=True)


def autoencoder(train, test, seeds):
    import keras

    for library, sampling in ((apus, apus.layers.Sampling), (keras, keras_sampling())):
        scores = [vae.judged(vae.trained(library, sampling, seed, vae.EPOCHS, train)[0], test) for seed in range(seeds)]
        report(library.__name__, ("cross-entropy", "divergence"), scores)


def players(train, seeds):
    for library, game in (("apus", apus_game), ("torch", torch_game)):
        scores = [
            list(gan.play(game(train.shape[1:], seed), 2 * train - 1, gan.EPOCHS, seed))[-1] for seed in range(seeds)
        ]
        report(library, ("generator's loss", "discriminator's loss"), scores)


def main():
    wanted = set(sys.argv[1:])
    seeds = next((int(word) for word in wanted if word.isdigit()), 5)
    which = wanted & {"vae", "gan"} or {"vae", "gan"}
    (train, _), (test, _) = pictures.read()
    if "vae" in which:
        autoencoder(train, test, seeds)
    if "gan" in which:
        players(train, seeds)


if __name__ == "__main__":
    main()
