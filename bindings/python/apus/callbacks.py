"""What may look on during training, under Keras's names."""

import csv
import math
import os

__all__ = [
    "CSVLogger",
    "Callback",
    "EarlyStopping",
    "History",
    "LambdaCallback",
    "LearningRateScheduler",
    "ModelCheckpoint",
    "ReduceLROnPlateau",
    "TerminateOnNaN",
]


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
        """After a batch; ``logs`` has the means over the epoch so far.

        The model's weights and predictions are those of the last whole epoch until this one ends.
        """


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


class _Monitor(Callback):
    """A measure that is followed, and when it has improved."""

    _FALLING = ("loss", "error", "mse", "mae", "mape", "msle", "rmse", "entropy", "divergence", "hinge", "poisson",
                "cosh", "huber", "perplexity", "false_")
    _RISING = ("acc", "auc", "precision", "recall", "specificity", "sensitivity", "f1", "fbeta", "iou", "io_u", "r2",
               "similarity", "true_")

    def __init__(self, monitor, mode, min_delta=0.0):
        super().__init__()
        if mode not in ("auto", "min", "max"):
            raise ValueError(f"mode must be 'auto', 'min' or 'max', got {mode!r}")
        if mode == "auto":
            if any(part in monitor for part in self._FALLING):
                mode = "min"
            elif any(part in monitor for part in self._RISING):
                mode = "max"
            else:
                raise ValueError(f"mode must be 'min' or 'max' for {monitor!r}, whose name does not say what is better")
        self.monitor = monitor
        self.mode = mode
        self.min_delta = abs(min_delta)

    def _value(self, logs):
        if self.monitor not in (logs or {}):
            raise ValueError(
                f"{type(self).__name__} follows {self.monitor!r}, but this fit measures {', '.join(logs or {})}"
            )
        return logs[self.monitor]

    def _improves(self, value, best):
        if best is None:
            return not math.isnan(value)
        return value + self.min_delta < best if self.mode == "min" else value - self.min_delta > best


class EarlyStopping(_Monitor):
    """Ends training when a measure has not improved for some epochs.

    Parameters
    ----------
    monitor : str, default "val_loss"
        The name of the measure in ``logs``.
    min_delta : float, default 0
        The least change that counts.
    patience : int, default 0
        Epochs without improvement after which training ends.
    verbose : {0, 1}
        1 prints when it happens.
    mode : {"auto", "min", "max"}
        What is better; "auto" goes by the name of the measure.
    baseline : float, optional
        What the measure must be better than to count as improving.
    restore_best_weights : bool, default False
        Whether to end with the weights of the best epoch.
    start_from_epoch : int, default 0
        Epochs that are not looked at.

    Examples
    --------
    >>> from apus.callbacks import EarlyStopping
    >>> stop = EarlyStopping(monitor="val_loss", patience=3, restore_best_weights=True)
    """

    def __init__(self, monitor="val_loss", min_delta=0, patience=0, verbose=0, mode="auto", baseline=None,
                 restore_best_weights=False, start_from_epoch=0):
        super().__init__(monitor, mode, min_delta)
        self.patience = patience
        self.verbose = verbose
        self.baseline = baseline
        self.restore_best_weights = restore_best_weights
        self.start_from_epoch = start_from_epoch
        self.on_train_begin()

    def on_train_begin(self, logs=None):
        self.wait = 0
        self.stopped_epoch = 0
        self.best = None
        self.best_epoch = 0
        self.best_weights = None

    def on_epoch_end(self, epoch, logs=None):
        value = self._value(logs)
        if epoch < self.start_from_epoch:
            return
        self.wait += 1
        if self.restore_best_weights and self.best_weights is None:
            self.best_weights, self.best_epoch = self.model.get_weights(), epoch
        if self._improves(value, self.best):
            self.best, self.best_epoch = value, epoch
            if self.restore_best_weights:
                self.best_weights = self.model.get_weights()
            if self.baseline is None or self._improves(value, self.baseline):
                self.wait = 0
        elif self.wait >= self.patience and epoch > 0:
            self.stopped_epoch = epoch
            self.model.stop_training = True

    def on_train_end(self, logs=None):
        if self.stopped_epoch > 0 and self.verbose:
            print(f"Epoch {self.stopped_epoch + 1}: early stopping")
        if self.best_weights is not None:
            if self.verbose:
                print(f"Restoring model weights from the end of the best epoch: {self.best_epoch + 1}.")
            self.model.set_weights(self.best_weights)


class ModelCheckpoint(_Monitor):
    """Saves the model after each epoch, or after each that is the best so far, as ``save_checkpoint`` does.

    Parameters
    ----------
    filepath : str or path
        An ``.h5`` file. ``{epoch:02d}`` or ``{val_loss:.2f}`` in it are filled in.
    monitor : str, default "val_loss"
    verbose : {0, 1}
    save_best_only : bool, default False
        Save only when the measure is the best so far.
    save_weights_only : bool, default False
        Save the network without the state of its training.
    mode : {"auto", "min", "max"}
    save_freq : "epoch"
        The weights of a batch are not seen outside of it, so that nothing else is possible here.
    initial_value_threshold : float, optional
        What the measure must be better than to be saved at all.
    """

    def __init__(self, filepath, monitor="val_loss", verbose=0, save_best_only=False, save_weights_only=False,
                 mode="auto", save_freq="epoch", initial_value_threshold=None):
        super().__init__(monitor, mode if save_best_only or mode != "auto" else "min")
        if save_freq != "epoch":
            raise ValueError(f"save_freq must be 'epoch', got {save_freq!r}")
        self.filepath = os.fspath(filepath)
        if not self.filepath.lower().endswith(".h5"):
            raise ValueError(f"filepath must end in .h5, got {self.filepath!r}")
        self.verbose = verbose
        self.save_best_only = save_best_only
        self.save_weights_only = save_weights_only
        self.save_freq = save_freq
        self.best = initial_value_threshold

    def on_epoch_end(self, epoch, logs=None):
        if self.save_best_only:
            value = self._value(logs)
            if not self._improves(value, self.best):
                return
            self.best = value
        path = self.filepath.format(epoch=epoch + 1, **(logs or {}))
        (self.model.save if self.save_weights_only else self.model.save_checkpoint)(path)
        if self.verbose:
            print(f"Epoch {epoch + 1}: saved {path}")


class TerminateOnNaN(Callback):
    """Ends training when the loss is not finite, with the weights as they were before that batch.

    Without it such a loss is an error, ``ConvergenceError``, and the model keeps the weights of the last whole epoch.
    Bad values in the data are an error in any case.
    """

    _library_callback = "terminate_on_nan=true"


class ReduceLROnPlateau(_Monitor):
    """Lowers the learning rate when a measure has not improved for some epochs.

    Parameters
    ----------
    monitor : str, default "val_loss"
    factor : float, default 0.1
        What the learning rate is multiplied by, below 1.
    patience : int, default 10
        Epochs without improvement after which it falls.
    verbose : {0, 1}
    mode : {"auto", "min", "max"}
    min_delta : float, default 1e-4
        The least change that counts.
    cooldown : int, default 0
        Epochs after a fall that do not count.
    min_lr : float, default 0.0
        The lowest learning rate.
    """

    def __init__(self, monitor="val_loss", factor=0.1, patience=10, verbose=0, mode="auto", min_delta=1e-4, cooldown=0,
                 min_lr=0.0):
        super().__init__(monitor, mode, min_delta)
        if not 0 <= factor < 1:
            raise ValueError(f"factor must be in [0, 1), got {factor}")
        self.factor = factor
        self.patience = patience
        self.verbose = verbose
        self.cooldown = cooldown
        self.min_lr = min_lr
        self.on_train_begin()

    def on_train_begin(self, logs=None):
        self.wait = 0
        self.cooldown_counter = 0
        self.best = None

    def on_epoch_end(self, epoch, logs=None):
        rate = logs["learning_rate"] = _learning_rate(self)
        value = self._value(logs)
        if self.cooldown_counter > 0:
            self.cooldown_counter -= 1
            self.wait = 0
        if self._improves(value, self.best):
            self.best = value
            self.wait = 0
        elif self.cooldown_counter == 0:
            self.wait += 1
            if self.wait >= self.patience and rate > self.min_lr:
                self.model.optimizer.learning_rate = max(rate * self.factor, self.min_lr)
                if self.verbose:
                    print(f"Epoch {epoch + 1}: the learning rate is now {self.model.optimizer.learning_rate}")
                self.cooldown_counter = self.cooldown
                self.wait = 0


class LearningRateScheduler(Callback):
    """Sets the learning rate at the start of each epoch.

    Parameters
    ----------
    schedule : function of (epoch, learning_rate)
        Gives the learning rate of epoch ``epoch``, from 0, from that of the epoch before.
    verbose : {0, 1}

    Examples
    --------
    >>> from apus.callbacks import LearningRateScheduler
    >>> halve = LearningRateScheduler(lambda epoch, rate: rate / 2 if epoch else rate)
    """

    def __init__(self, schedule, verbose=0):
        super().__init__()
        self.schedule = schedule
        self.verbose = verbose

    def on_epoch_begin(self, epoch, logs=None):
        self.model.optimizer.learning_rate = float(self.schedule(epoch, _learning_rate(self)))
        if self.verbose:
            print(f"Epoch {epoch + 1}: the learning rate is {self.model.optimizer.learning_rate}")

    def on_epoch_end(self, epoch, logs=None):
        if logs is not None:
            logs["learning_rate"] = _learning_rate(self)


def _learning_rate(callback):
    """The learning rate of the model in training; ValueError where it cannot be set."""
    rate = getattr(callback.model.optimizer, "learning_rate", None)
    if not isinstance(rate, (int, float)):
        raise ValueError(
            f"{type(callback).__name__} sets the learning rate of an optimizer given to compile, and not a schedule"
        )
    return float(rate)


class CSVLogger(Callback):
    """Writes a line of measures to a file after each epoch: its number from 0, then the measures by name.

    Parameters
    ----------
    filename : str or path
    separator : str, default ","
    append : bool, default False
        Go on at the end of a file that there is.
    """

    def __init__(self, filename, separator=",", append=False):
        super().__init__()
        self.filename = os.fspath(filename)
        self.sep = separator
        self.append = append
        self._names = None

    def on_train_begin(self, logs=None):
        self._names = None
        self._has_header = self.append and os.path.exists(self.filename) and os.path.getsize(self.filename) > 0
        with open(self.filename, "a" if self.append else "w"):
            pass

    def on_epoch_end(self, epoch, logs=None):
        logs = logs or {}
        with open(self.filename, "a", newline="") as file:
            writer = csv.writer(file, delimiter=self.sep, lineterminator="\n")
            if self._names is None:
                self._names = sorted(logs)
                if not self._has_header:
                    writer.writerow(["epoch", *self._names])
            writer.writerow([epoch, *(logs.get(name, "NA") for name in self._names)])


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
    def library_callbacks(self):
        """What the library itself does in each epoch, in its own words."""
        texts = (getattr(callback, "_library_callback", None) for callback in self.callbacks)
        return " ".join(sorted({text for text in texts if text}))

    @property
    def want_batches(self):
        """Whether a callback has a batch method of its own."""
        return any(
            getattr(getattr(callback, name), "__func__", getattr(callback, name)) is not getattr(Callback, name)
            for callback in self.callbacks
            for name in ("on_train_batch_begin", "on_train_batch_end")
        )
