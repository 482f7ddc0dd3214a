"""Factors and eigenvalues of matrices: what ``apus.linalg`` has of them."""

from collections import namedtuple

import numpy

from ._arrays import view
from ._library import lib
from ._matrices import _call, _matrix, _new, _square, _swapped

EigResult = namedtuple("EigResult", ("eigenvalues", "eigenvectors"))
EighResult = namedtuple("EighResult", ("eigenvalues", "eigenvectors"))
QRResult = namedtuple("QRResult", ("Q", "R"))
SVDResult = namedtuple("SVDResult", ("U", "S", "Vh"))
for _result in (EigResult, EighResult, QRResult, SVDResult):
    _result.__module__ = "apus.linalg"


def cholesky(a, *, upper=False):
    """The lower triangular ``L`` of ``a = L @ L.T``, or with ``upper`` the ``U`` of ``a = U.T @ U``.

    Only the half of ``a`` that the result has is read.

    Examples
    --------
    >>> from apus import linalg
    >>> linalg.cholesky([[4.0, 2.0], [2.0, 5.0]]).tolist()
    [[2.0, 0.0], [1.0, 2.0]]
    """
    a = _swapped(_square(a, "a"), upper)
    out = _new(a, *a.shape[-2:])
    _call(lib.apus_cholesky, view(a), int(bool(upper)), view(out))
    return out


def lu(a, permute_l=False, *, p_indices=False):
    """Pivoted LU: ``a = p @ l @ u``, as from SciPy.

    ``permute_l`` returns ``(p @ l, u)``; with ``p_indices`` p is the vector for which ``l[p] @ u`` is ``a``.
    """
    a = _matrix(a, "a")
    m, n = a.shape[-2:]
    k = min(m, n)
    l, u = _new(a, m, k), _new(a, k, n)
    rows = _new(a, m, dtype=numpy.int64)
    _call(lib.apus_lu, view(a), view(l), view(u), view(rows))
    # a[rows] = l u, so row i of a is row inverse[i] of l u.
    inverse = numpy.empty_like(rows)
    numpy.put_along_axis(inverse, rows, numpy.broadcast_to(numpy.arange(m), rows.shape), -1)
    if permute_l:
        return numpy.take_along_axis(l, inverse[..., None], -2), u
    if p_indices:
        return inverse, l, u
    p = _new(a, m, m)
    p[...] = 0
    numpy.put_along_axis(p, inverse[..., None], 1, -1)
    return p, l, u


_QR_MODES = {"reduced": False, "economic": False, "complete": True, "full": True, "r": None}


def qr(a, mode="reduced", pivoting=False):
    """``a = Q @ R`` with orthonormal columns in Q and a diagonal of R that is not negative.

    Parameters
    ----------
    mode : str
        ``"reduced"`` (or ``"economic"``), ``"complete"`` (or ``"full"``), or ``"r"`` for R alone (k rows).
    pivoting : bool
        Also returns column numbers P with ``a[:, P] = Q @ R`` and a descending diagonal, as SciPy does.

    Examples
    --------
    >>> from apus import linalg
    >>> Q, R = linalg.qr([[3.0, 1.0], [4.0, 2.0]])
    >>> R.round(12).tolist()
    [[5.0, 2.2], [0.0, 0.4]]
    """
    a = _matrix(a, "a")
    full = _qr_mode(mode)
    m, n = a.shape[-2:]
    k = m if full else min(m, n)
    q = None if full is None else _new(a, m, k)
    r = _new(a, k, n)
    order = _new(a, n, dtype=numpy.int64) if pivoting else None
    _call(
        lib.apus_qr,
        view(a),
        None if q is None else view(q),
        view(r),
        None if order is None else view(order),
    )
    if q is None:
        return (r, order) if pivoting else r
    return (q, r, order) if pivoting else QRResult(q, r)


def _qr_mode(mode):
    try:
        return _QR_MODES[mode]
    except (KeyError, TypeError):
        raise ValueError(f"mode must be one of {', '.join(map(repr, _QR_MODES))}, got {mode!r}") from None


def svd(a, full_matrices=True, compute_uv=True, hermitian=False):
    """``a = U @ diag(S) @ Vh`` with descending singular values; ``hermitian`` is taken for NumPy's sake.

    Examples
    --------
    >>> from apus import linalg
    >>> linalg.svd([[3.0, 2.0, 2.0], [2.0, 3.0, -2.0]], compute_uv=False).round(12).tolist()
    [5.0, 3.0]
    """
    a = _matrix(a, "a")
    m, n = a.shape[-2:]
    k = min(m, n)
    s = _new(a, k)
    if not compute_uv:
        _call(lib.apus_svd, view(a), None, view(s), None)
        return s
    u, vh = _new(a, m, m if full_matrices else k), _new(a, n if full_matrices else k, n)
    _call(lib.apus_svd, view(a), view(u), view(s), view(vh))
    return SVDResult(u, s, vh)


def svdvals(x):
    """The singular values, descending."""
    return svd(x, compute_uv=False)


def _half(UPLO):
    if UPLO not in ("L", "U", "l", "u"):
        raise ValueError(f"UPLO must be 'L' or 'U', got {UPLO!r}")
    return UPLO in ("U", "u")


def eigh(a, UPLO="L"):
    """Ascending eigenvalues of a symmetric matrix, and orthonormal eigenvectors in columns.

    Only the half that ``UPLO`` names is read.

    Examples
    --------
    >>> from apus import linalg
    >>> linalg.eigh([[2.0, 1.0], [1.0, 2.0]]).eigenvalues.round(12).tolist()
    [1.0, 3.0]
    """
    a = _swapped(_square(a, "a"), _half(UPLO))
    values, vectors = _new(a, a.shape[-1]), _new(a, *a.shape[-2:])
    _call(lib.apus_eigh, view(a), view(values), view(vectors))
    return EighResult(values, vectors)


def eigvalsh(a, UPLO="L"):
    """Ascending eigenvalues of a symmetric matrix."""
    a = _swapped(_square(a, "a"), _half(UPLO))
    values = _new(a, a.shape[-1])
    _call(lib.apus_eigh, view(a), view(values), None)
    return values


def eig(a):
    """Eigenvalues of a general matrix and its right eigenvectors, of length 1, in columns.

    Both are real when all eigenvalues are, complex otherwise, as in NumPy.

    Examples
    --------
    >>> from apus import linalg
    >>> sorted(linalg.eig([[0.0, -1.0], [1.0, 0.0]]).eigenvalues.imag.tolist())
    [-1.0, 1.0]
    """
    a = _square(a, "a")
    real, imaginary = _new(a, a.shape[-1]), _new(a, a.shape[-1])
    vectors, turned = _new(a, *a.shape[-2:]), _new(a, *a.shape[-2:])
    _call(lib.apus_eig, view(a), view(real), view(imaginary), view(vectors), view(turned))
    if not imaginary.any():
        return EigResult(real, vectors)
    return EigResult(_complex(real, imaginary), _complex(vectors, turned))


def eigvals(a):
    """Eigenvalues of a general matrix, in no particular order; real when all are."""
    a = _square(a, "a")
    real, imaginary = _new(a, a.shape[-1]), _new(a, a.shape[-1])
    _call(lib.apus_eig, view(a), view(real), view(imaginary), None, None)
    return _complex(real, imaginary) if imaginary.any() else real


def _complex(real, imaginary):
    out = numpy.empty(real.shape, numpy.complex64 if real.dtype == numpy.float32 else numpy.complex128)
    out.real, out.imag = real, imaginary
    return out
