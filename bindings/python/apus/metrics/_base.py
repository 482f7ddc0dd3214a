"""The base of the metrics."""

import ctypes

import numpy

from .. import _arrays, _configuration, _context, _handles
from .._configuration import Configured
from .._library import lib


class Metric(Configured):
    """Base of the metrics: for ``compile``, or by itself with ``update_state`` and ``result``.

    ``name`` is the name in histories, by default the class's in snake case; ``dtype`` is there for Keras's sake: sums
    are in double precision.

    Examples
    --------
    >>> from apus.metrics import Precision
    >>> precision = Precision()
    >>> precision.update_state([0, 1, 1, 1], [1, 0, 1, 1])
    >>> round(precision.result(), 4)
    0.6667
    """

    _handle = None

    def __init__(self, name=None, dtype=None):
        self.name = name
        self.dtype = dtype

    def update_state(self, y_true, y_pred, sample_weight=None):
        """Adds rows. Targets have the predictions' shape, or are a class number for each position."""
        outputs = _float32(y_pred, "y_pred")
        targets = _float32(y_true, "y_true")
        weight = None if sample_weight is None else _float32(sample_weight, "sample_weight")
        if weight is not None and weight.ndim == 0:
            weight = numpy.full(outputs.shape[:1], weight, numpy.float32)
        with _context.current() as context:
            context.check(
                lib.apus_metric_update(
                    context.handle,
                    self._require_handle(context),
                    _arrays.view(targets),
                    _arrays.view(outputs),
                    None if weight is None else _arrays.view(weight),
                )
            )

    def result(self):
        """The result over all rows so far: a float, or an array where there are several."""
        with _context.current() as context:
            out = _arrays.unknown()
            handle = self._require_handle(context)
            context.check(lib.apus_metric_result(context.handle, handle, out))
            values = _arrays.allocate(out)
            context.check(lib.apus_metric_result(context.handle, handle, out))
        return float(values) if values.ndim == 0 else values

    def reset_state(self):
        """Back to no rows."""
        self._handle = None

    def __call__(self, y_true, y_pred, sample_weight=None):
        self.update_state(y_true, y_pred, sample_weight)
        return self.result()

    def _require_handle(self, context):
        if self._handle is None:
            pointer = ctypes.c_void_p()
            text = _configuration.text(self)
            context.check(lib.apus_metric_create(context.handle, text.encode(), ctypes.byref(pointer)))
            self._handle = _handles.Handle(pointer.value, lib.apus_metric_free)
        return self._handle.pointer

    def __getstate__(self):
        return {name: value for name, value in self.__dict__.items() if name != "_handle"}


def _float32(values, name):
    array = _arrays.as_array(values, name)
    return array.astype(numpy.float32) if array.dtype == numpy.float64 else array
