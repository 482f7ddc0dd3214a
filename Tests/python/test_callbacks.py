"""Callbacks: when they are called, what they may do, and where their exceptions go."""

import numpy
import pytest

import apus
from apus import Input, Sequential, callbacks, layers
from apus.callbacks import Callback, LambdaCallback
from apus.linear_model import LinearRegression


@pytest.fixture
def data(rng):
    x = rng.normal(size=(100, 3))
    return x, x @ [[1.0], [2.0], [-1.0]]


def network():
    apus.set_seed(3)
    model = Sequential([Input((3,)), layers.Dense(4, "tanh"), layers.Dense(1)])
    model.compile("adam", "mse", metrics=["mae"])
    return model


class Recorder(Callback):
    def __init__(self):
        super().__init__()
        self.calls = []

    def on_train_begin(self, logs=None):
        self.calls.append("begin")

    def on_train_end(self, logs=None):
        self.calls.append("end")

    def on_epoch_begin(self, epoch, logs=None):
        self.calls.append(f"epoch {epoch}")

    def on_epoch_end(self, epoch, logs=None):
        self.calls.append(f"epoch {epoch} done")
        self.logs = logs

    def on_train_batch_begin(self, batch, logs=None):
        self.calls.append(f"batch {batch}")

    def on_train_batch_end(self, batch, logs=None):
        self.calls.append(f"batch {batch} done")
        self.batch_logs = logs


def test_callbacks_are_called_in_keras_order(data):
    recorder = Recorder()
    model = network()
    model.fit(*data, epochs=2, batch_size=50, verbose=0, callbacks=[recorder], validation_data=data)
    epoch = ["batch 0", "batch 0 done", "batch 1", "batch 1 done"]
    assert recorder.calls == [
        "begin",
        *["epoch 0", *epoch, "epoch 0 done"],
        *["epoch 1", *epoch, "epoch 1 done"],
        "end",
    ]
    assert recorder.model is model
    assert recorder.params["epochs"] == 2 and recorder.params["steps"] == 2
    assert list(recorder.logs) == ["loss", "mae", "val_loss", "val_mae"]
    assert list(recorder.batch_logs) == ["loss", "mae"]
    assert recorder.batch_logs["loss"] == pytest.approx(recorder.logs["loss"])


def test_functions_become_callbacks(data):
    seen = []
    show = LambdaCallback(
        on_epoch_end=lambda epoch, logs: seen.append((epoch, logs["loss"])),
        on_train_batch_end=lambda batch, logs: seen.append(batch),
    )
    history = network().fit(*data, epochs=1, batch_size=50, verbose=0, callbacks=[show])
    assert seen == [0, 1, (0, history.history["loss"][0])]


def test_watching_does_not_change_the_result(data):
    plain, watched = network(), network()
    plain.fit(*data, epochs=3, verbose=0)
    watched.fit(*data, epochs=3, verbose=0, callbacks=[Recorder()])
    for a, b in zip(plain.get_weights(), watched.get_weights()):
        numpy.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("method", ["on_epoch_end", "on_train_batch_end"])
def test_a_callback_may_stop_training(data, method):
    class Stop(Callback):
        pass

    def stop(self, number, logs=None):
        self.model.stop_training = True

    setattr(Stop, method, stop)
    model = network()
    before = model.get_weights()
    history = model.fit(*data, epochs=9, batch_size=10, verbose=0, callbacks=[Stop()])
    assert len(history.history["loss"]) == 1
    assert not numpy.array_equal(before[0], model.get_weights()[0])
    assert len(model.fit(*data, epochs=2, verbose=0).history["loss"]) == 2


@pytest.mark.parametrize(
    "method", ["on_train_begin", "on_epoch_begin", "on_epoch_end", "on_train_batch_begin", "on_train_batch_end"]
)
def test_an_exception_comes_out_of_fit_with_its_traceback(data, method):
    class Fault(Exception):
        pass

    def fail_here(*arguments):
        raise Fault("in the callback")

    model = network()
    with pytest.raises(Fault, match="in the callback") as caught:
        model.fit(*data, epochs=3, batch_size=10, verbose=0, callbacks=[LambdaCallback(**{method: fail_here})])
    assert "fail_here" in [entry.name for entry in caught.traceback]
    assert caught.value.__cause__ is None
    assert len(model.fit(*data, epochs=2, verbose=0).history["loss"]) == 2


def test_an_exception_in_an_epoch_leaves_the_weights_of_the_epoch_before(data):
    def fail_late(batch, logs):
        if fails and batch == 4:
            raise KeyError("late")

    fails = False
    model, other = network(), network()
    model.fit(*data, epochs=1, batch_size=10, verbose=0)
    other.fit(*data, epochs=1, batch_size=10, verbose=0)
    fails = True
    with pytest.raises(KeyError):
        model.fit(*data, epochs=1, batch_size=10, verbose=0, callbacks=[LambdaCallback(on_train_batch_end=fail_late)])
    for a, b in zip(model.get_weights(), other.get_weights()):
        numpy.testing.assert_array_equal(a, b)
    model.fit(*data, epochs=1, batch_size=10, verbose=0)
    other.fit(*data, epochs=1, batch_size=10, verbose=0)
    for a, b in zip(model.get_weights(), other.get_weights()):
        numpy.testing.assert_array_equal(a, b)


def test_keyboard_interrupt_and_exit_come_out_too(data):
    def leave(batch, logs):
        raise SystemExit(3)

    with pytest.raises(SystemExit) as caught:
        network().fit(*data, verbose=0, callbacks=[LambdaCallback(on_train_batch_end=leave)])
    assert caught.value.code == 3


def test_between_epochs_the_model_can_be_used_in_any_way(data, tmp_path):
    losses = []

    class Check(Callback):
        def on_epoch_end(self, epoch, logs=None):
            losses.append((self.model.evaluate(*data)[0], numpy.mean((self.model.predict(data[0]) - data[1]) ** 2)))
            self.model.save(tmp_path / f"epoch{epoch}.h5")

    model = network()
    model.fit(*data, epochs=3, verbose=0, callbacks=[Check()])
    for by_evaluate, by_predict in losses:
        assert by_evaluate == pytest.approx(by_predict, rel=1e-5)
    assert len({loss for loss, _ in losses}) == 3
    last = apus.load_model(tmp_path / "epoch2.h5")
    numpy.testing.assert_array_equal(last.predict(data[0]), model.predict(data[0]))


def test_apus_can_be_called_from_inside_a_batch(data):
    scores = []

    def call(batch, logs):
        scores.append(LinearRegression().fit(*data).score(*data))
        scores.append(float(network().evaluate(*data)[0]))

    network().fit(*data, batch_size=50, verbose=0, callbacks=[LambdaCallback(on_train_batch_end=call)])
    assert len(scores) == 4 and scores[0] == pytest.approx(1.0)


def test_training_the_model_in_training_is_refused(data):
    model = network()

    def again(batch, logs):
        model.train_on_batch(*data)

    with pytest.raises(apus.BusyError):
        model.fit(*data, verbose=0, callbacks=[LambdaCallback(on_train_batch_end=again)])
    assert len(model.fit(*data, verbose=0).history["loss"]) == 1


def test_the_learning_rate_can_be_set_in_a_callback(data):
    class Freeze(Callback):
        def on_epoch_end(self, epoch, logs=None):
            self.model.optimizer.learning_rate = 0.0
            self.weights = self.model.get_weights()

    freeze = Freeze()
    model = network()
    model.fit(*data, epochs=1, verbose=0, callbacks=[freeze])
    model.fit(*data, epochs=3, verbose=0)
    for a, b in zip(freeze.weights, model.get_weights()):
        numpy.testing.assert_array_equal(a, b)


# Keras's callbacks


class Standin:
    """As much of a model as callbacks of epochs touch."""

    def __init__(self):
        self.optimizer = self
        self.learning_rate = 0.5
        self.stop_training = False
        self.weights = [0]

    def get_weights(self):
        return list(self.weights)

    def set_weights(self, weights):
        self.weights = list(weights)


def followed(callback, losses):
    """The weights that a fit ends with, how many epochs it had, and the learning rate of each."""
    model, rates = Standin(), []
    callback.set_model(model)
    callback.on_train_begin()
    for epoch, loss in enumerate(losses):
        model.weights = [epoch]
        rates.append(float(model.learning_rate))
        callback.on_epoch_end(epoch, {"val_loss": loss})
        if model.stop_training:
            break
    callback.on_train_end()
    return model.weights, rates


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"patience": 2},
        {"patience": 3, "restore_best_weights": True},
        {"patience": 1, "min_delta": 0.3, "restore_best_weights": True},
        {"patience": 2, "mode": "max", "start_from_epoch": 3, "restore_best_weights": True},
        {"patience": 2, "baseline": 0.2},
    ],
)
def test_early_stopping_decides_as_keras_does(options, rng):
    keras = pytest.importorskip("keras")
    for _ in range(40):
        losses = rng.normal(size=12)
        theirs = followed(keras.callbacks.EarlyStopping(**{"mode": "min", **options}), losses)
        assert followed(callbacks.EarlyStopping(**options), losses) == theirs


@pytest.mark.parametrize(
    "options",
    [{"patience": 1}, {"patience": 2, "factor": 0.5, "cooldown": 2}, {"patience": 0, "min_lr": 0.125, "factor": 0.5}],
)
def test_plateaus_are_those_of_keras(options, rng):
    keras = pytest.importorskip("keras")
    for _ in range(40):
        losses = rng.normal(size=12)
        theirs = followed(keras.callbacks.ReduceLROnPlateau(**{"mode": "min", **options}), losses)
        assert followed(callbacks.ReduceLROnPlateau(**options), losses) == theirs


def test_a_fit_ends_early_with_its_best_weights(data):
    x, y = data
    model = network()
    stop = callbacks.EarlyStopping(patience=2, restore_best_weights=True, monitor="val_loss")
    history = model.fit(
        x[:50], rng_noise(y[:50]), epochs=400, verbose=0, validation_data=(x[50:], rng_noise(y[50:])), callbacks=[stop]
    )
    seen = history.history["val_loss"]
    assert len(seen) == stop.best_epoch + 3 < 400
    assert model.evaluate(x[50:], rng_noise(y[50:]))[0] == pytest.approx(min(seen), rel=1e-6)


def rng_noise(y):
    return y + numpy.random.default_rng(len(y)).normal(scale=2.0, size=y.shape)


def test_weights_are_set_without_forgetting_the_optimizer(data):
    one, other = network(), network()
    for model in (one, other):
        model.fit(*data, epochs=2, verbose=0)
    one.set_weights(one.get_weights())
    for model in (one, other):
        model.fit(*data, epochs=1, verbose=0)
    for a, b in zip(one.get_weights(), other.get_weights()):
        numpy.testing.assert_array_equal(a, b)


def test_the_rate_of_each_epoch_is_in_the_history(data):
    model = network()
    halve = callbacks.LearningRateScheduler(lambda epoch, rate: rate / 2 if epoch else rate)
    history = model.fit(*data, epochs=3, verbose=0, callbacks=[halve])
    assert history.history["learning_rate"] == [0.001, 0.0005, 0.00025]
    model.compile(apus.optimizers.SGD(apus.optimizers.schedules.InverseTimeDecay(0.1, 1, 1)), "mse")
    with pytest.raises(ValueError, match="schedule"):
        model.fit(*data, verbose=0, callbacks=[halve])


def test_the_best_model_is_saved(data, tmp_path):
    model = network()
    path = tmp_path / "{epoch:02d}.h5"
    history = model.fit(*data, epochs=3, verbose=0, validation_data=data, callbacks=[callbacks.ModelCheckpoint(path)])
    assert sorted(file.name for file in tmp_path.iterdir()) == ["01.h5", "02.h5", "03.h5"]
    resumed = apus.load_checkpoint(tmp_path / "02.h5")
    resumed.fit(*data, verbose=0, validation_data=data)
    for a, b in zip(model.get_weights(), resumed.get_weights()):
        numpy.testing.assert_array_equal(a, b)
    best = tmp_path / "best.h5"
    watch = callbacks.ModelCheckpoint(
        best, save_best_only=True, save_weights_only=True, initial_value_threshold=history.history["val_loss"][2] / 2
    )
    model.fit(*data, epochs=1, verbose=0, validation_data=data, callbacks=[watch])
    assert not best.exists()
    watch.best = None
    model.fit(*data, epochs=1, verbose=0, validation_data=data, callbacks=[watch])
    numpy.testing.assert_array_equal(apus.models.load_model(best).predict(data[0]), model.predict(data[0]))


def test_a_log_has_a_line_for_each_epoch(data, tmp_path):
    path = tmp_path / "log.csv"
    history = network().fit(*data, epochs=2, verbose=0, callbacks=[callbacks.CSVLogger(path)])
    network().fit(*data, epochs=1, verbose=0, callbacks=[callbacks.CSVLogger(path, append=True)])
    lines = path.read_text().splitlines()
    assert lines[0] == "epoch,loss,mae" and [line[0] for line in lines[1:]] == ["0", "1", "0"]
    assert float(lines[2].split(",")[1]) == history.history["loss"][1]


def test_divergence_ends_training_where_that_is_asked_for(data):
    model = network()
    model.compile(apus.optimizers.SGD(1e12), "mse")
    with pytest.raises(apus.ConvergenceError):
        model.fit(*data, epochs=9, batch_size=10, verbose=0)
    with pytest.warns(apus.ApusWarning, match="diverged"):
        history = model.fit(*data, epochs=9, batch_size=10, verbose=0, callbacks=[callbacks.TerminateOnNaN()])
    assert model.stop_training and len(history.history.get("loss", [])) < 9
    model.set_weights(network().get_weights())
    model.optimizer.learning_rate = 0.01
    assert len(model.fit(*data, epochs=2, verbose=0).history["loss"]) == 2


def test_a_measure_that_is_not_there_is_named(data):
    with pytest.raises(ValueError, match="'val_loss'.*loss, mae"):
        network().fit(*data, verbose=0, callbacks=[callbacks.EarlyStopping()])
    with pytest.raises(ValueError, match="'min' or 'max'"):
        callbacks.EarlyStopping("banana")
    with pytest.raises(ValueError, match="mode"):
        callbacks.EarlyStopping(mode="up")
    with pytest.raises(ValueError, match="factor"):
        callbacks.ReduceLROnPlateau(factor=1.0)
    with pytest.raises(ValueError, match=".h5"):
        callbacks.ModelCheckpoint("model.keras")
    with pytest.raises(ValueError, match="save_freq"):
        callbacks.ModelCheckpoint("model.h5", save_freq=10)


def test_accumulated_batches_are_the_large_batch(data):
    whole, parts = network(), network()
    whole.compile(apus.optimizers.SGD(0.05, momentum=0.9), "mse")
    parts.compile(apus.optimizers.SGD(0.05, momentum=0.9, gradient_accumulation_steps=4), "mse")
    whole.fit(*data, batch_size=32, epochs=25, shuffle=False, verbose=0)
    parts.fit(*data, batch_size=8, epochs=25, shuffle=False, verbose=0)
    for a, b in zip(whole.get_weights(), parts.get_weights()):
        numpy.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)
