"""What weights must be after each update, under Keras's names.

A layer takes one as an object, ``MaxNorm(3.0)``, or as a name, ``"non_neg"``. A norm is that of the vectors along
``axis``, an axis or a list of them.
"""

from ._configuration import Configured

__all__ = ["MaxNorm", "MinMaxNorm", "NonNeg", "UnitNorm"]


class Constraint(Configured):
    """Base of the constraints."""


class MaxNorm(Constraint):
    """Norms of at most ``max_value`` (default 2.0)."""

    def __init__(self, max_value=2.0, axis=0):
        self.max_value = max_value
        self.axis = axis


class MinMaxNorm(Constraint):
    """Norms from ``min_value`` (default 0.0) to ``max_value`` (default 1.0); ``rate`` (default 1.0) is how far each update
    goes towards them."""

    def __init__(self, min_value=0.0, max_value=1.0, rate=1.0, axis=0):
        self.min_value = min_value
        self.max_value = max_value
        self.rate = rate
        self.axis = axis


class NonNeg(Constraint):
    """Elements of at least 0."""


class UnitNorm(Constraint):
    """Norms of 1."""

    def __init__(self, axis=0):
        self.axis = axis
