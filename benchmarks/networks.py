"""Networks that are trained and run beside PyTorch, for workloads.py: each gives both models and their data."""

import ctypes

import numpy

import apus
from apus import _arrays, layers
from apus._library import lib

LOGITS = dict(from_logits=True)


class Workload:
    """A network in both libraries with the data that it trains on.

    ours, peer : the compiled Apus model and the PyTorch module
    x, y : arrays in Apus's layout, channels last
    loss, optimizer : PyTorch's
    batch : rows of a step
    """

    def __init__(self, ours, peer, x, y, batch, loss, optimizer):
        import torch

        self.ours, self.peer, self.batch, self.x, self.y = ours, peer, batch, x, y
        self.loss, self.optimizer = loss, optimizer
        self.tx = torch.from_numpy(x)
        if x.ndim == 4:
            # PyTorch's fast layout: its channels_last lies in memory as Apus's arrays do.
            self.peer = peer.to(memory_format=torch.channels_last)
            self.tx = self.tx.permute(0, 3, 1, 2)
        self.ty = self.tx if y is x else torch.from_numpy(y)

    def train_ours(self):
        self.ours.fit(self.x, self.y, batch_size=self.batch, epochs=1, shuffle=False, verbose=0)

    def train_peer(self):
        for start in range(0, len(self.x), self.batch):
            value = self.loss(self.peer(self.tx[start:start + self.batch]), self.ty[start:start + self.batch])
            self.optimizer.zero_grad(set_to_none=True)
            value.backward()
            self.optimizer.step()


def cnn():
    """Two convolutions with pooling, a dense head with dropout, on pictures of 28 x 28."""
    import torch
    from torch import nn

    generator = numpy.random.default_rng(0)
    x = generator.random((2048, 28, 28, 1), dtype=numpy.float32)
    y = generator.integers(0, 10, len(x))
    ours = apus.Sequential([
        apus.Input((28, 28, 1)), layers.Conv2D(32, 3, activation="relu"), layers.MaxPooling2D(2),
        layers.Conv2D(64, 3, activation="relu"), layers.MaxPooling2D(2), layers.Flatten(),
        layers.Dense(128, activation="relu"), layers.Dropout(0.5), layers.Dense(10)])
    ours.compile(apus.optimizers.Adam(0.001), apus.losses.SparseCategoricalCrossentropy(**LOGITS))
    peer = nn.Sequential(
        nn.Conv2d(1, 32, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(32, 64, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
        nn.Linear(1600, 128), nn.ReLU(), nn.Dropout(0.5), nn.Linear(128, 10))
    optimizer = torch.optim.Adam(peer.parameters(), lr=0.001, fused=True)
    return Workload(ours, peer, x, y, 64, nn.CrossEntropyLoss(), optimizer)


def cnn_deep():
    """Five normalized convolutions of 64 to 256 channels on colour pictures of 32 x 32."""
    import torch
    from torch import nn

    generator = numpy.random.default_rng(0)
    x = generator.random((128, 32, 32, 3), dtype=numpy.float32)
    y = generator.integers(0, 10, len(x))
    stack = [apus.Input((32, 32, 3))]
    for units, pooled in ((64, False), (64, True), (128, False), (128, True), (256, False)):
        stack += [layers.Conv2D(units, 3, padding="same", use_bias=False), layers.BatchNormalization(), layers.ReLU()]
        if pooled:
            stack.append(layers.MaxPooling2D(2))
    ours = apus.Sequential([*stack, layers.GlobalAveragePooling2D(), layers.Dense(10)])
    ours.compile(apus.optimizers.SGD(0.01, momentum=0.9), apus.losses.SparseCategoricalCrossentropy(**LOGITS))

    def block(inner, outer):
        return [nn.Conv2d(inner, outer, 3, padding=1, bias=False), nn.BatchNorm2d(outer), nn.ReLU()]

    peer = nn.Sequential(
        *block(3, 64), *block(64, 64), nn.MaxPool2d(2), *block(64, 128), *block(128, 128), nn.MaxPool2d(2),
        *block(128, 256), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(256, 10))
    optimizer = torch.optim.SGD(peer.parameters(), lr=0.01, momentum=0.9)
    return Workload(ours, peer, x, y, 32, nn.CrossEntropyLoss(), optimizer)


def autoencoder():
    """784-128-64-12-64-128-784 on its own inputs."""
    import torch
    from torch import nn

    x = numpy.random.default_rng(0).random((8192, 784), dtype=numpy.float32)
    sizes = (784, 128, 64, 12, 64, 128, 784)
    ours = apus.Sequential([apus.Input((784,))])
    for units in sizes[1:-1]:
        ours.add(layers.Dense(units, activation="relu"))
    ours.add(layers.Dense(784, activation="sigmoid"))
    ours.compile(apus.optimizers.Adam(0.001), "mse")
    stack = []
    for inner, outer in zip(sizes, sizes[1:]):
        stack += [nn.Linear(inner, outer), nn.ReLU()]
    peer = nn.Sequential(*stack[:-1], nn.Sigmoid())
    optimizer = torch.optim.Adam(peer.parameters(), fused=True)
    return Workload(ours, peer, x, x, 128, nn.MSELoss(), optimizer)


def vae():
    """A convolutional variational autoencoder of 20 latent numbers on pictures of 28 x 28, with its divergence."""
    import torch
    from torch import nn

    x = numpy.random.default_rng(0).random((2048, 28, 28, 1), dtype=numpy.float32)
    picture = apus.Input((28, 28, 1))
    hidden = layers.BatchNormalization()(picture)
    for units in (32, 64):
        hidden = layers.Conv2D(units, 4, strides=2, padding="same")(hidden)
        hidden = layers.LeakyReLU(0.01)(layers.BatchNormalization()(hidden))
    hidden = layers.Flatten()(hidden)
    code = layers.Sampling(kl_weight=1.0)([layers.Dense(20)(hidden), layers.Dense(20)(hidden)])
    hidden = layers.Reshape((7, 7, 64))(layers.Dense(7 * 7 * 64)(code))
    hidden = layers.ReLU()(layers.BatchNormalization()(layers.Conv2DTranspose(32, 3, strides=2)(hidden)))
    hidden = layers.Conv2DTranspose(1, 3, strides=2, padding="same")(hidden)
    ours = apus.Model(picture, layers.Activation("sigmoid")(layers.Cropping2D(((0, 2), (0, 2)))(hidden)))
    ours.compile(apus.optimizers.Adam(0.001), "binary_crossentropy")

    class Peer(nn.Module):
        def __init__(self):
            super().__init__()
            self.encoder = nn.Sequential(
                nn.BatchNorm2d(1), nn.Conv2d(1, 32, 4, 2, 1), nn.BatchNorm2d(32), nn.LeakyReLU(),
                nn.Conv2d(32, 64, 4, 2, 1), nn.BatchNorm2d(64), nn.LeakyReLU())
            self.mean, self.variance, self.start = nn.Linear(3136, 20), nn.Linear(3136, 20), nn.Linear(20, 3136)
            self.decoder = nn.Sequential(
                nn.ConvTranspose2d(64, 32, 3, 2), nn.BatchNorm2d(32), nn.ReLU(), nn.ConvTranspose2d(32, 1, 3, 2, 1))

        def forward(self, pictures):
            hidden = self.encoder(pictures).flatten(1)
            mean, variance = self.mean(hidden), self.variance(hidden)
            code = mean + torch.randn_like(mean) * torch.exp(0.5 * variance)
            drawn = self.decoder(self.start(code).view(-1, 64, 7, 7))[:, :, :28, :28]
            return torch.sigmoid(drawn), mean, variance

    def loss(outputs, target):
        drawn, mean, variance = outputs
        divergence = torch.mean(0.5 * torch.sum(variance.exp() + mean**2 - 1 - variance, 1))
        return nn.functional.binary_cross_entropy(drawn, target) + divergence

    peer = Peer()
    return Workload(ours, peer, x, x, 64, loss, torch.optim.Adam(peer.parameters(), fused=True))


def train(make):
    """What workloads.paired needs of a training epoch: work, Apus's turn, the peer's."""
    workload = make()
    return len(workload.x), workload.train_ours, workload.train_peer


class Session:
    """A model that runs batches of one size, as a C program keeps it."""

    def __init__(self, model, batch):
        from apus import _context

        self.pointer = ctypes.c_void_p()
        self.x = numpy.empty((batch, *model.input_shape[1:]), numpy.float32)
        self.y = numpy.empty((batch, *model.output_shape[1:]), numpy.float32)
        self.inputs, self.outputs = _arrays.views([self.x]), _arrays.views([self.y])
        with _context.current() as context:
            self.context = context.handle
            context.check(
                lib.apus_session_create(self.context, model._current().pointer, batch, ctypes.byref(self.pointer)))

    def run(self):
        lib.apus_session_run(self.context, self.pointer, self.inputs, 1, self.outputs, 1)


def infer(make, batch, turns):
    """Predictions of ``batch`` rows, ``turns`` times over: a session beside a module in inference mode."""
    import torch

    workload = make()
    workload.peer.eval()
    session = Session(workload.ours, batch)
    session.x[...] = workload.x[:batch]
    tx = workload.tx[:batch]

    def ours():
        for _ in range(turns):
            session.run()

    def theirs():
        with torch.inference_mode():
            for _ in range(turns):
                workload.peer(tx)

    return batch * turns, ours, theirs
