"""Forests and gradient boosting, under scikit-learn's names."""

from ._boosting import (
    AdaBoostClassifier,
    AdaBoostRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
)
from ._estimator import Classifier, Regressor
from ._tree_ensemble import TreeEnsemble

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

class RandomForestClassifier(TreeEnsemble, Classifier):
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


class RandomForestRegressor(TreeEnsemble, Regressor):
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


class ExtraTreesClassifier(TreeEnsemble, Classifier):
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


class ExtraTreesRegressor(TreeEnsemble, Regressor):
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
