"""Metrics of a matrix of classes: segmentations."""

from ._base import Metric


class IoU(Metric):
    """Intersection over union of some classes.

    Parameters
    ----------
    num_classes : int
    target_class_ids : list of int
        The classes whose mean is the result.
    ignore_class : int, optional
        Targets of this class do not count.
    sparse_y_true : bool, default True
        Whether targets are class numbers, or one-hot.
    sparse_y_pred : bool, default True
        Whether predictions are class numbers, or a score for each class.
    """

    def __init__(
        self,
        num_classes,
        target_class_ids,
        name=None,
        dtype=None,
        ignore_class=None,
        sparse_y_true=True,
        sparse_y_pred=True,
        axis=-1,
    ):
        super().__init__(name, dtype)
        self.num_classes = num_classes
        self.target_class_ids = target_class_ids
        self.ignore_class = ignore_class
        self.sparse_y_true = sparse_y_true
        self.sparse_y_pred = sparse_y_pred
        self.axis = axis


class MeanIoU(Metric):
    """The mean intersection over union of all classes that occur.

    Parameters
    ----------
    num_classes : int
    ignore_class : int, optional
        Targets of this class do not count.
    sparse_y_true : bool, default True
        Whether targets are class numbers, or one-hot.
    sparse_y_pred : bool, default True
        Whether predictions are class numbers, or a score for each class.
    """

    def __init__(
        self,
        num_classes,
        name=None,
        dtype=None,
        ignore_class=None,
        sparse_y_true=True,
        sparse_y_pred=True,
        axis=-1,
    ):
        super().__init__(name, dtype)
        self.num_classes = num_classes
        self.ignore_class = ignore_class
        self.sparse_y_true = sparse_y_true
        self.sparse_y_pred = sparse_y_pred
        self.axis = axis


class BinaryIoU(Metric):
    """Intersection over union of what is below ``threshold`` (class 0) and what is not (class 1).

    ``target_class_ids`` is [0], [1] or, which is the default, [0, 1].
    """

    def __init__(self, target_class_ids=None, threshold=0.5, name=None, dtype=None):
        super().__init__(name, dtype)
        self.target_class_ids = target_class_ids
        self.threshold = threshold


class OneHotIoU(Metric):
    """Intersection over union of some classes, for one-hot targets.

    Parameters
    ----------
    num_classes : int
    target_class_ids : list of int
        The classes whose mean is the result.
    ignore_class : int, optional
        Targets of this class do not count.
    sparse_y_pred : bool, default False
        Whether predictions are class numbers, or a score for each class.
    """

    def __init__(
        self,
        num_classes,
        target_class_ids,
        name=None,
        dtype=None,
        ignore_class=None,
        sparse_y_pred=False,
        axis=-1,
    ):
        super().__init__(name, dtype)
        self.num_classes = num_classes
        self.target_class_ids = target_class_ids
        self.ignore_class = ignore_class
        self.sparse_y_pred = sparse_y_pred
        self.axis = axis


class OneHotMeanIoU(Metric):
    """The mean intersection over union of all classes that occur, for one-hot targets.

    Parameters
    ----------
    num_classes : int
    ignore_class : int, optional
        Targets of this class do not count.
    sparse_y_pred : bool, default False
        Whether predictions are class numbers, or a score for each class.
    """

    def __init__(self, num_classes, name=None, dtype=None, ignore_class=None, sparse_y_pred=False, axis=-1):
        super().__init__(name, dtype)
        self.num_classes = num_classes
        self.ignore_class = ignore_class
        self.sparse_y_pred = sparse_y_pred
        self.axis = axis


class ConfusionMatrix(Metric):
    """Counts by the target's class (row) and the predicted class (column), as an array. Not in Keras."""

    def __init__(self, num_classes=None, name=None, dtype=None):
        super().__init__(name, dtype)
        self.num_classes = num_classes
