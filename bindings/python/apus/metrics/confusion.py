"""Counts at thresholds, and what is made of them."""

from ._base import Metric


class _Counts(Metric):
    """What the four counts have in common."""

    def __init__(self, thresholds=None, name=None, dtype=None):
        super().__init__(name, dtype)
        self.thresholds = thresholds


class TruePositives(_Counts):
    """The weight of the elements rightly above the threshold.

    ``thresholds`` is a number in [0, 1], 0.5 by default, or a list of them, for which the result is an array.
    """


class FalsePositives(_Counts):
    """The weight of the elements wrongly above the threshold.

    ``thresholds`` is a number in [0, 1], 0.5 by default, or a list of them, for which the result is an array.
    """


class TrueNegatives(_Counts):
    """The weight of the elements rightly not above the threshold.

    ``thresholds`` is a number in [0, 1], 0.5 by default, or a list of them, for which the result is an array.
    """


class FalseNegatives(_Counts):
    """The weight of the elements wrongly not above the threshold.

    ``thresholds`` is a number in [0, 1], 0.5 by default, or a list of them, for which the result is an array.
    """


class Precision(Metric):
    """Of what is predicted positive, the share that is.

    Parameters
    ----------
    thresholds : float or list of float, default 0.5
        Elements above it are predicted positive. A list gives an array of results.
    top_k : int, optional
        Only the ``top_k`` largest outputs of a row can be positive; by default all of these are.
    class_id : int, optional
        Only this column counts.
    """

    def __init__(self, thresholds=None, top_k=None, class_id=None, name=None, dtype=None):
        super().__init__(name, dtype)
        self.thresholds = thresholds
        self.top_k = top_k
        self.class_id = class_id


class Recall(Metric):
    """Of what is positive, the share that is predicted so.

    Parameters
    ----------
    thresholds : float or list of float, default 0.5
        Elements above it are predicted positive. A list gives an array of results.
    top_k : int, optional
        Only the ``top_k`` largest outputs of a row can be positive; by default all of these are.
    class_id : int, optional
        Only this column counts.
    """

    def __init__(self, thresholds=None, top_k=None, class_id=None, name=None, dtype=None):
        super().__init__(name, dtype)
        self.thresholds = thresholds
        self.top_k = top_k
        self.class_id = class_id


class FBetaScore(Metric):
    """(1 + beta²) precision recall / (beta² precision + recall) of outputs of two axes.

    Parameters
    ----------
    average : {None, "micro", "macro", "weighted"}
        None gives an array with the score of each column; "micro" counts all columns together, "macro" is the mean,
        "weighted" the mean by the weight of the targets.
    beta : float, default 1.0
        How much more recall weighs than precision.
    threshold : float in (0, 1], optional
        Outputs above it are positive; by default the largest of a row is.
    """

    def __init__(self, average=None, beta=1.0, threshold=None, name=None, dtype=None):
        super().__init__(name, dtype)
        self.average = average
        self.beta = beta
        self.threshold = threshold


class F1Score(Metric):
    """2 precision recall / (precision + recall) of outputs of two axes.

    Parameters
    ----------
    average : {None, "micro", "macro", "weighted"}
        None gives an array with the score of each column; "micro" counts all columns together, "macro" is the mean,
        "weighted" the mean by the weight of the targets.
    threshold : float in (0, 1], optional
        Outputs above it are positive; by default the largest of a row is.
    """

    def __init__(self, average=None, threshold=None, name=None, dtype=None):
        super().__init__(name, dtype)
        self.average = average
        self.threshold = threshold


class AUC(Metric):
    """The area under the curve of a binary classifier, from counts at thresholds.

    Parameters
    ----------
    num_thresholds : int, default 200
        Spread evenly over [0, 1]. More are closer to the exact area.
    curve : {"ROC", "PR", "PRGAIN"}
        Rates of true and false positives, or precision and recall.
    summation_method : {"interpolation", "minoring", "majoring"}
        Interpolation for "PR" is that of Davis and Goadrich (2006).
    thresholds : list of float, optional
        In place of ``num_thresholds``.
    multi_label : bool, default False
        Whether each column has its own curve; the result is their mean, by ``label_weights`` if given.
    num_labels : int, optional
        The number of columns of ``multi_label``.
    label_weights : list of float, optional
        A weight for each column.
    from_logits : bool, default False
        Whether predictions are scores before the sigmoid.
    """

    def __init__(
        self,
        num_thresholds=200,
        curve="ROC",
        summation_method="interpolation",
        name=None,
        dtype=None,
        thresholds=None,
        multi_label=False,
        num_labels=None,
        label_weights=None,
        from_logits=False,
    ):
        super().__init__(name, dtype)
        self.num_thresholds = num_thresholds
        self.curve = curve
        self.summation_method = summation_method
        self.thresholds = thresholds
        self.multi_label = multi_label
        self.num_labels = num_labels
        self.label_weights = label_weights
        self.from_logits = from_logits


class SensitivityAtSpecificity(Metric):
    """The best sensitivity over the thresholds at which the specificity is at least ``specificity``; 0 where none is."""

    def __init__(self, specificity, num_thresholds=200, class_id=None, name=None, dtype=None):
        super().__init__(name, dtype)
        self.specificity = specificity
        self.num_thresholds = num_thresholds
        self.class_id = class_id


class SpecificityAtSensitivity(Metric):
    """The best specificity over the thresholds at which the sensitivity is at least ``sensitivity``; 0 where none is."""

    def __init__(self, sensitivity, num_thresholds=200, class_id=None, name=None, dtype=None):
        super().__init__(name, dtype)
        self.sensitivity = sensitivity
        self.num_thresholds = num_thresholds
        self.class_id = class_id


class PrecisionAtRecall(Metric):
    """The best precision over the thresholds at which the recall is at least ``recall``; 0 where none is."""

    def __init__(self, recall, num_thresholds=200, class_id=None, name=None, dtype=None):
        super().__init__(name, dtype)
        self.recall = recall
        self.num_thresholds = num_thresholds
        self.class_id = class_id


class RecallAtPrecision(Metric):
    """The best recall over the thresholds at which the precision is at least ``precision``; 0 where none is."""

    def __init__(self, precision, num_thresholds=200, class_id=None, name=None, dtype=None):
        super().__init__(name, dtype)
        self.precision = precision
        self.num_thresholds = num_thresholds
        self.class_id = class_id
