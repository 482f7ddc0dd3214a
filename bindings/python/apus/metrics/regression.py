"""Errors, correlations, and losses as metrics."""

from ._base import Metric


class MeanSquaredError(Metric):
    """The mean of (target - prediction)²."""


class RootMeanSquaredError(Metric):
    """The root of the mean of (target - prediction)²."""


class MeanAbsoluteError(Metric):
    """The mean of |target - prediction|."""


class MeanAbsolutePercentageError(Metric):
    """The mean of 100 |target - prediction| / |target|."""


class MeanSquaredLogarithmicError(Metric):
    """The mean of (log(1 + target) - log(1 + prediction))²."""


class R2Score(Metric):
    """1 - Σ (target - prediction)² / Σ (target - mean)², of outputs of two axes.

    Parameters
    ----------
    class_aggregation : {"uniform_average", "variance_weighted_average", None}
        How columns become one result; None gives an array.
    num_regressors : int, default 0
        How many variables explain, for the adjusted score; 0 does not adjust.
    """

    def __init__(self, class_aggregation="uniform_average", num_regressors=0, name=None, dtype=None):
        super().__init__(name, dtype)
        self.class_aggregation = class_aggregation
        self.num_regressors = num_regressors


class CosineSimilarity(Metric):
    """The cosine of the angle between target and prediction over the last axis."""

    def __init__(self, name=None, dtype=None, axis=-1):
        super().__init__(name, dtype)
        self.axis = axis


class LogCoshError(Metric):
    """The mean of log cosh(prediction - target)."""


class Hinge(Metric):
    """The mean of max(0, 1 - target · prediction) for targets -1 and 1 (or 0 and 1)."""


class SquaredHinge(Metric):
    """The mean of max(0, 1 - target · prediction)² for targets -1 and 1 (or 0 and 1)."""


class CategoricalHinge(Metric):
    """max(0, 1 + the largest wrong output - the right one) for one-hot targets."""


class PearsonCorrelation(Metric):
    """Pearson's correlation of target and prediction over the last axis."""

    def __init__(self, name=None, dtype=None, axis=-1):
        super().__init__(name, dtype)
        self.axis = axis


class ConcordanceCorrelation(Metric):
    """Lin's concordance correlation of target and prediction over the last axis."""

    def __init__(self, name=None, dtype=None, axis=-1):
        super().__init__(name, dtype)
        self.axis = axis
