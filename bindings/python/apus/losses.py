"""What training minimises, under Keras's names; also given as text: ``"mse"``, ``"binary_crossentropy"``, ..."""

from ._configuration import Configured

__all__ = [
    "BinaryCrossentropy",
    "CategoricalCrossentropy",
    "Huber",
    "MeanAbsoluteError",
    "MeanSquaredError",
    "SparseCategoricalCrossentropy",
]


class Loss(Configured):
    """Base of the losses.

    ``reduction`` is "sum_over_batch_size", the mean over the rows of a batch, or "sum".
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
    """

    def __init__(self, from_logits=False, label_smoothing=0.0, reduction="sum_over_batch_size"):
        super().__init__(reduction)
        self.from_logits = from_logits
        self.label_smoothing = label_smoothing


class CategoricalCrossentropy(Loss):
    """-Σ y log p for targets that are a distribution over the classes, one column each.

    Parameters
    ----------
    from_logits : bool, default False
        Whether predictions are scores before the softmax.
    label_smoothing : float, default 0.0
        Moves targets this far towards equal shares.
    """

    def __init__(self, from_logits=False, label_smoothing=0.0, reduction="sum_over_batch_size"):
        super().__init__(reduction)
        self.from_logits = from_logits
        self.label_smoothing = label_smoothing


class SparseCategoricalCrossentropy(Loss):
    """-log p of the right class, for targets that are class numbers from 0.

    Parameters
    ----------
    from_logits : bool, default False
        Whether predictions are scores before the softmax.
    """

    def __init__(self, from_logits=False, reduction="sum_over_batch_size"):
        super().__init__(reduction)
        self.from_logits = from_logits
