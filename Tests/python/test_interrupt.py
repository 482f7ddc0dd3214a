"""Ctrl-C: a long call ends soon, with KeyboardInterrupt, and what it worked on is still whole."""

import signal
import subprocess
import sys
import time

import numpy
import pytest

import apus
from apus.linear_model import LinearRegression
from conftest import environment

PRELUDE = """
import sys, time, numpy, apus
from apus.linear_model import LinearRegression, LogisticRegression
rng = numpy.random.default_rng(0)
def ready():
    print("ready", flush=True)
def network(units=256):
    model = apus.Sequential([apus.Input((64,)), apus.layers.Dense(units, "relu"), apus.layers.Dense(units, "relu"),
                             apus.layers.Dense(1)])
    model.compile("adam", "mse")
    return model
"""

CASES = {
    "many epochs": """
x = rng.normal(size=(2000, 64)); y = x[:, 0]
model = network(); model.fit(x, y, verbose=0); before = model.predict(x)
def work(): model.fit(x, y, epochs=10**6, verbose=0)
def after(): assert numpy.isfinite(model.predict(x)).all(); model.fit(x, y, verbose=0)
""",
    "one long epoch": """
x = numpy.zeros((400_000, 64), numpy.float32); y = x[:, 0]
model = network(1024)
model.build(); before = model.get_weights()
def work(): model.fit(x, y, verbose=0)
def after():
    for a, b in zip(before, model.get_weights()): assert numpy.array_equal(a, b)
    model.fit(x[:100], y[:100], verbose=0)
""",
    "gradient descent": """
x = rng.normal(size=(20_000, 20)); y = x[:, 0]
model = LinearRegression(solver="gd", learning_rate=1e-6, max_iter=10**8, tol=0)
def work(): model.fit(x, y)
def after():
    assert not hasattr(model, "coef_")
    model.set_params(max_iter=3).fit(x, y)
""",
    "evaluation": """
x = numpy.zeros((400_000, 64), numpy.float32); y = x[:, 0]
model = network(1024); model.build()
def work():
    while True: model.evaluate(x, y)
def after(): model.evaluate(x[:10], y[:10])
""",
    "prediction": """
x = numpy.zeros((400_000, 64), numpy.float32)
model = network(1024)
def work():
    while True: model.predict(x)
def after(): model.predict(x[:10])
""",
    "a callback": """
x = rng.normal(size=(2000, 64)); y = x[:, 0]
model = network()
def wait(batch, logs):
    while True: time.sleep(0.01)
def work(): model.fit(x, y, verbose=0, callbacks=[apus.callbacks.LambdaCallback(on_train_batch_end=wait)])
def after(): model.fit(x, y, verbose=0)
""",
}

EPILOGUE = """
ready()
try:
    work()
except KeyboardInterrupt:
    after()
    print("interrupted", flush=True)
"""


def interrupt(code, number=signal.SIGINT, wait=0.7):
    """Runs code, sends it a signal a while after it is ready, and gives what it printed and how long it took to end."""
    child = subprocess.Popen(
        [sys.executable, "-c", PRELUDE + code],
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # a shell that starts tests in the background has children ignore Ctrl-C
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    try:
        first = child.stdout.readline()
        assert first == "ready\n", child.stderr.read()
        time.sleep(wait)
        assert child.poll() is None, "it ended before it was interrupted"
        child.send_signal(number)
        began = time.monotonic()
        out, err = child.communicate(timeout=60)
        return out, err, time.monotonic() - began, child.returncode
    finally:
        child.kill()
        child.wait()


@pytest.mark.parametrize("case", CASES)
def test_ctrl_c_ends_a_long_call_and_nothing_is_lost(case):
    out, err, seconds, status = interrupt(CASES[case] + EPILOGUE)
    assert (out, status) == ("interrupted\n", 0), err
    assert err == ""
    assert seconds < 10


def test_ctrl_c_without_a_handler_of_ones_own_ends_the_program():
    out, err, seconds, status = interrupt(CASES["many epochs"] + "ready()\nwork()\n")
    assert "KeyboardInterrupt" in err and status in (1, 130, -signal.SIGINT)
    assert seconds < 10


def test_a_handler_of_ones_own_decides():
    code = (
        CASES["many epochs"]
        + """
import signal
calls = []
def note(number, frame):
    calls.append(number)
    raise TimeoutError("enough")
signal.signal(signal.SIGTERM, note)
ready()
try:
    work()
except TimeoutError as error:
    assert signal.getsignal(signal.SIGTERM) is note
    print(calls == [signal.SIGTERM], error)
"""
    )
    out, err, seconds, status = interrupt(code, signal.SIGTERM)
    assert (out, status) == ("True enough\n", 0), err


def test_a_handler_that_returns_lets_the_call_go_on():
    code = """
import signal
x = numpy.zeros((10_000, 64), numpy.float32); y = x[:, 0]
calls = []
signal.signal(signal.SIGUSR1, lambda number, frame: calls.append(number))
model = network(512)
ready()
history = model.fit(x, y, epochs=3, verbose=0)
print(calls == [signal.SIGUSR1], len(history.history["loss"]))
"""
    out, err, seconds, status = interrupt(code, signal.SIGUSR1, wait=0.3)
    assert (out, status) == ("True 3\n", 0), err


def test_handlers_are_put_back(rng):
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGALRM)]
    model = apus.Sequential([apus.Input((2,)), apus.layers.Dense(1)])
    model.compile("sgd", "mse")
    model.fit(rng.normal(size=(10, 2)), numpy.zeros(10), verbose=0)
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGALRM)] == before


def test_an_alarm_that_raises_ends_a_long_fit(rng):
    class Late(Exception):
        pass

    def late(number, frame):
        raise Late

    x = rng.normal(size=(20_000, 20))
    previous = signal.signal(signal.SIGALRM, late)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.3)
        with pytest.raises(Late):
            LinearRegression(solver="gd", learning_rate=1e-6, max_iter=10**8, tol=0).fit(x, x[:, 0])
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)
    assert LinearRegression().fit(x, x[:, 0]).coef_[0] == pytest.approx(1.0)


def test_a_fit_in_another_thread_touches_no_handler():
    import threading

    result = []

    def work():
        x = numpy.zeros((100_000, 30)) + numpy.arange(30.0)
        x[:, 0] = numpy.arange(100_000)
        result.append(LinearRegression().fit(x, x[:, 0]).score(x, x[:, 0]))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert result == [pytest.approx(1.0)]
