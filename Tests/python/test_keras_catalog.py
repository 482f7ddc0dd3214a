"""The whole catalog through real Keras: every layer, activation, initializer, regularizer, constraint, loss, optimizer
and schedule that the library lists. What is missing here and in ``KEPT_HERE`` fails."""

import json
import os

import numpy
import pytest

import apus

keras = pytest.importorskip("keras")

pytestmark = pytest.mark.filterwarnings("ignore")

CATALOG = {family: [entry["kind"] for entry in entries] for family, entries in apus.catalog().items()
           if family in ("layers", "activations", "initializers", "regularizers", "constraints", "losses", "optimizers",
                         "schedules")}

# A few units in the last place of a float32 sum: products are added in another order.
CLOSE = {"rtol": 1e-5, "atol": 2e-6}

# What Keras has no counterpart of, and so cannot open; docs/keras.md lists it.
KEPT_HERE = {"MajorityVote", "Sampling"}

# Files that both sides write and read.
FORMATS = ["h5", "keras"]

LINE, STEPS, PICTURE = (5,), (6, 4), (6, 5, 4)

# For each layer: the shapes of the inputs, and how it is made and called with either library's layers.
LAYERS = {
    "InputLayer": [([LINE], lambda kl, x: kl.Dense(1)(x))],
    "Dense": [
        ([LINE], lambda kl, x: kl.Dense(3, "relu")(x)),
        ([STEPS], lambda kl, x: kl.Dense(3, use_bias=False)(x)),
    ],
    "Activation": [([LINE], lambda kl, x: kl.Activation("tanh")(x))],
    "Dropout": [([LINE], lambda kl, x: kl.Dropout(0.4)(x))],
    "Identity": [([(3, 4)], lambda kl, x: kl.Identity()(x))],
    "Flatten": [([PICTURE], lambda kl, x: kl.Flatten()(x))],
    "Reshape": [([STEPS], lambda kl, x: kl.Reshape((3, -1))(x))],
    "BatchNormalization": [
        ([STEPS], lambda kl, x: kl.BatchNormalization(momentum=0.8, epsilon=0.01)(x)),
        ([PICTURE], lambda kl, x: kl.BatchNormalization(axis=1, center=False)(x)),
        ([LINE], lambda kl, x: kl.BatchNormalization(scale=False, trainable=False)(x)),
    ],
    "GlobalAveragePooling1D": [([STEPS], lambda kl, x: kl.GlobalAveragePooling1D(keepdims=True)(x))],
    "Masking": [([STEPS], lambda kl, x: kl.LSTM(3)(kl.Masking(0.5)(x)))],
    "TimeDistributed": [
        ([STEPS], lambda kl, x: kl.TimeDistributed(kl.Dense(3, "tanh"))(x)),
        ([(3, *PICTURE)], lambda kl, x: kl.TimeDistributed(kl.LayerNormalization(axis=[1, 2]))(x)),
    ],
    "SimpleRNN": [
        ([STEPS], lambda kl, x: kl.SimpleRNN(3, return_sequences=True)(x)),
        ([STEPS], lambda kl, x: kl.SimpleRNN(3, activation="relu", use_bias=False, go_backwards=True)(x)),
    ],
    "LSTM": [
        ([STEPS], lambda kl, x: kl.LSTM(3, recurrent_dropout=0.1)(x)),
        ([STEPS], lambda kl, x: kl.LSTM(3, return_sequences=True, unit_forget_bias=False)(x)),
        ([STEPS], lambda kl, x: kl.LSTM(3, return_state=True)(x)),
    ],
    "GRU": [
        ([STEPS], lambda kl, x: kl.GRU(3)(x)),
        ([STEPS], lambda kl, x: kl.GRU(3, reset_after=False, return_sequences=True)(x)),
    ],
    "Bidirectional": [
        ([STEPS], lambda kl, x: kl.Bidirectional(kl.LSTM(3, return_sequences=True))(x)),
        ([STEPS], lambda kl, x: kl.Bidirectional(kl.GRU(3), merge_mode="sum")(x)),
    ],
    "Add": [([LINE, LINE], lambda kl, x, y: kl.Add()([x, y]))],
    "Concatenate": [
        ([STEPS, STEPS], lambda kl, x, y: kl.Concatenate()([x, y])),
        ([STEPS, STEPS], lambda kl, x, y: kl.Concatenate(axis=1)([x, y])),
    ],
    "ActivityRegularization": [([LINE], lambda kl, x: kl.ActivityRegularization(l1=0.1, l2=0.2)(x))],
    "Subtract": [([LINE, LINE], lambda kl, x, y: kl.Subtract()([x, y]))],
    "Multiply": [([LINE, LINE], lambda kl, x, y: kl.Multiply()([x, y]))],
    "Average": [([LINE, LINE], lambda kl, x, y: kl.Average()([x, y]))],
    "Maximum": [([LINE, LINE], lambda kl, x, y: kl.Maximum()([x, y]))],
    "Minimum": [([LINE, LINE], lambda kl, x, y: kl.Minimum()([x, y]))],
    "ReLU": [([LINE], lambda kl, x: kl.ReLU(max_value=1.0, negative_slope=0.1, threshold=0.2)(x))],
    "LeakyReLU": [([LINE], lambda kl, x: kl.LeakyReLU(negative_slope=0.15)(x))],
    "ELU": [([LINE], lambda kl, x: kl.ELU(alpha=0.7)(x))],
    "Softmax": [
        ([STEPS], lambda kl, x: kl.Softmax()(x)),
        ([STEPS], lambda kl, x: kl.Softmax(axis=[1, 2])(x)),
        ([STEPS], lambda kl, x: kl.Softmax(axis=1)(x)),
    ],
    "PReLU": [
        ([STEPS], lambda kl, x: kl.PReLU()(x)),
        ([PICTURE], lambda kl, x: kl.PReLU(shared_axes=[1, 2])(x)),
    ],
    "RepeatVector": [([LINE], lambda kl, x: kl.RepeatVector(3)(x))],
    "Permute": [([PICTURE], lambda kl, x: kl.Permute((3, 1, 2))(x))],
    "GaussianNoise": [([LINE], lambda kl, x: kl.GaussianNoise(0.3)(x))],
    "LayerNormalization": [
        ([STEPS], lambda kl, x: kl.LayerNormalization(epsilon=0.01, scale=False)(x)),
        ([PICTURE], lambda kl, x: kl.LayerNormalization(axis=[1, 2], gamma_regularizer="l2")(x)),
        ([PICTURE], lambda kl, x: kl.LayerNormalization(axis=1)(x)),
    ],
    "Embedding": [
        ([(7,)], lambda kl, x: kl.Embedding(10, 3)(x)),
        ([(7,)], lambda kl, x: kl.GRU(2)(kl.Embedding(10, 3, mask_zero=True)(x))),
    ],
    "Conv1D": [
        ([STEPS], lambda kl, x: kl.Conv1D(3, 2, padding="causal", dilation_rate=2)(x)),
        ([STEPS], lambda kl, x: kl.Conv1D(4, 3, strides=2, padding="same", groups=2, activation="relu")(x)),
    ],
    "Conv2D": [
        ([PICTURE], lambda kl, x: kl.Conv2D(3, (2, 3), padding="same", activation="relu")(x)),
        ([PICTURE], lambda kl, x: kl.Conv2D(4, 3, strides=(2, 1), groups=2, use_bias=False)(x)),
    ],
    "Conv1DTranspose": [([STEPS], lambda kl, x: kl.Conv1DTranspose(3, 3, strides=2)(x))],
    "Conv2DTranspose": [
        ([PICTURE], lambda kl, x: kl.Conv2DTranspose(3, 3, strides=2, padding="same")(x)),
        ([PICTURE], lambda kl, x: kl.Conv2DTranspose(3, 3, strides=2, output_padding=1)(x)),
    ],
    "DepthwiseConv1D": [([STEPS], lambda kl, x: kl.DepthwiseConv1D(3, depth_multiplier=2)(x))],
    "DepthwiseConv2D": [([PICTURE], lambda kl, x: kl.DepthwiseConv2D(3, strides=2, padding="same")(x))],
    "SeparableConv1D": [([STEPS], lambda kl, x: kl.SeparableConv1D(3, 3)(x))],
    "SeparableConv2D": [([PICTURE], lambda kl, x: kl.SeparableConv2D(3, 3, depth_multiplier=2)(x))],
    "MaxPooling1D": [([STEPS], lambda kl, x: kl.MaxPooling1D(3, strides=1, padding="same")(x))],
    "MaxPooling2D": [([PICTURE], lambda kl, x: kl.MaxPooling2D((2, 3))(x))],
    "AveragePooling1D": [([STEPS], lambda kl, x: kl.AveragePooling1D(3, strides=1, padding="same")(x))],
    "AveragePooling2D": [([PICTURE], lambda kl, x: kl.AveragePooling2D(2, padding="same")(x))],
    "GlobalMaxPooling1D": [([STEPS], lambda kl, x: kl.GlobalMaxPooling1D()(x))],
    "GlobalMaxPooling2D": [([PICTURE], lambda kl, x: kl.GlobalMaxPooling2D(keepdims=True)(x))],
    "GlobalAveragePooling2D": [([PICTURE], lambda kl, x: kl.GlobalAveragePooling2D()(x))],
    "UpSampling1D": [([STEPS], lambda kl, x: kl.UpSampling1D(3)(x))],
    "UpSampling2D": [
        ([PICTURE], lambda kl, x: kl.UpSampling2D((2, 3))(x)),
        ([PICTURE], lambda kl, x: kl.UpSampling2D(2, interpolation="bilinear")(x)),
    ],
    "ZeroPadding1D": [([STEPS], lambda kl, x: kl.ZeroPadding1D((1, 2))(x))],
    "ZeroPadding2D": [([PICTURE], lambda kl, x: kl.ZeroPadding2D(((1, 0), (2, 3)))(x))],
    "Cropping1D": [([STEPS], lambda kl, x: kl.Cropping1D((1, 2))(x))],
    "Cropping2D": [([PICTURE], lambda kl, x: kl.Cropping2D(((1, 0), (2, 1)))(x))],
    "SpatialDropout1D": [([STEPS], lambda kl, x: kl.SpatialDropout1D(0.3)(x))],
    "SpatialDropout2D": [([PICTURE], lambda kl, x: kl.SpatialDropout2D(0.3)(x))],
    "GaussianDropout": [([LINE], lambda kl, x: kl.GaussianDropout(0.3)(x))],
    "AlphaDropout": [([LINE], lambda kl, x: kl.AlphaDropout(0.3)(x))],
    "GroupNormalization": [
        ([PICTURE], lambda kl, x: kl.GroupNormalization(2, epsilon=0.01)(x)),
        ([PICTURE], lambda kl, x: kl.GroupNormalization(3, axis=1, scale=False)(x)),
    ],
    "UnitNormalization": [
        ([STEPS], lambda kl, x: kl.UnitNormalization()(x)),
        ([STEPS], lambda kl, x: kl.UnitNormalization(axis=[1, 2])(x)),
    ],
    "Rescaling": [([LINE], lambda kl, x: kl.Rescaling(0.5, offset=2.0)(x))],
    "Dot": [
        ([STEPS, STEPS], lambda kl, x, y: kl.Dot(axes=2, normalize=True)([x, y])),
        ([STEPS, STEPS], lambda kl, x, y: kl.Dot(axes=(1, 1))([x, y])),
    ],
    "EinsumDense": [([STEPS], lambda kl, x: kl.EinsumDense("abc,cde->abde", (None, 2, 3), bias_axes="de")(x))],
    "MultiHeadAttention": [
        ([STEPS, STEPS], lambda kl, x, y: kl.MultiHeadAttention(2, 3)(x, y)),
        ([STEPS], lambda kl, x: kl.MultiHeadAttention(2, 3, use_bias=False)(x, x, use_causal_mask=True)),
        ([STEPS], lambda kl, x: kl.MultiHeadAttention(2, 3, output_shape=5)(x, x)),
    ],
    "Attention": [([STEPS, STEPS], lambda kl, x, y: kl.Attention(use_scale=True)([x, y]))],
    "AdditiveAttention": [([STEPS, STEPS], lambda kl, x, y: kl.AdditiveAttention()([x, y]))],
    "Normalization": [
        ([STEPS], lambda kl, x: kl.Normalization()(x)),
        ([STEPS], lambda kl, x: kl.Normalization(axis=[1, 2], invert=True)(x)),
        ([STEPS], lambda kl, x: kl.Normalization(axis=None)(x)),
        ([LINE], lambda kl, x: kl.Normalization(mean=1.0, variance=4.0)(x)),
    ],
    "RMSNormalization": [
        ([STEPS], lambda kl, x: kl.RMSNormalization(epsilon=0.01)(x)),
        ([STEPS], lambda kl, x: kl.RMSNormalization(axis=[1, 2])(x)),
    ],
}


def test_every_entry_of_the_catalog_has_its_turn():
    assert set(CATALOG["layers"]) == set(LAYERS) | KEPT_HERE
    assert set(CATALOG["initializers"]) == set(INITIALIZERS)
    assert set(CATALOG["regularizers"]) == set(REGULARIZERS)
    assert set(CATALOG["constraints"]) == set(CONSTRAINTS)
    assert set(CATALOG["losses"]) == set(LOSSES)
    assert set(CATALOG["optimizers"]) == set(OPTIMIZERS)
    assert set(CATALOG["schedules"]) == set(SCHEDULES)


def network(library, shapes, connect):
    """A model of ``connect`` on inputs of these shapes."""
    entries = [library.Input(shape) for shape in shapes]
    outputs = connect(library.layers, *entries)
    return library.Model(entries if len(entries) > 1 else entries[0], outputs)


def samples(model, shapes, rng, whole=False):
    x = [rng.normal(size=(3, *shape)).astype(numpy.float32) for shape in shapes]
    if whole:
        x = [rng.integers(0, 10, size=(3, *shape)).astype(numpy.int32) for shape in shapes]
    return x if len(x) > 1 else x[0]


def filled(weights, rng):
    """Values for weights, positive ones for what may be a variance, whole ones for what may be a count."""
    shapes = [numpy.shape(weight) for weight in weights]
    return [
        numpy.abs(rng.normal(size=shape)).astype(numpy.float32) + 0.1 if shape else numpy.float32(7) for shape in shapes
    ]


def set_in_keras(model, weights):
    """Sets weights; Normalization keeps what it computes from them until it is told."""
    model.set_weights(weights)
    for layer in model.layers:
        if hasattr(layer, "finalize_state"):
            layer.finalize_state()


def as_list(values):
    return list(values) if isinstance(values, (list, tuple)) else [values]


def same(ours, theirs, x):
    """Weights to the bit, predictions to float32 rounding."""
    for a, b in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        numpy.testing.assert_array_equal(a, numpy.asarray(b))
    outputs, expected = as_list(ours.predict(x)), as_list(theirs.predict(x, verbose=0))
    for output, wanted in zip(outputs, expected, strict=True):
        numpy.testing.assert_allclose(output, wanted, **CLOSE)


def to_keras(model, folder, form):
    path = os.path.join(folder, "ours." + form)
    model.save(path)
    return keras.models.load_model(path, compile=False)


def from_keras(model, folder, form):
    path = os.path.join(folder, "theirs." + form)
    model.save(path)
    return apus.load_model(path)


def cases():
    for kind, forms in LAYERS.items():
        for number, (shapes, connect) in enumerate(forms):
            yield pytest.param(kind, shapes, connect, id=f"{kind}-{number}")


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("kind, shapes, connect", list(cases()))
def test_layers_go_both_ways(kind, shapes, connect, form, tmp_path, rng):
    ours = network(apus, shapes, connect)
    ours.set_weights(filled(ours.get_weights(), rng))
    x = samples(ours, shapes, rng, whole=kind == "Embedding")
    same(ours, to_keras(ours, tmp_path, form), x)
    theirs = network(keras, shapes, connect)
    set_in_keras(theirs, filled(theirs.get_weights(), rng))
    back = from_keras(theirs, tmp_path, form)
    same(back, theirs, x)
    same(back, to_keras(back, tmp_path, form), x)
    # and the configuration alone
    again = keras.models.model_from_json(ours.to_json())
    set_in_keras(again, ours.get_weights())
    same(ours, again, x)
    assert apus.models.model_from_json(theirs.to_json()).count_params() == theirs.count_params()


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("name", CATALOG["activations"])
def test_activations_go_both_ways(name, form, tmp_path, rng):
    for make in (lambda kl, x: kl.Dense(4, activation=name)(x), lambda kl, x: kl.Activation(name)(x)):
        ours = network(apus, [LINE], make)
        x = 3 * rng.normal(size=(20, *LINE)).astype(numpy.float32)
        same(ours, to_keras(ours, tmp_path, form), x)
        theirs = network(keras, [LINE], make)
        back = from_keras(theirs, tmp_path, form)
        same(back, theirs, x)
        back.save(tmp_path / "again.h5")
        numpy.testing.assert_array_equal(apus.load_model(tmp_path / "again.h5").predict(x), back.predict(x))


INITIALIZERS = {
    "Zeros": {}, "Ones": {}, "Constant": {"value": 0.5}, "RandomNormal": {"mean": 0.1, "stddev": 0.2},
    "TruncatedNormal": {"mean": 0.1, "stddev": 0.2}, "RandomUniform": {"minval": -0.1, "maxval": 0.3},
    "VarianceScaling": {"scale": 2.0, "mode": "fan_avg", "distribution": "uniform"},
    "GlorotUniform": {}, "GlorotNormal": {}, "HeUniform": {}, "HeNormal": {}, "LecunUniform": {}, "LecunNormal": {},
    "Orthogonal": {"gain": 0.5}, "Identity": {"gain": 2.0},
}
REGULARIZERS = {
    "L1": {"l1": 0.25}, "L2": {"l2": 0.125}, "L1L2": {"l1": 0.25, "l2": 0.5},
    "OrthogonalRegularizer": {"factor": 0.25, "mode": "columns"},
}
CONSTRAINTS = {
    "MaxNorm": {"max_value": 0.5, "axis": 1}, "NonNeg": {}, "UnitNorm": {"axis": 0},
    "MinMaxNorm": {"min_value": 0.25, "max_value": 0.5, "rate": 0.75, "axis": 0},
}


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize(
    "role, family, kind, options",
    [("kernel_initializer", "initializers", *item) for item in INITIALIZERS.items()]
    + [("kernel_regularizer", "regularizers", *item) for item in REGULARIZERS.items()]
    + [("kernel_constraint", "constraints", *item) for item in CONSTRAINTS.items()],
)
def test_what_weights_have_goes_both_ways(role, family, kind, options, form, tmp_path, rng):
    def with_part(library):
        part = getattr(getattr(library, family), kind)(**options)
        return network(library, [(4,)], lambda kl, x: kl.Dense(4, name="dense", **{role: part})(x))

    ours = with_part(apus)
    theirs = to_keras(ours, tmp_path, form)
    part = getattr(theirs.get_layer("dense"), role)
    assert type(part).__name__ == kind
    config = part.get_config()
    # Keras reads the gain of Identity, and does not write it.
    assert {key: config.get(key, getattr(part, key)) for key in options} == pytest.approx(options)
    options = {key: value for key, value in options.items() if key in config}
    back = from_keras(with_part(keras), tmp_path, form)
    written = layer_config(back, "dense")[role]
    if isinstance(written, str):
        assert written == keras.src.utils.naming.to_snake_case(kind)
    else:
        assert written["class_name"] == kind
        assert {key: written["config"][key] for key in options} == pytest.approx(options)


def layer_config(model, name):
    layers = json.loads(model.to_json())["config"]["layers"]
    return next(layer["config"] for layer in layers if layer["config"]["name"] == name)


# For each loss its options, the activation of the output and what targets look like.
LOSSES = {
    "MeanSquaredError": ({}, "linear", "real"), "MeanAbsoluteError": ({}, "linear", "real"),
    "Huber": ({"delta": 0.5}, "linear", "real"), "BinaryCrossentropy": ({"label_smoothing": 0.1}, "sigmoid", "bits"),
    "CategoricalCrossentropy": ({"label_smoothing": 0.1}, "softmax", "classes"),
    "SparseCategoricalCrossentropy": ({"from_logits": True}, "linear", "numbers"),
    "MeanAbsolutePercentageError": ({}, "linear", "positive"),
    "MeanSquaredLogarithmicError": ({}, "softplus", "positive"),
    "LogCosh": ({}, "linear", "real"), "Hinge": ({}, "tanh", "signs"), "SquaredHinge": ({}, "tanh", "signs"),
    "CategoricalHinge": ({}, "linear", "classes"), "KLDivergence": ({}, "softmax", "shares"),
    "Poisson": ({}, "softplus", "positive"), "CosineSimilarity": ({}, "linear", "real"),
    "BinaryFocalCrossentropy": ({"gamma": 1.5, "apply_class_balancing": True}, "sigmoid", "bits"),
    "CategoricalFocalCrossentropy": ({"alpha": 0.5}, "softmax", "classes"), "Dice": ({}, "sigmoid", "bits"),
    "Tversky": ({"alpha": 0.3, "beta": 0.7}, "sigmoid", "bits"),
}


def targets(kind, rng, rows=12, columns=3):
    if kind == "numbers":
        return rng.integers(0, columns, size=rows)
    y = rng.normal(size=(rows, columns))
    return {
        "real": y, "positive": numpy.abs(y) + 0.5, "bits": y > 0, "signs": numpy.sign(y),
        "classes": numpy.eye(columns)[y.argmax(axis=1)], "shares": numpy.exp(y) / numpy.exp(y).sum(axis=1)[:, None],
    }[kind].astype(numpy.float32)


def compiled(library, loss, optimizer, activation="linear"):
    entry = library.Input(LINE)
    hidden = library.layers.Dense(4, activation="tanh")(entry)
    model = library.Model(entry, library.layers.Dense(3, activation=activation)(hidden))
    model.compile(optimizer=optimizer, loss=loss)
    return model


@pytest.mark.parametrize("kind", LOSSES)
def test_keras_reads_our_losses(kind, tmp_path, rng):
    options, activation, form = LOSSES[kind]
    x, y = rng.normal(size=(12, *LINE)).astype(numpy.float32), targets(form, rng)
    ours = compiled(apus, getattr(apus.losses, kind)(**options), "sgd", activation)
    path = str(tmp_path / "ours.h5")
    ours.save_checkpoint(path)
    theirs = keras.models.load_model(path)
    assert type(theirs.loss).__name__ == kind
    value = theirs.evaluate(x, y, verbose=0)
    assert as_list(ours.evaluate(x, y))[0] == pytest.approx(value, rel=1e-5)


OPTIMIZERS = {
    "SGD": {"learning_rate": 0.1, "momentum": 0.5, "nesterov": True}, "Adagrad": {"learning_rate": 0.1},
    "Adadelta": {"learning_rate": 1.0}, "RMSprop": {"learning_rate": 0.01, "momentum": 0.5, "centered": True},
    "Adam": {"learning_rate": 0.01, "amsgrad": True}, "AdamW": {"learning_rate": 0.01, "weight_decay": 0.1},
    "Adamax": {"learning_rate": 0.01}, "Nadam": {"learning_rate": 0.01}, "Lion": {"learning_rate": 0.01},
    "Ftrl": {"learning_rate": 0.1, "l1_regularization_strength": 0.01},
}
SCHEDULES = {
    "ExponentialDecay": (0.1, 2, 0.5), "PiecewiseConstantDecay": ([2, 4], [0.1, 0.05, 0.01]),
    "PolynomialDecay": (0.1, 6, 0.01), "InverseTimeDecay": (0.1, 2, 0.5), "CosineDecay": (0.1, 8, 0.1),
    "CosineDecayRestarts": (0.1, 3),
}


def check_opened(optimizer, tmp_path, rng):
    """Keras opens a checkpoint with its weights and its loss. The optimizer Keras 3 forgets in an .h5 file."""
    ours = compiled(apus, apus.losses.MeanSquaredError(), optimizer)
    x, y = rng.normal(size=(8, *LINE)).astype(numpy.float32), rng.normal(size=(8, 3)).astype(numpy.float32)
    for _ in range(3):
        ours.train_on_batch(x, y)
    path = str(tmp_path / "ours.h5")
    ours.save_checkpoint(path)
    theirs = keras.models.load_model(path)
    same(ours, theirs, x)
    assert theirs.evaluate(x, y, verbose=0) == pytest.approx(as_list(ours.evaluate(x, y))[0], rel=1e-5)
    theirs.compile("sgd", theirs.loss)
    theirs.train_on_batch(x, y)


@pytest.mark.parametrize("kind", OPTIMIZERS)
def test_keras_opens_a_checkpoint_of_each_optimizer(kind, tmp_path, rng):
    check_opened(getattr(apus.optimizers, kind)(**OPTIMIZERS[kind]), tmp_path, rng)


@pytest.mark.parametrize("kind", SCHEDULES)
def test_keras_opens_a_checkpoint_of_each_schedule(kind, tmp_path, rng):
    schedule = getattr(apus.optimizers.schedules, kind)(*SCHEDULES[kind])
    check_opened(apus.optimizers.SGD(schedule, momentum=0.5), tmp_path, rng)


@pytest.mark.parametrize("kind", sorted(KEPT_HERE))
def test_what_keras_lacks_is_named_by_keras(kind, tmp_path, rng):
    if kind == "MajorityVote":
        models = [apus.Sequential([apus.Input((3,)), apus.layers.Dense(2, "softmax")], name=name) for name in "ab"]
        model = apus.models.ensemble(models, vote="majority")
    else:
        model = network(apus, [LINE, LINE], lambda kl, x, y: kl.Sampling()([x, y]))
    model.save(tmp_path / "model.h5")
    with pytest.raises((ValueError, TypeError), match=kind):
        keras.models.load_model(str(tmp_path / "model.h5"))
    assert apus.load_model(tmp_path / "model.h5").layers[-1].name == model.layers[-1].name
