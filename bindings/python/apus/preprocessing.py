"""Scalers, under scikit-learn's names."""

import numpy

from ._estimator import Transformer

__all__ = ["MeanNormalizer", "MinMaxScaler", "PolynomialFeatures", "StandardScaler"]


class StandardScaler(Transformer):
    """Makes each feature's mean 0 and its standard deviation 1: (x - mean) / deviation.

    A constant feature is only centred.

    Parameters
    ----------
    with_mean : bool, default True
        Whether to subtract the mean.
    with_std : bool, default True
        Whether to divide by the standard deviation.

    Attributes
    ----------
    mean_, var_, scale_ : ndarray of shape (features,)
    n_samples_seen_ : int
    n_features_in_ : int
    feature_names_in_ : ndarray of str, when X was a data frame

    Examples
    --------
    >>> from apus.preprocessing import StandardScaler
    >>> StandardScaler().fit_transform([[1.0], [3.0]])
    array([[-1.],
           [ 1.]])
    """

    _kind = "standard_scaler"
    _learned = ("mean_", "var_", "scale_", "n_samples_seen_")

    def __init__(self, *, with_mean=True, with_std=True):
        self.with_mean = with_mean
        self.with_std = with_std


class MinMaxScaler(Transformer):
    """Stretches each feature linearly onto a range.

    Parameters
    ----------
    feature_range : (float, float), default (0, 1)
        The least and the greatest value that the rows of fit get.
    clip : bool, default False
        Whether values of other rows are held within the range.

    Attributes
    ----------
    data_min_, data_max_, data_range_, min_, scale_ : ndarray of shape (features,)
        transform gives x * scale_ + min_.
    n_samples_seen_ : int
    n_features_in_ : int
    feature_names_in_ : ndarray of str, when X was a data frame

    Examples
    --------
    >>> from apus.preprocessing import MinMaxScaler
    >>> MinMaxScaler(feature_range=(0, 10)).fit_transform([[1.0], [2.0], [3.0]])
    array([[ 0.],
           [ 5.],
           [10.]])
    """

    _kind = "min_max_scaler"
    _learned = ("data_min_", "data_max_", "data_range_", "scale_", "min_", "n_samples_seen_")

    def __init__(self, feature_range=(0, 1), *, clip=False):
        self.feature_range = feature_range
        self.clip = clip

    def _library_parameters(self):
        try:
            low, high = self.feature_range
        except (TypeError, ValueError):
            raise ValueError(f"feature_range must be a pair (low, high), got {self.feature_range!r}") from None
        return {"feature_min": low, "feature_max": high, "clip": self.clip}

    @classmethod
    def _from_library_parameters(cls, parameters):
        return {
            "feature_range": (parameters.get("feature_min", 0), parameters.get("feature_max", 1)),
            "clip": parameters.get("clip", False),
        }


class MeanNormalizer(Transformer):
    """Centres each feature and divides by its range: (x - mean) / (max - min). A constant feature is only centred.

    Attributes
    ----------
    mean_, data_min_, data_max_, data_range_, scale_ : ndarray of shape (features,)
        scale_ is what the centred feature is divided by: its range, or 1 when it is constant.
    n_samples_seen_ : int
    n_features_in_ : int
    feature_names_in_ : ndarray of str, when X was a data frame

    Examples
    --------
    >>> from apus.preprocessing import MeanNormalizer
    >>> MeanNormalizer().fit_transform([[0.0], [1.0], [2.0]])
    array([[-0.5],
           [ 0. ],
           [ 0.5]])
    """

    _kind = "mean_normalizer"
    _learned = ("mean_", "data_min_", "data_max_", "data_range_", "scale_", "n_samples_seen_")

    def __init__(self):
        pass


class PolynomialFeatures(Transformer):
    """All products of up to ``degree`` features: 1, a, b, a², ab, b² for two features and degree 2.

    Parameters
    ----------
    degree : int or (int, int), default 2
        The most factors of a product, or the fewest and the most.
    interaction_only : bool, default False
        Whether only products of different features are wanted.
    include_bias : bool, default True
        Whether there is a column of ones, the product of no features.

    Attributes
    ----------
    powers_ : ndarray of shape (outputs, features)
        The exponents of each product.
    n_output_features_ : int
    n_features_in_ : int
    feature_names_in_ : ndarray of str, when X was a data frame

    Examples
    --------
    >>> from apus.preprocessing import PolynomialFeatures
    >>> PolynomialFeatures().fit_transform([[2.0, 3.0]])
    array([[1., 2., 3., 4., 6., 9.]])
    """

    _kind = "polynomial_features"
    _learned = ("powers_",)

    def __init__(self, degree=2, *, interaction_only=False, include_bias=True):
        self.degree = degree
        self.interaction_only = interaction_only
        self.include_bias = include_bias

    def _library_parameters(self):
        parameters = super()._library_parameters()
        low, high = (0, self.degree) if isinstance(self.degree, (int, numpy.integer)) else self._pair()
        return {**parameters, "degree": high, "min_degree": low}

    def _pair(self):
        try:
            low, high = self.degree
        except (TypeError, ValueError):
            raise ValueError(f"degree must be a number or a pair (fewest, most), got {self.degree!r}") from None
        return low, high

    @classmethod
    def _from_library_parameters(cls, parameters):
        low, high = parameters.get("min_degree", 0), parameters.get("degree", 2)
        others = {name: parameters[name] for name in ("interaction_only", "include_bias") if name in parameters}
        return {"degree": (low, high) if low else high, **others}

    @property
    def n_output_features_(self):
        """The number of products."""
        return len(self.powers_)

    def get_feature_names_out(self, input_features=None):
        """The names of the products: "1", "x0", "x0^2", "x0 x1", ..."""
        names = super().get_feature_names_out(input_features)
        texts = [
            " ".join(name if power == 1 else f"{name}^{power}" for name, power in zip(names, powers) if power)
            for powers in self.powers_
        ]
        return numpy.array([text or "1" for text in texts], dtype=object)
