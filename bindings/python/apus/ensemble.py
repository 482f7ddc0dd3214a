"""Forests and gradient boosting, under scikit-learn's names."""

import numpy

from ._estimator import Classifier, Regressor
from .tree import _library_parameters

__all__ = [
    "AdaBoostClassifier",
    "AdaBoostRegressor",
    "ExtraTreesClassifier",
    "ExtraTreesRegressor",
    "HistGradientBoostingClassifier",
    "HistGradientBoostingRegressor",
    "RandomForestClassifier",
    "RandomForestRegressor",
]


class _Trees:
    def _library_parameters(self):
        parameters = _library_parameters(super()._library_parameters())
        columns = parameters.get("categorical_features")
        if columns is not None:
            columns = numpy.asarray(columns)
            columns = numpy.flatnonzero(columns) if columns.dtype == bool else columns
            parameters["categorical_features"] = [int(column) for column in columns]
        if parameters.get("interaction_cst") is not None:
            parameters["interaction_cst"] = [sorted(int(c) for c in group) for group in parameters["interaction_cst"]]
        return parameters

    def _seconds(self, x):
        return x.size * getattr(self, "n_estimators", getattr(self, "max_iter", 1)) / 5e7


class RandomForestClassifier(_Trees, Classifier):
    """Trees on rows drawn with replacement that average their class shares.

    Columns with more than ``max_bins`` different values are cut at quantiles first (scikit-learn looks at every
    value). NaN in X is a missing value. The result does not depend on the number of threads.

    Parameters
    ----------
    n_estimators : int, default 100
    criterion : {"gini", "entropy", "log_loss"}, default "gini"
    bootstrap : bool, default True
        Whether each tree sees rows drawn with replacement.
    max_samples : int, float or None
        Rows drawn for each tree, or their share.
    oob_score : bool
        Whether to score each row by the trees that have not seen it.
    max_bins : int, default 255
    max_depth, min_samples_split, min_samples_leaf, min_weight_fraction_leaf, min_impurity_decrease
        As for ``DecisionTreeClassifier``.
    max_features : int, float, "sqrt", "log2" or None, default "sqrt"
    random_state : int or None
    class_weight : dict, "balanced", "balanced_subsample" or None

    Attributes
    ----------
    feature_importances_ : ndarray
    oob_score_ : float, with ``oob_score``
    """

    _kind = "random_forest_classifier"
    _learned = ("classes_", "feature_importances_", "oob_score_", "oob_decision_function_")

    def __init__(
        self,
        *,
        n_estimators=100,
        criterion="gini",
        bootstrap=True,
        max_samples=None,
        oob_score=False,
        max_bins=255,
        max_depth=None,
        min_samples_split=2,
        min_samples_leaf=1,
        min_weight_fraction_leaf=0,
        max_features="sqrt",
        min_impurity_decrease=0,
        random_state=None,
        class_weight=None,
    ):
        self.n_estimators = n_estimators
        self.criterion = criterion
        self.bootstrap = bootstrap
        self.max_samples = max_samples
        self.oob_score = oob_score
        self.max_bins = max_bins
        self.max_depth = max_depth
        self.min_samples_split = min_samples_split
        self.min_samples_leaf = min_samples_leaf
        self.min_weight_fraction_leaf = min_weight_fraction_leaf
        self.max_features = max_features
        self.min_impurity_decrease = min_impurity_decrease
        self.random_state = random_state
        self.class_weight = class_weight


class RandomForestRegressor(_Trees, Regressor):
    """Trees on rows drawn with replacement that average their predictions.

    Columns with more than ``max_bins`` different values are cut at quantiles first (scikit-learn looks at every
    value). NaN in X is a missing value. The result does not depend on the number of threads.

    Parameters
    ----------
    n_estimators : int, default 100
    criterion : {"squared_error", "friedman_mse"}, default "squared_error"
    bootstrap : bool, default True
        Whether each tree sees rows drawn with replacement.
    max_samples : int, float or None
        Rows drawn for each tree, or their share.
    oob_score : bool
        Whether to score each row by the trees that have not seen it.
    max_bins : int, default 255
    max_depth, min_samples_split, min_samples_leaf, min_weight_fraction_leaf, min_impurity_decrease
        As for ``DecisionTreeClassifier``.
    max_features : int, float, "sqrt", "log2" or None, default None
    random_state : int or None

    Attributes
    ----------
    feature_importances_ : ndarray
    oob_score_ : float, with ``oob_score``
    """

    _kind = "random_forest_regressor"
    _learned = ("feature_importances_", "oob_score_", "oob_prediction_")

    def __init__(
        self,
        *,
        n_estimators=100,
        criterion="squared_error",
        bootstrap=True,
        max_samples=None,
        oob_score=False,
        max_bins=255,
        max_depth=None,
        min_samples_split=2,
        min_samples_leaf=1,
        min_weight_fraction_leaf=0,
        max_features=None,
        min_impurity_decrease=0,
        random_state=None,
    ):
        self.n_estimators = n_estimators
        self.criterion = criterion
        self.bootstrap = bootstrap
        self.max_samples = max_samples
        self.oob_score = oob_score
        self.max_bins = max_bins
        self.max_depth = max_depth
        self.min_samples_split = min_samples_split
        self.min_samples_leaf = min_samples_leaf
        self.min_weight_fraction_leaf = min_weight_fraction_leaf
        self.max_features = max_features
        self.min_impurity_decrease = min_impurity_decrease
        self.random_state = random_state


class ExtraTreesClassifier(_Trees, Classifier):
    """Trees with randomly drawn thresholds that average their class shares.

    Columns with more than ``max_bins`` different values are cut at quantiles first (scikit-learn looks at every
    value). NaN in X is a missing value. The result does not depend on the number of threads.

    Parameters
    ----------
    n_estimators : int, default 100
    criterion : {"gini", "entropy", "log_loss"}, default "gini"
    bootstrap : bool, default False
        Whether each tree sees rows drawn with replacement.
    max_samples : int, float or None
        Rows drawn for each tree, or their share.
    oob_score : bool
        Whether to score each row by the trees that have not seen it.
    max_bins : int, default 255
    max_depth, min_samples_split, min_samples_leaf, min_weight_fraction_leaf, min_impurity_decrease
        As for ``DecisionTreeClassifier``.
    max_features : int, float, "sqrt", "log2" or None, default "sqrt"
    random_state : int or None
    class_weight : dict, "balanced", "balanced_subsample" or None

    Attributes
    ----------
    feature_importances_ : ndarray
    oob_score_ : float, with ``oob_score``
    """

    _kind = "extra_trees_classifier"
    _learned = ("classes_", "feature_importances_", "oob_score_", "oob_decision_function_")

    def __init__(
        self,
        *,
        n_estimators=100,
        criterion="gini",
        bootstrap=False,
        max_samples=None,
        oob_score=False,
        max_bins=255,
        max_depth=None,
        min_samples_split=2,
        min_samples_leaf=1,
        min_weight_fraction_leaf=0,
        max_features="sqrt",
        min_impurity_decrease=0,
        random_state=None,
        class_weight=None,
    ):
        self.n_estimators = n_estimators
        self.criterion = criterion
        self.bootstrap = bootstrap
        self.max_samples = max_samples
        self.oob_score = oob_score
        self.max_bins = max_bins
        self.max_depth = max_depth
        self.min_samples_split = min_samples_split
        self.min_samples_leaf = min_samples_leaf
        self.min_weight_fraction_leaf = min_weight_fraction_leaf
        self.max_features = max_features
        self.min_impurity_decrease = min_impurity_decrease
        self.random_state = random_state
        self.class_weight = class_weight


class ExtraTreesRegressor(_Trees, Regressor):
    """Trees with randomly drawn thresholds that average their predictions.

    Columns with more than ``max_bins`` different values are cut at quantiles first (scikit-learn looks at every
    value). NaN in X is a missing value. The result does not depend on the number of threads.

    Parameters
    ----------
    n_estimators : int, default 100
    criterion : {"squared_error", "friedman_mse"}, default "squared_error"
    bootstrap : bool, default False
        Whether each tree sees rows drawn with replacement.
    max_samples : int, float or None
        Rows drawn for each tree, or their share.
    oob_score : bool
        Whether to score each row by the trees that have not seen it.
    max_bins : int, default 255
    max_depth, min_samples_split, min_samples_leaf, min_weight_fraction_leaf, min_impurity_decrease
        As for ``DecisionTreeClassifier``.
    max_features : int, float, "sqrt", "log2" or None, default None
    random_state : int or None

    Attributes
    ----------
    feature_importances_ : ndarray
    oob_score_ : float, with ``oob_score``
    """

    _kind = "extra_trees_regressor"
    _learned = ("feature_importances_", "oob_score_", "oob_prediction_")

    def __init__(
        self,
        *,
        n_estimators=100,
        criterion="squared_error",
        bootstrap=False,
        max_samples=None,
        oob_score=False,
        max_bins=255,
        max_depth=None,
        min_samples_split=2,
        min_samples_leaf=1,
        min_weight_fraction_leaf=0,
        max_features=None,
        min_impurity_decrease=0,
        random_state=None,
    ):
        self.n_estimators = n_estimators
        self.criterion = criterion
        self.bootstrap = bootstrap
        self.max_samples = max_samples
        self.oob_score = oob_score
        self.max_bins = max_bins
        self.max_depth = max_depth
        self.min_samples_split = min_samples_split
        self.min_samples_leaf = min_samples_leaf
        self.min_weight_fraction_leaf = min_weight_fraction_leaf
        self.max_features = max_features
        self.min_impurity_decrease = min_impurity_decrease
        self.random_state = random_state


class HistGradientBoostingClassifier(_Trees, Classifier):
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


class HistGradientBoostingRegressor(_Trees, Regressor):
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


class AdaBoostClassifier(_Trees, Classifier):
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


class AdaBoostRegressor(_Trees, Regressor):
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
