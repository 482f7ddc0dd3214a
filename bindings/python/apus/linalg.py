"""Linear algebra with the names and manners of ``numpy.linalg`` and ``scipy.linalg``.

Arrays are real. float32 arrays give float32 results, computed in float64 and rounded once; all other dtypes give
float64. Leading dimensions are stacks of matrices, which the threads of the library share. Values must be finite.
A singular matrix, one that is not positive definite and an iteration that fails raise ``LinAlgError``; a nearly
singular one warns with ``apus.ApusWarning``. The products ``matmul``, ``dot``, ``outer`` and ``cross`` are those of
``apus.ops``.
"""

from collections import namedtuple

import numpy

from . import _arrays
from ._arrays import as_array, view
from ._decompositions import (
    EigResult,
    EighResult,
    QRResult,
    SVDResult,
    cholesky,
    eig,
    eigh,
    eigvals,
    eigvalsh,
    lu,
    qr,
    svd,
    svdvals,
)
from ._library import lib
from ._matrices import _WHOLE, LinAlgError, _call, _dtype, _matrix, _new, _numbers, _room, _square, _swapped

__all__ = [
    "LinAlgError",
    "cholesky",
    "cond",
    "det",
    "eig",
    "eigh",
    "eigvals",
    "eigvalsh",
    "expm",
    "inv",
    "lstsq",
    "lu",
    "matrix_norm",
    "matrix_power",
    "matrix_rank",
    "norm",
    "pinv",
    "qr",
    "slogdet",
    "solve",
    "solve_triangular",
    "svd",
    "svdvals",
    "trace",
]

SlogdetResult = namedtuple("SlogdetResult", ("sign", "logabsdet"))
SlogdetResult.__module__ = __name__
_STRUCTURES = {
    None: b"general",
    "gen": b"general",
    "general": b"general",
    "sym": b"symmetric",
    "symmetric": b"symmetric",
    "her": b"symmetric",
    "hermitian": b"symmetric",
    "pos": b"positive_definite",
    "positive definite": b"positive_definite",
    "positive_definite": b"positive_definite",
    "lower triangular": b"lower_triangular",
    "lower_triangular": b"lower_triangular",
    "upper triangular": b"upper_triangular",
    "upper_triangular": b"upper_triangular",
}


def solve(a, b, assume_a=None, lower=False):
    """The solution ``x`` of ``a @ x = b``.

    Parameters
    ----------
    a : array_like, shape (..., n, n)
    b : array_like, shape (n,) or (..., n, k)
        A vector, or columns; stacks broadcast as in NumPy 2.
    assume_a : str, optional
        ``"general"`` (LU, the default), ``"symmetric"``, ``"positive definite"``, ``"lower triangular"``,
        ``"upper triangular"``, or SciPy's short names ``"gen"``, ``"sym"``, ``"pos"``.
    lower : bool
        Which half of a symmetric or positive definite ``a`` is read; the upper one unless True.

    Examples
    --------
    >>> from apus import linalg
    >>> linalg.solve([[2.0, 1.0], [1.0, 3.0]], [5.0, 10.0]).tolist()
    [1.0, 3.0]
    """
    a = _square(a, "a")
    b = as_array(b, "b")
    if b.ndim == 0:
        raise LinAlgError("b must have at least one dimension, got a scalar")
    try:
        structure = _STRUCTURES[assume_a]
    except KeyError:
        known = ", ".join(repr(name) for name in _STRUCTURES if name)
        raise ValueError(f"assume_a must be one of {known}, got {assume_a!r}") from None
    if structure in (b"symmetric", b"positive_definite"):
        a = _swapped(a, not lower)
    stack = _stack(a, b)
    x = numpy.empty(stack + (b.shape if b.ndim == 1 else b.shape[-2:]), _dtype(a, b))
    _call(lib.apus_solve, view(a), view(b), structure, view(x), None)
    return x


def _stack(a, b):
    """The stack of systems that matrices and right-hand sides make."""
    first, second = a.shape[:-2], b.shape[:-2]
    return first if first == second or b.ndim == 1 else numpy.broadcast_shapes(first, second)


def solve_triangular(a, b, trans=0, lower=False):
    """The solution ``x`` of ``a @ x = b`` for a triangular ``a``, whose other half is not read.

    ``trans`` of 1 (or ``"T"``) solves with the transpose of ``a``; ``lower`` says which half ``a`` holds.

    Examples
    --------
    >>> from apus import linalg
    >>> linalg.solve_triangular([[2.0, 0.0], [1.0, 4.0]], [2.0, 9.0], lower=True).tolist()
    [1.0, 2.0]
    """
    if trans not in (0, 1, "N", "T"):
        raise ValueError(f"trans must be 0, 1, 'N' or 'T', got {trans!r}")
    turned = trans in (1, "T")
    a = _swapped(_square(a, "a"), turned)
    return solve(a, b, "lower triangular" if bool(lower) != turned else "upper triangular")


def inv(a):
    """The inverse of a square matrix.

    Examples
    --------
    >>> from apus import linalg
    >>> linalg.inv([[4.0, 7.0], [2.0, 6.0]]).round(12).tolist()
    [[0.6, -0.7], [-0.2, 0.4]]
    """
    a = _square(a, "a")
    out = _new(a, *a.shape[-2:])
    _call(lib.apus_inverse, view(a), view(out))
    return out


def pinv(a, rcond=None, hermitian=False, *, rtol=None, return_rank=False):
    """The Moore-Penrose inverse, by singular values.

    Values at most ``rcond`` (or ``rtol``) times the largest count as 0; the default is ``max(m, n)`` times the machine
    epsilon. ``hermitian`` is taken for NumPy's sake and changes nothing. With ``return_rank`` the rank comes too, as
    from SciPy.
    """
    if rcond is not None and rtol is not None:
        raise ValueError("give rcond or rtol, not both")
    a = _matrix(a, "a")
    cut = rcond if rcond is not None else rtol
    out = _new(a, a.shape[-1], a.shape[-2])
    pointer, rank = _room(a.shape[:-2], _WHOLE)
    _call(lib.apus_pseudo_inverse, view(a), -1.0 if cut is None else float(cut), view(out), pointer)
    return (out, rank()) if return_rank else out


def lstsq(a, b, rcond=None):
    """The solution of least norm that minimises the Euclidean norm of ``b - a @ x``.

    Returns
    -------
    x : ndarray, shape (n,) or (..., n, k)
    residuals : ndarray
        Sums of squares for each column of ``b``; empty, as in NumPy, where the rank is below n or m <= n (always there
        for stacks).
    rank : int
        Singular values above ``rcond`` times the largest; the default is ``max(m, n)`` times the machine epsilon.
    s : ndarray
        The singular values of ``a``.

    Examples
    --------
    >>> from apus import linalg
    >>> x, residuals, rank, s = linalg.lstsq([[1.0, 0.0], [1.0, 1.0], [1.0, 2.0]], [1.0, 3.0, 5.0])
    >>> x.round(12).tolist(), int(rank)
    ([1.0, 2.0], 2)
    """
    a = _matrix(a, "a")
    b = as_array(b, "b")
    if b.ndim == 0:
        raise LinAlgError("b must have at least one dimension, got a scalar")
    m, n = a.shape[-2:]
    vector = b.ndim == 1
    stack = _stack(a, b)
    dtype = _dtype(a, b)
    columns = () if vector else b.shape[-1:]
    x = numpy.empty(stack + (n, *columns), dtype)
    residuals = numpy.empty(stack + (columns or (1,)), dtype)
    pointer, rank = _room(stack, _WHOLE)
    s = numpy.empty(stack + (min(m, n),), dtype)
    _call(
        lib.apus_least_squares,
        view(a),
        view(b),
        -1.0 if rcond is None else float(rcond),
        view(x),
        view(residuals),
        pointer,
        view(s),
    )
    rank = rank()
    if not stack and (rank < n or m <= n):
        residuals = residuals[:0]
    return x, residuals, rank, s


def det(a):
    """The determinant.

    Examples
    --------
    >>> from apus import linalg
    >>> round(float(linalg.det([[4.0, 7.0], [2.0, 6.0]])), 12)
    10.0
    """
    return _numbers(_square(a, "a"), lib.apus_determinant)[0]


def slogdet(a):
    """The sign of the determinant (-1, 0 or 1) and the logarithm of its absolute value, which does not overflow."""
    return SlogdetResult(*_numbers(_square(a, "a"), lib.apus_log_determinant, count=2))


def trace(a):
    """The sum of the diagonal of the last two dimensions."""
    return _numbers(_matrix(a, "a"), lib.apus_trace)[0]


def matrix_rank(a, tol=None):
    """The number of singular values above ``tol``, by default ``max(m, n)`` machine epsilons times the largest.

    Examples
    --------
    >>> from apus import linalg
    >>> int(linalg.matrix_rank([[1.0, 2.0], [2.0, 4.0]]))
    1
    """
    return _numbers(_matrix(a, "a"), lib.apus_matrix_rank, -1.0 if tol is None else float(tol), kind=_WHOLE)[0]


def _norm_name(order, names):
    try:
        return names[order]
    except (KeyError, TypeError):
        raise ValueError(f"ord must be one of {', '.join(map(str, names))}, got {order!r}") from None


def cond(x, p=None):
    """The condition number in the norm ``p``: None or 2 (any shape), 1, inf or "fro" (square).

    A matrix with a pivot, or a smallest singular value, of exactly 0 has the condition inf.
    """
    name = _norm_name(p, {None: b"2", 2: b"2", 1: b"1", numpy.inf: b"inf", "fro": b"fro"})
    return _numbers(_matrix(x, "x"), lib.apus_condition_number, name)[0]


def matrix_norm(x, ord="fro", keepdims=False):
    """The norm of each matrix: "fro", "nuc", 1, 2 or inf."""
    x = _matrix(x, "x")
    name = _norm_name(ord, {"fro": b"fro", None: b"fro", "nuc": b"nuc", 1: b"1", 2: b"2", numpy.inf: b"inf"})
    value = _numbers(x, lib.apus_matrix_norm, name)[0]
    return numpy.asarray(value)[..., None, None] if keepdims else value


def norm(x, ord=None, axis=None, keepdims=False):
    """The norm of a vector (``ord`` None or 2, 1, inf) or of a matrix (None or "fro", "nuc", 1, 2, inf).

    Without ``axis``, ``x`` is a vector or a matrix, or, with ``ord`` None, any array taken as one long vector. With an
    axis, vectors along it; with a pair of axes, the matrices in them.

    Examples
    --------
    >>> from apus import linalg
    >>> float(linalg.norm([3.0, 4.0])), float(linalg.norm([[3.0, 0.0], [0.0, 4.0]], "nuc"))
    (5.0, 7.0)
    """
    x = as_array(x, "x")
    if axis is None:
        if ord is None:
            value = _vector_norm(x.reshape(-1), 2)
            return numpy.asarray(value).reshape((1,) * x.ndim) if keepdims else value
        if x.ndim not in (1, 2):
            raise ValueError(f"x must have one or two dimensions, or axis must be given; got shape {x.shape}")
        axis = tuple(range(x.ndim))
    axes = tuple(axis) if isinstance(axis, (tuple, list)) else (axis,)
    axes = tuple(_axis(one, x.ndim) for one in axes)
    if len(axes) == 1:
        value = _vector_norm(numpy.moveaxis(x, axes[0], -1), 2 if ord is None else ord)
    elif len(axes) == 2 and axes[0] != axes[1]:
        value = matrix_norm(numpy.moveaxis(x, axes, (-2, -1)), ord)
    else:
        raise ValueError(f"axis must be one axis or two different ones, got {axis}")
    return numpy.expand_dims(value, tuple(sorted(axes))) if keepdims else value


def _axis(axis, rank):
    axis = _arrays.index(axis, "axis")
    if not -rank <= axis < rank:
        raise ValueError(f"axis must be from {-rank} to {rank - 1}, got {axis}")
    return axis % rank


def _vector_norm(x, order):
    """The norm along the last axis: that of a matrix of one column."""
    name = _norm_name(order, {2: b"fro", 1: b"1", numpy.inf: b"inf"})
    return _numbers(x[..., None], lib.apus_matrix_norm, name)[0]


def matrix_power(a, n):
    """A square matrix to a whole power, below 0 that of its inverse.

    Examples
    --------
    >>> from apus import linalg
    >>> linalg.matrix_power([[1.0, 1.0], [1.0, 0.0]], 10).tolist()
    [[89.0, 55.0], [55.0, 34.0]]
    """
    a = _square(a, "a")
    out = _new(a, *a.shape[-2:])
    try:
        exponent = _arrays.index(n, "n")
    except AttributeError:
        raise TypeError(f"n must be a whole number, got {n!r}") from None
    if not -(2**63) <= exponent < 2**63:
        raise ValueError(f"n must be from -2**63 to 2**63 - 1, got {n}")
    _call(lib.apus_matrix_power, view(a), exponent, view(out))
    return out


def expm(A):
    """The exponential of a square matrix.

    Examples
    --------
    >>> from apus import linalg
    >>> linalg.expm([[0.0, 1.0], [0.0, 0.0]]).tolist()
    [[1.0, 1.0], [0.0, 1.0]]
    """
    a = _square(A, "A")
    out = _new(a, *a.shape[-2:])
    _call(lib.apus_matrix_exponential, view(a), view(out))
    return out


def __getattr__(name):
    if name in ("cross", "dot", "matmul", "outer"):
        from . import ops

        return getattr(ops, name)
    raise AttributeError(f"module 'apus.linalg' has no attribute {name!r}")
