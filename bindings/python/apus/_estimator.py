"""What every estimator has: parameters, fitting, learned attributes, files, and the manners of scikit-learn."""

import ctypes
import json
import warnings

import numpy

from . import _arrays, _errors, _handles
from ._library import DECISION, INVERSE_TRANSFORM, PREDICT, PROBABILITIES, FitOptions

KINDS = {}
"""Estimator classes by the library's names."""


class Estimator:
    """Base of the estimators. Parameters are attributes; what fitting learns are attributes that end in ``_``."""

    _kind = None
    _learned = ()  # names of the arrays that a fitted model has
    _estimator_type = None

    def __init_subclass__(cls, **keywords):
        super().__init_subclass__(**keywords)
        if "_kind" in cls.__dict__:
            KINDS[cls._kind] = cls

    # Parameters

    @classmethod
    def _parameter_names(cls):
        code = cls.__init__.__code__
        return code.co_varnames[1 : code.co_argcount + code.co_kwonlyargcount]

    @classmethod
    def _defaults(cls):
        code, values = cls.__init__.__code__, cls.__init__.__defaults__ or ()
        positional = code.co_varnames[code.co_argcount - len(values) : code.co_argcount]
        return {**dict(zip(positional, values)), **(cls.__init__.__kwdefaults__ or {})}

    def get_params(self, deep=True):
        """The parameters as a ``dict``. ``deep`` is there for scikit-learn."""
        return {name: getattr(self, name) for name in self._parameter_names()}

    def set_params(self, **params):
        """Sets parameters by name and returns the estimator; ValueError for a name it does not have."""
        names = self._parameter_names()
        for name, value in params.items():
            if name not in names:
                raise ValueError(
                    f"{type(self).__name__} has no parameter {name!r}; it has {', '.join(names) or 'none'}"
                )
            setattr(self, name, value)
        return self

    def _library_parameters(self):
        """The parameters under the names and with the values of the library."""
        return self.get_params(deep=False)

    @classmethod
    def _from_library_parameters(cls, parameters):
        """The constructor's arguments for parameters as the library names them."""
        names = cls._parameter_names()
        return {name: value for name, value in parameters.items() if name in names}

    def _parameters_text(self):
        parameters = self._library_parameters()
        for name, value in parameters.items():
            if isinstance(value, (float, numpy.floating)) and not numpy.isfinite(value):
                raise ValueError(f"The {name} of {self._kind} must be finite, got {value}.")
        return json.dumps(parameters, default=_handles.number)

    def __repr__(self):
        defaults = self._defaults()
        changed = [
            f"{name}={value!r}"
            for name, value in self.get_params(deep=False).items()
            if name not in defaults or repr(defaults[name]) != repr(value)
        ]
        return f"{type(self).__name__}({', '.join(changed)})"

    # Fitting and using

    def _fit_model(self, x, y=None, sample_weight=None):
        names = _arrays.feature_names(x)
        x = _arrays.as_array(x, "X")
        if x.ndim != 2:
            raise _errors.ShapeError(
                f"X must have 2 dimensions, rows by features, got {x.ndim}"
                + (": X.reshape(-1, 1) makes one feature of it" if x.ndim == 1 else "")
            )
        options = FitOptions()
        if sample_weight is not None:
            weight = _arrays.as_array(sample_weight, "sample_weight")
            if weight.dtype.kind != "f":
                weight = weight.astype(numpy.float64)
            options.sample_weight = ctypes.pointer(_arrays.view(weight))
        if names is not None:
            options.feature_names = ctypes.cast(_handles.text_array(names), type(options.feature_names))
        model = _handles.fit(self._kind, self._parameters_text(), x, y, options, self._seconds(x))
        self._adopt(model, x.shape[1], names)
        return self

    def _seconds(self, x):
        """About how long fitting takes, to decide whether it should heed Ctrl-C."""
        return x.size / 5e8

    def _adopt(self, model, features, names):
        for name in [name for name in self.__dict__ if name.endswith("_") and not name.startswith("_")]:
            del self.__dict__[name]
        self.__dict__.pop("_names", None)
        self._model = model
        self.n_features_in_ = features
        if names is not None:
            self.feature_names_in_ = numpy.array(names, dtype=object)

    def _checked(self, x):
        self._require_fit()
        names = _arrays.feature_names(x)
        if names is not None and "feature_names_in_" in self.__dict__:
            known = list(self.feature_names_in_)
            if names != known:
                raise ValueError(
                    "the columns of X are not those of fit, in their order: "
                    f"expected {', '.join(known)}, got {', '.join(names)}"
                )
        return _arrays.as_array(x, "X")

    def _predict(self, x, what=PREDICT):
        x = self._checked(x)
        return self._model.predict(x, what)

    def _require_fit(self):
        if self.__dict__.get("_model") is None:
            raise _errors.NotFittedError(f"This {type(self).__name__} is not fitted yet: call fit first")

    def __getattr__(self, name):
        if name in type(self)._learned:
            self._require_fit()
            value = self._learn(name)
            self.__dict__[name] = value
            return value
        raise AttributeError(f"{type(self).__name__} has no attribute {name!r}")

    def _learn(self, name):
        try:
            array = self._model.attribute(name)
        except _errors.InvalidArgumentError as error:
            raise AttributeError(str(error)) from None
        return array.item() if array.ndim == 0 else array

    def __dir__(self):
        return [*super().__dir__(), *(self._learned if self.__dict__.get("_model") is not None else ())]

    # Files

    def save(self, path):
        """Saves the fitted model to an HDF5 file, whole or not at all; ``apus.load_model`` reads it back.

        Raises OSError when the file cannot be written, NotFittedError before fit. Labels that are not numbers are kept
        as class numbers from 0, with a warning; pickle keeps the labels.
        """
        self._require_fit()
        if self._label_names() is not None:
            warnings.warn(
                "the file keeps class numbers from 0 instead of the labels "
                f"{', '.join(map(str, self._label_names()[:5]))}{', ...' if len(self._label_names()) > 5 else ''}",
                _errors.ApusWarning,
                stacklevel=2,
            )
        self._model.save(path)

    def _label_names(self):
        """The labels that the library does not know, or None."""
        return self.__dict__.get("_names")

    @classmethod
    def _from_model(cls, model):
        info = model.info
        estimator = cls(**cls._from_library_parameters(info["parameters"]))
        estimator._adopt(model, info["n_features"], info.get("feature_names"))
        return estimator

    def __getstate__(self):
        state = dict(self.__dict__)
        model = state.pop("_model", None)
        if model is not None:
            state["_model_file"] = model.to_bytes()
        return state

    def __setstate__(self, state):
        state = dict(state)
        file = state.pop("_model_file", None)
        self.__dict__.update(state)
        if file is not None:
            self._model = _handles.from_bytes(file)

    # scikit-learn asks these

    def __sklearn_is_fitted__(self):
        return self.__dict__.get("_model") is not None

    def __sklearn_tags__(self):
        from sklearn.utils import ClassifierTags, InputTags, RegressorTags, Tags, TargetTags, TransformerTags

        kind = self._estimator_type
        return Tags(
            estimator_type=kind if kind in ("classifier", "regressor") else None,
            target_tags=TargetTags(required=kind in ("classifier", "regressor")),
            transformer_tags=TransformerTags() if kind == "transformer" else None,
            classifier_tags=ClassifierTags() if kind == "classifier" else None,
            regressor_tags=RegressorTags() if kind == "regressor" else None,
            input_tags=InputTags(),
        )


class Regressor(Estimator):
    """An estimator that predicts numbers."""

    _estimator_type = "regressor"

    def fit(self, X, y, sample_weight=None):
        """Learns from rows ``X`` (rows by features) and targets ``y`` (one per row, or rows by targets).

        Returns the estimator. Values must be finite; ValueError for other values and for shapes that do not fit.
        """
        self._fit_model(X, _arrays.as_array(y, "y"), sample_weight)
        return self

    def predict(self, X):
        """The predicted value of each row."""
        return self._predict(X)

    def score(self, X, y, sample_weight=None):
        """The coefficient of determination R² of the predictions for ``X`` against ``y``; 1 is perfect.

        Several targets are averaged with equal weight. A constant target gives 1 when predicted exactly, else 0.
        """
        return self._score(self.predict(X), y, sample_weight)

    @staticmethod
    def _score(predicted, y, sample_weight):
        predicted = numpy.asarray(predicted, numpy.float64)
        y = _arrays.as_array(y, "y").astype(numpy.float64, copy=False)
        if predicted.shape != y.shape:
            predicted = predicted.reshape(y.shape)
        weight = None if sample_weight is None else _arrays.as_array(sample_weight, "sample_weight")
        mean = numpy.average(y, axis=0, weights=weight)
        residual = numpy.average((y - predicted) ** 2, axis=0, weights=weight)
        total = numpy.average((y - mean) ** 2, axis=0, weights=weight)
        with numpy.errstate(divide="ignore", invalid="ignore"):
            scores = numpy.where(total > 0, 1 - residual / total, numpy.where(residual > 0, 0.0, 1.0))
        return float(numpy.mean(scores))

    @staticmethod
    def _from_codes(predicted):
        return predicted


class Classifier(Estimator):
    """An estimator that predicts classes. Labels may be numbers, booleans or text."""

    _estimator_type = "classifier"

    def fit(self, X, y, sample_weight=None):
        """Learns from rows ``X`` (rows by features) and one label per row in ``y``.

        Returns the estimator. ValueError when there are fewer than two classes or X has values that are not finite.
        """
        self._fit_labels(self._fit_model, X, y, sample_weight)
        return self

    def _fit_labels(self, fit, x, y, sample_weight):
        """Calls ``fit`` with labels that the library reads, and keeps what they stand for."""
        labels = numpy.asarray(y)
        self.__dict__.pop("_codes", None)
        if labels.dtype.kind not in "OUSb":
            fitted = fit(x, _arrays.as_array(y, "y"), sample_weight)
            self.__dict__.pop("_names", None)
            return fitted
        if labels.ndim != 1:
            raise _errors.ShapeError(f"y must have 1 dimension, one label per row, got {labels.ndim}")
        if labels.dtype.kind == "O" and not all(isinstance(label, str) for label in labels):
            raise TypeError("y must be all numbers or all text, got something else or a mixture")
        names, codes = numpy.unique(labels, return_inverse=True)
        self._codes = {name: code for code, name in enumerate(names.tolist())}
        fitted = fit(x, codes.astype(numpy.int64, copy=False).reshape(labels.shape), sample_weight)
        self._names = self.classes_ = names
        return fitted

    def _library_parameters(self):
        parameters = super()._library_parameters()
        if isinstance(parameters.get("class_weight"), dict):
            codes = self.__dict__.get("_codes", {})
            weights = parameters["class_weight"].items()
            parameters["class_weight"] = {str(codes.get(label, label)): weight for label, weight in weights}
        return parameters

    @classmethod
    def _from_library_parameters(cls, parameters):
        parameters = super()._from_library_parameters(parameters)
        if isinstance(parameters.get("class_weight"), dict):
            weights = parameters["class_weight"].items()
            numbers = {float(label): weight for label, weight in weights}
            parameters["class_weight"] = {int(key) if key.is_integer() else key: numbers[key] for key in numbers}
        return parameters

    def _from_codes(self, predicted):
        """The labels that the predicted numbers stand for."""
        names = self._label_names()
        return predicted if names is None else names[predicted]

    def predict(self, X):
        """The predicted label of each row."""
        return self._from_codes(self._predict(X))

    def predict_proba(self, X):
        """The probability of each class, rows by classes, in the order of ``classes_``."""
        return self._predict(X, PROBABILITIES)

    def predict_log_proba(self, X):
        """The logarithm of ``predict_proba``."""
        with numpy.errstate(divide="ignore"):
            return numpy.log(self.predict_proba(X))

    def decision_function(self, X):
        """The raw scores: one per row for two classes, otherwise rows by classes."""
        return self._predict(X, DECISION)

    def score(self, X, y, sample_weight=None):
        """The share of rows whose predicted label is that of ``y``."""
        return self._score(self.predict(X), y, sample_weight)

    @staticmethod
    def _score(predicted, y, sample_weight):
        y = numpy.asarray(y)
        if y.shape != predicted.shape:
            raise _errors.ShapeError(f"y must have the shape {predicted.shape}, got {y.shape}")
        return float(numpy.average(predicted == y, weights=sample_weight))


class Transformer(Estimator):
    """An estimator that changes features."""

    _estimator_type = "transformer"

    def fit(self, X, y=None, sample_weight=None):
        """Learns from rows ``X`` (rows by features); ``y`` is ignored. Returns the estimator."""
        return self._fit_model(X, None, sample_weight)

    def transform(self, X):
        """The changed rows."""
        return self._predict(X)

    def fit_transform(self, X, y=None, sample_weight=None):
        """``fit(X)``, then ``transform(X)``."""
        return self.fit(X, y, sample_weight).transform(X)

    def inverse_transform(self, X):
        """Changed rows back in their original units."""
        return self._predict(X, INVERSE_TRANSFORM)

    def get_feature_names_out(self, input_features=None):
        """The names of the columns of ``transform``: those of the input, or x0, x1, ..."""
        self._require_fit()
        if input_features is not None:
            return numpy.asarray(input_features, dtype=object)
        if "feature_names_in_" in self.__dict__:
            return self.feature_names_in_
        return numpy.array([f"x{i}" for i in range(self.n_features_in_)], dtype=object)
