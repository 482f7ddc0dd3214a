"""Apus beside other numerical libraries in one process, whichever is imported first."""

import importlib.util

import pytest

from conftest import run_python

OTHERS = [name for name in ("h5py", "numpy", "scipy", "torch", "sklearn") if importlib.util.find_spec(name)]

IMPORTS = {
    "apus": "import apus",
    "h5py": "import h5py",
    "numpy": "import numpy",
    "scipy": "import scipy.linalg",
    "torch": "import torch",
    "sklearn": "import sklearn.linear_model",
}

WORK = """
import os, sys, tempfile
import numpy
rng = numpy.random.default_rng(0)
x = rng.normal(size=(300, 20)); y = x @ rng.normal(size=20)
classes = (y > 0).astype(int)

def use_numpy():
    q, r = numpy.linalg.qr(rng.normal(size=(200, 200)))
    assert numpy.allclose(q @ q.T, numpy.eye(200))

def use_scipy():
    import scipy.linalg
    a = x.T @ x
    assert numpy.allclose(scipy.linalg.cholesky(a).T @ scipy.linalg.cholesky(a), a)

def use_sklearn():
    from sklearn.linear_model import LogisticRegression
    assert LogisticRegression().fit(x, classes).score(x, classes) > 0.9

def use_torch():
    import torch
    a = torch.from_numpy(x)
    assert torch.allclose(torch.linalg.lstsq(a, torch.from_numpy(y)[:, None]).solution[:, 0] @ a.T, torch.from_numpy(y))
    layer = torch.nn.Linear(20, 3)
    torch.nn.functional.cross_entropy(layer(a.float()), torch.from_numpy(classes)).backward()
    assert torch.isfinite(layer.weight.grad).all()

def use_h5py():
    import h5py
    with h5py.File(os.path.join(folder, "own.h5"), "w") as file:
        file["x"] = x
        file.create_dataset("packed", data=x, compression="gzip", chunks=(10, 20))
    with h5py.File(os.path.join(folder, "own.h5")) as file:
        assert numpy.array_equal(file["x"][:], x) and numpy.array_equal(file["packed"][:], x)

def use_apus():
    import apus
    from apus.linear_model import LinearRegression
    apus.set_seed(1)
    model = apus.Sequential([apus.Input((20,)), apus.layers.Dense(32, "relu"), apus.layers.Dense(2, "softmax")])
    model.compile("adam", "sparse_categorical_crossentropy")
    model.fit(x, classes, epochs=3, verbose=0)
    path = os.path.join(folder, "network.h5")
    model.save(path)
    assert numpy.array_equal(apus.load_model(path).predict(x), model.predict(x))
    line = LinearRegression().fit(x, y)
    assert numpy.allclose(line.predict(x), y)
    line.save(os.path.join(folder, "line.h5"))
    assert numpy.array_equal(apus.load_model(os.path.join(folder, "line.h5")).coef_, line.coef_)
    if "h5py" in sys.modules:
        import h5py
        with h5py.File(path) as file:
            kernel = file["model_weights/dense/dense/kernel:0"][:]
        assert numpy.array_equal(kernel, model.get_weights()[0])
        try:
            h5py.File(os.path.join(folder, "missing.h5"))
        except OSError as error:
            assert "unable" in str(error).lower()
        try:
            apus.load_model(os.path.join(folder, "missing.h5"))
        except FileNotFoundError:
            pass
        else:
            raise AssertionError

with tempfile.TemporaryDirectory() as folder:
    for turn in range(2):
        for name in sys.argv[1:]:
            globals()["use_" + name]()
        for name in reversed(sys.argv[1:]):
            globals()["use_" + name]()
print("fine")
"""


def check(order):
    code = "\n".join(IMPORTS[name] for name in order) + WORK
    assert run_python(code, *order).strip() == "fine"


@pytest.mark.parametrize("other", OTHERS)
def test_apus_works_imported_after_and_before(other):
    check([other, "apus"])
    check(["apus", other])


def test_all_work_together_in_several_orders():
    check([*OTHERS, "apus"])
    check(["apus", *OTHERS])
    check([*reversed(OTHERS), "apus"])
    middle = len(OTHERS) // 2
    check([*OTHERS[middle:], "apus", *OTHERS[:middle]])


def test_libraries_of_the_process_keep_their_threads():
    threadpoolctl = pytest.importorskip("threadpoolctl")
    assert threadpoolctl
    code = """
import numpy, threadpoolctl
numpy.ones((200, 200)) @ numpy.ones((200, 200))
def counts():
    return {info["filepath"]: info["num_threads"] for info in threadpoolctl.threadpool_info()}
before = counts()
import apus
from apus.linear_model import LinearRegression
x = numpy.random.default_rng(0).normal(size=(2000, 50))
LinearRegression().fit(x, x[:, 0]).predict(x)
after = counts()
assert before and all(after[path] == count for path, count in before.items())
print("fine")
"""
    assert run_python(code).strip() == "fine"
