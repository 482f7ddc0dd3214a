"""The examples of the documentation run and give what they show."""

import doctest
import importlib
import inspect
import os
import pkgutil
import re

import pytest

import apus
from conftest import PACKAGE, run_python

MODULES = sorted(module.name for module in pkgutil.iter_modules(apus.__path__))


@pytest.mark.parametrize("name", MODULES)
def test_examples_of_docstrings_give_what_they_show(name):
    module = importlib.import_module("apus." + name)
    apus.set_seed(0)
    assert doctest.testmod(module, optionflags=doctest.NORMALIZE_WHITESPACE).failed == 0


def test_the_example_of_the_readme_runs(tmp_path, monkeypatch):
    with open(os.path.join(PACKAGE, "README.md"), encoding="utf-8") as file:
        examples = re.findall(r"```python\n(.*?)```", file.read(), flags=re.S)
    assert examples
    monkeypatch.chdir(tmp_path)
    for example in examples:
        run_python(example)


def public_things():
    for name in (name for name in MODULES if not name.startswith("_")):
        module = importlib.import_module("apus." + name)
        for public in module.__all__:
            yield f"{name}.{public}", getattr(module, public)


@pytest.mark.parametrize("name, thing", [pytest.param(*pair, id=pair[0]) for pair in public_things()])
def test_everything_public_is_documented(name, thing):
    assert inspect.getdoc(thing), name
    if inspect.isclass(thing):
        methods = [method for method, value in vars(thing).items() if inspect.isfunction(value) and method[0] != "_"]
        assert [method for method in methods if not inspect.getdoc(getattr(thing, method))] == []


def test_the_package_passes_its_own_version_on():
    with open(os.path.join(PACKAGE, "pyproject.toml"), encoding="utf-8") as file:
        assert re.search(r'^version = "(.*)"$', file.read(), flags=re.M).group(1) == apus.__version__
