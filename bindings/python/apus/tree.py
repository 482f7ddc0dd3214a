"""Decision trees, under scikit-learn's names."""

import numpy

from ._estimator import Classifier, Regressor

__all__ = ["DecisionTreeClassifier", "DecisionTreeRegressor", "ID3Classifier"]

_NODES = (
    "children_left",
    "children_right",
    "feature",
    "threshold",
    "missing_go_to_left",
    "impurity",
    "n_node_samples",
    "weighted_n_node_samples",
    "value",
)


class Tree:
    """The nodes of a fitted tree as arrays, in preorder with left children first; a leaf has children -1.

    A row goes left where ``x[feature] <= threshold``, and where the value is NaN if ``missing_go_to_left``. ``value`` is
    nodes by 1 by classes (shares of the weight), or nodes by 1 by 1.
    """

    def __init__(self, model, features):
        for name in _NODES:
            setattr(self, name, model.attribute(name))
        self.value = self.value.reshape(len(self.children_left), 1, -1)
        self.n_features = features
        self.node_count = len(self.children_left)
        self.n_leaves = int((self.children_left < 0).sum())
        depth = numpy.zeros(self.node_count, numpy.int64)
        for node in numpy.flatnonzero(self.children_left >= 0):
            depth[[self.children_left[node], self.children_right[node]]] = depth[node] + 1
        self.max_depth = int(depth.max())

    def apply(self, x):
        """The number of the leaf that each row falls into."""
        x = numpy.asarray(x, numpy.float64)
        node = numpy.zeros(len(x), numpy.int64)
        rows = numpy.arange(len(x))
        while rows.size:
            here = node[rows]
            rows, here = rows[self.children_left[here] >= 0], here[self.children_left[here] >= 0]
            value = x[rows, self.feature[here]]
            left = numpy.where(numpy.isnan(value), self.missing_go_to_left[here] != 0, value <= self.threshold[here])
            node[rows] = numpy.where(left, self.children_left[here], self.children_right[here])
        return node


class _DecisionTree:
    def _learn(self, name):
        if name == "tree_":
            return Tree(self._model, self.n_features_in_)
        return super()._learn(name)

    def apply(self, X):
        """The number of the leaf that each row falls into."""
        return self.tree_.apply(self._checked(X))

    def get_depth(self):
        """Steps from the root to the farthest leaf."""
        return self.tree_.max_depth

    def get_n_leaves(self):
        """The number of leaves."""
        return self.tree_.n_leaves

    def _library_parameters(self):
        return _library_parameters(super()._library_parameters())


def _library_parameters(parameters):
    """Class weights with their labels as text, arrays as lists."""
    weights = parameters.get("class_weight")
    if isinstance(weights, dict):
        parameters["class_weight"] = {str(label): float(weight) for label, weight in weights.items()}
    if parameters.get("monotonic_cst") is not None:
        parameters["monotonic_cst"] = [int(sign) for sign in parameters["monotonic_cst"]]
    return parameters


class DecisionTreeClassifier(_DecisionTree, Classifier):
    """A CART tree for classes: exact splits x <= threshold that lessen the impurity most.

    NaN in X is a missing value; it goes to the side that lessens the impurity more, and in prediction, where training
    saw none, to the side of more rows. Float64 values are split as they are; scikit-learn rounds them to float32.

    Parameters
    ----------
    criterion : {"gini", "entropy", "log_loss"}, default "gini"
    max_depth : int or None
    min_samples_split, min_samples_leaf : int or float
        Rows, or a share of the rows.
    min_weight_fraction_leaf : float
    max_features : int, float, "sqrt", "log2" or None
        Columns drawn for each split; None looks at all.
    max_leaf_nodes : int or None
    min_impurity_decrease : float
    ccp_alpha : float
        Minimal cost-complexity pruning.
    monotonic_cst : array of -1, 0, 1 or None
        For two classes: how the second one's probability may change with each column.
    random_state : int or None
    class_weight : dict, "balanced" or None
        With numbers as labels.

    Attributes
    ----------
    classes_, feature_importances_ : ndarray
    tree_ : Tree

    Examples
    --------
    >>> from apus.tree import DecisionTreeClassifier
    >>> model = DecisionTreeClassifier().fit([[0.0], [1.0], [2.0], [3.0]], ["low", "low", "high", "high"])
    >>> model.predict([[0.2], [2.9]])
    array(['low', 'high'], dtype='<U4')
    """

    _kind = "decision_tree_classifier"
    _learned = ("classes_", "feature_importances_", "tree_")

    def __init__(
        self,
        *,
        criterion="gini",
        max_depth=None,
        min_samples_split=2,
        min_samples_leaf=1,
        min_weight_fraction_leaf=0,
        max_features=None,
        max_leaf_nodes=None,
        min_impurity_decrease=0,
        ccp_alpha=0,
        monotonic_cst=None,
        random_state=None,
        class_weight=None,
    ):
        self.criterion = criterion
        self.max_depth = max_depth
        self.min_samples_split = min_samples_split
        self.min_samples_leaf = min_samples_leaf
        self.min_weight_fraction_leaf = min_weight_fraction_leaf
        self.max_features = max_features
        self.max_leaf_nodes = max_leaf_nodes
        self.min_impurity_decrease = min_impurity_decrease
        self.ccp_alpha = ccp_alpha
        self.monotonic_cst = monotonic_cst
        self.random_state = random_state
        self.class_weight = class_weight


class DecisionTreeRegressor(_DecisionTree, Regressor):
    """A CART tree for one number: exact splits x <= threshold that lessen the error most.

    NaN in X is a missing value, as for ``DecisionTreeClassifier``, whose other parameters it shares.

    Parameters
    ----------
    criterion : {"squared_error", "friedman_mse", "absolute_error", "poisson"}, default "squared_error"
        "friedman_mse" chooses the splits of "squared_error"; "poisson" needs y >= 0.

    Attributes
    ----------
    feature_importances_ : ndarray
    tree_ : Tree

    Examples
    --------
    >>> from apus.tree import DecisionTreeRegressor
    >>> DecisionTreeRegressor().fit([[0.0], [1.0], [2.0]], [1.0, 1.0, 5.0]).predict([[0.4], [1.9]])
    array([1., 5.])
    """

    _kind = "decision_tree_regressor"
    _learned = ("feature_importances_", "tree_")

    def __init__(
        self,
        *,
        criterion="squared_error",
        max_depth=None,
        min_samples_split=2,
        min_samples_leaf=1,
        min_weight_fraction_leaf=0,
        max_features=None,
        max_leaf_nodes=None,
        min_impurity_decrease=0,
        ccp_alpha=0,
        monotonic_cst=None,
        random_state=None,
    ):
        self.criterion = criterion
        self.max_depth = max_depth
        self.min_samples_split = min_samples_split
        self.min_samples_leaf = min_samples_leaf
        self.min_weight_fraction_leaf = min_weight_fraction_leaf
        self.max_features = max_features
        self.max_leaf_nodes = max_leaf_nodes
        self.min_impurity_decrease = min_impurity_decrease
        self.ccp_alpha = ccp_alpha
        self.monotonic_cst = monotonic_cst
        self.random_state = random_state


class ID3Classifier(Classifier):
    """A tree over categorical columns with a branch for each value, by information gain in bits or its ratio.

    Every different number of a column is a category. A row whose category has no branch gets what the node says.

    Parameters
    ----------
    criterion : {"information_gain", "gain_ratio"}, default "information_gain"
        ID3's or C4.5's measure.
    max_depth : int or None
    min_samples_split : int, default 2

    Attributes
    ----------
    classes_ : ndarray
    feature : ndarray
        For each node, in preorder, the column it branches by, -1 for a leaf.
    children : ndarray
        For each node and category the child's number, -1 for none.
    value, entropy, gains, gain_ratios : ndarray
        For each node: the summed weights of the classes, their entropy, and what each column would gain (NaN where it
        was used above).
    categories_, category_offsets_ : ndarray
        The categories of column c: ``categories_[category_offsets_[c]:category_offsets_[c + 1]]``.

    Examples
    --------
    >>> from apus.tree import ID3Classifier
    >>> ID3Classifier().fit([[0, 1], [1, 1], [2, 0]], ["a", "b", "a"]).predict([[1, 0]])
    array(['b'], dtype='<U1')
    """

    _kind = "id3"
    _learned = (
        "classes_",
        "feature",
        "children",
        "value",
        "entropy",
        "gains",
        "gain_ratios",
        "categories_",
        "category_offsets_",
    )

    def __init__(self, *, criterion="information_gain", max_depth=None, min_samples_split=2):
        self.criterion = criterion
        self.max_depth = max_depth
        self.min_samples_split = min_samples_split
