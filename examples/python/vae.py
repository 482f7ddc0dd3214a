"""A convolutional variational autoencoder (Kingma and Welling 2014) that learns to draw digits.

    python vae.py [--data FOLDER] [--epochs N] [--seed N] [--picture digits.png]

The encoder tells of each picture where in a space of few dimensions it lies, as a normal distribution; the decoder
draws a picture for each point there. Trained together they minimise the cross-entropy of the pixels plus the divergence
of the distributions from N(0, 1), so that points drawn from N(0, 1) become new digits. The divergence counts 0.3 times
(Higgins and others 2017): in full it lets the grey of so small pictures blur. The decoder is a model within the model,
and draws alone afterwards.

By default the pictures are the 8x8 digits of examples/data; pictures.py says what a FOLDER holds. The picture shows new
digits, drawn from the latent space, in the upper rows; below them digits of the test in pairs with what came back of
them. Needs numpy and the apus package alone.
"""

import numpy as np

import apus
import pictures

LATENT = 8
WEIGHT = 0.3  # of the divergence
EPOCHS = 30
BATCH = 32
# benchmarks/generative.py: the same model in both libraries, mean and standard deviation of five seeds.
MEASURED = (
    "five seeds: apus cross-entropy 17.22 +- 0.16, divergence 8.75 +- 0.08;"
    " Keras 17.18 +- 0.06, 8.88 +- 0.22"
)


def network(library, sampling, shape):
    """The autoencoder and its decoder: of apus or, with the same words, of Keras.

    `sampling` is apus.layers.Sampling; Keras has none, so there it is a layer of one's own. The loss is in nats per
    picture: the cross-entropy of all pixels, and what `sampling` adds.
    """
    layers = library.layers
    height, width, channels = shape
    smallest = height // 4, width // 4, 64

    point = library.Input((LATENT,))
    x = layers.Dense(int(np.prod(smallest)))(point)
    x = layers.BatchNormalization()(x)
    x = layers.LeakyReLU()(x)
    x = layers.Reshape(smallest)(x)
    for filters in (64, 32):
        x = layers.Conv2DTranspose(filters, 4, strides=2, padding="same")(x)
        x = layers.BatchNormalization()(x)
        x = layers.LeakyReLU()(x)
    picture = layers.Conv2DTranspose(channels, 4, padding="same", activation="sigmoid")(x)
    decoder = library.Model(point, picture, name="decoder")

    given = library.Input(shape)
    x = layers.BatchNormalization()(given)
    for filters in (32, 64):
        x = layers.Conv2D(filters, 4, strides=2, padding="same")(x)
        x = layers.BatchNormalization()(x)
        x = layers.LeakyReLU()(x)
    x = layers.Flatten()(x)
    mean = layers.Dense(LATENT, name="mean")(x)
    log_variance = layers.Dense(LATENT, name="log_variance")(x)
    model = library.Model(given, decoder(sampling([mean, log_variance])))
    model.compile(
        optimizer=library.optimizers.Adam(0.002),
        loss="binary_crossentropy",
        loss_weights=[height * width * channels])
    return model, decoder


def trained(library, sampling, seed, epochs, x):
    """A freshly trained autoencoder and its decoder."""
    pictures.set_seed(library, seed)
    model, decoder = network(library, sampling(kl_weight=WEIGHT), x.shape[1:])
    model.fit(x, x, batch_size=BATCH, epochs=epochs, verbose=0)
    # In apus the decoder within the model has weights of its own; they are the model's last.
    decoder.set_weights(model.get_weights()[-len(decoder.get_weights()):])
    return model, decoder


def judged(model, x):
    """Cross-entropy and divergence of pictures, in nats each; of a distribution its mean is drawn."""
    drawn = np.clip(np.asarray(model.predict(x, verbose=0), np.float64), 1e-7, 1 - 1e-7)
    entropy = -(x * np.log(drawn) + (1 - x) * np.log1p(-drawn)).sum() / len(x)
    return entropy, (model.evaluate(x, x, verbose=0) - entropy) / WEIGHT


def main(arguments=None):
    options = pictures.options(__doc__, EPOCHS, arguments, picture="where new digits are drawn")
    (train, _), (test, _) = pictures.read(options.data)
    print(f"{len(train)} pictures to learn from, {len(test)} for the test")
    model, decoder = trained(apus, apus.layers.Sampling, options.seed, options.epochs, train)
    entropy, divergence = judged(model, test)
    print(f"test: cross-entropy {entropy:.2f} nats, divergence {divergence:.2f}")
    if options.data is None and options.epochs == EPOCHS:
        print(f"  {MEASURED}")
    if options.picture:
        new = decoder.predict(np.random.default_rng(options.seed).standard_normal((80, LATENT)))
        pairs = np.stack([test[:32], model.predict(test[:32])], axis=1).reshape(-1, *test.shape[1:])
        pictures.write_png(options.picture, np.concatenate([new, pairs]), columns=16)
        print(f"new digits drawn to {options.picture}")


if __name__ == "__main__":
    main()
