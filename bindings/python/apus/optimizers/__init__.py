"""How training changes weights, under Keras's names; also given as text: ``"sgd"``, ``"adam"``, ``"rmsprop"``, ..."""

from .. import _configuration
from . import schedules

__all__ = [
    "SGD",
    "Adadelta",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "Ftrl",
    "Lion",
    "Nadam",
    "RMSprop",
    "schedules",
]


class Optimizer(_configuration.Configured):
    """Base of the optimizers. Setting ``learning_rate`` takes effect at once, during training too.

    Parameters
    ----------
    learning_rate : float or schedule
        A number, or an object of ``apus.optimizers.schedules``, which cannot be set to a number while it trains.
    weight_decay : float, optional
        Share of every trainable weight taken off before each update, times the learning rate.
    clipnorm : float, optional
        Largest norm of the gradient of one weight.
    clipvalue : float, optional
        Largest size of a number in a gradient.
    global_clipnorm : float, optional
        Largest norm of all gradients together. One of the three at most.
    use_ema : bool, default False
        Whether to keep a moving average of the weights.
    ema_momentum : float, default 0.99
        How long the average remembers.
    ema_overwrite_frequency : int, optional
        Every so many updates the weights become their average.
    gradient_accumulation_steps : int, optional
        So many batches, at least 2, make one update with the mean of their gradients, short batches counting by their
        rows. The last batches of an epoch make one however few they are.
    weight_decay_exclusions : str or list of str, optional
        Weights whose path has one of these in it, such as "bias", are not decayed. ``exclude_from_weight_decay`` sets
        it as in Keras.
    """

    def _keep(self, values):
        for name in self._parameter_names():
            setattr(self, name, values[name])

    def exclude_from_weight_decay(self, var_list=None, var_names=None):
        """Keeps weights out of the decay: those in ``var_list`` by their path, and those with a part in ``var_names``.

        Takes effect when the model is compiled.
        """
        paths = [getattr(variable, "path", variable) for variable in var_list or ()]
        self.weight_decay_exclusions = paths + list(var_names or ()) or None

    @classmethod
    def from_config(cls, config):
        rate = config.get("learning_rate")
        if isinstance(rate, dict):
            config = {**config, "learning_rate": schedules.from_object(rate)}
        return super().from_config(config)

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
    learning_rate : float or schedule, default 0.01
    momentum : float, default 0.0
    nesterov : bool, default False
        Whether the momentum looks ahead (Nesterov 1983).
    dampening : float, default 0.0
        Share of the gradient that stays out of the momentum: v ← momentum · v - (1 - dampening) · rate · g.
        With the value of ``momentum`` v is an exponentially weighted mean of the steps. Keras has no such parameter.
    weight_decay, clipnorm, clipvalue, global_clipnorm, use_ema, ema_momentum, ema_overwrite_frequency
        As for every optimizer, like the others; see ``Optimizer``.

    Examples
    --------
    >>> from apus.optimizers import SGD
    >>> SGD(0.1, momentum=0.9).nesterov
    False
    """

    def __init__(
        self, learning_rate=0.01, momentum=0.0, nesterov=False,
        weight_decay=None, clipnorm=None, clipvalue=None, global_clipnorm=None,
        use_ema=False, ema_momentum=0.99, ema_overwrite_frequency=None,
        gradient_accumulation_steps=None, weight_decay_exclusions=None, dampening=0.0,
    ):
        self._keep(locals())


class Adagrad(Optimizer):
    """Adagrad (Duchi, Hazan and Singer 2011): steps divided by the root of the sum of squared gradients.

    Parameters
    ----------
    learning_rate : float or schedule, default 0.001
    initial_accumulator_value : float, default 0.1
        What the sum starts at.
    epsilon : float, default 1e-7
        Under the root.
    weight_decay, clipnorm, clipvalue, global_clipnorm, use_ema, ema_momentum, ema_overwrite_frequency
        As for every optimizer; see ``Optimizer``.
    """

    def __init__(
        self, learning_rate=0.001, initial_accumulator_value=0.1, epsilon=1e-07,
        weight_decay=None, clipnorm=None, clipvalue=None, global_clipnorm=None,
        use_ema=False, ema_momentum=0.99, ema_overwrite_frequency=None,
        gradient_accumulation_steps=None, weight_decay_exclusions=None,
    ):
        self._keep(locals())


class Adadelta(Optimizer):
    """Adadelta (Zeiler 2012): steps in units of the earlier ones. The paper's learning rate is 1.

    Parameters
    ----------
    learning_rate : float or schedule, default 0.001
    rho : float, default 0.95
        How long the means of squares remember.
    epsilon : float, default 1e-7
        Under the roots.
    weight_decay, clipnorm, clipvalue, global_clipnorm, use_ema, ema_momentum, ema_overwrite_frequency
        As for every optimizer; see ``Optimizer``.
    """

    def __init__(
        self, learning_rate=0.001, rho=0.95, epsilon=1e-07,
        weight_decay=None, clipnorm=None, clipvalue=None, global_clipnorm=None,
        use_ema=False, ema_momentum=0.99, ema_overwrite_frequency=None,
        gradient_accumulation_steps=None, weight_decay_exclusions=None,
    ):
        self._keep(locals())


class RMSprop(Optimizer):
    """RMSprop (Tieleman and Hinton 2012): steps divided by the root of a running mean of squared gradients.

    Parameters
    ----------
    learning_rate : float or schedule, default 0.001
    rho : float, default 0.9
        How long the running means remember.
    momentum : float, default 0.0
    epsilon : float, default 1e-7
        Under the root.
    centered : bool, default False
        Divide by the deviation of gradients rather than their mean square (Graves 2013).
    weight_decay, clipnorm, clipvalue, global_clipnorm, use_ema, ema_momentum, ema_overwrite_frequency
        As for every optimizer; see ``Optimizer``.
    """

    def __init__(
        self, learning_rate=0.001, rho=0.9, momentum=0.0, epsilon=1e-07, centered=False,
        weight_decay=None, clipnorm=None, clipvalue=None, global_clipnorm=None,
        use_ema=False, ema_momentum=0.99, ema_overwrite_frequency=None,
        gradient_accumulation_steps=None, weight_decay_exclusions=None,
    ):
        self._keep(locals())


class Adam(Optimizer):
    """Adam (Kingma and Ba 2015): steps by the mean of gradients over the root of the mean of their squares.

    Parameters
    ----------
    learning_rate : float or schedule, default 0.001
    beta_1 : float, default 0.9
        How long the mean remembers.
    beta_2 : float, default 0.999
        How long the mean of squares remembers.
    epsilon : float, default 1e-7
        Added to the root.
    amsgrad : bool, default False
        Divide by the largest mean of squares so far (Reddi, Kale and Kumar 2018).
    weight_decay, clipnorm, clipvalue, global_clipnorm, use_ema, ema_momentum, ema_overwrite_frequency
        As for every optimizer; see ``Optimizer``.
    """

    def __init__(
        self, learning_rate=0.001, beta_1=0.9, beta_2=0.999, epsilon=1e-07, amsgrad=False,
        weight_decay=None, clipnorm=None, clipvalue=None, global_clipnorm=None,
        use_ema=False, ema_momentum=0.99, ema_overwrite_frequency=None,
        gradient_accumulation_steps=None, weight_decay_exclusions=None,
    ):
        self._keep(locals())


class AdamW(Optimizer):
    """Adam with decay of the weights (Loshchilov and Hutter 2019), which are all decayed, biases too.

    Parameters
    ----------
    learning_rate : float or schedule, default 0.001
    weight_decay : float, default 0.004
        Share of the weights taken off at each update, times the learning rate.
    beta_1, beta_2, epsilon, amsgrad
        As for ``Adam``.
    clipnorm, clipvalue, global_clipnorm, use_ema, ema_momentum, ema_overwrite_frequency
        As for every optimizer; see ``Optimizer``.
    """

    def __init__(
        self, learning_rate=0.001, weight_decay=0.004, beta_1=0.9, beta_2=0.999, epsilon=1e-07, amsgrad=False,
        clipnorm=None, clipvalue=None, global_clipnorm=None,
        use_ema=False, ema_momentum=0.99, ema_overwrite_frequency=None,
        gradient_accumulation_steps=None, weight_decay_exclusions=None,
    ):
        self._keep(locals())


class Adamax(Optimizer):
    """Adamax (Kingma and Ba 2015, section 7.1): Adam with the largest gradient in place of the mean of squares.

    Parameters
    ----------
    learning_rate : float or schedule, default 0.001
    beta_1 : float, default 0.9
        How long the mean remembers.
    beta_2 : float, default 0.999
        How long the maximum remembers.
    epsilon : float, default 1e-7
        Added to the maximum.
    weight_decay, clipnorm, clipvalue, global_clipnorm, use_ema, ema_momentum, ema_overwrite_frequency
        As for every optimizer; see ``Optimizer``.
    """

    def __init__(
        self, learning_rate=0.001, beta_1=0.9, beta_2=0.999, epsilon=1e-07,
        weight_decay=None, clipnorm=None, clipvalue=None, global_clipnorm=None,
        use_ema=False, ema_momentum=0.99, ema_overwrite_frequency=None,
        gradient_accumulation_steps=None, weight_decay_exclusions=None,
    ):
        self._keep(locals())


class Nadam(Optimizer):
    """Nadam (Dozat 2016): Adam with Nesterov's look-ahead.

    Parameters
    ----------
    learning_rate : float or schedule, default 0.001
    beta_1 : float, default 0.9
        How long the mean remembers.
    beta_2 : float, default 0.999
        How long the mean of squares remembers.
    epsilon : float, default 1e-7
        Added to the root.
    weight_decay, clipnorm, clipvalue, global_clipnorm, use_ema, ema_momentum, ema_overwrite_frequency
        As for every optimizer; see ``Optimizer``.
    """

    def __init__(
        self, learning_rate=0.001, beta_1=0.9, beta_2=0.999, epsilon=1e-07,
        weight_decay=None, clipnorm=None, clipvalue=None, global_clipnorm=None,
        use_ema=False, ema_momentum=0.99, ema_overwrite_frequency=None,
        gradient_accumulation_steps=None, weight_decay_exclusions=None,
    ):
        self._keep(locals())


class Ftrl(Optimizer):
    """Follow the regularized leader (McMahan et al. 2013), for sparse linear models.

    Parameters
    ----------
    learning_rate : float or schedule, default 0.001
    learning_rate_power : float, default -0.5
        How the rate falls with the sum of squared gradients; not above 0.
    initial_accumulator_value : float, default 0.1
        What the sum starts at.
    l1_regularization_strength, l2_regularization_strength : float, default 0.0
        Penalties of the rule itself.
    l2_shrinkage_regularization_strength : float, default 0.0
        A penalty on squares that enters the gradient only.
    beta : float, default 0.0
        The paper's beta.
    weight_decay, clipnorm, clipvalue, global_clipnorm, use_ema, ema_momentum, ema_overwrite_frequency
        As for every optimizer; see ``Optimizer``.
    """

    def __init__(
        self, learning_rate=0.001, learning_rate_power=-0.5, initial_accumulator_value=0.1,
        l1_regularization_strength=0.0, l2_regularization_strength=0.0, l2_shrinkage_regularization_strength=0.0,
        beta=0.0,
        weight_decay=None, clipnorm=None, clipvalue=None, global_clipnorm=None,
        use_ema=False, ema_momentum=0.99, ema_overwrite_frequency=None,
        gradient_accumulation_steps=None, weight_decay_exclusions=None,
    ):
        self._keep(locals())


class Lion(Optimizer):
    """Lion (Chen et al. 2023): steps of one size along the sign of the momentum.

    Parameters
    ----------
    learning_rate : float or schedule, default 0.001
    beta_1 : float, default 0.9
        Share of the momentum in the direction.
    beta_2 : float, default 0.99
        How long the momentum remembers.
    weight_decay, clipnorm, clipvalue, global_clipnorm, use_ema, ema_momentum, ema_overwrite_frequency
        As for every optimizer; see ``Optimizer``.
    """

    def __init__(
        self, learning_rate=0.001, beta_1=0.9, beta_2=0.99,
        weight_decay=None, clipnorm=None, clipvalue=None, global_clipnorm=None,
        use_ema=False, ema_momentum=0.99, ema_overwrite_frequency=None,
        gradient_accumulation_steps=None, weight_decay_exclusions=None,
    ):
        self._keep(locals())
