"""Stochastic gradient descent; ``apus.linear_model`` has its kinds."""

from ._estimator import Classifier, Regressor


class _Stochastic:
    """What the kinds of stochastic gradient descent share."""

    def _library_parameters(self):
        parameters = super()._library_parameters()
        if parameters["penalty"] is None:
            parameters["penalty"] = "none"
        return parameters

    @classmethod
    def _from_library_parameters(cls, parameters):
        parameters = super()._from_library_parameters(parameters)
        if parameters.get("penalty") == "none":
            parameters["penalty"] = None
        return parameters

    def _seconds(self, x):
        return x.size * self.max_iter / 1e9


class SGDRegressor(_Stochastic, Regressor):
    """Linear regression by stochastic gradient descent.

    Minimises mean loss + alpha · (l1_ratio · Σ|w| + ½ · (1 - l1_ratio) · ‖w‖²). Scale the features first.

    Parameters
    ----------
    loss : {"squared_error", "huber", "epsilon_insensitive", "squared_epsilon_insensitive"}, default "squared_error"
    penalty : {"l2", "l1", "elasticnet", "none"} or None, default "l2"
    alpha : float, default 1e-4
    l1_ratio : float, default 0.15
        The share of absolute values in "elasticnet".
    fit_intercept : bool, default True
    max_iter : int, default 1000
        Passes over the rows at most.
    tol : float or None, default 1e-3
        Stop when ``n_iter_no_change`` passes lower the mean loss by less; None makes all passes.
    shuffle : bool, default True
    batch_size : int, default 1
        Rows of an update.
    early_stopping : bool, default False
        Whether a share of the rows, ``validation_fraction``, is held back and its R² decides when to stop.
    validation_fraction : float, default 0.1
    n_iter_no_change : int, default 5
    epsilon : float, default 0.1
        Where the loss "huber" becomes linear; what counts as no error for the insensitive ones.
    learning_rate : {"constant", "optimal", "invscaling", "adaptive"}, default "invscaling"
    eta0 : float, default 0.01
    power_t : float, default 0.25
        The step is eta0 / t ** power_t by "invscaling".
    average : bool, default False
        Whether the result is the mean over all updates.

    Attributes
    ----------
    coef_ : ndarray of shape (features,)
    intercept_ : float
    n_iter_ : int
    t_ : int
        Updates, and one.
    loss_curve_ : ndarray
        The mean loss of each pass, as seen on the way.
    converged_ : bool
    n_features_in_ : int
    feature_names_in_ : ndarray of str, when X was a data frame

    Examples
    --------
    >>> from apus.linear_model import SGDRegressor
    >>> model = SGDRegressor(learning_rate="constant", eta0=0.1, alpha=0.0, tol=1e-12)
    >>> model.fit([[-1.0], [0.0], [1.0]], [-1.0, 1.0, 3.0]).predict([[2.0]]).round(3)
    array([5.])
    """

    _kind = "sgd_regressor"
    _learned = ("coef_", "intercept_", "n_iter_", "t_", "loss_curve_", "converged_")

    def __init__(
        self,
        loss="squared_error",
        *,
        penalty="l2",
        alpha=1e-4,
        l1_ratio=0.15,
        fit_intercept=True,
        max_iter=1000,
        tol=1e-3,
        shuffle=True,
        batch_size=1,
        early_stopping=False,
        validation_fraction=0.1,
        n_iter_no_change=5,
        epsilon=0.1,
        learning_rate="invscaling",
        eta0=0.01,
        power_t=0.25,
        average=False,
    ):
        self.loss = loss
        self.penalty = penalty
        self.alpha = alpha
        self.l1_ratio = l1_ratio
        self.fit_intercept = fit_intercept
        self.max_iter = max_iter
        self.tol = tol
        self.shuffle = shuffle
        self.batch_size = batch_size
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.epsilon = epsilon
        self.learning_rate = learning_rate
        self.eta0 = eta0
        self.power_t = power_t
        self.average = average


class SGDClassifier(_Stochastic, Classifier):
    """Linear classifier by stochastic gradient descent, more than two classes one against the rest.

    Minimises mean loss + alpha · (l1_ratio · Σ|w| + ½ · (1 - l1_ratio) · ‖w‖²). Scale the features first.

    Parameters
    ----------
    loss : str, default "hinge"
        "hinge" (linear SVM), "log_loss" (logistic regression), "modified_huber", "squared_hinge", "perceptron", or a
        loss of ``SGDRegressor`` on -1 and 1.
    penalty, alpha, l1_ratio, fit_intercept, max_iter, tol, shuffle, batch_size, epsilon, average
    early_stopping, validation_fraction, n_iter_no_change
        As of ``SGDRegressor``; rows held back are scored by their share told right.
    learning_rate : {"constant", "optimal", "invscaling", "adaptive"}, default "optimal"
        "optimal" is 1 / (alpha · (t0 + t)).
    eta0 : float, default 0.01
    power_t : float, default 0.5
    class_weight : dict, "balanced" or None
    threshold : float, default 0
        Two classes: the second is predicted where the score is above this.

    Attributes
    ----------
    coef_ : ndarray of shape (1, features) for two classes, otherwise (classes, features)
    intercept_ : ndarray of shape (1,) or (classes,)
    classes_ : ndarray of the labels in rising order
    n_iter_, t_ : int
    converged_ : bool
    n_features_in_ : int
    feature_names_in_ : ndarray of str, when X was a data frame

    Examples
    --------
    >>> from apus.linear_model import SGDClassifier
    >>> model = SGDClassifier().fit([[-2.0], [-1.0], [1.0], [2.0]], ["left", "left", "right", "right"])
    >>> model.predict([[-3.0], [3.0]])
    array(['left', 'right'], dtype='<U5')
    """

    _kind = "sgd_classifier"
    _learned = ("coef_", "intercept_", "classes_", "n_iter_", "t_", "converged_")

    def __init__(
        self,
        loss="hinge",
        *,
        penalty="l2",
        alpha=1e-4,
        l1_ratio=0.15,
        fit_intercept=True,
        max_iter=1000,
        tol=1e-3,
        shuffle=True,
        batch_size=1,
        early_stopping=False,
        validation_fraction=0.1,
        n_iter_no_change=5,
        epsilon=0.1,
        learning_rate="optimal",
        eta0=0.01,
        power_t=0.5,
        average=False,
        class_weight=None,
        threshold=0,
    ):
        self.loss = loss
        self.penalty = penalty
        self.alpha = alpha
        self.l1_ratio = l1_ratio
        self.fit_intercept = fit_intercept
        self.max_iter = max_iter
        self.tol = tol
        self.shuffle = shuffle
        self.batch_size = batch_size
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.epsilon = epsilon
        self.learning_rate = learning_rate
        self.eta0 = eta0
        self.power_t = power_t
        self.average = average
        self.class_weight = class_weight
        self.threshold = threshold


class Perceptron(_Stochastic, Classifier):
    """The perceptron: a linear classifier that changes by each row it tells wrong.

    Parameters
    ----------
    penalty : {"none", "l2", "l1", "elasticnet"} or None, default None
    alpha, l1_ratio, fit_intercept, max_iter, tol, shuffle, batch_size
    early_stopping, validation_fraction, n_iter_no_change
        As of ``SGDClassifier``.
    eta0 : float, default 1
    class_weight : dict, "balanced" or None
    threshold : float, default 0
        Two classes: the second is predicted where the score is above this.

    Attributes
    ----------
    coef_, intercept_, classes_, n_iter_, t_, converged_
        As of ``SGDClassifier``.
    n_features_in_ : int
    feature_names_in_ : ndarray of str, when X was a data frame

    Examples
    --------
    >>> from apus.linear_model import Perceptron
    >>> Perceptron().fit([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], [0, 1, 1, 1]).predict([[1.0, 1.0]])
    array([1])
    """

    _kind = "perceptron"
    _learned = ("coef_", "intercept_", "classes_", "n_iter_", "t_", "converged_")

    def __init__(
        self,
        *,
        penalty=None,
        alpha=1e-4,
        l1_ratio=0.15,
        fit_intercept=True,
        max_iter=1000,
        tol=1e-3,
        shuffle=True,
        batch_size=1,
        early_stopping=False,
        validation_fraction=0.1,
        n_iter_no_change=5,
        eta0=1,
        class_weight=None,
        threshold=0,
    ):
        self.penalty = penalty
        self.alpha = alpha
        self.l1_ratio = l1_ratio
        self.fit_intercept = fit_intercept
        self.max_iter = max_iter
        self.tol = tol
        self.shuffle = shuffle
        self.batch_size = batch_size
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.eta0 = eta0
        self.class_weight = class_weight
        self.threshold = threshold
