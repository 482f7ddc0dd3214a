"""Boosted trees."""

from ._estimator import Classifier, Regressor
from ._tree_ensemble import TreeEnsemble


class HistGradientBoostingClassifier(TreeEnsemble, Classifier):
    """Boosted trees for classes by log-loss.

    Columns are cut into at most ``max_bins`` bins at quantiles; NaN in X is a missing value that goes to the better
    side. Names, meanings and defaults are scikit-learn's; ``subsample`` is the share of the rows that each
    iteration learns from. The result does not depend on the number of threads.

    Parameters
    ----------
    loss : {"log_loss"}
    learning_rate, max_iter, max_leaf_nodes, max_depth, min_samples_leaf, l2_regularization, max_features, max_bins
    categorical_features : array of column numbers or of bool, or None
        Columns whose whole numbers 0 to 254 name categories.
    monotonic_cst : array of -1, 0, 1 or None
    interaction_cst : sequence of sets of column numbers or None
    early_stopping : "auto" or bool
        Whether to stop when the loss of held back rows no longer falls; "auto": with more than 10000 rows.
    validation_fraction, n_iter_no_change, tol
        For early stopping.
    subsample : float in (0, 1]
    random_state : int or None
    class_weight : dict, "balanced" or None

    Attributes
    ----------
    n_iter_ : int
    train_score_, validation_score_ : ndarray
        Minus the loss after each iteration, with early stopping.
    """

    _kind = "hist_gradient_boosting_classifier"
    _learned = ("classes_", "n_iter_", "train_score_", "validation_score_")

    def __init__(
        self,
        *,
        loss="log_loss",
        learning_rate=0.1,
        max_iter=100,
        max_leaf_nodes=31,
        max_depth=None,
        min_samples_leaf=20,
        l2_regularization=0,
        max_features=1,
        max_bins=255,
        categorical_features=None,
        monotonic_cst=None,
        interaction_cst=None,
        early_stopping="auto",
        validation_fraction=0.1,
        n_iter_no_change=10,
        tol=1e-7,
        subsample=1,
        random_state=None,
        class_weight=None,
    ):
        self.loss = loss
        self.learning_rate = learning_rate
        self.max_iter = max_iter
        self.max_leaf_nodes = max_leaf_nodes
        self.max_depth = max_depth
        self.min_samples_leaf = min_samples_leaf
        self.l2_regularization = l2_regularization
        self.max_features = max_features
        self.max_bins = max_bins
        self.categorical_features = categorical_features
        self.monotonic_cst = monotonic_cst
        self.interaction_cst = interaction_cst
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.tol = tol
        self.subsample = subsample
        self.random_state = random_state
        self.class_weight = class_weight


class HistGradientBoostingRegressor(TreeEnsemble, Regressor):
    """Boosted trees for one number.

    Columns are cut into at most ``max_bins`` bins at quantiles; NaN in X is a missing value that goes to the better
    side. Names, meanings and defaults are scikit-learn's; ``subsample`` is the share of the rows that each
    iteration learns from. The result does not depend on the number of threads.

    Parameters
    ----------
    loss : {"squared_error", "absolute_error", "poisson", "quantile"}
    quantile : float or None
        Which, for loss "quantile".
    learning_rate, max_iter, max_leaf_nodes, max_depth, min_samples_leaf, l2_regularization, max_features, max_bins
    categorical_features : array of column numbers or of bool, or None
        Columns whose whole numbers 0 to 254 name categories.
    monotonic_cst : array of -1, 0, 1 or None
    interaction_cst : sequence of sets of column numbers or None
    early_stopping : "auto" or bool
        Whether to stop when the loss of held back rows no longer falls; "auto": with more than 10000 rows.
    validation_fraction, n_iter_no_change, tol
        For early stopping.
    subsample : float in (0, 1]
    random_state : int or None

    Attributes
    ----------
    n_iter_ : int
    train_score_, validation_score_ : ndarray
        Minus the loss after each iteration, with early stopping.
    """

    _kind = "hist_gradient_boosting_regressor"
    _learned = ("n_iter_", "train_score_", "validation_score_")

    def __init__(
        self,
        *,
        loss="squared_error",
        quantile=None,
        learning_rate=0.1,
        max_iter=100,
        max_leaf_nodes=31,
        max_depth=None,
        min_samples_leaf=20,
        l2_regularization=0,
        max_features=1,
        max_bins=255,
        categorical_features=None,
        monotonic_cst=None,
        interaction_cst=None,
        early_stopping="auto",
        validation_fraction=0.1,
        n_iter_no_change=10,
        tol=1e-7,
        subsample=1,
        random_state=None,
    ):
        self.loss = loss
        self.quantile = quantile
        self.learning_rate = learning_rate
        self.max_iter = max_iter
        self.max_leaf_nodes = max_leaf_nodes
        self.max_depth = max_depth
        self.min_samples_leaf = min_samples_leaf
        self.l2_regularization = l2_regularization
        self.max_features = max_features
        self.max_bins = max_bins
        self.categorical_features = categorical_features
        self.monotonic_cst = monotonic_cst
        self.interaction_cst = interaction_cst
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.tol = tol
        self.subsample = subsample
        self.random_state = random_state


class AdaBoostClassifier(TreeEnsemble, Classifier):
    """SAMME: CART trees vote, each trained on weights that grow where those before it were wrong.

    Parameters
    ----------
    n_estimators : int, default 50
    learning_rate : float, default 1
    max_depth : int or None, default 1
        The longest way from the root of a tree to a leaf.
    min_samples_leaf : int, default 1
    random_state : int or None
    class_weight : dict, "balanced" or None

    Attributes
    ----------
    classes_, estimator_weights_, estimator_errors_ : ndarray
    """

    _kind = "adaboost_classifier"
    _learned = ("classes_", "estimator_weights_", "estimator_errors_")

    def __init__(
        self,
        *,
        n_estimators=50,
        learning_rate=1,
        max_depth=1,
        min_samples_leaf=1,
        random_state=None,
        class_weight=None,
    ):
        self.n_estimators = n_estimators
        self.learning_rate = learning_rate
        self.max_depth = max_depth
        self.min_samples_leaf = min_samples_leaf
        self.random_state = random_state
        self.class_weight = class_weight


class AdaBoostRegressor(TreeEnsemble, Regressor):
    """R2: the weighted median of CART trees, each trained on rows drawn by the errors of those before it.

    Parameters
    ----------
    n_estimators : int, default 50
    learning_rate : float, default 1
    max_depth : int or None, default 3
    min_samples_leaf : int, default 1
    random_state : int or None
    loss : {"linear", "square", "exponential"}, default "linear"

    Attributes
    ----------
    estimator_weights_, estimator_errors_ : ndarray
    """

    _kind = "adaboost_regressor"
    _learned = ("estimator_weights_", "estimator_errors_")

    def __init__(
        self,
        *,
        n_estimators=50,
        learning_rate=1,
        max_depth=3,
        min_samples_leaf=1,
        random_state=None,
        loss="linear",
    ):
        self.n_estimators = n_estimators
        self.learning_rate = learning_rate
        self.max_depth = max_depth
        self.min_samples_leaf = min_samples_leaf
        self.random_state = random_state
        self.loss = loss
