"""Losses, metrics and weights in training, held to real Keras: several outputs, class and sample weights, masks."""

import numpy
import pytest

import apus
from apus import Input, Model, Sequential, layers, losses, metrics, optimizers

keras = pytest.importorskip("keras")

CLOSE = {"rtol": 2e-5, "atol": 3e-6}


def pair(make, rng):
    """The same network in Apus and Keras, with the same weights."""
    ours, theirs = make(layers, Input, Model), make(keras.layers, keras.Input, keras.Model)
    weights = [rng.normal(size=w.shape).astype("float32") * 0.5 for w in theirs.get_weights()]
    ours.set_weights(weights)
    theirs.set_weights(weights)
    return ours, theirs


def two_outputs(layers, Input, Model):
    x = Input((5,), name="x")
    h = layers.Dense(6, activation="tanh", name="h")(x)
    return Model(x, [layers.Dense(2, name="size")(h), layers.Dense(3, activation="softmax", name="kind")(h)])


def one_output(units, activation):
    def make(layers, Input, Model):
        x = Input((5,))
        return Model(x, layers.Dense(units, activation=activation, name="out")(x))

    return make


def steps(units, activation, masking=False):
    def make(layers, Input, Model):
        x = Input((4, 5))
        h = layers.Masking(0.0)(x) if masking else x
        return Model(x, layers.Dense(units, activation=activation, name="out")(h))

    return make


def same(ours, theirs):
    assert list(ours) != []
    for name in theirs:
        numpy.testing.assert_allclose(ours[name], numpy.asarray(theirs[name]), err_msg=name, **CLOSE)
    assert set(ours) == set(theirs)


TWO = {"loss": ["mse", "sparse_categorical_crossentropy"]}


@pytest.mark.parametrize("form", ["lists", "dicts"])
def test_outputs_have_losses_and_metrics_of_their_own(form, rng):
    ours, theirs = pair(two_outputs, rng)
    x = rng.normal(size=(50, 5)).astype("float32")
    y = [rng.normal(size=(50, 2)).astype("float32"), rng.integers(0, 3, 50).astype("int32")]
    weight = [rng.uniform(size=50).astype("float32"), rng.uniform(size=50).astype("float32")]
    options = {
        "loss_weights": [0.3, 2.0],
        "metrics": [["mae", "mse"], ["accuracy"]],
        "weighted_metrics": [["mae"], ["accuracy", "sparse_categorical_crossentropy"]],
        **TWO,
    }
    if form == "dicts":
        options = {key: dict(zip(["size", "kind"], value)) for key, value in options.items()}
    for model, kind in ((ours, optimizers.SGD), (theirs, keras.optimizers.SGD)):
        model.compile(kind(0.05), **options)
    arguments = {"batch_size": 16, "verbose": 0}
    data = y, weight
    if form == "dicts":
        # Keras takes them by name only where the network's outputs have names too.
        data = tuple(dict(zip(["size", "kind"], values)) for values in data)
    evaluated = ours.evaluate(x, data[0], sample_weight=data[1], return_dict=True, **arguments)
    same(evaluated, theirs.evaluate(x, y, sample_weight=weight, return_dict=True, **arguments))
    arguments.update(epochs=3, shuffle=False)
    same(
        ours.fit(x, data[0], sample_weight=data[1], **arguments).history,
        theirs.fit(x, y, sample_weight=weight, **arguments).history,
    )
    for a, b in zip(ours.get_weights(), theirs.get_weights()):
        numpy.testing.assert_allclose(a, b, **CLOSE)


def test_validation_has_the_same_names(rng):
    ours, theirs = pair(two_outputs, rng)
    x = rng.normal(size=(60, 5)).astype("float32")
    y = [rng.normal(size=(60, 2)).astype("float32"), rng.integers(0, 3, 60).astype("int32")]
    for model, kind in ((ours, optimizers.SGD), (theirs, keras.optimizers.SGD)):
        model.compile(kind(0.05), **TWO, metrics=[None, ["acc"]])
    arguments = {"validation_split": 0.25, "batch_size": 20, "epochs": 2, "shuffle": False, "verbose": 0}
    same(ours.fit(x, y, **arguments).history, theirs.fit(x, y, **arguments).history)


def test_metrics_with_several_results_are_arrays(rng):
    ours, theirs = pair(one_output(3, "softmax"), rng)
    x = rng.normal(size=(40, 5)).astype("float32")
    y = numpy.eye(3, dtype="float32")[rng.integers(0, 3, 40)]
    for model, module, kind in ((ours, metrics, optimizers.SGD), (theirs, keras.metrics, keras.optimizers.SGD)):
        model.compile(
            kind(0.1),
            "categorical_crossentropy",
            metrics=[module.F1Score(name="f1"), module.Precision(thresholds=[0.3, 0.5], name="p"), "accuracy", "auc"],
        )
    arguments = {"batch_size": 16, "epochs": 2, "shuffle": False, "verbose": 0}
    same(ours.fit(x, y, **arguments).history, theirs.fit(x, y, **arguments).history)
    assert ours.metrics_names == ["loss", "f1", "p", "accuracy", "auc"]
    matrix = Sequential([Input((5,)), layers.Dense(3, "softmax")])
    matrix.compile("sgd", "categorical_crossentropy", metrics=[metrics.ConfusionMatrix()])
    counts = matrix.evaluate(x, y, return_dict=True)["confusion_matrix"]
    assert counts.shape == (3, 3) and counts.sum() == 40
    numpy.testing.assert_array_equal(counts.sum(axis=1), y.sum(axis=0))


@pytest.mark.parametrize("kind", ["labels", "one-hot", "binary"])
def test_class_weights_weigh_rows(kind, rng):
    units, activation, loss = {
        "labels": (3, "softmax", "sparse_categorical_crossentropy"),
        "one-hot": (3, "softmax", "categorical_crossentropy"),
        "binary": (1, "sigmoid", "binary_crossentropy"),
    }[kind]
    ours, theirs = pair(one_output(units, activation), rng)
    x = rng.normal(size=(50, 5)).astype("float32")
    y = rng.integers(0, max(units, 2), 50).astype("int32")
    weights = {0: 0.2, 1: 3.0}
    if kind == "one-hot":
        y = numpy.eye(3, dtype="float32")[y]
    elif kind == "binary":
        y = y.astype("float32")[:, None]
    for model, module in ((ours, optimizers), (theirs, keras.optimizers)):
        model.compile(module.SGD(0.1), loss, metrics=["accuracy"], weighted_metrics=["accuracy"])
    arguments = {
        "class_weight": weights, "batch_size": 16, "epochs": 2, "shuffle": False, "verbose": 0, "validation_split": 0.2,
    }
    same(ours.fit(x, y, **arguments).history, theirs.fit(x, y, **arguments).history)
    for a, b in zip(ours.get_weights(), theirs.get_weights()):
        numpy.testing.assert_allclose(a, b, **CLOSE)


def test_class_weights_multiply_sample_weights(rng):
    x = rng.normal(size=(20, 5)).astype("float32")
    y = rng.integers(0, 3, 20)
    weight = rng.uniform(size=20).astype("float32")
    classes = numpy.array([0.5, 2, 1], "float32")
    results = []
    for arguments in (
        {"class_weight": {0: 0.5, 1: 2.0}, "sample_weight": weight}, {"sample_weight": weight * classes[y]},
    ):
        apus.set_seed(3)
        model = Sequential([Input((5,)), layers.Dense(3, "softmax")])
        model.compile("sgd", "sparse_categorical_crossentropy")
        model.fit(x, y, verbose=0, **arguments)
        results.append(model.get_weights()[0])
    numpy.testing.assert_array_equal(*results)


@pytest.mark.parametrize("masking", [False, True])
def test_steps_have_weights(masking, rng):
    ours, theirs = pair(steps(3, "softmax", masking), rng)
    x = rng.normal(size=(24, 4, 5)).astype("float32")
    x[rng.uniform(size=(24, 4)) < 0.3] = 0
    y = rng.integers(0, 3, (24, 4)).astype("int32")
    weight = rng.uniform(size=(24, 4)).astype("float32")
    for model, module in ((ours, optimizers), (theirs, keras.optimizers)):
        model.compile(
            module.SGD(0.1), "sparse_categorical_crossentropy", metrics=["accuracy"], weighted_metrics=["accuracy"]
        )
    arguments = {"sample_weight": weight, "batch_size": 10, "verbose": 0}
    same(ours.evaluate(x, y, return_dict=True, **arguments), theirs.evaluate(x, y, return_dict=True, **arguments))
    arguments.update(epochs=2, shuffle=False)
    histories = [model.fit(x, y, **arguments).history for model in (ours, theirs)]
    if masking:
        # Keras on JAX loses sight of masks in the metrics of training, not in those of evaluate.
        histories = [{"loss": history["loss"]} for history in histories]
    same(*histories)
    for a, b in zip(ours.get_weights(), theirs.get_weights()):
        numpy.testing.assert_allclose(a, b, **CLOSE)


LOSSES = [
    ("SparseCategoricalCrossentropy", {"ignore_class": -1}, "labels"),
    ("SparseCategoricalCrossentropy", {"ignore_class": 1, "from_logits": True}, "labels"),
    ("SparseCategoricalCrossentropy", {"ignore_class": 255, "reduction": "sum"}, "labels"),
    ("SparseCategoricalCrossentropy", {"reduction": "mean_with_sample_weight", "ignore_class": 0}, "labels"),
    ("SparseCategoricalCrossentropy", {"axis": 1}, "labels first"),
    ("SparseCategoricalCrossentropy", {"axis": 1, "from_logits": True, "ignore_class": 2}, "labels first"),
    ("CategoricalCrossentropy", {"axis": 1}, "one-hot first"),
    ("CategoricalCrossentropy", {"axis": -2, "from_logits": True}, "one-hot first"),
    ("CategoricalFocalCrossentropy", {"axis": 1}, "one-hot first"),
    ("CategoricalFocalCrossentropy", {"alpha": 0.5, "gamma": 1.5}, "one-hot"),
    ("BinaryCrossentropy", {"axis": 1}, "one-hot"),
    ("BinaryCrossentropy", {"axis": 1, "reduction": "sum"}, "one-hot"),
    ("BinaryFocalCrossentropy", {"apply_class_balancing": True}, "one-hot"),
    ("BinaryFocalCrossentropy", {"gamma": 0.5, "label_smoothing": 0.1}, "one-hot"),
    ("CosineSimilarity", {"axis": 1}, "real"),
    ("CosineSimilarity", {"axis": 2}, "real"),
    ("Huber", {"delta": 0.3, "reduction": "mean_with_sample_weight"}, "real"),
    ("MeanSquaredError", {"reduction": "mean"}, "real"),
    ("MeanAbsoluteError", {"reduction": "sum"}, "real"),
    ("Dice", {}, "one-hot"),
    ("Dice", {"axis": [1, 2]}, "one-hot"),
    ("Dice", {"axis": -1, "reduction": "sum"}, "one-hot"),
    ("Tversky", {"alpha": 0.3, "beta": 0.7}, "one-hot"),
    ("Tversky", {"alpha": 0.8, "beta": 0.1, "axis": [1, 2], "reduction": "sum"}, "one-hot"),
]


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("name, parameters, kind", LOSSES, ids=lambda value: str(value))
def test_losses_train_as_those_of_keras(name, parameters, kind, weighted, rng):
    """Outputs (rows, 4, 3): classes last, or first of the two."""
    classes = 4 if "first" in kind else 3
    activation = "linear" if parameters.get("from_logits") or kind == "real" else "sigmoid"
    ours, theirs = pair(steps(3, activation), rng)
    theirs_parameters = parameters
    if kind == "labels first":
        # Keras takes no axis of class numbers in all of its backends.
        theirs = keras.Sequential([theirs, keras.layers.Permute((2, 1))])
        theirs_parameters = {**parameters, "axis": -1}
    x = rng.normal(size=(30, 4, 5)).astype("float32")
    if kind == "real":
        y = rng.normal(size=(30, 4, 3)).astype("float32")
    else:
        y = rng.integers(0, classes, (30, 3 if "first" in kind else 4))
        if "labels" in kind:
            ignored = parameters.get("ignore_class")
            if ignored is not None:
                y[rng.uniform(size=y.shape) < 0.3] = ignored
            y = y.astype("int32")
        else:
            y = numpy.eye(classes, dtype="float32")[y]
            y = y.transpose(0, 2, 1) if "first" in kind else y
    arguments = {"batch_size": 16, "epochs": 2, "shuffle": False, "verbose": 0}
    overlap = name in ("Dice", "Tversky")
    axis = parameters.get("axis", None if overlap else -1)
    whole = overlap and axis != -1
    if weighted:
        # Keras wants a weight for each value of the loss.
        shape = (30,) if whole else (30, 3) if "first" in kind or axis == 1 else (30, 4)
        if name == "BinaryCrossentropy" and axis == 1:
            shape = (30, 3)
        arguments["sample_weight"] = rng.uniform(size=shape).astype("float32")
    ours.compile(optimizers.SGD(0.05), getattr(losses, name)(**parameters))
    theirs.compile(keras.optimizers.SGD(0.05), getattr(keras.losses, name)(**theirs_parameters))
    same(ours.fit(x, y, **arguments).history, theirs.fit(x, y, **arguments).history)
    for a, b in zip(ours.get_weights(), theirs.get_weights()):
        numpy.testing.assert_allclose(a, b, **CLOSE)


def test_measures_are_the_same_for_any_number_of_threads(rng):
    x = rng.normal(size=(700, 5)).astype("float32")
    y = rng.integers(0, 3, 700)
    found = []
    for threads in (1, 2, 3, 8):
        apus.set_threads(threads)
        apus.set_seed(4)
        model = Sequential([Input((5,)), layers.Dense(3, "softmax")])
        model.compile(
            "adam",
            "sparse_categorical_crossentropy",
            metrics=["accuracy", metrics.AUC(), metrics.F1Score(), "sparse_categorical_crossentropy"],
            weighted_metrics=[metrics.Recall(class_id=1)],
        )
        history = model.fit(x, y, batch_size=300, class_weight={1: 2.0}, epochs=2, verbose=0).history
        found.append({name: numpy.asarray(value).tolist() for name, value in history.items()})
    apus.set_threads(0)
    assert found[1:] == found[:-1]


@pytest.mark.parametrize(
    "options, message",
    [
        ({"loss": ["mse"]}, "2 outputs, but 1 losses"),
        ({"loss": {"size": "mse"}}, "loss by output must be for size, kind"),
        ({"loss": {"size": "mse", "colour": "mse"}}, "loss by output must be for size, kind"),
        ({"loss": "mse", "loss_weights": [1.0]}, "2 outputs, but 1 weights"),
        ({"loss": "mse", "loss_weights": 2.0}, "loss_weights must have one"),
        ({"loss": "mse", "loss_weights": [1.0, "many"]}, "loss_weights of trainer must be finite numbers"),
        ({"loss": "mse", "metrics": ["mae"]}, "metrics must be an array of what each has"),
        ({"loss": "mse", "metrics": {"colour": "mae"}}, "metrics name an output 'colour'"),
        ({"loss": "mse", "metrics": [["banana"], None]}, "Unknown metric 'banana'"),
        ({"loss": TWO["loss"], "metrics": [None, "mse"]}, "'mean_squared_error' needs targets of the outputs' shape"),
        ({"loss": TWO["loss"], "metrics": ["sparse_categorical_accuracy", None]}, "needs class numbers"),
        ({"loss": losses.CosineSimilarity(axis=2)}, "axis of CosineSimilarity must be one of the 1 axes"),
        ({"loss": losses.CosineSimilarity(axis=0)}, "axis of CosineSimilarity"),
        ({"loss": losses.Dice(axis=[1, 2])}, "axis of Dice must be null"),
        ({"loss": losses.Huber(reduction="none")}, "reduction of Huber must be one of"),
    ],
)
def test_what_does_not_fit_the_outputs_is_named(options, message):
    model = two_outputs(layers, Input, Model)
    with pytest.raises(ValueError, match=message):
        model.compile("sgd", **options)


def test_bad_weights_are_named(rng):
    model = two_outputs(layers, Input, Model)
    model.compile("sgd", **TWO)
    x = rng.normal(size=(6, 5))
    y = [rng.normal(size=(6, 2)), [0, 1, 2, 0, 1, 2]]
    with pytest.raises(ValueError, match="class_weight needs a network of one output"):
        model.fit(x, y, class_weight={0: 2.0}, verbose=0)
    with pytest.raises(ValueError, match="got 3 sample weights|must have shape"):
        model.fit(x, y, sample_weight=[numpy.ones(6)] * 3, verbose=0)
    with pytest.raises(ValueError, match=r"sample_weight\[1\] must be >= 0 and finite as float32, row 2"):
        model.fit(x, y, sample_weight=[None, [1.0, 1, -1, 1, 1, 1]], verbose=0)
    with pytest.raises(ValueError, match="sample_weight names 'colour'"):
        model.fit(x, y, sample_weight={"colour": numpy.ones(6)}, verbose=0)
    with pytest.raises(ValueError, match="class numbers 0 to 2 for 3 outputs; row 1 has 3"):
        model.evaluate(x, [y[0], [0, 3, 2, 0, 1, 2]])
    one = Sequential([Input((5,)), layers.Dense(3, "softmax")])
    one.compile("sgd", "sparse_categorical_crossentropy")
    for classes, message in (({0: -1.0}, "class_weight must be >= 0"), ({-1: 1.0}, "class numbers"), ({0.5: 1}, "class n")):
        with pytest.raises(ValueError, match=message):
            one.fit(x, y[1], class_weight=classes, verbose=0)
    with pytest.raises(TypeError, match="class_weight must be a dict"):
        one.fit(x, y[1], class_weight=[1.0, 2.0], verbose=0)
    with pytest.raises(ValueError, match="sample_weight must have shape"):
        one.fit(x, y[1], sample_weight=numpy.ones((6, 2)), verbose=0)
    one.fit(x, y[1], verbose=0)
