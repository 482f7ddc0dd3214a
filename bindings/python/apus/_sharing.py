"""Weights that models have in common: of a model within another, of a layer in several models.

In the library every network has weights of its own. Here they are kept the same: a model that is about to be used takes
what changed elsewhere since. A model *uses* the models that its parts belong to. Its own changes wait with them until
they are asked for, so that training pays for nothing that nobody looks at.
"""

import itertools
import threading

_clock = itertools.count(1)
_lock = threading.RLock()


class Part:
    """Weights of ``user`` that are those of ``owner``: pairs of their paths in either."""

    __slots__ = ("user", "owner", "pairs", "frozen", "seen", "_handles")

    def __init__(self, user, owner, pairs, frozen):
        self.user = user
        self.owner = owner
        self.pairs = pairs
        self.frozen = frozen
        self.seen = owner._stamp
        self._handles = user._handle, owner._handle

    @property
    def holds(self):
        """False when either model has been made anew since, with other layers."""
        return self.user._handle is self._handles[0] and self.owner._handle is self._handles[1]

    def push(self):
        """The owner takes what the user has."""
        if self.holds:
            values = self.user._peek([own for own, _ in self.pairs])
            self.owner._poke({path: value for (_, path), value in zip(self.pairs, values)})
            self.seen = self.owner._stamp = next(_clock)

    def pull(self):
        """The user takes what the owner has."""
        if self.holds:
            values = self.owner._peek([path for _, path in self.pairs])
            self.user._poke({own: value for (own, _), value in zip(self.pairs, values)})
            self.user._stamp = next(_clock)
        self.seen = self.owner._stamp


def share(user, owner, pairs, frozen=False):
    """From now on the weights of these pairs of paths are the same in both models, as they are already."""
    user._parts.append(Part(user, owner, pairs, frozen))


def changed(model, by_training=False):
    """Says that a model has new weights; what is frozen does not change by training."""
    model._stamp = next(_clock)
    for part in model._parts:
        if not (by_training and part.frozen):
            _wait(part)


def _wait(part):
    if part not in part.owner._waiting:
        part.owner._waiting.append(part)
        for inner in part.owner._parts:
            _wait(inner)


def synchronise(model):
    """Takes what others have changed of a model's weights."""
    with _lock:
        _settle(model)
        for part in model._parts:
            synchronise(part.owner)
            if part.owner._stamp > part.seen:
                part.pull()


def _settle(model):
    while model._waiting:
        part = model._waiting[0]
        _settle(part.user)
        part.push()
        model._waiting.remove(part)  # after it has been done, in case that it fails
