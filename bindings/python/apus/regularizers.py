"""Penalties on weights and outputs that training adds to the loss, under Keras's names.

A layer takes one as an object, ``L2(0.01)``, or as a name, ``"l2"``.
"""

from ._configuration import Configured

__all__ = ["L1", "L1L2", "L2", "OrthogonalRegularizer"]


class Regularizer(Configured):
    """Base of the regularizers."""


class L1(Regularizer):
    """``l1`` (default 0.01) times the sum of the magnitudes."""

    def __init__(self, l1=0.01):
        self.l1 = l1


class L2(Regularizer):
    """``l2`` (default 0.01) times the sum of the squares."""

    def __init__(self, l2=0.01):
        self.l2 = l2


class L1L2(Regularizer):
    """``l1`` times the sum of the magnitudes plus ``l2`` times the sum of the squares, both 0.0 by default."""

    def __init__(self, l1=0.0, l2=0.0):
        self.l1 = l1
        self.l2 = l2


class OrthogonalRegularizer(Regularizer):
    """``factor`` (default 0.01) times the mean magnitude of the cosines between the rows (``mode="columns"``: the columns)
    of a matrix."""

    def __init__(self, factor=0.01, mode="rows"):
        self.factor = factor
        self.mode = mode
