"""Owners of the library's handles, and the calls that models of every kind share."""

import ctypes
import errno
import json
import os

import numpy

from . import _arrays, _context, _errors, _interrupt
from ._library import PREDICT, lib

BUFFER_TOO_SMALL = 4
_CHUNK_SECONDS = 0.05
_ELEMENTS_PER_SECOND = 5e8
_WEIGHTS_PER_SECOND = 5e9


class Handle:
    """Owns a handle of the library and frees it once."""

    __slots__ = ("pointer", "_free")

    def __init__(self, pointer, free):
        self.pointer = pointer
        self._free = free

    def __del__(self):
        if self.pointer:
            self._free(self.pointer)
            self.pointer = None


class Model(Handle):
    """A fitted model or a network. It never changes, so any number of threads may use it at once."""

    __slots__ = ("_info",)

    def __init__(self, pointer):
        super().__init__(pointer, lib.apus_model_free)
        self._info = None

    @property
    def info(self):
        """What the model is, as a ``dict``; asked for once."""
        if self._info is None:
            with _context.current() as context:
                self._info = json.loads(context.text(lib.apus_model_info, self.pointer))
        return self._info

    def predict(self, x, what=PREDICT):
        """What ``apus_predict`` gives for the rows of ``x``, an array that ``as_array`` has passed.

        Many rows are handed over in portions, between which Python heeds signals.
        """
        with _context.current() as context:
            out = _arrays.unknown()
            source = _arrays.view(x)
            context.check(lib.apus_model_output_shape(context.handle, self.pointer, what, source, out))
            result = _arrays.allocate(out)
            rows = _arrays.rows(x)
            portion = self._portion(x, result)
            if rows <= portion:
                context.check(lib.apus_predict(context.handle, self.pointer, what, source, out))
            else:
                for start in range(0, rows, portion):
                    part = slice(start, start + portion)
                    context.check(
                        lib.apus_predict(
                            context.handle, self.pointer, what, _arrays.view(x[part]), _arrays.view(result[part])
                        )
                    )
        return result

    def _portion(self, x, result):
        """How many rows the library handles in about ``_CHUNK_SECONDS``, a multiple of 256."""
        if x.size + result.size < 100_000:
            return x.size + 1
        seconds = (x.size + result.size) / max(1, _arrays.rows(x)) / _ELEMENTS_PER_SECOND
        if self.info["kind"] == "network":
            seconds += self.info["parameters"] / _WEIGHTS_PER_SECOND
        return max(1, int(_CHUNK_SECONDS / seconds / 256)) * 256

    def attribute(self, name):
        """A copy of a learned array by its name or, for a network's weight, by its path."""
        with _context.current() as context:
            out = _arrays.unknown()
            name = name.encode()
            context.check(lib.apus_model_attribute(context.handle, self.pointer, name, out))
            result = _arrays.allocate(out)
            context.check(lib.apus_model_attribute(context.handle, self.pointer, name, out))
        return result

    def save(self, path, options=None):
        """Writes the file whole or not at all, with options as the library takes them (JSON text)."""
        with _context.current() as context:
            context.check(lib.apus_model_save(context.handle, self.pointer, os.fsencode(path), encoded(options)))

    def save_weights(self, path, options=None):
        """Writes a network's weights alone."""
        with _context.current() as context:
            context.check(
                lib.apus_model_save_weights(context.handle, self.pointer, os.fsencode(path), encoded(options))
            )

    def load_weights(self, path, options):
        """Takes weights from a file; what was taken and what not, as a ``dict``."""
        arguments = (self.pointer, os.fsencode(path), encoded(options), None, None)
        needed, capacity = ctypes.c_size_t(), 1 << 16
        with _context.current() as context, missing_file_named(path):
            while True:
                buffer = ctypes.create_string_buffer(capacity)
                status = lib.apus_model_load_weights(
                    context.handle, *arguments, buffer, capacity, ctypes.byref(needed)
                )
                # Nothing was changed where the report had no room.
                if status != BUFFER_TOO_SMALL or needed.value <= capacity:
                    break
                capacity = needed.value
            context.check(status)
        return json.loads(buffer.value)

    def to_bytes(self):
        """The file as ``bytes``."""
        with _context.current() as context:
            return context.bytes(lib.apus_model_save_memory, self.pointer, None)

    def to_json(self):
        """Keras's configuration of a network, without weights, as text."""
        with _context.current() as context:
            return context.text(lib.apus_model_to_json, self.pointer)


def fit(kind, parameters, x, y, options, seconds):
    """Fits a model of ``kind`` with ``parameters`` (JSON text)."""
    out = ctypes.c_void_p()
    with _context.current() as context:
        _interrupt.call(
            context,
            seconds,
            lib.apus_fit,
            kind.encode(),
            parameters.encode(),
            _arrays.view(x),
            None if y is None else _arrays.view(y),
            ctypes.byref(options),
            ctypes.byref(out),
        )
    return Model(out.value)


def load(path):
    """The model that a file keeps."""
    out = ctypes.c_void_p()
    with _context.current() as context:
        with missing_file_named(path):
            context.check(lib.apus_model_load(context.handle, os.fsencode(path), None, ctypes.byref(out)))
    return Model(out.value)


def from_bytes(data):
    """The model that ``to_bytes`` has written."""
    out = ctypes.c_void_p()
    with _context.current() as context:
        context.check(lib.apus_model_load_memory(context.handle, data, len(data), None, ctypes.byref(out)))
    return Model(out.value)


class missing_file_named:
    """Makes FileNotFoundError of the library's I/O error where that is the reason."""

    def __init__(self, path):
        self.path = path

    def __enter__(self):
        return self

    def __exit__(self, kind, error, traceback):
        if kind is _errors.FileError and not os.path.exists(self.path):
            raise _errors.FileMissingError(
                errno.ENOENT, os.strerror(errno.ENOENT), os.fspath(self.path)
            ) from None
        return False


def encoded(options):
    """Options as the library takes them: JSON text, or None."""
    return json.dumps(options).encode() if options else None


def text_array(names):
    """A C array of UTF-8 texts."""
    return (ctypes.c_char_p * len(names))(*[name.encode() for name in names])


def number(value):
    """``value`` as what JSON can say: numpy's scalars and small arrays become Python's numbers and lists."""
    if isinstance(value, numpy.generic):
        return value.item()
    if isinstance(value, numpy.ndarray):
        return value.tolist()
    raise TypeError(f"{value!r} cannot be a parameter")
