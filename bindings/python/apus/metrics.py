"""What is measured beside the loss: the names that ``compile(metrics=[...])`` takes.

``"accuracy"`` (or ``"acc"``) is the share of right predictions, of the kind that fits the loss; ``"mse"`` and
``"mae"`` are the mean squared and the mean absolute error. ``apus.catalog()["metrics"]`` has them all.
"""

from . import _context

__all__ = ["names"]


def names():
    """The names of all metrics of the library."""
    return [entry["name"] for entry in _context.catalog()["metrics"]]
