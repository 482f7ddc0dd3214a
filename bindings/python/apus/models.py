"""Networks, and models from files, under Keras's names."""

import ctypes

from . import _context, _handles
from ._errors import UnsupportedError
from ._library import lib
from ._ensemble import average_weights, ensemble
from ._network import Model
from ._sequential import Sequential, network_of
from ._step_parts import StepParts
from ._trainer import Trainer
from .callbacks import History

__all__ = [
    "Model",
    "Sequential",
    "StepParts",
    "average_weights",
    "ensemble",
    "load_checkpoint",
    "load_model",
    "model_from_json",
]


def load_model(path):
    """The model that a file keeps: a network from Apus or Keras (``.h5``), or an estimator that Apus has saved.

    Raises FileNotFoundError, OSError when the file cannot be read, ``apus.CorruptFileError`` when it is damaged and
    NotImplementedError when it has something that this version does not know. A network has to be compiled before it
    is trained again; ``load_checkpoint`` goes on with training.

    Examples
    --------
    >>> import apus
    >>> model = apus.load_model("digits.h5")  # doctest: +SKIP
    """
    handle = _handles.load(path)
    kind = handle.info["kind"]
    if kind == "network":
        return network_of(handle)
    from . import _estimator, linear_model, pipeline, preprocessing, svm  # noqa: F401, they fill KINDS

    if kind not in _estimator.KINDS:
        raise UnsupportedError(f"this package has no class for a model of kind {kind!r}")
    return _estimator.KINDS[kind]._from_model(handle)


def load_checkpoint(path):
    """The network of ``save_checkpoint``, ready to go on with ``fit``; ``history`` has all epochs before.

    Optimizer and loss are those of the file; to use others, call ``compile``.
    """
    trainer, handle = Trainer.load(path)
    model = network_of(handle)
    trainer.cost = model._cost()
    model._trainer = trainer
    model.history = History()
    model.history.history = trainer.history()
    model.history.epoch = list(range(max(map(len, model.history.history.values()), default=0)))
    return model


def model_from_json(text):
    """A network with fresh weights from Keras's configuration, the text of ``to_json``."""
    out = ctypes.c_void_p()
    with _context.current() as context:
        context.check(lib.apus_network_from_json(context.handle, text.encode(), ctypes.byref(out)))
    return network_of(_handles.Model(out.value))
