"""What may look on during training, under Keras's names."""

__all__ = ["Callback", "History", "LambdaCallback"]


class Callback:
    """Base of callbacks: override the methods you want.

    ``self.model`` is the model in training and ``self.params`` says epochs and steps. Setting
    ``self.model.stop_training = True`` ends training and keeps the weights. An exception ends training too and comes
    out of ``fit``; the model then has the weights of the last whole epoch. Between epochs the model can be used in any
    way; during a batch it still has the weights of the epoch before.
    """

    def __init__(self):
        self.model = None
        self.params = {}

    def set_model(self, model):
        """Tells the callback the model that is being trained."""
        self.model = model

    def set_params(self, params):
        """Tells the callback the number of epochs, steps and samples."""
        self.params = params

    def on_train_begin(self, logs=None):
        """Before the first epoch."""

    def on_train_end(self, logs=None):
        """After the last epoch; ``logs`` are those of that epoch."""

    def on_epoch_begin(self, epoch, logs=None):
        """Before epoch ``epoch``, from 0."""

    def on_epoch_end(self, epoch, logs=None):
        """After an epoch; ``logs`` has loss, metrics, and with validation data ``val_loss`` and ``val_...``."""

    def on_train_batch_begin(self, batch, logs=None):
        """Before batch ``batch``, from 0."""

    def on_train_batch_end(self, batch, logs=None):
        """After a batch; ``logs`` has the means over the epoch so far."""


class History(Callback):
    """What ``fit`` returns: ``history`` has a list for each value, one entry per epoch; ``epoch`` their numbers."""

    def __init__(self):
        super().__init__()
        self.epoch = []
        self.history = {}

    def on_train_begin(self, logs=None):
        self.epoch = []
        self.history = {}

    def on_epoch_end(self, epoch, logs=None):
        self.epoch.append(epoch)
        for name, value in (logs or {}).items():
            self.history.setdefault(name, []).append(value)


class LambdaCallback(Callback):
    """A callback from functions.

    Parameters
    ----------
    on_epoch_begin, on_epoch_end : function of (epoch, logs), optional
    on_train_batch_begin, on_train_batch_end : function of (batch, logs), optional
    on_train_begin, on_train_end : function of (logs), optional

    Examples
    --------
    >>> from apus.callbacks import LambdaCallback
    >>> show = LambdaCallback(on_epoch_end=lambda epoch, logs: print(epoch, logs["loss"]))
    """

    def __init__(
        self,
        on_epoch_begin=None,
        on_epoch_end=None,
        on_train_begin=None,
        on_train_end=None,
        on_train_batch_begin=None,
        on_train_batch_end=None,
    ):
        super().__init__()
        given = {
            "on_epoch_begin": on_epoch_begin,
            "on_epoch_end": on_epoch_end,
            "on_train_begin": on_train_begin,
            "on_train_end": on_train_end,
            "on_train_batch_begin": on_train_batch_begin,
            "on_train_batch_end": on_train_batch_end,
        }
        for name, function in given.items():
            if function is not None:
                setattr(self, name, function)


class CallbackList:
    """Calls the same method of each callback."""

    def __init__(self, callbacks, model, params):
        self.callbacks = list(callbacks)
        for callback in self.callbacks:
            callback.set_params(params)
            callback.set_model(model)

    def call(self, method, *arguments):
        for callback in self.callbacks:
            getattr(callback, method)(*arguments)

    @property
    def want_batches(self):
        """Whether a callback has a batch method of its own."""
        return any(
            getattr(getattr(callback, name), "__func__", getattr(callback, name)) is not getattr(Callback, name)
            for callback in self.callbacks
            for name in ("on_train_batch_begin", "on_train_batch_end")
        )
