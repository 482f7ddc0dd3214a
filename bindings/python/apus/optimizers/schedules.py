"""Learning rates that follow the number of updates, under Keras's names: the ``learning_rate`` of an optimizer."""

from .. import _configuration

__all__ = [
    "CosineDecay",
    "CosineDecayRestarts",
    "ExponentialDecay",
    "InverseTimeDecay",
    "LearningRateSchedule",
    "PiecewiseConstantDecay",
    "PolynomialDecay",
]


class LearningRateSchedule(_configuration.Configured):
    """Base of the schedules. Below, i is the number of updates before this one."""


class ExponentialDecay(LearningRateSchedule):
    """initial_learning_rate · decay_rate ** (i / decay_steps); with ``staircase`` the quotient is rounded down.

    Examples
    --------
    >>> from apus import optimizers
    >>> optimizer = optimizers.SGD(optimizers.schedules.ExponentialDecay(0.1, decay_steps=1000, decay_rate=0.9))
    >>> optimizer.learning_rate
    ExponentialDecay(initial_learning_rate=0.1, decay_steps=1000, decay_rate=0.9, staircase=False)
    """

    def __init__(self, initial_learning_rate, decay_steps, decay_rate, staircase=False):
        self.initial_learning_rate = initial_learning_rate
        self.decay_steps = decay_steps
        self.decay_rate = decay_rate
        self.staircase = staircase


class PiecewiseConstantDecay(LearningRateSchedule):
    """values[k] for the first k with i <= boundaries[k], the last value beyond."""

    def __init__(self, boundaries, values):
        self.boundaries = boundaries
        self.values = values


class PolynomialDecay(LearningRateSchedule):
    """(initial - end) · (1 - min(i, decay_steps) / decay_steps) ** power + end.

    With ``cycle``, decay_steps is first multiplied by the smallest whole number that brings it to i or beyond.
    """

    def __init__(self, initial_learning_rate, decay_steps, end_learning_rate=0.0001, power=1.0, cycle=False):
        self.initial_learning_rate = initial_learning_rate
        self.decay_steps = decay_steps
        self.end_learning_rate = end_learning_rate
        self.power = power
        self.cycle = cycle


class InverseTimeDecay(LearningRateSchedule):
    """initial_learning_rate / (1 + decay_rate · i / decay_steps); with ``staircase`` the quotient is rounded down."""

    def __init__(self, initial_learning_rate, decay_steps, decay_rate, staircase=False):
        self.initial_learning_rate = initial_learning_rate
        self.decay_steps = decay_steps
        self.decay_rate = decay_rate
        self.staircase = staircase


class CosineDecay(LearningRateSchedule):
    """Half a cosine from initial_learning_rate to alpha times it over decay_steps (Loshchilov and Hutter 2017).

    With a ``warmup_target``, first a straight line to it over ``warmup_steps``; the cosine then falls from there.
    """

    def __init__(self, initial_learning_rate, decay_steps, alpha=0.0, warmup_target=None, warmup_steps=0):
        self.initial_learning_rate = initial_learning_rate
        self.decay_steps = decay_steps
        self.alpha = alpha
        self.warmup_target = warmup_target
        self.warmup_steps = warmup_steps


class CosineDecayRestarts(LearningRateSchedule):
    """Half cosines one after the other, each ``t_mul`` times as long and ``m_mul`` times as high as the one before."""

    def __init__(self, initial_learning_rate, first_decay_steps, t_mul=2.0, m_mul=1.0, alpha=0.0):
        self.initial_learning_rate = initial_learning_rate
        self.first_decay_steps = first_decay_steps
        self.t_mul = t_mul
        self.m_mul = m_mul
        self.alpha = alpha


def from_object(item):
    """The schedule of ``{"class_name": ..., "config": {...}}``. ValueError for a class that there is not."""
    name = item.get("class_name")
    if name not in __all__ or name == "LearningRateSchedule":
        raise ValueError(f"there is no schedule {name!r}")
    return globals()[name].from_config(item.get("config", {}))
