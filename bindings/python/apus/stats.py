"""Statistics with the names and conventions of NumPy and SciPy, computed by the library.

Reductions (``mean``, ``var``, ``quantile``, ...), tables (``cov``, ``corrcoef``, ``rankdata``, ``histogram``), running
moments (``RunningMoments``), distributions (``norm``, ``beta``, ``binom``, ...) and resampling (``choice``,
``resample``, ``shuffle``). Everything is computed in float64; NaN in the data makes a result NaN.
"""

import ctypes
from collections import namedtuple

import numpy

from . import _library
from ._arrays import as_array, view
from ._context import current
from ._distributions import (
    bernoulli,
    beta,
    binom,
    chi2,
    expon,
    f,
    gamma,
    geom,
    lognorm,
    norm,
    poisson,
    t,
    uniform,
)
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

ModeResult = namedtuple("ModeResult", ("mode", "count"))


def _input(values, name):
    """``values`` as an array that the library reads, Python numbers and lists included."""
    if not isinstance(values, numpy.ndarray):
        values = numpy.asarray(values)
        if values.dtype.kind in "iuf" and values.dtype.itemsize < 4:
            values = values.astype(numpy.float64)
    if values.size == 0 and values.dtype.kind == "O":
        values = values.astype(numpy.float64)
    return as_array(values, name)


def _axes(axis, ndim):
    """None for all axes, or a list of the ones given, from 0."""
    if axis is None:
        return None
    axes = list(axis) if isinstance(axis, (tuple, list)) else [axis]
    result = []
    for one in axes:
        index = one.__index__()
        if not -ndim <= index < ndim:
            raise ValueError(f"axis {index} is out of bounds for an array of {ndim} dimensions")
        result.append(index % ndim)
    return result


def _statistic(name, a, axis=None, keepdims=False, weights=None, **parameters):
    a = _input(a, "a")
    axes = _axes(axis, a.ndim)
    if axes == []:
        raise ValueError("axis must name at least one axis, or be None for all of them")
    reduced = range(a.ndim) if axes is None else axes
    out = numpy.empty([extent for index, extent in enumerate(a.shape) if index not in reduced])
    indices = (ctypes.c_int32 * len(axes))(*axes) if axes else None
    text = " ".join(f"{key.rstrip(chr(95))}={value}" for key, value in parameters.items())
    w = None if weights is None else view(_input(weights, "weights"))
    with current() as context:
        context.check(
            lib.apus_statistic(
                context.handle, name.encode(), text.encode(), view(a), w, indices, len(axes or ()), view(out)
            )
        )
    if keepdims:
        return out.reshape([1 if index in reduced else extent for index, extent in enumerate(a.shape)])
    return out[()]


def mean(a, axis=None, keepdims=False, *, weights=None):
    """The arithmetic mean, as ``numpy.mean``; with ``weights`` the weighted mean.

    Examples
    --------
    >>> from apus import stats
    >>> float(stats.mean([1, 2, 6]))
    3.0
    """
    return _statistic("mean", a, axis, keepdims, weights)


def average(a, axis=None, weights=None, returned=False, *, keepdims=False):
    """The weighted mean, as ``numpy.average``; with ``returned`` also the sum of the weights."""
    result = _statistic("mean", a, axis, keepdims, weights)
    if not returned:
        return result
    a = _input(a, "a")
    if weights is None:
        total = a.size / max(numpy.size(result), 1)
    else:
        weights = _input(weights, "weights")
        if weights.shape != a.shape:
            (index,) = _axes(axis, a.ndim)
            weights = numpy.broadcast_to(
                weights.reshape([-1 if i == index else 1 for i in range(a.ndim)]), a.shape
            )
        total = _statistic("sum", numpy.ascontiguousarray(weights), axis, keepdims)
    return result, numpy.broadcast_to(numpy.float64(total), numpy.shape(result)) + 0.0


def median(a, axis=None, keepdims=False, *, weights=None):
    """The middle value, as ``numpy.median``. With whole ``weights``: of values repeated so often."""
    return _statistic("median", a, axis, keepdims, weights)


def var(a, axis=None, ddof=0, keepdims=False, *, weights=None, form="population"):
    """The variance, as ``numpy.var``: the sum of squared deviations divided by n - ddof.

    Parameters
    ----------
    weights : array, optional
        Of the shape of ``a``, or a vector along the one axis.
    form : {"population", "frequency", "reliability"}
        What weights mean: divide by W - ddof, by W - 1 (they are counts), or by W - sum(w^2) / W.
    """
    return _statistic("variance", a, axis, keepdims, weights, ddof=ddof, weights_=form)


def std(a, axis=None, ddof=0, keepdims=False, *, weights=None, form="population"):
    """The standard deviation, as ``numpy.std``; see ``var``."""
    return _statistic("std", a, axis, keepdims, weights, ddof=ddof, weights_=form)


def sem(a, axis=0, ddof=1, *, keepdims=False):
    """The standard error of the mean, as ``scipy.stats.sem``."""
    return _statistic("standard_error", a, axis, keepdims, ddof=ddof)


def sum(a, axis=None, keepdims=False, *, weights=None):
    """The sum, compensated; 0 of nothing."""
    return _statistic("sum", a, axis, keepdims, weights)


def prod(a, axis=None, keepdims=False):
    """The product, without overflow or underflow on the way; 1 of nothing."""
    return _statistic("product", a, axis, keepdims)


def ptp(a, axis=None, keepdims=False):
    """The greatest value less the least."""
    return _statistic("range", a, axis, keepdims)


def mean_abs_deviation(a, axis=None, keepdims=False):
    """The mean of the absolute deviations from the mean."""
    return _statistic("mean_absolute_deviation", a, axis, keepdims)


def median_abs_deviation(x, axis=0, *, keepdims=False):
    """The median of the absolute deviations from the median, as ``scipy.stats.median_abs_deviation``."""
    return _statistic("median_absolute_deviation", x, axis, keepdims)


def skew(a, axis=0, bias=True, *, keepdims=False):
    """The skewness m3 / m2^1.5, as ``scipy.stats.skew``; ``bias=False`` corrects it for a sample."""
    result = _statistic("skewness", a, axis, keepdims)
    if bias:
        return result
    n = _count(a, axis)
    return result * (n * (n - 1)) ** 0.5 / (n - 2) if n > 2 else result * numpy.nan


def kurtosis(a, axis=0, fisher=True, bias=True, *, keepdims=False):
    """The excess kurtosis m4 / m2^2 - 3, as ``scipy.stats.kurtosis``; ``fisher=False`` leaves the 3 in."""
    result = _statistic("kurtosis", a, axis, keepdims)
    if not bias:
        n = _count(a, axis)
        result = (n - 1) / ((n - 2) * (n - 3)) * ((n + 1) * result + 6) if n > 3 else result * numpy.nan
    return result if fisher else result + 3


def moment(a, order=2, axis=0, *, keepdims=False):
    """The mean of (a - mean)^order, as ``scipy.stats.moment``."""
    return _statistic("moment", a, axis, keepdims, order=order)


def gmean(a, axis=0, *, keepdims=False):
    """The geometric mean, as ``scipy.stats.gmean``; NaN with a negative value."""
    return _statistic("geometric_mean", a, axis, keepdims)


def hmean(a, axis=0, *, keepdims=False):
    """The harmonic mean, as ``scipy.stats.hmean``; NaN with a negative value."""
    return _statistic("harmonic_mean", a, axis, keepdims)


def mode(a, axis=0, *, keepdims=False):
    """The most frequent value (the least of several) and how often it occurs, as ``scipy.stats.mode``."""
    a = _input(a, "a")
    kept = _statistic("mode", a, axis, True)
    found = _statistic("sum", numpy.equal(a, kept), axis, keepdims)
    return ModeResult(kept if keepdims else kept.reshape(numpy.shape(found))[()], numpy.int64(found))


def _count(a, axis):
    """How many elements a reduction takes together."""
    shape = numpy.shape(a)
    axes = _axes(axis, len(shape))
    return int(numpy.prod([shape[i] for i in (range(len(shape)) if axes is None else axes)]))


def quantile(a, q, axis=None, method="linear", keepdims=False):
    """Quantiles, as ``numpy.quantile``, with its thirteen methods.

    Parameters
    ----------
    q : number or array
        Probabilities from 0 to 1; their shape comes first in the result's.
    axis : int, tuple or None
        None: of all elements.

    Examples
    --------
    >>> from apus import stats
    >>> stats.quantile([3, 1, 2, 5, 4], [0.25, 0.5])
    array([2., 3.])
    """
    a = _input(a, "a")
    axes = _axes(axis, a.ndim)
    reduced = list(range(a.ndim)) if axes is None else axes
    kept = [index for index in range(a.ndim) if index not in reduced]
    if len(reduced) == 1:
        rows, place = a, reduced[0]
    else:
        rows = a.transpose(kept + reduced).reshape([a.shape[index] for index in kept] + [-1] if a.size else [0])
        place = rows.ndim - 1
    probabilities = numpy.ascontiguousarray(q, numpy.float64)
    out = numpy.empty([probabilities.size, *(a.shape[index] for index in kept)])
    with current() as context:
        context.check(
            lib.apus_quantile(
                context.handle,
                view(rows),
                probabilities.ctypes.data_as(ctypes.POINTER(ctypes.c_double)),
                probabilities.size,
                method.encode(),
                place,
                view(out),
            )
        )
    if keepdims:
        shape = [1 if index in reduced else extent for index, extent in enumerate(a.shape)]
    else:
        shape = out.shape[1:]
    return out.reshape(probabilities.shape + tuple(shape))[()]


def iqr(x, axis=None, *, keepdims=False):
    """The third quartile less the first, as ``scipy.stats.iqr``."""
    return _statistic("interquartile_range", x, axis, keepdims)


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
        context.check(lib.apus_ranks(context.handle, view(a), method.encode(), axis, view(out)))
    return out


def _bins(a, bins, range, weights):
    """(edges or None, number of bins, low, high)"""
    low, high = (0.0, 0.0) if range is None else (float(range[0]), float(range[1]))
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
        count = bins.__index__()
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
