"""How training changes weights, under Keras's names; also given as text: ``"sgd"``, ``"adam"``."""

from ._configuration import Configured

__all__ = ["SGD", "Adam"]


class Optimizer(Configured):
    """Base of the optimizers. Setting ``learning_rate`` takes effect at once, during training too."""

    def __setattr__(self, name, value):
        listener = self.__dict__.get("_listener")
        if name == "learning_rate" and listener is not None:
            listener(value)  # first: it may refuse
        object.__setattr__(self, name, value)

    def __getstate__(self):
        return {name: value for name, value in self.__dict__.items() if name != "_listener"}

    def __setstate__(self, state):
        self.__dict__.update(state)


class SGD(Optimizer):
    """Gradient descent: w ← w - learning_rate · g, with momentum v ← momentum · v - learning_rate · g, w ← w + v.

    Parameters
    ----------
    learning_rate : float, default 0.01
    momentum : float, default 0.0
    nesterov : bool, default False
        Whether the momentum looks ahead (Nesterov 1983).

    Examples
    --------
    >>> from apus.optimizers import SGD
    >>> SGD(0.1, momentum=0.9)
    SGD(learning_rate=0.1, momentum=0.9, nesterov=False)
    """

    def __init__(self, learning_rate=0.01, momentum=0.0, nesterov=False):
        self.learning_rate = learning_rate
        self.momentum = momentum
        self.nesterov = nesterov


class Adam(Optimizer):
    """Adam (Kingma and Ba 2015): steps by the mean of gradients over the root of the mean of their squares.

    Parameters
    ----------
    learning_rate : float, default 0.001
    beta_1 : float, default 0.9
        How long the mean remembers.
    beta_2 : float, default 0.999
        How long the mean of squares remembers.
    epsilon : float, default 1e-7
        Added to the root.
    """

    def __init__(self, learning_rate=0.001, beta_1=0.9, beta_2=0.999, epsilon=1e-7):
        self.learning_rate = learning_rate
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
