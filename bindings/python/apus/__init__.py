"""Machine learning through libapus: classical models and neural networks, kept in HDF5.

Estimators have the names and manners of scikit-learn (``apus.linear_model``, ``apus.preprocessing``,
``apus.pipeline``), networks those of Keras (``apus.Sequential``, ``apus.layers``, ``apus.optimizers``, ...).
"""

from . import _library
from ._context import build_info, catalog, set_memory_limit, set_seed, set_threads
from ._errors import (
    ApusError,
    ApusWarning,
    BusyError,
    ConvergenceError,
    CorruptFileError,
    DTypeError,
    FileError,
    FileMissingError,
    InternalError,
    InvalidArgumentError,
    LimitError,
    NotFittedError,
    OutOfMemoryError,
    ShapeError,
    UnsupportedError,
)

__version__ = "1.1.0"

library_version = _library.lib.apus_version().decode()
"""The version of the library that was loaded."""

_MODULES = (
    "activations",
    "augmentation",
    "calculus",
    "callbacks",
    "constraints",
    "data",
    "initializers",
    "layers",
    "linalg",
    "linear_model",
    "losses",
    "metrics",
    "models",
    "ops",
    "optimize",
    "optimizers",
    "pipeline",
    "preprocessing",
    "regularizers",
    "stats",
    "svm",
    "utils",
)
_NAMES = {
    "Input": "layers",
    "Model": "models",
    "Sequential": "models",
    "load_checkpoint": "models",
    "load_model": "models",
}

__all__ = [
    "ApusError",
    "ApusWarning",
    "BusyError",
    "ConvergenceError",
    "CorruptFileError",
    "DTypeError",
    "FileError",
    "FileMissingError",
    "InternalError",
    "InvalidArgumentError",
    "LimitError",
    "NotFittedError",
    "OutOfMemoryError",
    "ShapeError",
    "UnsupportedError",
    "build_info",
    "catalog",
    "library_version",
    "set_memory_limit",
    "set_seed",
    "set_threads",
    *_MODULES,
    *_NAMES,
]


def __getattr__(name):
    # Submodules are imported when first used, so that importing apus stays quick.
    from importlib import import_module

    if name in _MODULES:
        return import_module("." + name, __name__)
    if name in _NAMES:
        value = getattr(import_module("." + _NAMES[name], __name__), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module 'apus' has no attribute {name!r}")


def __dir__():
    return sorted({*globals(), *__all__})
