"""One network of several."""

import ctypes

from . import _configuration, _context, _handles
from ._library import lib
from ._network import Model
from ._sequential import network_of


def ensemble(models, vote="mean", weights=None, *, threshold=0.5, name="ensemble"):
    """One network that averages what several give, or lets them vote.

    Parameters
    ----------
    models : list of networks
        With the same shapes of inputs and of outputs. Their weights are copied; they stay as they are.
    vote : {"mean", "majority", "soft", "hard"}, default "mean"
        "mean" or "soft": the average of the outputs. "majority" or "hard": the share of the models' votes for each
        class; a model votes for the column of its largest output, the first of equal ones, or with a single column for
        the second of two classes where that is above ``threshold``. Equal shares are a decision for the lower class.
    weights : list of float, optional
        What each model counts, numbers of at least 0; 1 each by default.
    threshold : float, default 0.5
        Of a majority on one column; 0 for outputs without a sigmoid.
    name : str, default "ensemble"

    Returns
    -------
    Model
        With the models as its layers. It predicts, trains, is evaluated and saved like any network. Keras opens the
        file of an average; a majority has a layer that Keras lacks, ``MajorityVote``.

    Examples
    --------
    >>> import numpy, apus
    >>> models = []
    >>> for value in (1.0, 2.0, 6.0):
    ...     bias = apus.initializers.Constant(value)
    ...     layer = apus.layers.Dense(1, kernel_initializer="zeros", bias_initializer=bias)
    ...     models.append(apus.Sequential([apus.Input((2,)), layer]))
    >>> apus.models.ensemble(models).predict(numpy.zeros((1, 2)))
    array([[3.]], dtype=float32)
    >>> apus.models.ensemble(models, weights=[2, 1, 1]).predict(numpy.zeros((1, 2)))
    array([[2.5]], dtype=float32)
    >>> apus.models.ensemble(models, vote="majority", threshold=1.5).predict(numpy.zeros((1, 2)))
    array([[0.6666667]], dtype=float32)
    """
    return _combined(models, {"vote": vote, "weights": weights, "threshold": threshold, "name": name})


def average_weights(models, weights=None, *, name=None):
    """A network of the architecture that several have, with the average of their weights.

    For networks that come from one, such as states of one training or trainings that began with the same weights
    (Izmailov et al. 2018; Wortsman et al. 2022). Averages of BatchNormalization are averaged too; those of the new
    network follow from some passes of training with a learning rate of 0.

    Parameters
    ----------
    models : list of networks
    weights : list of float, optional
        What each model counts; 1 each by default.
    name : str, optional
        By default that of the first.

    Returns
    -------
    Model or Sequential
    """
    parameters = {"how": "weights", "weights": weights}
    if name is not None:
        parameters["name"] = name
    return _combined(models, parameters)


def _combined(models, parameters):
    models = list(models)
    for number, model in enumerate(models):
        if not isinstance(model, Model):
            raise TypeError(f"models[{number}] must be a network, got {type(model).__name__}")
    handles = [model._current() for model in models]
    pointers = (ctypes.c_void_p * max(1, len(handles)))(*[handle.pointer for handle in handles])
    out = ctypes.c_void_p()
    text = _configuration.text(parameters).encode()
    with _context.current() as context:
        context.check(
            lib.apus_network_ensemble(context.handle, pointers, len(handles), text, ctypes.byref(out))
        )
    return network_of(_handles.Model(out.value))
