"""What training minimises, under Keras's names; also given as text: ``"mse"``, ``"binary_crossentropy"``, ..."""

from ._configuration import Configured

__all__ = [
    "BinaryCrossentropy",
    "BinaryFocalCrossentropy",
    "CategoricalCrossentropy",
    "CategoricalFocalCrossentropy",
    "CategoricalHinge",
    "CosineSimilarity",
    "Dice",
    "Hinge",
    "Huber",
    "KLDivergence",
    "LogCosh",
    "MeanAbsoluteError",
    "MeanAbsolutePercentageError",
    "MeanSquaredError",
    "MeanSquaredLogarithmicError",
    "Poisson",
    "SparseCategoricalCrossentropy",
    "SquaredHinge",
    "Tversky",
]


class Loss(Configured):
    """Base of the losses.

    ``reduction`` is "sum_over_batch_size" or "mean", the mean over the positions that count; "sum"; or
    "mean_with_sample_weight", the sum over that of the weights.
    """

    def __init__(self, reduction="sum_over_batch_size"):
        self.reduction = reduction


class MeanSquaredError(Loss):
    """The mean of (target - prediction)²."""


class MeanAbsoluteError(Loss):
    """The mean of |target - prediction|."""


class Huber(Loss):
    """Half the square of the error up to ``delta`` (default 1.0), linear beyond (Huber 1964)."""

    def __init__(self, delta=1.0, reduction="sum_over_batch_size"):
        super().__init__(reduction)
        self.delta = delta


class BinaryCrossentropy(Loss):
    """-y log p - (1 - y) log(1 - p) for targets from 0 to 1.

    Parameters
    ----------
    from_logits : bool, default False
        Whether predictions are scores before the sigmoid.
    label_smoothing : float, default 0.0
        Moves targets this far towards 1/2.
    axis : int, default -1
        The axis over which the mean of a position is taken.
    """

    def __init__(self, from_logits=False, label_smoothing=0.0, axis=-1, reduction="sum_over_batch_size"):
        super().__init__(reduction)
        self.from_logits = from_logits
        self.label_smoothing = label_smoothing
        self.axis = axis


class CategoricalCrossentropy(Loss):
    """-Σ y log p for targets that are a distribution over the classes, one column each.

    Parameters
    ----------
    from_logits : bool, default False
        Whether predictions are scores before the softmax.
    label_smoothing : float, default 0.0
        Moves targets this far towards equal shares.
    axis : int, default -1
        The axis of the classes; 1 for outputs with channels first.
    """

    def __init__(self, from_logits=False, label_smoothing=0.0, axis=-1, reduction="sum_over_batch_size"):
        super().__init__(reduction)
        self.from_logits = from_logits
        self.label_smoothing = label_smoothing
        self.axis = axis


class SparseCategoricalCrossentropy(Loss):
    """-log p of the right class, for targets that are class numbers from 0.

    Parameters
    ----------
    from_logits : bool, default False
        Whether predictions are scores before the softmax.
    ignore_class : int, optional
        Positions with this label, which may be none of the classes, do not count.
    axis : int, default -1
        The axis of the classes; 1 for outputs with channels first.
    """

    def __init__(self, from_logits=False, ignore_class=None, reduction="sum_over_batch_size", axis=-1):
        super().__init__(reduction)
        self.from_logits = from_logits
        self.ignore_class = ignore_class
        self.axis = axis


class MeanAbsolutePercentageError(Loss):
    """The mean of 100 |target - prediction| / |target|."""


class MeanSquaredLogarithmicError(Loss):
    """The mean of (log(1 + target) - log(1 + prediction))², for values that are not negative."""


class LogCosh(Loss):
    """The mean of log cosh(prediction - target): a square near 0, an absolute value far from it."""


class Hinge(Loss):
    """The mean of max(0, 1 - target · prediction) for targets -1 and 1 (or 0 and 1)."""


class SquaredHinge(Loss):
    """The mean of max(0, 1 - target · prediction)² for targets -1 and 1 (or 0 and 1)."""


class CategoricalHinge(Loss):
    """max(0, 1 + the largest wrong output - the right one) for one-hot targets."""


class KLDivergence(Loss):
    """Σ target log(target / prediction) for distributions (Kullback and Leibler 1951)."""


class Poisson(Loss):
    """The mean of prediction - target log prediction, for counts."""


class CosineSimilarity(Loss):
    """Minus the cosine of the angle between target and prediction over an axis; -1 when they point the same way."""

    def __init__(self, axis=-1, reduction="sum_over_batch_size"):
        super().__init__(reduction)
        self.axis = axis


class BinaryFocalCrossentropy(Loss):
    """The binary cross-entropy times (1 - q)^gamma, q the probability given to the truth (Lin et al. 2017).

    Parameters
    ----------
    apply_class_balancing : bool, default False
        Whether targets 1 weigh ``alpha`` and targets 0 weigh 1 - ``alpha``.
    alpha : float, default 0.25
    gamma : float, default 2.0
        The larger, the less easy cases count.
    from_logits : bool, default False
        Whether predictions are scores before the sigmoid.
    label_smoothing : float, default 0.0
        Moves targets this far towards 1/2.
    """

    def __init__(
        self,
        apply_class_balancing=False,
        alpha=0.25,
        gamma=2.0,
        from_logits=False,
        label_smoothing=0.0,
        axis=-1,
        reduction="sum_over_batch_size",
    ):
        super().__init__(reduction)
        self.axis = axis
        self.apply_class_balancing = apply_class_balancing
        self.alpha = alpha
        self.gamma = gamma
        self.from_logits = from_logits
        self.label_smoothing = label_smoothing


class CategoricalFocalCrossentropy(Loss):
    """The categorical cross-entropy with each term times alpha (1 - p)^gamma (Lin et al. 2017).

    Parameters
    ----------
    alpha : float, default 0.25
    gamma : float, default 2.0
        The larger, the less easy cases count.
    from_logits : bool, default False
        Whether predictions are scores before the softmax.
    label_smoothing : float, default 0.0
        Moves targets this far towards equal shares.
    """

    def __init__(
        self,
        alpha=0.25,
        gamma=2.0,
        from_logits=False,
        label_smoothing=0.0,
        axis=-1,
        reduction="sum_over_batch_size",
    ):
        super().__init__(reduction)
        self.alpha = alpha
        self.gamma = gamma
        self.from_logits = from_logits
        self.label_smoothing = label_smoothing
        self.axis = axis


class Dice(Loss):
    """1 - 2 Σ target · prediction / (Σ target + Σ prediction), for segmentations.

    ``axis`` None, the default, compares the whole batch at once; all axes but that of the rows, such as [1, 2, 3], each
    row; one axis what is along it.
    """

    def __init__(self, reduction="sum_over_batch_size", axis=None):
        super().__init__(reduction)
        self.axis = axis


class Tversky(Loss):
    """1 - B / (B + alpha M + beta F): B what target and prediction share, M what is missed, F what is too much.

    Dice weighs both alike (Salehi et al. 2017). ``axis`` is as for ``Dice``.
    """

    def __init__(self, alpha=0.5, beta=0.5, reduction="sum_over_batch_size", axis=None):
        super().__init__(reduction)
        self.alpha = alpha
        self.beta = beta
        self.axis = axis
