"""Choosing and shuffling, from the library's counter-based random numbers."""

import numpy

from . import _arrays
from ._arrays import as_array, view
from ._context import current
from ._descriptive import _axes
from ._library import lib


def _count(size):
    """(shape, number of elements) of what is asked for; None is a single value."""
    shape = () if size is None else (size,) if numpy.ndim(size) == 0 else tuple(size)
    for extent in shape:
        if extent < 0:
            raise ValueError(f"size must not be negative, got {size}")
    return shape, int(numpy.prod(shape, dtype=object))


def choice(a, size=None, replace=True, p=None, axis=0):
    """Draws elements of ``a``, as ``numpy.random.Generator.choice``.

    Parameters
    ----------
    a : int or array
        A whole number stands for 0, ..., a - 1; of an array, elements along ``axis`` are drawn.
    replace : bool
        Without replacement all draws differ; few of a billion take little memory.
    p : array, optional
        Weights of the elements: not negative, of any positive sum.

    Examples
    --------
    >>> from apus import stats
    >>> sorted(stats.choice(5, size=5, replace=False).tolist())
    [0, 1, 2, 3, 4]
    """
    values = None if numpy.ndim(a) == 0 else numpy.asarray(a)
    n = _arrays.index(a, "a") if values is None else values.shape[_axis(axis, values.ndim)]
    if n > 2**63 - 1:
        raise ValueError(f"a must be below 2**63, got {n}")
    shape, count = _count(size)
    out = numpy.empty(count, numpy.int64)
    weights = None if p is None else view(as_array(numpy.ascontiguousarray(p, numpy.float64), "p"))
    with current() as context:
        context.check(lib.apus_random_choice(context.handle, n, bool(replace), weights, view(out)))
    picked = out.reshape(shape)
    if values is None:
        return picked[()]
    return numpy.take(values, picked, axis=axis)


def resample(*arrays, replace=True, n_samples=None, p=None):
    """Rows drawn at random, the same ones of each array: with replacement a bootstrap sample.

    Parameters
    ----------
    replace : bool
        False draws every row at most once.
    n_samples : int, optional
        How many; as many as there are by default.
    p : array, optional
        Weights of the rows.

    Examples
    --------
    >>> import numpy
    >>> from apus import stats
    >>> x, y = stats.resample(numpy.arange(10), numpy.arange(10) ** 2)
    >>> bool((x**2 == y).all())
    True
    """
    if not arrays:
        raise ValueError("resample needs at least one array")
    arrays = [numpy.asarray(array) for array in arrays]
    n = len(arrays[0])
    for array in arrays:
        if len(array) != n:
            raise ValueError(f"the arrays must have as many rows, got {n} and {len(array)}")
    rows = choice(n, size=n if n_samples is None else n_samples, replace=replace, p=p)
    drawn = [array[rows] for array in arrays]
    return drawn[0] if len(drawn) == 1 else drawn


def _axis(axis, rank):
    """One axis, from 0."""
    (place,) = _axes(_arrays.index(axis, "axis"), rank)
    return place


def shuffle(x, axis=0):
    """Shuffles the array ``x`` in place along ``axis``, as ``numpy.random.Generator.shuffle``."""
    if not isinstance(x, numpy.ndarray):
        raise TypeError(f"x must be an array, got {type(x).__name__}")
    order = numpy.empty(x.shape[_axis(axis, x.ndim)], numpy.int64)
    with current() as context:
        context.check(lib.apus_random_permutation(context.handle, view(order)))
    x[...] = numpy.take(x, order, axis=axis)


def draw(name, parameters, size):
    """An array of draws from a distribution of the library."""
    shape, count = _count(size)
    out = numpy.empty(count)
    with current() as context:
        context.check(lib.apus_random_distribution(context.handle, name, parameters, view(out)))
    return out.reshape(shape)[()]


