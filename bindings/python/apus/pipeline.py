"""A scaler and a model, or several scalers, as one model."""

from . import _arrays, _errors
from ._estimator import KINDS, Estimator
from ._library import DECISION, INVERSE_TRANSFORM, PREDICT, PROBABILITIES

__all__ = ["Pipeline", "make_pipeline"]


class Pipeline(Estimator):
    """Steps that are fitted, used, saved and loaded as one model.

    All steps but the last are transformers of ``apus.preprocessing``; the last may also be an estimator of
    ``apus.linear_model``. After fit the steps hold what they have learned.

    Parameters
    ----------
    steps : list of (str, estimator)
        In the order of use. The parameters of a step are parameters of the pipeline too, as ``step__parameter``.

    Attributes
    ----------
    named_steps : dict
        The steps by name; ``pipeline["scale"]`` and ``pipeline[0]`` give one as well.
    classes_ : ndarray, when the last step is a classifier
    n_features_in_ : int
    feature_names_in_ : ndarray of str, when X was a data frame

    Examples
    --------
    >>> from apus.linear_model import LinearRegression
    >>> from apus.pipeline import Pipeline
    >>> from apus.preprocessing import StandardScaler
    >>> model = Pipeline([("scale", StandardScaler()), ("line", LinearRegression())])
    >>> model.fit([[0.0], [1.0], [2.0]], [1.0, 3.0, 5.0]).predict([[3.0]]).round(6)
    array([7.])
    """

    _kind = "pipeline"

    def __init__(self, steps):
        self.steps = steps

    @property
    def named_steps(self):
        return dict(self.steps)

    def __len__(self):
        return len(self.steps)

    def __getitem__(self, key):
        return self.named_steps[key] if isinstance(key, str) else self.steps[key][1]

    @property
    def _last(self):
        return self.steps[-1][1] if self.steps else None

    @property
    def _estimator_type(self):
        return getattr(self._last, "_estimator_type", None)

    # Parameters

    def get_params(self, deep=True):
        params = {"steps": self.steps}
        if deep:
            for name, step in self.steps:
                params[name] = step
                params.update({f"{name}__{key}": value for key, value in step.get_params(deep=True).items()})
        return params

    def set_params(self, **params):
        if "steps" in params:
            self.steps = params.pop("steps")
        for key, value in params.items():
            name, separator, parameter = key.partition("__")
            if name not in self.named_steps:
                raise ValueError(f"Pipeline has no step {name!r}; it has {', '.join(self.named_steps) or 'none'}")
            if separator:
                self[name].set_params(**{parameter: value})
            else:
                self.steps = [(step, value if step == name else estimator) for step, estimator in self.steps]
        return self

    def _library_parameters(self):
        self._check_steps()
        return {"steps": [[name, step._kind, step._library_parameters()] for name, step in self.steps]}

    def _check_steps(self):
        if not self.steps:
            raise ValueError("a Pipeline needs at least one step")
        names = [name for name, _ in self.steps]
        for name, step in self.steps:
            if not isinstance(step, Estimator):
                raise TypeError(f"step {name!r} must be an estimator of apus, got {type(step).__name__}")
            if not isinstance(name, str) or not name or "__" in name:
                raise ValueError(f"the name of a step must be text without '__', got {name!r}")
            if names.count(name) > 1:
                raise ValueError(f"two steps have the name {name!r}")

    @classmethod
    def _from_library_parameters(cls, parameters):
        steps = []
        for name, kind, values in parameters.get("steps", ()):
            step = KINDS[kind]
            steps.append((name, step(**step._from_library_parameters(values))))
        return {"steps": steps}

    # Fitting and using

    def fit(self, X, y=None, sample_weight=None):
        """Fits each step on what the steps before it make of ``X``. Returns the pipeline."""
        self._check_steps()
        last = self._last
        if self._estimator_type == "classifier":
            return last._fit_labels(self._fit_model, X, y, sample_weight)
        return self._fit_model(X, None if y is None else _arrays.as_array(y, "y"), sample_weight)

    def _fit_model(self, x, y=None, sample_weight=None):
        super()._fit_model(x, y, sample_weight)
        return self

    def _seconds(self, x):
        return sum(step._seconds(x) for _, step in self.steps)

    def _adopt(self, model, features, names):
        super()._adopt(model, features, names)
        for name, step in self.steps:
            step._adopt(_Step(model, name), features, names)

    def predict(self, X):
        """The predicted value or label of each row."""
        self._require_last("predict", "regressor", "classifier")
        return self._last._from_codes(self._predict(X, PREDICT))

    def predict_proba(self, X):
        """The probability of each class, rows by classes, in the order of ``classes_``."""
        self._require_last("predict_proba", "classifier")
        return self._predict(X, PROBABILITIES)

    def decision_function(self, X):
        """The raw scores: one per row for two classes, otherwise rows by classes."""
        self._require_last("decision_function", "classifier")
        return self._predict(X, DECISION)

    def score(self, X, y, sample_weight=None):
        """R² for a regressor, the share of right labels for a classifier."""
        self._require_last("score", "regressor", "classifier")
        return self._last._score(self.predict(X), y, sample_weight)

    def transform(self, X):
        """What the scalers make of the rows; only when every step is a scaler."""
        self._require_last("transform", "transformer")
        return self._predict(X, PREDICT)

    def fit_transform(self, X, y=None, sample_weight=None):
        """``fit(X)``, then ``transform(X)``."""
        return self.fit(X, y, sample_weight).transform(X)

    def inverse_transform(self, X):
        """Changed rows back in their original units; only when every step is a scaler."""
        self._require_last("inverse_transform", "transformer")
        return self._predict(X, INVERSE_TRANSFORM)

    def _require_last(self, method, *kinds):
        if self._estimator_type not in kinds:
            raise AttributeError(f"{method} needs a {' or '.join(kinds)} as the last step")

    def _label_names(self):
        return self._last._label_names()

    @property
    def classes_(self):
        self._require_fit()
        return self._last.classes_

    def __getstate__(self):
        state = super().__getstate__()
        state["steps"] = [(name, _without_model(step)) for name, step in self.steps]
        return state

    def __setstate__(self, state):
        super().__setstate__(state)
        model = self.__dict__.get("_model")
        if model is not None:
            for name, step in self.steps:
                step._model = _Step(model, name)


class _Step:
    """A fitted step: its arrays are those of the pipeline under ``step.name``; alone it cannot predict."""

    def __init__(self, model, name):
        self._whole = model
        self._name = name

    def attribute(self, name):
        return self._whole.attribute(f"{self._name}.{name}")

    def predict(self, x, what=PREDICT):
        raise _errors.UnsupportedError(f"the step {self._name!r} of a pipeline predicts only through the pipeline")

    def save(self, path):
        raise _errors.UnsupportedError(f"the step {self._name!r} of a pipeline is saved with the pipeline")

    to_bytes = save


def _without_model(step):
    copy = object.__new__(type(step))
    copy.__dict__.update({name: value for name, value in step.__dict__.items() if name != "_model"})
    return copy


def make_pipeline(*steps):
    """A pipeline whose steps are named after their classes in lower case.

    Examples
    --------
    >>> from apus.linear_model import LinearRegression
    >>> from apus.pipeline import make_pipeline
    >>> from apus.preprocessing import StandardScaler
    >>> list(make_pipeline(StandardScaler(), LinearRegression()).named_steps)
    ['standardscaler', 'linearregression']
    """
    bases = [type(step).__name__.lower() for step in steps]
    names = []
    for base in bases:
        taken = sum(name == base or name.startswith(base + "-") for name in names)
        names.append(f"{base}-{taken + 1}" if bases.count(base) > 1 else base)
    return Pipeline(list(zip(names, steps)))
