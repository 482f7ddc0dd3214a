"""Callbacks: when they are called, what they may do, and where their exceptions go."""

import numpy
import pytest

import apus
from apus import Input, Sequential, layers
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
