"""What is measured beside the loss, under Keras's names; also given as text: ``"accuracy"``, ``"mae"``, ..."""

from ._configuration import Configured

__all__ = [
    "Accuracy",
    "BinaryAccuracy",
    "CategoricalAccuracy",
    "MeanAbsoluteError",
    "MeanSquaredError",
    "SparseCategoricalAccuracy",
]


class Metric(Configured):
    """Base of the metrics."""


class Accuracy(Metric):
    """The share of rows that are right, of the kind that fits the loss: what ``"accuracy"`` means."""


class BinaryAccuracy(Metric):
    """The share of elements on the right side of 0.5."""


class CategoricalAccuracy(Metric):
    """The share of rows whose largest output is where the target's largest is."""


class SparseCategoricalAccuracy(Metric):
    """The share of rows whose largest output is the label."""


class MeanSquaredError(Metric):
    """The mean of (target - prediction)²."""


class MeanAbsoluteError(Metric):
    """The mean of |target - prediction|."""
