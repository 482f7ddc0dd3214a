"""Shares of what is predicted right."""

from ._base import Metric


class Accuracy(Metric):
    """The share of rows that are right, of the kind that fits the targets: what ``"accuracy"`` means."""


class BinaryAccuracy(Metric):
    """The share of elements whose target is 1 above ``threshold`` and 0 elsewhere."""

    def __init__(self, name=None, dtype=None, threshold=0.5):
        super().__init__(name, dtype)
        self.threshold = threshold


class CategoricalAccuracy(Metric):
    """The share of rows whose largest output is where the target's largest is."""


class SparseCategoricalAccuracy(Metric):
    """The share of rows whose largest output is the label."""


class TopKCategoricalAccuracy(Metric):
    """The share of rows in which fewer than ``k`` outputs exceed that of the target's class."""

    def __init__(self, k=5, name=None, dtype=None):
        super().__init__(name, dtype)
        self.k = k


class SparseTopKCategoricalAccuracy(Metric):
    """The share of rows in which fewer than ``k`` outputs exceed that of the label.

    ``from_sorted_ids`` reads outputs as class numbers, the likeliest first.
    """

    def __init__(self, k=5, name=None, dtype=None, from_sorted_ids=False):
        super().__init__(name, dtype)
        self.k = k
        self.from_sorted_ids = from_sorted_ids
