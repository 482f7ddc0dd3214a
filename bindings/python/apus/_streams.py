"""Datasets whose rows come a few at a time: from a file, and from Python code."""

import ctypes
import json
import os
import weakref

import numpy

from . import _arrays, _configuration, _context, _handles
from ._library import BATCH, BATCH_EPOCH, Batch, BatchForm, lib

_ABORT = -1


class FileRows(_handles.Handle):
    """Arrays in an HDF5 file, which the library reads while it trains."""

    __slots__ = ("info", "rows")

    def __init__(self, path, parameters):
        super().__init__(None, lib.apus_dataset_free)
        out = ctypes.c_void_p()
        text = _configuration.text(parameters).encode()
        with _context.current() as context:
            with _handles.missing_file_named(path):
                context.check(
                    lib.apus_dataset_open_hdf5(context.handle, os.fsencode(path), text, ctypes.byref(out))
                )
            self.pointer = out.value
            self.info = json.loads(context.text(lib.apus_dataset_info, self.pointer))
        self.rows = self.info["rows"]


def is_stream(x):
    """Whether ``x`` makes batches, and is no array, list or table of data."""
    if any(hasattr(x, name) for name in ("__array__", "toarray", "keys")) or isinstance(x, (list, tuple)):
        return False
    return is_sequence(x) or hasattr(x, "__next__") or (hasattr(x, "__iter__") and not hasattr(x, "__getitem__"))


def is_sequence(x):
    """Whether ``x`` has its batches by number, as Keras's ``PyDataset`` has."""
    return hasattr(x, "__getitem__") and hasattr(x, "__len__") and hasattr(x, "on_epoch_end")


class Batches(_handles.Handle):
    """Batches that Python code makes: by number, from an iterator, or from what gives a new iterator each epoch.

    ``take(item)`` makes lists of inputs, targets and weights of what comes. Exceptions are kept in ``keeper``, a
    ``SignalKeeper`` that whoever calls the library sets before.
    """

    __slots__ = (
        *("keeper", "rows", "steps", "batch_size", "_source", "_take", "_shuffle", "_items", "_held", "_served"),
        *("_forms", "_callback", "__weakref__"),
    )

    def __init__(self, source, take, steps=None, batch_size=None, shuffle=False):
        super().__init__(None, lib.apus_dataset_free)
        if is_sequence(source):
            steps = len(source) if steps is None else min(steps, len(source))
            if steps < 1:
                raise ValueError("the dataset has no batches")
        self._source, self._take, self._shuffle, self.steps = source, take, shuffle, steps
        self.keeper = self.rows = self._items = self._held = None
        self._served = 0
        if is_sequence(source):
            first = take(source[0])
        else:
            self._items = iter(source)
            try:
                first = self._held = take(next(self._items))
            except StopIteration:
                raise ValueError("the data ended before its first batch") from None
        self._forms = [[(array.dtype, array.shape[1:]) for array in side] for side in first]
        self.batch_size = max(_arrays.rows(first[0][0]), batch_size or 0)
        me = weakref.ref(self)
        self._callback = BATCH(lambda user, address: me()._called(address))
        inputs, targets, weights = [_descriptions(side) for side in first]
        form = BatchForm(
            inputs=inputs,
            n_inputs=len(inputs),
            targets=targets,
            n_targets=len(targets),
            sample_weights=weights,
            n_sample_weights=len(weights),
            any_rows=1,
        )
        out = ctypes.c_void_p()
        with _context.current() as context:
            context.check(
                lib.apus_dataset_from_callback(
                    context.handle, ctypes.byref(form), self._callback, None, ctypes.byref(out)
                )
            )
        self.pointer = out.value

    def ended(self):
        """To be called after each epoch."""
        after = getattr(self._source, "on_epoch_end", None)
        if after is not None:
            after()

    def _called(self, address):
        keeper = self.keeper
        if keeper is None or keeper.error is not None:
            return _ABORT
        try:
            keeper.open = True
            batch = Batch.from_address(address)
            result = self._begin(batch) if batch.stage == BATCH_EPOCH else self._fill(batch)
            keeper.open = False
            return result
        except BaseException as error:
            keeper.open = False
            keeper.error = error
            return _ABORT

    def _begin(self, batch):
        self._served = batch.batch
        if is_sequence(self._source):
            self._held = None
            before = getattr(self._source, "on_epoch_begin", None)
            if before is not None:
                before()
            numbers = range(len(self._source))
            if self._shuffle:
                numbers = numpy.random.default_rng(batch.epoch).permutation(len(self._source)).tolist()
            self._items = (self._source[number] for number in numbers[self._served :])
        elif self._held is None and not hasattr(self._source, "__next__"):
            self._items = iter(self._source)
        return 0

    def _fill(self, batch):
        if self._held is None:
            if self._served == self.steps:
                return 0
            try:
                item = next(self._items)
            except StopIteration:
                if self.steps is None:
                    return 0
                raise ValueError(
                    f"the data ended after {self._served} of {self.steps} steps of epoch {batch.epoch + 1}"
                ) from None
            self._held = self._checked(self._take(item))
        rows = _arrays.rows(self._held[0][0])
        filled = min(rows, batch.rows)
        places = (batch.inputs, batch.targets, batch.sample_weights)
        for side, forms, arrays in zip(self._held, self._forms, places):
            for index, (array, (dtype, shape)) in enumerate(zip(side, forms)):
                size = filled * dtype.itemsize * int(numpy.prod(shape, dtype=numpy.int64))
                memory = (ctypes.c_char * size).from_address(arrays[index].data)
                numpy.copyto(numpy.frombuffer(memory, dtype).reshape(filled, *shape), array[:filled], casting="safe")
        if filled < rows:
            self._held = tuple([array[filled:] for array in side] for side in self._held)
        else:
            self._held = None
            self._served += 1
        return filled

    def _checked(self, item):
        rows = _arrays.rows(item[0][0])
        place = f"batch {self._served + 1}"
        if rows == 0:
            raise ValueError(f"{place} has no rows")
        for side, forms, name in zip(item, self._forms, ("inputs", "targets", "sample weights")):
            if len(side) != len(forms):
                raise ValueError(f"{place} has {len(side)} {name}, the first had {len(forms)}")
            for array, (dtype, shape) in zip(side, forms):
                if array.shape != (rows, *shape):
                    raise ValueError(f"{place} has {name} of shape {array.shape}, expected {(rows, *shape)}")
                if not numpy.can_cast(array.dtype, dtype, "safe"):
                    raise TypeError(f"{place} has {name} of {array.dtype}, the first had {dtype}")
        return item


def _descriptions(arrays):
    """Dtype and shape of one row of each array."""
    return _arrays.views([numpy.empty(array.shape[1:], array.dtype) for array in arrays])
