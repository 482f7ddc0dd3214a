"""Linear support vector machines, under scikit-learn's names."""

from ._estimator import Classifier

__all__ = ["LinearSVC"]


class LinearSVC(Classifier):
    """The linear support vector machine, more than two classes one against the rest.

    Minimises ½‖w‖² + ½ (b / intercept_scaling)² + C · Σ max(0, 1 - y (Xw + b)) or the squares of these, as LIBLINEAR does.

    Parameters
    ----------
    loss : {"squared_hinge", "hinge"}, default "squared_hinge"
    C : float, default 1
        The weight of the loss against the penalty, above 0.
    tol : float, default 1e-4
        Stop when the dual's slopes are within this of their optimum.
    max_iter : int, default 1000
        Rounds over the rows at most.
    fit_intercept : bool, default True
    intercept_scaling : float, default 1
        Larger means less penalty on the intercept.
    class_weight : dict, "balanced" or None
    threshold : float, default 0
        Two classes: the second is predicted where the score is above this.

    Attributes
    ----------
    coef_ : ndarray of shape (1, features) for two classes, otherwise (classes, features)
    intercept_ : ndarray of shape (1,) or (classes,)
    classes_ : ndarray of the labels in rising order
    n_iter_ : int
    converged_ : bool
    n_features_in_ : int
    feature_names_in_ : ndarray of str, when X was a data frame

    Examples
    --------
    >>> from apus.svm import LinearSVC
    >>> LinearSVC().fit([[-2.0], [-1.0], [1.0], [2.0]], [0, 0, 1, 1]).predict([[-3.0], [3.0]])
    array([0, 1])
    """

    _kind = "linear_svc"
    _learned = ("coef_", "intercept_", "classes_", "n_iter_", "converged_")

    def __init__(
        self,
        *,
        loss="squared_hinge",
        C=1,
        tol=1e-4,
        max_iter=1000,
        fit_intercept=True,
        intercept_scaling=1,
        class_weight=None,
        threshold=0,
    ):
        self.loss = loss
        self.C = C
        self.tol = tol
        self.max_iter = max_iter
        self.fit_intercept = fit_intercept
        self.intercept_scaling = intercept_scaling
        self.class_weight = class_weight
        self.threshold = threshold

    def _seconds(self, x):
        return x.size * self.max_iter / 1e9
