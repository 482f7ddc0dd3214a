"""numpy arrays as the library's array views, without copies."""

import ctypes
import operator
import struct

import numpy

from ._library import BOOL, FLOAT32, FLOAT64, INT32, INT64, MAX_DIMENSIONS, STRIDED, UINT8, Array

DTYPE_CODES = {
    numpy.dtype(numpy.float32): FLOAT32,
    numpy.dtype(numpy.float64): FLOAT64,
    numpy.dtype(numpy.int32): INT32,
    numpy.dtype(numpy.int64): INT64,
    numpy.dtype(numpy.uint8): UINT8,
    numpy.dtype(numpy.bool_): BOOL,
}
DTYPES = {code: dtype for dtype, code in DTYPE_CODES.items()}

_SIZE = ctypes.sizeof(Array)
# The structure's bytes for each number of dimensions: packing them at once takes half the time of setting its fields.
_ROOM = 8 * MAX_DIMENSIONS
_DENSE = [struct.Struct(f"=IiiIQ{n}q{2 * _ROOM - 8 * n}x").pack for n in range(MAX_DIMENSIONS + 1)]
_STRIDED = [struct.Struct(f"=IiiIQ{n}q{_ROOM - 8 * n}x{n}q{_ROOM - 8 * n}x").pack for n in range(MAX_DIMENSIONS + 1)]
_SUPPORTED = "float32, float64, int32, int64, uint8 or bool"


def as_array(values, name):
    """``values`` as an array of a dtype that the library reads, in native byte order; a copy only when it must be.

    Raises TypeError for other dtypes, and for masked arrays with masked values; ValueError for ragged lists and for
    more than 8 dimensions.
    """
    if type(values) is not numpy.ndarray:
        if values is None:
            raise TypeError(f"{name} must be an array, got None")
        if isinstance(values, numpy.ma.MaskedArray) and numpy.ma.is_masked(values):
            raise TypeError(f"{name} has masked values: fill them or leave their rows out")
        if hasattr(values, "toarray") and hasattr(values, "nnz"):
            raise TypeError(f"{name} is sparse, and Apus reads dense arrays: use {name}.toarray()")
        try:
            values = numpy.asarray(values)
        except ValueError as error:
            raise ValueError(f"{name} is not a rectangular array: {error}") from None
    dtype = values.dtype
    if dtype not in DTYPE_CODES:
        native = dtype.newbyteorder("=")
        if native not in DTYPE_CODES:
            raise TypeError(f"{name} must be {_SUPPORTED}, got {dtype}{_advice(dtype)}")
        values = values.astype(native)
    elif not dtype.isnative:
        values = values.astype(dtype.newbyteorder("="))
    if values.ndim > MAX_DIMENSIONS:
        raise ValueError(f"{name} must have at most {MAX_DIMENSIONS} dimensions, got {values.ndim}")
    return values


def _advice(dtype):
    if dtype.kind == "O":
        return ": not all of its values are numbers of one kind"
    if dtype.kind in "iuf":
        target = "float32" if dtype.itemsize < 4 else "float64" if dtype.kind == "f" else "int64"
        return f": convert it with .astype(numpy.{target})"
    return ""


def index(value, name):
    """A whole number as Python's; TypeError for anything else."""
    try:
        return operator.index(value)
    except TypeError:
        raise TypeError(f"{name} must be a whole number, got {value!r}") from None


def axis(value):
    """The number of an axis, which the library checks; none of those that 32 bits do not hold is one."""
    return max(-(2**31), min(index(value, "axis"), 2**31 - 1))


def word(value, name):
    """A name of something, for the library; TypeError for anything but a str."""
    if not isinstance(value, str):
        raise TypeError(f"{name} must be a str, got {value!r}")
    return value.encode()


def view(array):
    """The library's view of a numpy array that ``as_array`` has passed. It keeps the array alive."""
    shape = array.shape
    rank = len(shape)
    address = array.__array_interface__["data"][0]
    if array.flags.c_contiguous:
        packed = _DENSE[rank](_SIZE, DTYPE_CODES[array.dtype], rank, 0, address, *shape)
    else:
        packed = _STRIDED[rank](_SIZE, DTYPE_CODES[array.dtype], rank, STRIDED, address, *shape, *array.strides)
    result = Array.from_buffer_copy(packed)
    result.array = array
    return result


def views(arrays):
    """A C array with a view of each of ``arrays``, which it keeps alive."""
    result = (Array * len(arrays))(*[view(array) for array in arrays])
    result.arrays = arrays
    return result


def unknown():
    """A view without data, for a function that fills in dtype and shape."""
    return Array(_SIZE)


def allocate(description):
    """A new array of the dtype and shape that the library has described, and writes its address into it."""
    array = numpy.empty(tuple(description.shape[: description.ndim]), DTYPES[description.dtype])
    description.data = array.__array_interface__["data"][0]
    description.array = array
    return array


def feature_names(values):
    """The column names of a data frame when all of them are text, otherwise None."""
    columns = getattr(values, "columns", None)
    if columns is None or not hasattr(values, "__array__"):
        return None
    names = list(columns)
    return names if names and all(isinstance(name, str) for name in names) else None


def rows(array):
    """How many rows an array has: 0 for a scalar."""
    return array.shape[0] if array.ndim else 0
