"""A context of the library for each thread, and what it is set to.

The library lets one call at a time use a context. Each thread keeps a stack of its own: a call takes a context from it
and puts it back, so a callback that calls Apus while its caller's context is busy gets another one.
"""

import ctypes
import os
import sys
import threading
import warnings

from . import _errors
from ._library import LOG, LOG_WARNING, ContextOptions, lib

# The odd number nearest 2**64 over the golden ratio: it spreads the seeds of nested contexts.
_SEED_STEP = 0x9E3779B97F4A7C15

_settings = {"seed": 0, "threads": 0, "memory_limit": 0}
_seed_generation = 0
_options_generation = 0


class _ThreadState(threading.local):
    """The idle contexts of a thread, how many it has made, and the warnings that the running call has logged."""

    def __init__(self):
        self.idle = []
        self.in_use = 0
        self.warnings = []


_thread = _ThreadState()


def _log(user, level, message):
    if level == LOG_WARNING:
        _thread.warnings.append(message.decode("utf-8", "replace"))


_log_callback = LOG(_log)


class Context:
    """Owns one ``apus_context``. ``with current() as context:`` borrows one for a call or a few."""

    __slots__ = ("handle", "level", "seed_generation", "options_generation", "process", "spoiled", "_free")

    def __init__(self, level):
        self.handle = None
        self._free = lib.apus_context_free
        self.level = level
        self.process = os.getpid()
        self.spoiled = False
        self.seed_generation = _seed_generation
        self.options_generation = _options_generation
        out = ctypes.c_void_p()
        options = ContextOptions(
            threads=_settings["threads"],
            seed=self._seed(),
            memory_limit=_settings["memory_limit"],
            log=_log_callback,
        )
        status = lib.apus_context_create(ctypes.byref(options), ctypes.byref(out))
        if status:
            raise _errors.error_for(status, "no context: " + lib.apus_status_text(status).decode())
        self.handle = out.value

    def _seed(self):
        return (_settings["seed"] + self.level * _SEED_STEP) % 2**64

    def __del__(self):
        # After fork the child's copy of another thread's context may have been in the middle of a call: leave it.
        if self.handle and self.process == os.getpid():
            self._free(self.handle)
            self.handle = None

    def check(self, status):
        """Raises the exception for a status code other than 0."""
        if status:
            message = lib.apus_last_error(self.handle) or lib.apus_status_text(status)
            raise _errors.error_for(status, message.decode("utf-8", "replace"))

    def text(self, function, *arguments):
        """The text that ``function`` writes, as ``str``."""
        return self.bytes(function, *arguments)[:-1].decode()

    def bytes(self, function, *arguments):
        """The bytes that ``function`` writes, its terminating zero included when it writes text."""
        needed = ctypes.c_size_t()
        self.check(function(self.handle, *arguments, None, 0, ctypes.byref(needed)))
        buffer = ctypes.create_string_buffer(needed.value)
        self.check(function(self.handle, *arguments, buffer, needed.value, ctypes.byref(needed)))
        return buffer.raw[: needed.value]

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        _thread.in_use -= 1
        if not self.spoiled:
            _thread.idle.append(self)
        if _thread.warnings:
            messages, _thread.warnings = _thread.warnings, []
            if exception[0] is None:
                for message in messages:
                    warnings.warn(message, _errors.ApusWarning, stacklevel=_stack_level())


def _stack_level():
    """How far up the first frame outside this package is, as ``warnings.warn`` counts it for our caller."""
    package = os.path.dirname(__file__)
    level, frame = 1, sys._getframe(1)
    while frame.f_back and os.path.dirname(frame.f_code.co_filename) == package:
        level, frame = level + 1, frame.f_back
    return level


def current():
    """Borrows a context of this thread: use it in a ``with`` statement, which gives it back."""
    context = None
    while _thread.idle:
        context = _thread.idle.pop()
        if context.options_generation == _options_generation:
            break
        context = None
    if context is None:
        context = Context(_thread.in_use)
    elif context.seed_generation != _seed_generation:
        context.seed_generation = _seed_generation
        context.check(lib.apus_set_seed(context.handle, context._seed()))
    _thread.in_use += 1
    return context


def _adopt_after_fork():
    for context in _thread.idle:
        context.process = os.getpid()


os.register_at_fork(after_in_child=_adopt_after_fork)


def set_seed(seed):
    """Starts every random sequence anew: initial weights, shuffling, dropout.

    The same seed and the same calls give the same bits, whatever the number of threads of the library. Each Python
    thread has a sequence of its own that starts from this seed. Without a call the seed is 0.

    Parameters
    ----------
    seed : int
        From 0 to 2**64 - 1.

    Examples
    --------
    >>> import apus
    >>> apus.set_seed(7)
    """
    global _seed_generation
    seed = _whole_number("seed", seed, 2**64 - 1)
    _settings["seed"] = seed
    _seed_generation += 1


def set_threads(threads):
    """Sets how many threads the library may use for one call; results do not depend on it.

    Random sequences start anew from the seed.

    Parameters
    ----------
    threads : int
        1 to 1024, or 0 for one per processor available to this process.
    """
    _configure("threads", _whole_number("threads", threads, 1024))


def set_memory_limit(limit):
    """Sets how many bytes the library may hold at once through one context; more raises ``MemoryError``.

    Random sequences start anew from the seed.

    Parameters
    ----------
    limit : int
        Bytes, or 0 for no limit.
    """
    _configure("memory_limit", _whole_number("limit", limit, 2**64 - 1))


def _configure(name, value):
    global _options_generation
    previous = _settings[name]
    _settings[name] = value
    _options_generation += 1
    try:
        with current():
            pass
    except Exception:
        _settings[name] = previous
        raise


def _whole_number(name, value, largest):
    try:
        number = value.__index__()
    except AttributeError:
        raise TypeError(f"{name} must be a whole number, got {value!r}") from None
    if not 0 <= number <= largest:
        raise ValueError(f"{name} must be from 0 to {largest}, got {number}")
    return number


def build_info():
    """The build of the library as a ``dict``: version, instruction sets, threads, OpenBLAS, HDF5 and Swift versions."""
    return _json(lib.apus_build_info)


def catalog():
    """Every model kind, layer, loss, optimizer and metric with its parameters, as a ``dict``."""
    return _json(lib.apus_catalog)


def _json(function):
    import json

    with current() as context:
        return json.loads(context.text(function))
