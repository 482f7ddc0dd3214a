"""Two networks play (Goodfellow and others 2014): one draws digits, the other tells them from real ones.

    python gan.py [--data FOLDER] [--epochs N] [--seed N] [--picture digits.png]

The loop is written out of the parts of a step, apus.models.StepParts. The discriminator learns from a batch of real
pictures and one of drawn ones, whose gradients add up to one update. The generator learns through the discriminator:
the gradient by its pictures, of a loss that is least when they are taken for real, goes on back through the generator,
and the discriminator gives up its own gradients and stays as it is.

By default the pictures are the 8x8 digits of examples/data; pictures.py says what a FOLDER holds. The picture shows
digits that the generator has drawn. Needs numpy and the apus package alone.
"""

import numpy as np

import apus
import pictures
from apus import layers

NOISE = 16
EPOCHS = 40
BATCH = 64
RATE = 0.001
# benchmarks/generative.py: the same game in both libraries, mean and standard deviation over seeds.
MEASURED = (
    "five seeds: apus generator 1.014 +- 0.063, discriminator 0.644 +- 0.013;"
    " PyTorch 1.030 +- 0.034, 0.645 +- 0.010"
)


def generator(shape):
    """From noise to pictures of values from -1 to 1."""
    height, width, channels = shape
    smallest = height // 4, width // 4, 64
    return apus.Sequential([
        apus.Input((NOISE,)),
        layers.Dense(int(np.prod(smallest))), layers.BatchNormalization(), layers.LeakyReLU(), layers.Reshape(smallest),
        layers.Conv2DTranspose(64, 4, strides=2, padding="same"), layers.BatchNormalization(), layers.LeakyReLU(),
        layers.Conv2DTranspose(32, 4, strides=2, padding="same"), layers.BatchNormalization(), layers.LeakyReLU(),
        layers.Conv2D(channels, 3, padding="same", activation="tanh"),
    ], name="generator")


def discriminator(shape):
    """From pictures to a number: above 0 for real ones, below 0 for drawn ones."""
    return apus.Sequential([
        apus.Input(shape),
        layers.Conv2D(32, 3, padding="same"), layers.LeakyReLU(0.2),
        layers.Conv2D(32, 4, strides=2, padding="same"), layers.LeakyReLU(0.2), layers.Dropout(0.3),
        layers.Conv2D(64, 4, strides=2, padding="same"), layers.LeakyReLU(0.2), layers.Dropout(0.3),
        layers.Flatten(), layers.Dense(1),
    ], name="discriminator")


def compiled(shape):
    """Both players. Of the generator's loss nothing is used: its gradients come from the discriminator."""
    drawer, judge = generator(shape), discriminator(shape)
    drawer.compile(apus.optimizers.Adam(RATE, beta_1=0.5), "mse")
    judge.compile(apus.optimizers.Adam(RATE, beta_1=0.5), apus.losses.BinaryCrossentropy(from_logits=True))
    return drawer, judge


def turn(drawer, judge, real, noise):
    """One step of each player, given as their StepParts; the losses of generator and discriminator."""
    drawn = drawer.forward(noise)

    # The discriminator: real pictures are 1, but 0.9 keeps it from being too sure; drawn ones are 0.
    judge.forward(real)
    loss_of_real = judge.loss(np.full(len(real), 0.9))
    judge.backward()
    judge.forward(drawn)
    loss_of_drawn = judge.loss(np.zeros(len(drawn)))
    judge.backward()
    judge.apply(scale=0.5)

    # The generator: what it drew should be taken for real.
    judge.forward(drawn)
    loss = judge.loss(np.ones(len(drawn)))
    by_picture = judge.backward()
    judge.zero_gradients()
    drawer.backward(by_picture)
    drawer.apply()
    return loss, (loss_of_real + loss_of_drawn) / 2


def play(step, real, epochs, seed):
    """Takes turns, `step(real pictures, noise)`, through all pictures for each epoch; yields its mean losses."""
    random = np.random.default_rng(seed)
    batch = min(BATCH, len(real))
    for _ in range(epochs):
        order = random.permutation(len(real))
        starts = range(0, len(real) - batch + 1, batch)
        losses = [
            step(real[order[start:start + batch]], random.standard_normal((batch, NOISE)).astype(np.float32))
            for start in starts
        ]
        yield np.mean(losses, axis=0)


def main(arguments=None):
    options = pictures.options(__doc__, EPOCHS, arguments, picture="where digits of the generator are drawn")
    (train, _), _ = pictures.read(options.data)
    print(f"{len(train)} pictures to learn from")
    apus.set_seed(options.seed)
    drawer, judge = compiled(train.shape[1:])
    parts = apus.models.StepParts(drawer), apus.models.StepParts(judge)
    game = play(lambda real, noise: turn(*parts, real, noise), 2 * train - 1, options.epochs, options.seed)
    for epoch, losses in enumerate(game, 1):
        if epoch % 10 == 0 or epoch == options.epochs:
            print(f"epoch {epoch}: generator's loss {losses[0]:.3f}, discriminator's {losses[1]:.3f}", flush=True)
    if options.data is None and options.epochs == EPOCHS:
        print(f"  {MEASURED}")
    if options.picture:
        noise = np.random.default_rng(options.seed).standard_normal((128, NOISE))
        pictures.write_png(options.picture, (drawer.predict(noise) + 1) / 2, columns=16)
        print(f"digits of the generator drawn to {options.picture}")


if __name__ == "__main__":
    main()
