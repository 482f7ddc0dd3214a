"""Ctrl-C while the library computes.

Python runs signal handlers in the main thread, between bytecodes; during a call of the library there are none. Long
calls without Python callbacks therefore run in a helper thread while the main thread waits, and calls with a progress
callback let handlers run there (``SignalKeeper``).
"""

import signal
import threading

from ._library import lib

LONG = 0.1
"""Calls that are thought to take longer than this many seconds can be interrupted."""

_SIGNALS = [
    getattr(signal, name)
    for name in ("SIGHUP", "SIGQUIT", "SIGALRM", "SIGTERM", "SIGUSR1", "SIGUSR2", "SIGINT")
    if hasattr(signal, name)
]


def in_main_thread():
    return threading.current_thread() is threading.main_thread()


def call(context, seconds, function, *arguments):
    """Calls ``function(context, *arguments)`` and checks its status; a long call heeds signals meanwhile."""
    if seconds > LONG and in_main_thread():
        status = _call_in_helper(context, function, arguments)
    else:
        status = function(context.handle, *arguments)
    context.check(status)


def _call_in_helper(context, function, arguments):
    done = threading.Lock()
    done.acquire()
    result = []

    def work():
        try:
            result.append(function(context.handle, *arguments))
        except BaseException as error:
            result.append(error)
        finally:
            done.release()

    helper = threading.Thread(target=work, name="apus", daemon=True)
    try:
        helper.start()
    except RuntimeError:  # no thread to be had
        return function(context.handle, *arguments)
    try:
        done.acquire()
    except BaseException:
        # The flag may outlast a call that was just ending, so this context must not serve another one.
        context.spoiled = True
        lib.apus_interrupt(context.handle)
        _wait_for(done)
        raise
    if isinstance(result[0], BaseException):
        raise result[0]
    return result[0]


def _wait_for(lock):
    while True:
        try:
            lock.acquire()
            return
        except BaseException:  # a second Ctrl-C: the library still holds the caller's arrays
            continue


class SignalKeeper:
    """While entered, an exception raised by a Python signal handler is kept in ``error`` instead of raised.

    ctypes cannot carry an exception out of a callback, and a handler may run before the first line of one. Code that
    may raise, such as a user's callback, sets ``open`` for as long as it runs inside a ``try``. Leaving raises what
    was kept. Outside the main thread it does nothing.
    """

    def __init__(self):
        self.error = None
        self.open = False
        self._previous = {}

    def __enter__(self):
        if in_main_thread():
            try:
                for number in _SIGNALS:
                    handler = signal.getsignal(number)
                    if callable(handler):
                        self._previous[number] = handler
                        signal.signal(number, self._handle)
            except BaseException:
                self._restore()
                raise
        return self

    def _handle(self, number, frame):
        if self.open:
            self._previous[number](number, frame)
            return
        try:
            self._previous[number](number, frame)
        except BaseException as error:
            self.error = error

    def _restore(self):
        while self._previous:
            number = next(iter(self._previous))
            signal.signal(number, self._previous[number])
            del self._previous[number]

    def __exit__(self, kind, error, traceback):
        self._restore()
        if self.error is not None:
            kept, self.error = self.error, None
            raise kept
        return False
