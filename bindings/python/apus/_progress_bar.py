"""What ``fit`` and ``evaluate`` show: a bar on a terminal, plain lines otherwise."""

import sys
import time

from .callbacks import Callback

_WIDTH = 20
_INTERVAL = 0.05


def number(value):
    """A value in about five characters; of an array all of them."""
    if hasattr(value, "tolist") and getattr(value, "ndim", 0) > 0:
        return "[" + " ".join(number(item) for item in value.ravel().tolist()) + "]"
    return f"{value:.4f}" if 1e-3 <= abs(value) < 1e4 or value == 0 else f"{value:.4e}"


def duration(seconds):
    if seconds >= 60:
        return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"
    return f"{seconds:.0f}s" if seconds >= 1 else f"{seconds * 1e3:.0f}ms"


class ProgressBar(Callback):
    """Writes to ``sys.stdout``. ``verbose`` 1 draws a bar if that is a terminal; 2 writes one line per epoch."""

    def __init__(self, verbose):
        super().__init__()
        self.stream = sys.stdout
        self.draws = verbose == 1 and self.stream.isatty()
        self.started = self.drawn = 0.0
        self.width = 0

    def on_epoch_begin(self, epoch, logs=None):
        self.started = time.perf_counter()
        if self.draws:
            self._write(f"Epoch {epoch + 1}/{self.params['epochs']}\n")

    def batch(self, batch, batches, logs):
        """Draws the bar anew, at most twenty times a second."""
        now = time.perf_counter()
        if not self.draws or now - self.drawn < _INTERVAL or (batches and batch >= batches):
            return
        self.drawn = now
        left = (now - self.started) / batch * (batches - batch)
        self._draw(batch, batches, f"{duration(left)} left" if batches else duration(now - self.started), logs)

    def on_epoch_end(self, epoch, logs=None):
        seconds = time.perf_counter() - self.started
        batches, samples = self.params["steps"], self.params["samples"]
        timing = f"{duration(seconds)}, {samples / max(seconds, 1e-9):,.0f} samples/s"
        if self.draws:
            self._draw(batches, batches, timing, logs)
            self._write("\n")
            self.width = 0
        else:
            self._write(f"Epoch {epoch + 1}/{self.params['epochs']} - {timing}{self._values(logs)}\n")

    def _draw(self, batch, batches, timing, logs):
        done = _WIDTH * batch // max(batches, 1)
        bar = "━" * done + "─" * (_WIDTH - done)
        line = f"{batch:>{len(str(batches))}}/{batches or '?'} {bar} {timing}{self._values(logs)}"
        self._write("\r" + line + " " * (self.width - len(line)))
        self.width = len(line)

    @staticmethod
    def _values(logs):
        return "".join(f" - {name}: {number(value)}" for name, value in (logs or {}).items())

    def _write(self, text):
        try:
            self.stream.write(text)
        except UnicodeEncodeError:  # a terminal without line-drawing characters
            self.stream.write(text.replace("━", "=").replace("─", "."))
        self.stream.flush()
