"""What augmenters of images and of text share: how they are made, and what their random numbers are keyed by."""

import ctypes
import json

import numpy

from .. import _arrays, _configuration, _context, _handles
from .._library import AugmentOptions


def make(create, free, steps):
    """The handle of an augmenter of ``steps``, a list of configured objects, names or dictionaries."""
    out = ctypes.c_void_p()
    text = json.dumps([_configuration.plain(step) for step in steps])
    with _context.current() as context:
        context.check(create(context.handle, text.encode(), ctypes.byref(out)))
    return _handles.Handle(out.value, free)


def as_list(steps):
    """``steps`` as a list; one alone may be given as it is."""
    if isinstance(steps, (str, dict, _configuration.Configured)):
        return [steps]
    return list(steps)


def options(seed, epoch, first, rows):
    """The library's options; without a seed the next numbers of ``apus.set_seed``."""
    result = AugmentOptions(
        seeded=seed is not None,
        seed=0 if seed is None else _context._whole_number("seed", seed, 2**64 - 1),
        epoch=_context._whole_number("epoch", epoch, 2**64 - 1),
        first=_context._whole_number("first", first, 2**63 - 1),
    )
    if rows is not None:
        numbers = numpy.ascontiguousarray(rows)
        if numbers.dtype.kind not in "iu":
            raise TypeError(f"rows must be whole numbers, got {numbers.dtype}")
        view = _arrays.view(numbers.astype(numpy.int64, copy=False))
        result.rows = ctypes.pointer(view)
        result.keeps = view
    return result
