"""Linear models, under scikit-learn's names."""

from ._estimator import Classifier, Regressor

__all__ = ["LinearRegression", "LogisticRegression"]


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
    """Logistic regression for two or more classes (multinomial), with or without an L2 penalty.

    Minimises C · Σ log-loss + ½‖w‖² as scikit-learn does; the intercept is not penalised.

    Parameters
    ----------
    penalty : {"l2", "none"} or None, default "l2"
    C : float, default 1
        The weight of the log-loss against the penalty, above 0: larger means less penalty.
    fit_intercept : bool, default True
    solver : {"auto", "newton", "lbfgs", "gd"}, default "auto"
        "newton" is of second order, "lbfgs" for many parameters, "auto" chooses between them; "gd" is gradient descent
        from 0 on the mean cost.
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

    Attributes
    ----------
    coef_ : ndarray of shape (1, features) for two classes, otherwise (classes, features)
    intercept_ : ndarray of shape (1,) or (classes,)
    classes_ : ndarray of the labels in rising order
    loss_curve_ : ndarray
        The cost of each iteration.
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

    def _library_parameters(self):
        parameters = super()._library_parameters()
        if parameters["penalty"] is None:
            parameters["penalty"] = "none"
        return parameters

    def _seconds(self, x):
        return x.size * self.max_iter / 1e9
