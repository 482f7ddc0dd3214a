"""Linear models, under scikit-learn's names."""

import numpy

from . import _arrays
from ._estimator import Classifier, Regressor
from ._penalised import ElasticNet, Lasso, Ridge, enet_path, lasso_path
from ._stochastic import Perceptron, SGDClassifier, SGDRegressor

__all__ = [
    "BayesianRidge",
    "ElasticNet",
    "HuberRegressor",
    "Lasso",
    "LinearRegression",
    "LogisticRegression",
    "OrdinalLogistic",
    "Perceptron",
    "Ridge",
    "SGDClassifier",
    "SGDRegressor",
    "enet_path",
    "lasso_path",
]


class LinearRegression(Regressor):
    """Least squares: the weights w and the intercept b that make the mean of (y - (Xw + b))² least.

    Parameters
    ----------
    fit_intercept : bool, default True
        Whether to learn b; otherwise it is 0.
    solver : {"auto", "normal", "svd", "gd"}, default "auto"
        "normal" is fast and for well-conditioned X, "svd" finds the weights of least norm for any X, "auto" chooses
        between them; "gd" is gradient descent from 0, the only one that heeds the parameters below.
    loss : {"mse", "half_mse"}, default "mse"
        The cost that is minimised and recorded: the mean of squares, or half of it.
    max_iter : int, default 1000
        Updates at most; with mini-batches, passes over the rows.
    tol : float, default 1e-6
        Stop when an iteration changes the cost by at most this share of it; 0 makes all.
    learning_rate : float, default 0.01
        The step, above 0.
    batch_size : int, default 0
        Rows per update; 0 means all.
    shuffle : bool, default True
        Whether mini-batches see the rows in a new order each pass.

    Attributes
    ----------
    coef_ : ndarray of shape (features,), or (targets, features) when y has two dimensions
    intercept_ : float, or ndarray of shape (targets,)
    rank_ : int
        The rank of X; not of gradient descent.
    singular_ : ndarray
        The singular values of X, centred when there is an intercept; only of "svd".
    loss_curve_ : ndarray
        The cost after each update (or pass) of gradient descent.
    n_iter_ : int
    converged_ : bool
        Whether gradient descent ended by ``tol``.
    n_features_in_ : int
    feature_names_in_ : ndarray of str, when X was a data frame

    Examples
    --------
    >>> from apus.linear_model import LinearRegression
    >>> model = LinearRegression().fit([[0.0], [1.0], [2.0]], [1.0, 3.0, 5.0])
    >>> model.predict([[3.0]]).round(6)
    array([7.])
    """

    _kind = "linear_regression"
    _learned = ("coef_", "intercept_", "rank_", "singular_", "loss_curve_", "n_iter_", "converged_")

    def __init__(
        self,
        *,
        fit_intercept=True,
        solver="auto",
        loss="mse",
        max_iter=1000,
        tol=1e-6,
        learning_rate=0.01,
        batch_size=0,
        shuffle=True,
    ):
        self.fit_intercept = fit_intercept
        self.solver = solver
        self.loss = loss
        self.max_iter = max_iter
        self.tol = tol
        self.learning_rate = learning_rate
        self.batch_size = batch_size
        self.shuffle = shuffle

    def _seconds(self, x):
        return x.size * (self.max_iter if self.solver == "gd" else min(x.shape)) / 1e9


class LogisticRegression(Classifier):
    """Logistic regression for two or more classes, with penalties on squares, on absolute values, on both, or none.

    Minimises C · Σ log-loss + l1_ratio · Σ|w| + ½ · (1 - l1_ratio) · ‖w‖² as scikit-learn does; the intercept is not
    penalised.

    Parameters
    ----------
    penalty : {"l2", "l1", "elasticnet", "none"} or None, default "l2"
        "l1" makes coefficients of no use exactly 0, "elasticnet" mixes both by ``l1_ratio``.
    C : float, default 1
        The weight of the log-loss against the penalty, above 0: larger means less penalty.
    fit_intercept : bool, default True
    solver : {"auto", "newton", "lbfgs", "gd"}, default "auto"
        "newton" is of second order, "lbfgs" for many parameters, "auto" chooses between them; "gd" is gradient descent
        from 0 on the mean cost. Penalties with absolute values take "auto": proximal Newton steps.
    max_iter : int, default 1000
        Iterations at most; with mini-batches, passes over the rows.
    tol : float, default 1e-6
        "newton" and "lbfgs" stop when no component of the gradient of the mean cost is larger, features scaled to
        deviation 1; "gd" stops when an iteration changes the cost by at most this share of it, and never for 0.
    learning_rate : float, default 0.1
        The step of gradient descent, above 0.
    batch_size : int, default 0
        Rows per update of gradient descent; 0 means all.
    shuffle : bool, default True
        Whether mini-batches see the rows in a new order each pass.
    l1_ratio : float, optional
        The share of the absolute values, from 0 to 1; needed for "elasticnet".
    class_weight : dict, "balanced" or None
        What the rows of each label count for; "balanced" makes the classes weigh the same.
    multi_class : {"auto", "multinomial", "ovr"}, default "auto"
        For more than two classes: softmax, or one fit of each class against the rest.
    threshold : float, default 0.5
        Two classes: the second is predicted where its probability is above this.

    Attributes
    ----------
    coef_ : ndarray of shape (1, features) for two classes, otherwise (classes, features)
    intercept_ : ndarray of shape (1,) or (classes,)
    classes_ : ndarray of the labels in rising order
    loss_curve_ : ndarray
        The cost of each iteration; not of "ovr".
    n_iter_ : int
    converged_ : bool
        Whether it ended by ``tol``.
    n_features_in_ : int
    feature_names_in_ : ndarray of str, when X was a data frame

    Examples
    --------
    >>> from apus.linear_model import LogisticRegression
    >>> model = LogisticRegression().fit([[0.0], [1.0], [2.0], [3.0]], ["low", "low", "high", "high"])
    >>> model.predict([[0.2], [2.9]])
    array(['low', 'high'], dtype='<U4')
    """

    _kind = "logistic_regression"
    _learned = ("coef_", "intercept_", "classes_", "n_iter_", "loss_curve_", "converged_")

    def __init__(
        self,
        *,
        penalty="l2",
        C=1,
        fit_intercept=True,
        solver="auto",
        max_iter=1000,
        tol=1e-6,
        learning_rate=0.1,
        batch_size=0,
        shuffle=True,
        l1_ratio=None,
        class_weight=None,
        multi_class="auto",
        threshold=0.5,
    ):
        self.penalty = penalty
        self.C = C
        self.fit_intercept = fit_intercept
        self.solver = solver
        self.max_iter = max_iter
        self.tol = tol
        self.learning_rate = learning_rate
        self.batch_size = batch_size
        self.shuffle = shuffle
        self.l1_ratio = l1_ratio
        self.class_weight = class_weight
        self.multi_class = multi_class
        self.threshold = threshold

    def _library_parameters(self):
        parameters = super()._library_parameters()
        if parameters["penalty"] is None:
            parameters["penalty"] = "none"
        return parameters

    def _seconds(self, x):
        return x.size * self.max_iter / 1e9


class BayesianRidge(Regressor):
    """Ridge regression whose penalty and noise are chosen by the evidence of the data.

    Parameters
    ----------
    max_iter : int, default 300
        Updates of the precisions at most.
    tol : float, default 1e-3
        Stop when the coefficients change by less than this, all together.
    alpha_1, alpha_2 : float, default 1e-6
        Shape and rate of the Gamma prior of the noise's precision.
    lambda_1, lambda_2 : float, default 1e-6
        Shape and rate of the Gamma prior of the coefficients' precision.
    alpha_init, lambda_init : float, optional
        The first precisions; 1 over the variance of y, and 1.
    fit_intercept : bool, default True

    Attributes
    ----------
    coef_ : ndarray of shape (features,)
    intercept_ : float
    alpha_, lambda_ : float
        The precisions of the noise and of the coefficients.
    sigma_ : ndarray of shape (features, features)
        The covariance of the coefficients.
    X_offset_ : ndarray of shape (features,)
        What X is centred on.
    n_iter_ : int
    converged_ : bool
    n_features_in_ : int
    feature_names_in_ : ndarray of str, when X was a data frame

    Examples
    --------
    >>> from apus.linear_model import BayesianRidge
    >>> model = BayesianRidge().fit([[0.0], [1.0], [2.0]], [0.0, 1.0, 2.0])
    >>> model.predict([[1.0]]).round(6)
    array([1.])
    """

    _kind = "bayesian_ridge"
    _learned = ("coef_", "intercept_", "alpha_", "lambda_", "sigma_", "X_offset_", "n_iter_", "converged_")

    def __init__(
        self,
        *,
        max_iter=300,
        tol=1e-3,
        alpha_1=1e-6,
        alpha_2=1e-6,
        lambda_1=1e-6,
        lambda_2=1e-6,
        alpha_init=None,
        lambda_init=None,
        fit_intercept=True,
    ):
        self.max_iter = max_iter
        self.tol = tol
        self.alpha_1 = alpha_1
        self.alpha_2 = alpha_2
        self.lambda_1 = lambda_1
        self.lambda_2 = lambda_2
        self.alpha_init = alpha_init
        self.lambda_init = lambda_init
        self.fit_intercept = fit_intercept

    def predict(self, X, return_std=False):
        """The predicted value of each row; with ``return_std`` its standard deviation as well."""
        mean = super().predict(X)
        if not return_std:
            return mean
        deviation = _arrays.as_array(X, "X").astype(numpy.float64) - self.X_offset_
        return mean, numpy.sqrt(((deviation @ self.sigma_) * deviation).sum(axis=1) + 1 / self.alpha_)


class HuberRegressor(Regressor):
    """Linear regression that outliers pull only so much.

    Minimises Σ (σ + H((y - (Xw + b)) / σ) σ) + alpha · ‖w‖² over w, b and σ, where H(z) is z² for |z| ≤ epsilon and
    2 epsilon |z| - epsilon² beyond.

    Parameters
    ----------
    epsilon : float, default 1.35
        At least 1; smaller is more robust.
    max_iter : int, default 100
    alpha : float, default 1e-4
    fit_intercept : bool, default True
    tol : float, default 1e-5
        Stop when no component of the mean cost's gradient is larger, features and y scaled to deviation 1.

    Attributes
    ----------
    coef_ : ndarray of shape (features,)
    intercept_ : float
    scale_ : float
        σ
    outliers_ : ndarray of bool, one for each row of fit
        Whether its error was beyond epsilon σ.
    n_iter_ : int
    converged_ : bool
    n_features_in_ : int
    feature_names_in_ : ndarray of str, when X was a data frame

    Examples
    --------
    >>> from apus.linear_model import HuberRegressor
    >>> x = [[0.0], [1.0], [2.0], [3.0], [4.0], [5.0], [6.0], [7.0]]
    >>> model = HuberRegressor().fit(x, [0.1, 0.9, 2.1, 2.9, 4.1, 4.9, 6.1, 70.0])
    >>> bool(model.outliers_[-1]), model.coef_.round(1)
    (True, array([1.]))
    """

    _kind = "huber_regressor"
    _learned = ("coef_", "intercept_", "scale_", "outliers_", "n_iter_", "converged_")

    def __init__(self, *, epsilon=1.35, max_iter=100, alpha=1e-4, fit_intercept=True, tol=1e-5):
        self.epsilon = epsilon
        self.max_iter = max_iter
        self.alpha = alpha
        self.fit_intercept = fit_intercept
        self.tol = tol

    def _seconds(self, x):
        return x.size * self.max_iter / 1e9


class OrdinalLogistic(Classifier):
    """Logistic regression for ordered classes: P(y ≤ k) = sigmoid(thresholds[k] - Xw).

    The order of the classes is that of their labels: numbers ascending, text by the alphabet.

    Parameters
    ----------
    alpha : float, default 0
        The weight of ½‖w‖² beside the summed loss.
    loss : {"proportional_odds", "all_threshold"}, default "proportional_odds"
        Maximum likelihood, or a logistic loss at every threshold.
    prediction : {"most_probable", "threshold"}, default "most_probable"
        The class of the largest probability, or the number of thresholds below Xw.
    max_iter : int, default 1000
    tol : float, default 1e-6
        Stop when no component of the mean cost's gradient is larger, features scaled to deviation 1.
    class_weight : dict, "balanced" or None

    Attributes
    ----------
    coef_ : ndarray of shape (features,)
    thresholds_ : ndarray of shape (classes - 1,), ascending
    classes_ : ndarray of the labels in rising order
    loss_curve_ : ndarray
        The mean cost of each iteration.
    n_iter_ : int
    converged_ : bool
    n_features_in_ : int
    feature_names_in_ : ndarray of str, when X was a data frame

    Examples
    --------
    >>> from apus.linear_model import OrdinalLogistic
    >>> x, y = [[0.0], [1.0], [2.0], [3.0], [4.0], [5.0]], [1, 2, 1, 3, 2, 3]
    >>> OrdinalLogistic(alpha=0.1).fit(x, y).predict([[0.0], [5.0]])
    array([1, 3])
    """

    _kind = "ordinal_logistic"
    _learned = ("coef_", "thresholds_", "classes_", "n_iter_", "loss_curve_", "converged_")

    def __init__(
        self,
        *,
        alpha=0,
        loss="proportional_odds",
        prediction="most_probable",
        max_iter=1000,
        tol=1e-6,
        class_weight=None,
    ):
        self.alpha = alpha
        self.loss = loss
        self.prediction = prediction
        self.max_iter = max_iter
        self.tol = tol
        self.class_weight = class_weight

    def _seconds(self, x):
        return x.size * self.max_iter / 1e9
