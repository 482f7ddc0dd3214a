"""What the library's status codes become in Python.

Every exception that the library causes is an ``ApusError`` and also the built-in exception that a Python program
would expect, so ``except ValueError`` and ``except apus.ApusError`` both work. An interrupted call raises plain
``KeyboardInterrupt``, which ``except Exception`` must not swallow.
"""


class ApusError(Exception):
    """Base of every error that the library reports. ``code`` is the ``APUS_E_...`` number."""

    code = 0


class InvalidArgumentError(ApusError, ValueError):
    """An unknown name or a value out of range; the message names the parameter."""

    code = 1


class ShapeError(ApusError, ValueError):
    """The rank or an extent of an array does not fit."""

    code = 2


class DTypeError(ApusError, TypeError):
    """The element type of an array does not fit, or values could not be held exactly."""

    code = 3


class OutOfMemoryError(ApusError, MemoryError):
    """The allocator had no memory left."""

    code = 5


class LimitError(ApusError, MemoryError):
    """A limit of the context or of loading was reached."""

    code = 6


class FileError(ApusError, OSError):
    """The operating system refused; the message has its reason."""

    code = 7


class FileMissingError(FileError, FileNotFoundError):
    """There is no file of that name."""


class CorruptFileError(ApusError, ValueError):
    """A file is damaged or contradicts itself."""

    code = 8


class UnsupportedError(ApusError, NotImplementedError):
    """Well-formed, but not something this version does."""

    code = 9


class ConvergenceError(ApusError, RuntimeError):
    """An iteration ran to its limit without a usable result."""

    code = 10


class NotFittedError(ApusError, ValueError, AttributeError):
    """The model lacks what was asked for until it is trained."""

    code = 12


class InternalError(ApusError, RuntimeError):
    """A defect of Apus: please report the message."""

    code = 13


class BusyError(ApusError, RuntimeError):
    """A session or trainer is in use by another thread or by a callback that is still running."""

    code = 14


class ApusWarning(UserWarning):
    """Something worth knowing that did not stop the library, such as a solver that reached ``max_iter``."""


INTERRUPTED = 11

BY_CODE = {
    kind.code: kind
    for kind in (
        InvalidArgumentError,
        ShapeError,
        DTypeError,
        OutOfMemoryError,
        LimitError,
        FileError,
        CorruptFileError,
        UnsupportedError,
        ConvergenceError,
        NotFittedError,
        InternalError,
        BusyError,
    )
}


def error_for(status, message):
    """The exception for a status code other than 0, ready to be raised."""
    if status == INTERRUPTED:
        return KeyboardInterrupt(message)
    kind = BY_CODE.get(status)
    if kind is None:
        return InternalError(f"status {status}: {message}")
    return kind(message)
