"""Threads and processes: models are shared, contexts are not."""

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy
import pytest

import apus
from apus import _context, _library
from apus.linear_model import LinearRegression, LogisticRegression
from conftest import run_python


def network():
    apus.set_seed(0)
    return apus.Sequential([apus.Input((6,)), apus.layers.Dense(32, "relu"), apus.layers.Dense(4, "softmax")])


def test_many_threads_predict_with_one_model(rng):
    x = rng.normal(size=(500, 6))
    models = [
        network(),
        LinearRegression().fit(x, x[:, 0]),
        LogisticRegression().fit(x, numpy.where(x[:, 1] > 0, "up", "down")),
    ]
    expected = [model.predict(x) for model in models]

    def work(number):
        for turn in range(20):
            which = (number + turn) % 3
            numpy.testing.assert_array_equal(models[which].predict(x), expected[which])
        return number

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(work, range(32))) == list(range(32))


def test_many_threads_train_models_of_their_own(rng):
    x = rng.normal(size=(200, 6))
    y = x[:, :4].argmax(axis=1)

    def work(seed):
        model = apus.models.model_from_json(text)
        model.set_weights(start)
        model.compile("adam", "sparse_categorical_crossentropy")
        return model.fit(x, y, epochs=5, verbose=0, shuffle=False).history["loss"]

    start, text = network().get_weights(), network().to_json()
    alone = work(0)
    with ThreadPoolExecutor(4) as pool:
        for losses in pool.map(work, range(8)):
            assert losses == alone


def test_a_thread_frees_its_contexts(monkeypatch):
    freed = []
    real = _library.lib.apus_context_free

    def free(handle):
        freed.append(handle)
        real(handle)

    def work():
        with _context.current() as outer:
            outer._free = free
            with _context.current() as inner:
                inner._free = free
                assert inner.handle != outer.handle
                handles.extend([outer.handle, inner.handle])

    handles = []
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert sorted(freed) == sorted(handles) and len(freed) == 2


def test_a_context_is_used_again():
    with _context.current() as first:
        handle = first.handle
    with _context.current() as second:
        assert second.handle == handle


def test_the_seed_reaches_threads_that_run_already():
    drawn = []
    go, done = threading.Semaphore(0), threading.Semaphore(0)

    def draw():
        kernel = apus.Sequential([apus.Input((5,)), apus.layers.Dense(5)]).get_weights()[0]
        drawn.append(kernel.tolist())

    def work():
        for _ in range(2):
            go.acquire()
            draw()
            done.release()

    thread = threading.Thread(target=work)
    thread.start()
    for _ in range(2):
        apus.set_seed(99)
        go.release()
        done.acquire()
    thread.join()
    apus.set_seed(99)
    draw()
    assert drawn[0] == drawn[1] == drawn[2]


@pytest.mark.parametrize("function, limit", [(apus.set_seed, 2**64 - 1), (apus.set_threads, 1024)])
def test_settings_are_checked(function, limit):
    with pytest.raises(ValueError, match=f"from 0 to {limit}"):
        function(limit + 1)
    with pytest.raises(ValueError):
        function(-1)
    with pytest.raises(TypeError, match="whole number"):
        function(1.5)
    assert function(0) is None


def test_the_number_of_threads_is_that_which_was_set():
    apus.set_threads(3)
    try:
        assert apus.build_info()["threads"] == 3
    finally:
        apus.set_threads(0)
    assert apus.build_info()["threads"] >= 1


def test_the_memory_limit_holds(rng):
    x = rng.normal(size=(20_000, 50))
    apus.set_memory_limit(1_000_000)
    try:
        with pytest.raises(MemoryError):
            LinearRegression(solver="svd").fit(x, x[:, 0])
        assert LinearRegression().fit(x[:20, :2], x[:20, 0]).coef_[0] == pytest.approx(1.0)
    finally:
        apus.set_memory_limit(0)
    assert LinearRegression(solver="svd").fit(x, x[:, 0]).coef_[0] == pytest.approx(1.0)


def test_a_forked_child_goes_on():
    code = """
import os, threading, time, numpy, apus
from apus.linear_model import LinearRegression
x = numpy.random.default_rng(0).normal(size=(3000, 40))
y = x[:, 0]
model = apus.Sequential([apus.Input((40,)), apus.layers.Dense(64, "relu"), apus.layers.Dense(1)])
model.compile("adam", "mse")
model.fit(x, y, verbose=0)
expected = model.predict(x)
stop = []
def busy():
    while not stop:
        LinearRegression().fit(x, y)
thread = threading.Thread(target=busy)
thread.start()
time.sleep(0.1)
child = os.fork()
if child == 0:
    status = 1
    try:
        assert numpy.array_equal(model.predict(x), expected)
        model.fit(x, y, epochs=2, verbose=0)
        assert LinearRegression().fit(x, y).score(x, y) > 0.99
        status = 0
    finally:
        os._exit(status)
stop.append(True)
thread.join()
_, status = os.waitpid(child, 0)
model.fit(x, y, verbose=0)
print(os.waitstatus_to_exitcode(status))
"""
    assert run_python(code).strip() == "0"


def test_worker_processes_use_estimators(rng):
    joblib = pytest.importorskip("joblib")
    x = rng.normal(size=(100, 3))
    model = LinearRegression().fit(x, x[:, 0])
    results = joblib.Parallel(n_jobs=2)(joblib.delayed(model.predict)(x[i::2]) for i in range(2))
    for i, result in enumerate(results):
        numpy.testing.assert_array_equal(result, model.predict(x)[i::2])


def test_a_warning_of_the_library_names_the_caller():
    x = numpy.array([[0.0], [1.0], [2.0], [3.0]])
    with pytest.warns(apus.ApusWarning, match="separated") as caught:
        LogisticRegression(penalty="none").fit(x, [0, 0, 1, 1])
    assert caught[0].filename == __file__


def test_a_solver_that_does_not_get_there_warns(rng):
    x = rng.normal(size=(200, 5))
    y = (x[:, 0] + rng.normal(size=200) > 0).astype(int)
    with pytest.warns(apus.ApusWarning, match="before tol was reached"):
        model = LogisticRegression(max_iter=1, solver="lbfgs").fit(x, y)
    assert model.converged_ is False and model.n_iter_ == 1
    with pytest.warns(apus.ApusWarning) as caught:
        LogisticRegression(max_iter=1, solver="lbfgs").fit(x, y)
        LogisticRegression(max_iter=1, solver="gd").fit(x, y)
    assert len(caught) == 1
