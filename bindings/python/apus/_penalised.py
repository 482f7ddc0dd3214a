"""Least squares with penalties; ``apus.linear_model`` has them."""

import numpy

from . import _arrays
from ._estimator import Regressor


class Ridge(Regressor):
    """Least squares with a penalty on squares: minimises Σ (y - (Xw + b))² + alpha · ‖w‖², in closed form.

    Parameters
    ----------
    alpha : float, or an array of one for each target; default 1
        The weight of the penalty, at least 0, beside the sum (not the mean) of squared errors.
    fit_intercept : bool, default True
        Whether to learn b, which is not penalised; otherwise it is 0.
    solver : {"auto", "cholesky", "svd"}, default "auto"
        "cholesky" is fast and for systems of sound condition, "svd" for any, "auto" chooses.

    Attributes
    ----------
    coef_ : ndarray of shape (features,), or (targets, features) when y has two dimensions
    intercept_ : float, or ndarray of shape (targets,)
    n_features_in_ : int
    feature_names_in_ : ndarray of str, when X was a data frame

    Examples
    --------
    >>> from apus.linear_model import Ridge
    >>> Ridge(alpha=2.0).fit([[0.0], [1.0], [2.0]], [0.0, 2.0, 4.0]).coef_
    array([1.])
    """

    _kind = "ridge"
    _learned = ("coef_", "intercept_")

    def __init__(self, alpha=1, *, fit_intercept=True, solver="auto"):
        self.alpha = alpha
        self.fit_intercept = fit_intercept
        self.solver = solver

    def _library_parameters(self):
        return {**super()._library_parameters(), "alpha": _plain(self.alpha)}

    def _seconds(self, x):
        return x.size * min(x.shape) / 1e9


def _plain(value):
    """Numbers of an array as lists, which JSON has; anything else as it is."""
    return value.tolist() if isinstance(value, numpy.ndarray) else list(value) if isinstance(value, tuple) else value


class _CoordinateDescent(Regressor):
    """What lasso and elastic net share."""

    _learned = (
        "coef_",
        "intercept_",
        "dual_gap_",
        "n_iter_",
        "converged_",
        "alphas_",
        "coef_path_",
        "intercept_path_",
        "dual_gaps_",
    )

    def _library_parameters(self):
        return {**super()._library_parameters(), "alphas": _plain(self.alphas)}

    def _seconds(self, x):
        return x.size * min(x.shape) / 1e9


class Lasso(_CoordinateDescent):
    """Least squares with a penalty on absolute values: minimises Σ (y - (Xw + b))² / 2n + alpha · Σ|w|.

    Coefficients that do not help are exactly 0. The optimum is met to rounding in all but degenerate problems.

    Parameters
    ----------
    alpha : float, default 1
        The weight of the penalty, at least 0, beside half the mean (not the sum) of squared errors.
    fit_intercept : bool, default True
        Whether to learn b, which is not penalised; otherwise it is 0.
    max_iter : int, default 1000
        Rounds over the coefficients at most.
    tol : float, default 1e-4
        Stop when the duality gap is at most this share of Σ y², if the optimum was not met before.
    positive : bool, default False
        Whether coefficients must be at least 0.
    selection : {"cyclic", "random"}, default "cyclic"
        The order of the coefficients in a round.
    alphas : list of float, optional
        A path: these are fitted as well, from the largest down, each from the one before. One target alone.

    Attributes
    ----------
    coef_ : ndarray of shape (features,), or (targets, features) when y has two dimensions
    intercept_ : float, or ndarray of shape (targets,)
    dual_gap_ : float, or ndarray of shape (targets,)
        No less than the distance of the cost to its minimum.
    n_iter_ : int, or ndarray of shape (targets,)
    converged_ : bool
    alphas_, intercept_path_, dual_gaps_ : ndarray of shape (alphas,)
    coef_path_ : ndarray of shape (features, alphas)
        The path, when there are ``alphas``.
    n_features_in_ : int
    feature_names_in_ : ndarray of str, when X was a data frame

    Examples
    --------
    >>> from apus.linear_model import Lasso
    >>> model = Lasso(alpha=0.5).fit([[-1.0, 1.0], [0.0, -2.0], [1.0, 1.0]], [-3.0, 0.0, 3.0])
    >>> model.coef_.round(6)
    array([2.25, 0.  ])
    """

    _kind = "lasso"

    def __init__(
        self,
        alpha=1,
        *,
        fit_intercept=True,
        max_iter=1000,
        tol=1e-4,
        positive=False,
        selection="cyclic",
        alphas=None,
    ):
        self.alpha = alpha
        self.fit_intercept = fit_intercept
        self.max_iter = max_iter
        self.tol = tol
        self.positive = positive
        self.selection = selection
        self.alphas = alphas


class ElasticNet(_CoordinateDescent):
    """Least squares with penalties on absolute values and on squares.

    Minimises Σ (y - (Xw + b))² / 2n + alpha · l1_ratio · Σ|w| + ½ · alpha · (1 - l1_ratio) · ‖w‖².

    Parameters
    ----------
    alpha : float, default 1
        The weight of the penalty, at least 0, beside half the mean (not the sum) of squared errors.
    l1_ratio : float, default 0.5
        The share of the absolute values, from 0 to 1; the rest is that of the squares.
    fit_intercept : bool, default True
        Whether to learn b, which is not penalised; otherwise it is 0.
    max_iter : int, default 1000
        Rounds over the coefficients at most.
    tol : float, default 1e-4
        Stop when the duality gap is at most this share of Σ y², if the optimum was not met before.
    positive : bool, default False
        Whether coefficients must be at least 0.
    selection : {"cyclic", "random"}, default "cyclic"
        The order of the coefficients in a round.
    alphas : list of float, optional
        A path: these are fitted as well, from the largest down, each from the one before. One target alone.

    Attributes
    ----------
    coef_, intercept_, dual_gap_, n_iter_, converged_, alphas_, coef_path_, intercept_path_, dual_gaps_
        As of ``Lasso``.
    n_features_in_ : int
    feature_names_in_ : ndarray of str, when X was a data frame

    Examples
    --------
    >>> from apus.linear_model import ElasticNet
    >>> model = ElasticNet(alpha=1.0).fit([[-1.0, 1.0], [0.0, -2.0], [1.0, 1.0]], [-3.0, 0.0, 3.0])
    >>> model.coef_.round(6)
    array([1.285714, 0.      ])
    """

    _kind = "elastic_net"

    def __init__(
        self,
        alpha=1,
        *,
        l1_ratio=0.5,
        fit_intercept=True,
        max_iter=1000,
        tol=1e-4,
        positive=False,
        selection="cyclic",
        alphas=None,
    ):
        self.alpha = alpha
        self.l1_ratio = l1_ratio
        self.fit_intercept = fit_intercept
        self.max_iter = max_iter
        self.tol = tol
        self.positive = positive
        self.selection = selection
        self.alphas = alphas


def enet_path(X, y, *, l1_ratio=0.5, eps=1e-3, n_alphas=100, alphas=None, **params):
    """The elastic net along a path of alphas, without an intercept; each alpha starts from the one before.

    Parameters
    ----------
    X, y : array_like
        Rows by features, and one target for each row. Centre both for a fit with an intercept.
    l1_ratio : float, default 0.5
        Above 0, unless ``alphas`` are given.
    eps : float, default 1e-3
        The smallest alpha over the largest.
    n_alphas : int, default 100
        Alphas in geometric steps, from the smallest for which all coefficients are 0.
    alphas : array_like, optional
        These instead.
    **params
        Other parameters of ``ElasticNet``: max_iter, tol, positive, selection.

    Returns
    -------
    alphas : ndarray, descending
    coefs : ndarray of shape (features, alphas)
    dual_gaps : ndarray of shape (alphas,)

    Examples
    --------
    >>> from apus.linear_model import enet_path
    >>> alphas, coefs, gaps = enet_path([[-1.0], [0.0], [1.0]], [-3.0, 0.0, 3.0], l1_ratio=1.0, alphas=[1.0, 0.5])
    >>> coefs.round(6)
    array([[1.5 , 2.25]])
    """
    X, y = _arrays.as_array(X, "X"), _arrays.as_array(y, "y")
    if alphas is None:
        if not 0 < l1_ratio <= 1:
            raise ValueError(f"l1_ratio must be in (0, 1] to choose alphas, got {l1_ratio}; give alphas instead")
        largest = numpy.abs(X.T.astype(numpy.float64) @ y).max() / (len(y) * l1_ratio)
        alphas = numpy.geomspace(largest, largest * eps, n_alphas) if largest > 0 else [0.0]
    alphas = numpy.sort(numpy.asarray(alphas, numpy.float64))[::-1]
    model = ElasticNet(alphas[-1].item(), l1_ratio=l1_ratio, alphas=alphas.tolist(), fit_intercept=False, **params)
    model.fit(X, y)
    return model.alphas_, model.coef_path_, model.dual_gaps_


def lasso_path(X, y, *, eps=1e-3, n_alphas=100, alphas=None, **params):
    """The lasso along a path of alphas, without an intercept: ``enet_path`` with ``l1_ratio=1``.

    Examples
    --------
    >>> from apus.linear_model import lasso_path
    >>> alphas, coefs, gaps = lasso_path([[-1.0], [0.0], [1.0]], [-3.0, 0.0, 3.0], alphas=[1.0, 0.5])
    >>> coefs.round(6)
    array([[1.5 , 2.25]])
    """
    return enet_path(X, y, l1_ratio=1.0, eps=eps, n_alphas=n_alphas, alphas=alphas, **params)
