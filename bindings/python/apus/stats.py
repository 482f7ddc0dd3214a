"""Statistics with the names and conventions of NumPy and SciPy, computed by the library.

Reductions (``mean``, ``var``, ``quantile``, ...), tables (``cov``, ``corrcoef``, ``rankdata``, ``histogram``), running
moments (``RunningMoments``), distributions (``norm``, ``beta``, ``binom``, ...) and resampling (``choice``,
``resample``, ``shuffle``). Everything is computed in float64; NaN in the data makes a result NaN.
"""

import ctypes
import numbers

import numpy

from . import _arrays, _library
from ._arrays import view
from ._context import current
from ._descriptive import (
    ModeResult,
    average,
    gmean,
    hmean,
    iqr,
    kurtosis,
    mean,
    mean_abs_deviation,
    median,
    median_abs_deviation,
    mode,
    moment,
    prod,
    ptp,
    quantile,
    sem,
    skew,
    std,
    sum,
    var,
    _axes,
    _input,
    _statistic,  # noqa: F401
)
from ._distributions import bernoulli, beta, binom, chi2, expon, f, gamma, geom, lognorm, norm, poisson, t, uniform
from ._library import lib
from ._resampling import choice, resample, shuffle

__all__ = [
    "RunningMoments",
    "average",
    "bernoulli",
    "beta",
    "binom",
    "chi2",
    "choice",
    "corrcoef",
    "cov",
    "expon",
    "f",
    "gamma",
    "geom",
    "gmean",
    "histogram",
    "histogram_bin_edges",
    "hmean",
    "iqr",
    "kendalltau",
    "kurtosis",
    "lognorm",
    "mean",
    "mean_abs_deviation",
    "median",
    "median_abs_deviation",
    "mode",
    "moment",
    "norm",
    "poisson",
    "prod",
    "ptp",
    "quantile",
    "rankdata",
    "resample",
    "sem",
    "shuffle",
    "skew",
    "spearmanr",
    "std",
    "sum",
    "t",
    "uniform",
    "var",
]


def _variables(m, y, rowvar):
    """Observations in rows, variables in columns, from NumPy's arguments."""
    m = _input(m, "m")
    if m.ndim > 2:
        raise ValueError(f"m must have at most 2 dimensions, got {m.ndim}")
    x = numpy.atleast_2d(m)
    if not rowvar and m.ndim == 2:
        x = m.T
    if y is not None:
        y = numpy.atleast_2d(_input(y, "y"))
        x = numpy.concatenate([x, y.T if not rowvar and y.shape[0] != 1 else y], axis=0)
    return x.T


def cov(m, y=None, rowvar=True, bias=False, ddof=None, fweights=None):
    """The covariance matrix, as ``numpy.cov``: variables in rows unless ``rowvar`` is False.

    ``fweights`` count observations. A single variable gives a number.
    """
    x = _variables(m, y, rowvar)
    if ddof is None:
        ddof = 0 if bias else 1
    if not isinstance(ddof, numbers.Real):
        raise TypeError(f"ddof must be a number, got {ddof!r}")
    out = numpy.empty((x.shape[1], x.shape[1]))
    w = None if fweights is None else view(_input(fweights, "fweights"))
    with current() as context:
        context.check(lib.apus_covariance(context.handle, view(x), ddof, w, view(out)))
    return out.squeeze()[()]


def _correlation(x, method):
    out = numpy.empty((x.shape[1], x.shape[1]))
    with current() as context:
        context.check(lib.apus_correlation(context.handle, view(x), method, view(out)))
    return out


def corrcoef(x, y=None, rowvar=True):
    """Pearson's correlations, as ``numpy.corrcoef``: variables in rows unless ``rowvar`` is False."""
    return _correlation(_variables(x, y, rowvar), b"pearson").squeeze()[()]


def _columns(a, b, name):
    a = _input(a, name)
    if b is not None:
        a, b = (numpy.atleast_2d(v).T if v.ndim < 2 else v for v in (a, _input(b, "b")))
        a = numpy.concatenate([a, b], axis=1)
    if a.ndim != 2:
        raise ValueError(f"{name} must have two dimensions, or come with a second array")
    return a


def spearmanr(a, b=None):
    """Spearman's rank correlation: a number for two columns, otherwise the matrix. Variables are in columns."""
    matrix = _correlation(_columns(a, b, "a"), b"spearman")
    return matrix[0, 1] if matrix.shape == (2, 2) else matrix


def kendalltau(x, y=None):
    """Kendall's tau-b: a number for two columns, otherwise the matrix. Variables are in columns."""
    matrix = _correlation(_columns(x, y, "x"), b"kendall")
    return matrix[0, 1] if matrix.shape == (2, 2) else matrix


def rankdata(a, method="average", *, axis=None):
    """Ranks from 1, as ``scipy.stats.rankdata``; of the flattened array when ``axis`` is None."""
    a = _input(a, "a")
    if axis is None:
        a, axis = a.ravel(), 0
    (axis,) = _axes(axis, a.ndim)
    out = numpy.empty(a.shape)
    with current() as context:
        context.check(lib.apus_ranks(context.handle, view(a), _arrays.word(method, "method"), axis, view(out)))
    return out


def _bins(a, bins, range, weights):
    """(edges or None, number of bins, low, high)"""
    low, high = 0.0, 0.0
    if range is not None:
        if isinstance(range, (str, bytes)) or numpy.shape(range) != (2,):
            raise ValueError(f"range must be two numbers, got {range!r}")
        low, high = (float(bound) for bound in range)
    if range is not None and low > high:
        raise ValueError(f"range must ascend, got {range}")
    if range is not None and low == high == 0:
        # To the library this would mean the range of the data.
        low, high = -0.5, 0.5
    if isinstance(bins, str):
        if weights is not None:
            raise TypeError("a rule for the number of bins takes no weights")
        inside = a if range is None else a[(a >= low) & (a <= high)]
        count = ctypes.c_int64()
        with current() as context:
            context.check(
                lib.apus_histogram_bins(context.handle, view(inside), bins.encode(), ctypes.byref(count))
            )
        return None, count.value, low, high
    if numpy.ndim(bins) == 0:
        count = _arrays.index(bins, "bins")
        if count < 1:
            raise ValueError(f"bins must be at least 1, got {count}")
        return None, count, low, high
    edges = numpy.ascontiguousarray(bins, numpy.float64)
    if edges.ndim != 1 or edges.size < 2:
        raise ValueError(f"bins must be a number, a rule or a vector of at least 2 edges, got shape {edges.shape}")
    return edges, edges.size - 1, low, high


def histogram(a, bins=10, range=None, density=False, weights=None):
    """Counts and edges, as ``numpy.histogram``.

    Parameters
    ----------
    bins : int, text or array
        How many equal bins; a rule ("auto", "fd", "doane", "scott", "rice", "sturges", "sqrt"); or the edges.
    range : (low, high), optional
        Of the equal bins; the data's by default.
    weights : array, optional
        Of the shape of ``a``: counts are sums of them.

    Returns
    -------
    counts : array of int64, or of float64 with ``density`` or ``weights``
    edges : array, one longer
    """
    a = _input(a, "a")
    given, count, low, high = _bins(a, bins, range, weights)
    counts = numpy.empty(count, numpy.int64 if weights is None and not density else numpy.float64)
    edges = numpy.empty(count + 1) if given is None else given
    w = None if weights is None else view(_input(weights, "weights"))
    with current() as context:
        context.check(
            lib.apus_histogram(
                context.handle, view(a), w, low, high, given is not None, bool(density), view(counts), view(edges)
            )
        )
    return counts, edges


def histogram_bin_edges(a, bins=10, range=None, weights=None):
    """The edges that ``histogram`` would use, as ``numpy.histogram_bin_edges``."""
    a = _input(a, "a")
    given, _, _, _ = _bins(a, bins, range, weights)
    return histogram(a, bins, range)[1] if given is None else given


class RunningMoments:
    """Moments of values that come bit by bit: count, mean, variance, skewness, kurtosis, extremes.

    However the values are divided, and however partial results are merged, the moments are those of all of them.

    Examples
    --------
    >>> from apus import stats
    >>> moments = stats.RunningMoments()
    >>> moments.add([1e9 + 1, 1e9 + 2]).add(1e9 + 6).var()
    4.666666666666667
    """

    __slots__ = ("_moments",)

    def __init__(self):
        self._moments = _library.Moments()

    def add(self, values, weights=None):
        """Adds all elements of ``values``, weighted by ``weights`` of the same shape, and returns this object."""
        w = None if weights is None else view(_input(weights, "weights"))
        with current() as context:
            context.check(
                lib.apus_moments_add(
                    context.handle, ctypes.byref(self._moments), view(_input(values, "values")), w
                )
            )
        return self

    def merge(self, other):
        """Adds all that ``other`` has seen, and returns this object."""
        with current() as context:
            context.check(
                lib.apus_moments_merge(
                    context.handle, ctypes.byref(self._moments), ctypes.byref(other._moments)
                )
            )
        return self

    def _get(self, name, ddof=0):
        out = ctypes.c_double()
        with current() as context:
            context.check(
                lib.apus_moments_statistic(
                    context.handle, ctypes.byref(self._moments), name.encode(), ddof, ctypes.byref(out)
                )
            )
        return out.value

    @property
    def count(self):
        """How many values were added."""
        return self._moments.count

    @property
    def weight(self):
        """The sum of their weights."""
        return self._moments.weight

    def mean(self):
        """The mean."""
        return self._get("mean")

    def var(self, ddof=0):
        """The variance: divided by the total weight less ``ddof``."""
        return self._get("variance", ddof)

    def std(self, ddof=0):
        """The standard deviation."""
        return self._get("std", ddof)

    def sem(self, ddof=1):
        """The standard error of the mean."""
        return self._get("standard_error", ddof)

    def skew(self):
        """The skewness of population moments."""
        return self._get("skewness")

    def kurtosis(self):
        """The excess kurtosis of population moments."""
        return self._get("kurtosis")

    def min(self):
        """The least value."""
        return self._get("min")

    def max(self):
        """The greatest value."""
        return self._get("max")

    def sum(self):
        """The weighted sum; 0 before there are values."""
        return self._get("sum")

    def __getstate__(self):
        return bytes(self._moments)

    def __setstate__(self, state):
        self._moments = _library.Moments.from_buffer_copy(state)

    def __repr__(self):
        return f"RunningMoments(count={self.count}, mean={self._moments.mean!r})"
