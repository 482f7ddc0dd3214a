"""Data that is not all in memory: files that are read while a network trains, and batches made by Python code."""

import os

from ._streams import FileRows

__all__ = ["HDF5Dataset", "PyDataset"]


class HDF5Dataset:
    """Arrays in an HDF5 file that may be larger than memory, for ``Model.fit``, ``evaluate`` and ``predict``.

    Parameters
    ----------
    path : path of the file
        It is opened at once and must not change from then on. It is read without libhdf5: contiguous and chunked arrays,
        with gzip, shuffle and fletcher32, in the format that h5py writes unless it is opened with ``libver="latest"``.
    inputs, targets : str or list of str, default "x" and "y"
        The names of the arrays, one row per sample; a list for several inputs or outputs. ``targets`` may be None, for
        ``predict``.
    sample_weight : str or list of str or None, optional
        As in ``fit``: one for all outputs, or a list with one (or None) for each.
    rows : slice or range, optional
        The rows to take, such as ``slice(0, 50_000)``; all by default. One file can serve training and validation.
    shuffle : bool, default True
        Whether epochs read blocks of rows in random order and shuffle the rows within a window of them. ``fit(...,
        shuffle=False)`` keeps the order of the file too.
    block_rows : int, default 0
        Rows of a block; 0 takes those of a stored chunk, or 64 KiB. Blocks are larger where their order, 8 bytes a block,
        would take more than a quarter of ``buffer_bytes``.
    buffer_bytes : int, default 0
        Memory for the two windows of a pass; 0 is 64 MiB, less under ``apus.set_memory_limit``. Larger windows shuffle
        better; a file that fits is read once per epoch and shuffled as arrays are.
    prefetch : bool, default True
        Whether a thread reads the next window while the current one trains.

    64-bit reals are rounded to float32, as in arrays. Errors are raised when the data is used: a file that was changed
    or cut short is an ``apus.FileError``, a damaged one an ``apus.CorruptFileError``.
    """

    def __init__(
        self,
        path,
        inputs="x",
        targets="y",
        sample_weight=None,
        rows=None,
        shuffle=True,
        *,
        block_rows=0,
        buffer_bytes=0,
        prefetch=True,
    ):
        parameters = {
            "inputs": _names(inputs),
            "targets": [] if targets is None else _names(targets),
            "sample_weight": _names(sample_weight),
            "shuffle": "blocks" if shuffle else "none",
            "block_rows": block_rows,
            "buffer_bytes": buffer_bytes,
            "prefetch": bool(prefetch),
            "float64": "round",
        }
        self.path = os.fspath(path)
        if rows is not None:
            if not isinstance(rows, (slice, range)) or rows.step not in (None, 1):
                raise TypeError(f"rows must be a slice or range of step 1, got {rows!r}")
            total = FileRows(path, parameters).rows
            start, stop, _ = slice(rows.start, rows.stop).indices(total)
            if start >= stop:
                raise ValueError(f"rows {rows!r} takes none of the {total} rows")
            parameters.update(start=start, count=stop - start)
        self._rows = FileRows(path, parameters)

    def prepared(self, model):
        """The library's dataset for a model, which is built for it where it has no weights yet."""
        model._build_for([_Form(*item["shape"]) for item in self._rows.info["inputs"]])
        return self._rows

    def __len__(self):
        """Rows."""
        return self._rows.rows

    def __repr__(self):
        sides = [[tuple(item["shape"]) for item in self._rows.info[side]] for side in ("inputs", "targets")]
        return f"HDF5Dataset({self.path!r}: {len(self)} rows of {sides[0]} to {sides[1]})"


class PyDataset:
    """Batches by number, made by Python code: the part of ``keras.utils.PyDataset`` that training needs.

    A subclass has ``__len__``, the number of batches, and ``__getitem__(index)``, which gives (inputs, targets) or
    (inputs, targets, sample_weights). ``on_epoch_begin`` and ``on_epoch_end`` may be overridden. With ``shuffle`` of
    ``fit`` the batches come in an order that depends on the number of the epoch.
    """

    def __len__(self):
        raise NotImplementedError(f"{type(self).__name__} must have __len__, the number of batches")

    def __getitem__(self, index):
        raise NotImplementedError(f"{type(self).__name__} must have __getitem__(index), which gives a batch")

    def on_epoch_begin(self):
        """Called before the first batch of an epoch."""

    def on_epoch_end(self):
        """Called when an epoch has ended."""


class _Form:
    def __init__(self, *extents):
        self.shape = (None, *extents)


def _names(names):
    return names if names is None or isinstance(names, str) else list(names)
