"""Metrics of probabilities."""

from ._base import Metric


class KLDivergence(Metric):
    """Σ target log(target / prediction) for distributions."""


class Poisson(Metric):
    """The mean of prediction - target log prediction, for counts."""


class BinaryCrossentropy(Metric):
    """The mean of -y log p - (1 - y) log(1 - p)."""

    def __init__(self, name=None, dtype=None, from_logits=False, label_smoothing=0.0):
        super().__init__(name, dtype)
        self.from_logits = from_logits
        self.label_smoothing = label_smoothing


class CategoricalCrossentropy(Metric):
    """The mean of -Σ y log p, y a distribution over the classes."""

    def __init__(self, name=None, dtype=None, from_logits=False, label_smoothing=0.0, axis=-1):
        super().__init__(name, dtype)
        self.from_logits = from_logits
        self.label_smoothing = label_smoothing
        self.axis = axis


class SparseCategoricalCrossentropy(Metric):
    """The mean of -log p of the right class, for targets that are class numbers."""

    def __init__(self, name=None, dtype=None, from_logits=False, ignore_class=None, axis=-1):
        super().__init__(name, dtype)
        self.from_logits = from_logits
        self.ignore_class = ignore_class
        self.axis = axis


class Perplexity(Metric):
    """exp of the mean of -log p of the right class: between how many classes the model hesitates.

    Targets ``mask_token_id`` do not count.
    """

    def __init__(self, from_logits=False, mask_token_id=None, name=None, dtype=None):
        super().__init__(name, dtype)
        self.from_logits = from_logits
        self.mask_token_id = mask_token_id
