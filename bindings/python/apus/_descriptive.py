"""Statistics of samples along axes: what ``apus.stats`` has of them."""

import ctypes
from collections import namedtuple

import numpy

from . import _arrays
from ._arrays import as_array, view
from ._context import current
from ._library import lib

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
        index = _arrays.index(one, "axis")
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
    probabilities = numpy.asarray(q, numpy.float64, order="C")
    out = numpy.empty([probabilities.size, *(a.shape[index] for index in kept)])
    with current() as context:
        context.check(
            lib.apus_quantile(
                context.handle,
                view(rows),
                probabilities.ctypes.data_as(ctypes.POINTER(ctypes.c_double)),
                probabilities.size,
                _arrays.word(method, "method"),
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
