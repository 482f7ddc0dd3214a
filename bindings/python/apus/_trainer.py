"""The library's datasets and trainers."""

import ctypes
import json
import os

import numpy

from . import _arrays, _context, _handles, _interrupt
from ._errors import ShapeError
from ._streams import Batches
from ._library import ITERATION_CALLBACK, PROGRESS, PROGRESS_BATCH, Array, FitOptions, Minimum, Progress, lib


def set_augmentation(dataset, augmentation):
    """Has each batch that a fit takes from a dataset augmented: by a transformation of ``apus.augmentation`` or a list of
    them; None ends that."""
    handle = None
    if augmentation is not None:
        from .augmentation._images import augmenter

        handle = augmenter(augmentation)._augmenter()
    with _context.current() as context:
        pointer = None if handle is None else handle.pointer
        context.check(lib.apus_dataset_set_augmentation(context.handle, dataset.pointer, pointer, 0))


class Dataset(_handles.Handle):
    """Rows in memory, which the library reads where they lie."""

    __slots__ = ("inputs", "targets", "weight", "rows", "__weakref__")

    def __init__(self, inputs, targets, weight=None):
        super().__init__(None, lib.apus_dataset_free)
        weights = list(weight) if isinstance(weight, (list, tuple)) else None
        self.inputs, self.targets, self.weight = inputs, targets, weight
        self.rows = _arrays.rows(inputs[0])
        out = ctypes.c_void_p()
        with _context.current() as context:
            context.check(
                lib.apus_dataset_create(
                    context.handle,
                    _arrays.views(inputs),
                    len(inputs),
                    _arrays.views(targets) if targets else None,
                    len(targets),
                    None if weight is None or weights is not None else _arrays.view(weight),
                    ctypes.byref(out),
                )
            )
            self.pointer = out.value
            if weights is not None:
                views = (Array * len(weights))(
                    *[_arrays.unknown() if item is None else _arrays.view(item) for item in weights]
                )
                context.check(
                    lib.apus_dataset_set_sample_weights(context.handle, self.pointer, views, len(weights))
                )


class Trainer(_handles.Handle):
    """A network in training: weights of its own, the optimizer's state, position and random state."""

    __slots__ = ("_names", "cost", "is_running")

    def __init__(self, pointer, cost):
        super().__init__(pointer, lib.apus_trainer_free)
        self._names = None
        self.cost = cost
        self.is_running = False

    @classmethod
    def create(cls, model, parameters, cost):
        """A trainer of ``model`` with ``parameters`` (JSON text). ``cost`` is about the seconds that a row takes."""
        out = ctypes.c_void_p()
        with _context.current() as context:
            context.check(
                lib.apus_trainer_create(context.handle, model.pointer, parameters.encode(), ctypes.byref(out))
            )
        return cls(out.value, cost)

    @classmethod
    def load(cls, path):
        """A trainer from a checkpoint, and the model that it trains."""
        trainer, model = ctypes.c_void_p(), ctypes.c_void_p()
        with _context.current() as context:
            with _handles.missing_file_named(path):
                context.check(
                    lib.apus_trainer_load(
                        context.handle, os.fsencode(path), None, ctypes.byref(trainer), ctypes.byref(model)
                    )
                )
        return cls(trainer.value, 0.0), _handles.Model(model.value)

    @property
    def names(self):
        """"loss", then the names of the metrics."""
        if self._names is None:
            with _context.current() as context:
                self._names = json.loads(context.text(lib.apus_trainer_metric_names, self.pointer))
        return self._names

    def seconds(self, rows, batch_size):
        """About how long training on so many rows takes."""
        return rows * self.cost + rows / max(1, batch_size) * 1e-5

    def fit_epoch(
        self, train, validation, batch_size, shuffle, validation_split, on_batch=None, callbacks="", class_weight=None
    ):
        """Trains one epoch and publishes the weights; what it measured as a ``dict``, and how many batches and rows it
        had, None if it was not a whole epoch.

        ``on_batch(batch, batches, logs)`` is called after each batch if given and may return True to stop. ``callbacks``
        are those of the library, as text.
        """
        made = [data for data in (train, validation) if isinstance(data, Batches)]
        long = train in made or self.seconds(train.rows, batch_size) > _interrupt.LONG
        watch = EpochWatch(self.names, on_batch, train.steps or 0 if train in made else 0)
        for data in made:
            data.keeper = watch
        options = FitOptions(
            epochs=1,
            batch_size=batch_size,
            shuffle=1 if shuffle else -1,
            progress=watch.callback,
            progress_every_batch=1 if on_batch is not None or long else 0,
            validation_split=validation_split,
            callbacks=callbacks.encode(),
        )
        if class_weight is not None:
            weights = _arrays.view(class_weight)
            options.class_weight = ctypes.pointer(weights)
        with _context.current() as context:
            self.is_running = True
            try:
                with watch:
                    status = lib.apus_trainer_fit(
                        context.handle,
                        self.pointer,
                        train.pointer,
                        None if validation is None else validation.pointer,
                        ctypes.byref(options),
                    )
            finally:
                self.is_running = False
            context.check(status)
        return watch.logs, watch.whole

    def minimize(self, train, method, options, callback):
        """Minimises the loss over all rows of ``train``; the library's result."""
        from .optimize._minimize import after_iteration
        from .optimize._problem import guarded

        keeper, out = _interrupt.SignalKeeper(), Minimum()
        after = ITERATION_CALLBACK(guarded(keeper, after_iteration(callback or (lambda x: None))))
        with _context.current() as context:
            with keeper:
                status = lib.apus_trainer_minimize(
                    context.handle,
                    self.pointer,
                    train.pointer,
                    method.encode(),
                    json.dumps(options).encode(),
                    after,
                    None,
                    ctypes.byref(out),
                )
            context.check(status)
        return out

    def evaluate(self, dataset, batch_size):
        """Loss and metrics over a dataset, in the order of ``names``."""
        values = (ctypes.c_double * len(self.names))()
        with _context.current() as context:
            if isinstance(dataset, Batches):
                dataset.keeper = _interrupt.SignalKeeper()
                with dataset.keeper:
                    status = lib.apus_trainer_evaluate(
                        context.handle, self.pointer, dataset.pointer, batch_size, values, len(values)
                    )
                context.check(status)
                return list(values)
            _interrupt.call(
                context,
                self.seconds(dataset.rows, batch_size) / 3,
                lib.apus_trainer_evaluate,
                self.pointer,
                dataset.pointer,
                batch_size,
                values,
                len(values),
            )
        return list(values)

    def step(self, inputs, targets, weight):
        """One step on one batch; the loss before the update."""
        loss = ctypes.c_double()
        with _context.current() as context:
            context.check(
                lib.apus_trainer_step(
                    context.handle,
                    self.pointer,
                    _arrays.views(inputs),
                    len(inputs),
                    _arrays.views(targets),
                    len(targets),
                    None if weight is None else _arrays.view(weight),
                    ctypes.byref(loss),
                )
            )
        return loss.value

    def train_on_batch(self, dataset, class_weight):
        """One step on all rows of a dataset; loss and metrics before the update, in the order of ``names``."""
        values = (ctypes.c_double * len(self.names))()
        with _context.current() as context:
            context.check(
                lib.apus_trainer_train_on_batch(
                    context.handle,
                    self.pointer,
                    dataset.pointer,
                    None if class_weight is None else _arrays.view(class_weight),
                    values,
                    len(values),
                )
            )
        return list(values)

    def set_weight(self, path, array):
        """Sets one of the weights in training."""
        with _context.current() as context:
            context.check(
                lib.apus_trainer_set_weight(context.handle, self.pointer, path.encode(), _arrays.view(array))
            )

    def forward(self, inputs, training):
        """A forward pass whose outputs stay with the trainer."""
        with _context.current() as context:
            views = _arrays.views(inputs)
            context.check(
                lib.apus_trainer_forward(context.handle, self.pointer, views, len(inputs), int(training), None, 0)
            )

    def layer_output(self, name, call, output):
        """What a call of a layer gave in the last forward pass."""
        with _context.current() as context:
            out = _arrays.unknown()
            arguments = (context.handle, self.pointer, name.encode(), call, output, out)
            context.check(lib.apus_trainer_layer_output(*arguments))
            result = _arrays.allocate(out)
            context.check(lib.apus_trainer_layer_output(*arguments))
        return result

    def loss(self, targets, weight):
        """The loss of the last forward pass; its gradients stay with the trainer."""
        loss = ctypes.c_double()
        with _context.current() as context:
            context.check(
                lib.apus_trainer_loss(
                    context.handle,
                    self.pointer,
                    _arrays.views(targets),
                    len(targets),
                    None if weight is None else _arrays.view(weight),
                    ctypes.byref(loss),
                )
            )
        return loss.value

    def backward(self, output_gradients, input_shapes):
        """Adds gradients to those held; those by the inputs, which had these shapes, of the last forward pass."""
        by_inputs = [numpy.empty(shape, numpy.float32) for shape in input_shapes]
        given = output_gradients is not None
        with _context.current() as context:
            context.check(
                lib.apus_trainer_backward(
                    context.handle,
                    self.pointer,
                    _arrays.views(output_gradients) if given else None,
                    len(output_gradients) if given else 0,
                    _arrays.views(by_inputs),
                    len(by_inputs),
                )
            )
        return by_inputs

    def apply(self, scale):
        """One update with the gradients held, times ``scale``."""
        with _context.current() as context:
            context.check(lib.apus_trainer_apply(context.handle, self.pointer, float(scale)))

    def zero_gradients(self):
        with _context.current() as context:
            context.check(lib.apus_trainer_zero_gradients(context.handle, self.pointer))

    def gradient(self, path):
        """A copy of the gradient held for a weight."""
        return self._copied(lib.apus_trainer_gradient, path)

    def weight(self, path):
        """A copy of a weight in training."""
        return self._copied(lib.apus_trainer_weight, path)

    def _copied(self, function, path):
        with _context.current() as context:
            out = _arrays.unknown()
            arguments = (context.handle, self.pointer, path.encode(), out)
            context.check(function(*arguments))
            result = _arrays.allocate(out)
            context.check(function(*arguments))
        return result

    def publish(self):
        """Gives the model the weights as they are now."""
        with _context.current() as context:
            context.check(lib.apus_trainer_publish(context.handle, self.pointer))

    def refresh(self):
        """Goes on from the model's weights of this moment."""
        with _context.current() as context:
            context.check(lib.apus_trainer_refresh(context.handle, self.pointer))

    def set_learning_rate(self, value):
        with _context.current() as context:
            context.check(lib.apus_trainer_set_learning_rate(context.handle, self.pointer, float(value)))

    def history(self):
        """All fits so far: a list for each name, one number per epoch."""
        with _context.current() as context:
            return json.loads(context.text(lib.apus_trainer_history, self.pointer))

    def save(self, path):
        with _context.current() as context:
            context.check(lib.apus_trainer_save(context.handle, self.pointer, os.fsencode(path)))


class EpochWatch(_interrupt.SignalKeeper):
    """The progress callback of one epoch. Exceptions of Python code stop training and are raised on leaving."""

    def __init__(self, names, on_batch, batches=0):
        super().__init__()
        self.callback = PROGRESS(self._called)
        self.logs = {}
        self.whole = None
        self._batches = batches
        self._names = names
        self._on_batch = on_batch

    def _called(self, user, address):
        if self.error is not None:
            return -1
        try:
            self.open = True
            decision = self._look(Progress.from_address(address))
            self.open = False
            return decision
        except BaseException as error:
            self.open = False
            self.error = error
            return -1

    def _look(self, progress):
        if progress.stage == PROGRESS_BATCH:
            if self._on_batch is None:
                return 0
            self.logs = self._measured(progress)  # they stay when the decision is to stop
            batches = progress.batches or self._batches
            return 1 if self._on_batch(progress.batch, batches, self.logs) else 0
        self.logs = self._measured(progress)
        self.whole = progress.batch, progress.samples
        if progress.has_validation:
            count = len(self._names) - 1
            held = named(self._names, [progress.validation_loss, *(progress.validation_metrics[:count] if count else [])])
            self.logs.update({"val_" + name: value for name, value in held.items()})
        return 0

    def _measured(self, progress):
        count = len(self._names) - 1
        return named(self._names, [progress.loss, *(progress.metrics[:count] if count else [])])

    def __exit__(self, *exception):
        self.callback = None  # ends the circle of references
        return super().__exit__(*exception)


def named(names, values):
    """Values by name; "name[0]", "name[1]", ... and "name[0,0]", ... become an array under "name"."""
    result = {}
    for name, value in zip(names, values):
        if not name.endswith("]"):
            result[name] = value
            continue
        base, _, index = name[:-1].rpartition("[")
        result.setdefault(base, {})[tuple(map(int, index.split(",")))] = value
    for name, value in result.items():
        if isinstance(value, dict):
            array = numpy.empty([largest + 1 for largest in max(value)])
            for index, item in value.items():
                array[index] = item
            result[name] = array
    return result


def network_array(values, name):
    """``values`` as an array for a network: real numbers become float32, as in Keras; whole numbers stay."""
    if isinstance(values, numpy.ndarray) and values.dtype == numpy.float16:
        return values.astype(numpy.float32)
    array = _arrays.as_array(values, name)
    if array.dtype == numpy.float64:
        array = array.astype(numpy.float32)
    if array.ndim == 0:
        raise ShapeError(f"{name} must have a row per sample, got a single number")
    return array
