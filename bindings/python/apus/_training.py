"""How networks are trained and judged."""

import numpy

from . import _arrays, _configuration, _sharing, optimizers as _optimizers
from ._progress_bar import ProgressBar, number
from ._streams import Batches, is_stream
from ._trainer import Dataset, Trainer, named, set_augmentation
from .callbacks import CallbackList, History
from .data import HDF5Dataset

_OPTIMIZERS = {name.lower(): getattr(_optimizers, name) for name in _optimizers.__all__ if name != "schedules"}


class Training:
    """The half of ``Model`` that is about training: compile, fit and what is like it."""

    def compile(
        self, optimizer="adam", loss=None, loss_weights=None, metrics=None, weighted_metrics=None, *, weight_noise=0.0
    ):
        """Says how to train. Compiling again begins with a new optimizer and keeps the weights.

        Parameters
        ----------
        optimizer : str or optimizer, default "adam"
        loss : str or loss, optional
            "mse", "mae", "huber", "binary_crossentropy", "categorical_crossentropy",
            "sparse_categorical_crossentropy", or an object of ``apus.losses``; for several outputs a list of them, or a
            ``dict`` by the names of the layers that make the outputs. Without one the network is trained by gradients
            of your own, ``apus.models.StepParts``, and ``fit`` and ``evaluate`` are a ValueError.
        loss_weights : list or dict of float, optional
            The loss is the sum of the outputs' losses times these.
        metrics : list of str or metric, optional
            "accuracy", "mse", "auc", ..., or objects of ``apus.metrics``; for several outputs a list with the metrics of
            each, or a ``dict`` by their names.
        weighted_metrics : optional
            Metrics in which the weights of samples and classes count.
        weight_noise : float, default 0.0
            Deviation of normal noise on the weights in each pass of training; the gradients change the weights
            themselves. For noise on inputs and outputs there is ``layers.GaussianNoise``.
        """
        if isinstance(optimizer, str) and optimizer.lower() in _OPTIMIZERS:
            optimizer = _OPTIMIZERS[optimizer.lower()]()
        self._build_if_complete()
        if self._handle is not None:
            self._current()
        if isinstance(metrics, (str, _configuration.Configured)):
            metrics = [metrics]
        if isinstance(weighted_metrics, (str, _configuration.Configured)):
            weighted_metrics = [weighted_metrics]
        before = self.optimizer, self.loss, self._compiled, self._trainer
        self.optimizer, self.loss, self._trainer = optimizer, loss, None
        self._compiled = {"optimizer": optimizer, "loss": loss, "metrics": _per_output(metrics)}
        if loss_weights is not None:
            self._compiled["loss_weights"] = loss_weights
        if weighted_metrics:
            self._compiled["weighted_metrics"] = _per_output(weighted_metrics)
        if weight_noise:
            self._compiled["weight_noise"] = weight_noise
        try:
            if self._handle is not None:
                self._require_trainer()
        except BaseException:
            self.optimizer, self.loss, self._compiled, self._trainer = before
            raise
        if isinstance(optimizer, _optimizers.Optimizer):
            object.__setattr__(optimizer, "_listener", self._learning_rate_changed)

    def _learning_rate_changed(self, value):
        if self._trainer is not None:
            self._trainer.set_learning_rate(value)

    def _require_trainer(self):
        self._synchronise()
        if self._trainer is None:
            if self._compiled is None:
                raise ValueError("the model is not compiled: call compile(optimizer, loss) first")
            parameters = _configuration.text(self._compiled)
            self._trainer = Trainer.create(self._require_built(), parameters, self._cost())
        return self._trainer

    def _cost(self):
        return 6 * self.count_params() / 2e10

    @property
    def metrics_names(self):
        names = self._require_trainer().names
        return list(named(names, [0.0] * len(names)))

    def fit(
        self,
        x,
        y=None,
        batch_size=None,
        epochs=1,
        verbose="auto",
        callbacks=None,
        validation_split=0.0,
        validation_data=None,
        shuffle=True,
        *,
        class_weight=None,
        sample_weight=None,
        initial_epoch=0,
        steps_per_epoch=None,
        validation_steps=None,
        augmentation=None,
    ):
        """Trains, going on from the weights and the optimizer's state that there are.

        Parameters
        ----------
        x : array or list of arrays, or data that comes a few rows at a time
            One row per sample; real numbers are read as float32. A list for several inputs. Instead of x and y an
            ``apus.data.HDF5Dataset``; or batches (inputs, targets) or (inputs, targets, sample_weights): an
            ``apus.utils.PyDataset``, a generator, or anything that gives a new iterator for each epoch.
        y : array or list of arrays
            One target per row.
        batch_size : int, default 32
            Of batches that come made, the rows of the largest, where that is not the first.
        epochs : int, default 1
            Until which epoch to train.
        verbose : {"auto", 0, 1, 2}
            0 is silent; 1, which "auto" means, shows a bar on a terminal; 2 prints a line per epoch.
        callbacks : list of Callback, optional
        validation_split : float, default 0
            The share of rows, the last ones, that are not trained on but evaluated after each epoch.
        validation_data : (x, y) or (x, y, sample_weight), or data as for x, optional
            Evaluated after each epoch.
        shuffle : bool, default True
            Whether each epoch sees the rows in a new order.
        class_weight : dict of int to float, optional
            How much rows of a class weigh in the loss of training, times their sample weight; 1 for those not named. For
            networks of one output.
        sample_weight : array, optional
            One non-negative number per row, or per row and step; for several outputs one array for all, a list with an
            array (or None) for each, or a ``dict`` by their names.
        initial_epoch : int, default 0
            The number of the first epoch.
        augmentation : augmentation.Sequential, Transformation or list of them, optional
            What each batch of images, the first input, goes through in training, never in evaluation. It must keep
            their shape.
        steps_per_epoch, validation_steps : int, optional
            After how many batches that come made an epoch ends; without, when there are no more.

        Returns
        -------
        History
            ``history`` maps "loss", each metric and "val_..." to a list of one number per epoch.

        Ctrl-C raises KeyboardInterrupt within a batch; the weights are those of the last whole epoch.
        """
        train = self._dataset(x, y, sample_weight, batch_size, steps_per_epoch, shuffle)
        trainer = self._require_trainer()
        if augmentation is not None or not isinstance(train, Dataset):
            set_augmentation(train, augmentation)
        validation = None
        if validation_data is not None:
            whole = isinstance(validation_data, HDF5Dataset) or is_stream(validation_data)
            if not whole and (not isinstance(validation_data, (tuple, list)) or len(validation_data) not in (2, 3)):
                raise ValueError("validation_data must be (x, y) or (x, y, sample_weight)")
            vx, vy, *weight = (validation_data, None) if whole else validation_data
            validation = self._dataset(vx, vy, weight[0] if weight else None, None, validation_steps)
            validation_split = 0.0
        if not 0 <= validation_split < 1:
            raise ValueError(f"validation_split must be from 0 up to but without 1, got {validation_split}")
        batch_size = positive("batch_size", _rows_of_batch(train, batch_size))
        self._publish_steps()
        return self._fit_epochs(
            trainer,
            train,
            validation,
            batch_size,
            range(initial_epoch, positive("epochs", epochs)),
            1 if verbose == "auto" else int(verbose),
            callbacks or [],
            validation_split,
            shuffle,
            _class_weights(class_weight),
        )

    def _dataset(self, x, y=None, sample_weight=None, batch_size=None, steps=None, shuffle=False):
        """What the library trains or evaluates on: arrays, a file, or batches."""
        if isinstance(x, HDF5Dataset) or is_stream(x):
            if y is not None or sample_weight is not None:
                raise ValueError("y and sample_weight are in the data itself; they cannot be given beside it")
        if steps is not None:
            positive("steps", steps)
            if isinstance(x, HDF5Dataset) or not is_stream(x):
                raise ValueError("steps are for data that comes as batches; of arrays and files take fewer rows")
        if isinstance(x, HDF5Dataset):
            return x.prepared(self)
        if not is_stream(x):
            inputs = self._inputs(x)
            self._build_for(inputs)
            return Dataset(inputs, self._targets(y), self._weights(sample_weight))
        if batch_size is not None:
            positive("batch_size", batch_size)
        return Batches(x, self._batch, steps, batch_size, shuffle)

    def _batch(self, item):
        """The arrays of a batch that came made: inputs, targets and weights."""
        x, y, weight = (*item, None, None)[:3] if isinstance(item, (tuple, list)) else (item, None, None)
        inputs = self._inputs(x)
        self._build_for(inputs)
        weights = self._weights(weight)
        if isinstance(weights, list) and any(values is None for values in weights):
            raise ValueError("batches need a sample weight for each output, or one for all")
        return inputs, self._targets(y), weights if isinstance(weights, list) else [] if weights is None else [weights]

    def _fit_epochs(
        self,
        trainer,
        train,
        validation,
        batch_size,
        epochs,
        verbose,
        callbacks,
        validation_split,
        shuffle,
        class_weight=None,
    ):
        if isinstance(train, Batches):
            rows, steps = None, train.steps
        else:
            rows = int(train.rows * (1 - validation_split))
            steps = -(-rows // batch_size)
        bar = ProgressBar(verbose) if verbose else None
        self.history = History()
        params = {"epochs": epochs.stop, "steps": steps, "samples": rows, "verbose": verbose}
        watchers = CallbackList([*callbacks, self.history], self, params)
        display = CallbackList([bar] if bar else [], self, params)
        on_batch = self._batch_watcher(watchers, bar)
        self.stop_training = False
        watchers.call("on_train_begin", {})
        logs = {}
        for epoch in epochs:
            display.call("on_epoch_begin", epoch, {})
            watchers.call("on_epoch_begin", epoch, {})
            if watchers.want_batches:
                watchers.call("on_train_batch_begin", 0, {})
            logs, whole = trainer.fit_epoch(
                train, validation, batch_size, shuffle, validation_split, on_batch, watchers.library_callbacks,
                class_weight
            )
            _sharing.changed(self, by_training=True)
            for data in (train, validation):
                if isinstance(data, Batches):
                    data.ended()
            if whole and rows is None:
                params["steps"], params["samples"] = whole
            if not whole and not self.stop_training:  # the loss was not finite, and TerminateOnNaN is there
                self.stop_training = True
                break
            display.call("on_epoch_end", epoch, logs)
            logs = dict(logs)  # one for all, so that a callback may add to it
            watchers.call("on_epoch_end", epoch, logs)
            if self.stop_training:
                break
        watchers.call("on_train_end", dict(logs))
        return self.history

    def _batch_watcher(self, watchers, bar):
        """What to call after each batch, or None."""
        want_batches = watchers.want_batches
        if not want_batches and not (bar and bar.draws):
            return None

        def on_batch(batch, batches, logs):
            if bar is not None:
                bar.batch(batch, batches, logs)
            if want_batches:
                watchers.call("on_train_batch_end", batch - 1, logs)
                if (batch < batches or not batches) and not self.stop_training:
                    watchers.call("on_train_batch_begin", batch, {})
            return self.stop_training

        return on_batch

    def minimize(self, x, y=None, method="L-BFGS-B", *, sample_weight=None, options=None, callback=None):
        """Trains a small network on all rows at once, by a method of ``apus.optimize.minimize``.

        The loss over all rows is a function of the trainable weights. Layers behave as in training, random ones with the
        same numbers each time; the state of the optimizer stays.

        Parameters
        ----------
        x, y, sample_weight
            As for ``fit``.
        method : str, default "L-BFGS-B"
            "L-BFGS-B", "CG", "BFGS", "Newton", "Newton-CG", "trust-exact", "trust-ncg", ...
        options : dict, optional
            ``maxiter``, ``gtol`` and what else the method has.
        callback : function of (weights), optional
            Called after each iteration with all weights in one array. ``StopIteration`` ends the run and keeps the best.

        Returns
        -------
        OptimizeResult
            fun, nit, nfev, njev, nhev, success, status and message; x is what ``get_weights`` gives. Single precision
            ends many runs before ``gtol`` is met, with status 3 and ``success`` False.
        """
        from .optimize._minimize import outcome

        inputs = self._inputs(x)
        self._build_for(inputs)
        trainer = self._require_trainer()
        train = Dataset(inputs, self._targets(y), weight_array(sample_weight))
        self._publish_steps()
        out = trainer.minimize(train, method, dict(options or {}), callback)
        _sharing.changed(self, by_training=True)
        return outcome(self.get_weights(), out)

    def train_on_batch(self, x, y=None, sample_weight=None, class_weight=None, return_dict=False):
        """One step of the optimizer on one batch.

        ``sample_weight`` and ``class_weight`` are as for ``fit``. Returns the loss before the update, or with
        ``return_dict`` a ``dict`` of it and the metrics, of this batch alone. (Keras gives a list where there are
        metrics, of the means since they were last reset.)
        """
        inputs = self._inputs(x)
        self._build_for(inputs)
        trainer, targets, weight = self._require_trainer(), self._targets(y), self._weights(sample_weight)
        if class_weight is None and not return_dict and not isinstance(weight, list):
            result = trainer.step(inputs, targets, weight)
        else:
            values = trainer.train_on_batch(Dataset(inputs, targets, weight), _class_weights(class_weight))
            result = named(trainer.names, values) if return_dict else values[0]
        self._stepped()
        return result

    def test_on_batch(self, x, y=None, sample_weight=None, return_dict=False):
        """What ``evaluate`` gives, all rows going through at once."""
        rows = max(1, _arrays.rows(self._inputs(x)[0]))
        return self.evaluate(x, y, batch_size=rows, verbose=0, sample_weight=sample_weight, return_dict=return_dict)

    def predict_on_batch(self, x):
        """What ``predict`` gives, all rows going through at once."""
        return self.predict(x, batch_size=max(1, _arrays.rows(self._inputs(x)[0])))

    def _stepped(self):
        """Says that the trainer's weights are new."""
        self._unpublished = True
        _sharing.changed(self, by_training=True)

    def evaluate(
        self, x, y=None, batch_size=None, verbose="auto", sample_weight=None, *, return_dict=False, steps=None
    ):
        """The loss, and with metrics a list of loss and metrics, or with ``return_dict`` a ``dict`` of them.

        ``x`` may be what ``fit`` takes, and ``steps`` limits batches that come made.
        """
        dataset = self._dataset(x, y, sample_weight, batch_size, steps)
        trainer = self._require_trainer()
        values = trainer.evaluate(dataset, positive("batch_size", _rows_of_batch(dataset, batch_size)))
        if isinstance(dataset, Batches):
            dataset.ended()
        measured = named(trainer.names, values)
        if verbose and verbose != "auto":
            print(" - ".join(f"{name}: {number(value)}" for name, value in measured.items()))
        if return_dict:
            return measured
        values = list(measured.values())
        return values[0] if len(values) == 1 else values


def _rows_of_batch(dataset, given):
    if isinstance(dataset, Batches):
        return dataset.batch_size
    return 32 if given is None else given


def positive(name, value):
    try:
        whole = value.__index__()
    except AttributeError:
        raise TypeError(f"{name} must be a whole number, got {value!r}") from None
    if whole < 1:
        raise ValueError(f"{name} must be at least 1, got {whole}")
    return whole


def weight_array(values):
    if values is None:
        return None
    weight = _arrays.as_array(values, "sample_weight")
    return weight if weight.dtype.kind == "f" else weight.astype(numpy.float32)


def _per_output(metrics):
    return dict(metrics) if isinstance(metrics, dict) else list(metrics or [])


def _class_weights(values):
    """A dense array from a ``dict``; classes that it does not name weigh 1."""
    if values is None:
        return None
    if not isinstance(values, dict):
        raise TypeError(f"class_weight must be a dict of class numbers and weights, got {type(values).__name__}")
    numbers = [_class_number(key) for key in values]
    weights = numpy.ones(max(numbers, default=0) + 1, numpy.float32)
    for key, value in zip(numbers, values.values()):
        weights[key] = value
    return weights


def _class_number(key):
    number = int(key)
    if number != key or not 0 <= number < 1 << 20:
        raise ValueError(f"class_weight must have class numbers from 0 as keys, got {key!r}")
    return number
