"""A network's weights alone, into files and out of them."""

import errno
import os

from . import _sharing


class WeightFiles:
    """What a network does with files of weights."""

    def save_weights(self, filepath, overwrite=True, *, deflate=0, fletcher32=False):
        """Saves the weights alone to an HDF5 file, whole or not at all: in Keras 3's tree where the name ends in
        ``.weights.h5``, in Keras's legacy layout under any other name (``.h5``).

        FileExistsError when ``overwrite`` is False and the file is there; ``deflate`` and ``fletcher32`` as for ``save``.

        Examples
        --------
        >>> import apus, os, tempfile
        >>> path = os.path.join(tempfile.mkdtemp(), "weights.h5")
        >>> model = apus.Sequential([apus.Input((3,)), apus.layers.Dense(2, name="features"), apus.layers.Dense(1)])
        >>> model.save_weights(path)
        >>> other = apus.Sequential([apus.Input((3,)), apus.layers.Dense(2, name="features"), apus.layers.Dense(9)])
        >>> other.load_weights(path, by_name=True, layers=["features"])["loaded"]
        ['features/kernel', 'features/bias']
        """
        if not overwrite and os.path.lexists(filepath):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), os.fspath(filepath))
        self._current().save_weights(filepath, storage(deflate, fletcher32))

    def load_weights(self, filepath, skip_mismatch=False, by_name=False, *, layers=None):
        """Takes weights from a file of weights or of a whole network, from Apus or Keras.

        All is checked before anything is changed: after an error the network is as it was. The optimizer's state stays.

        Parameters
        ----------
        filepath : str or path
        skip_mismatch : bool, default False
            Whether weights that do not fit stay as they are, with a warning, instead of raising ``apus.ShapeError``.
        by_name : bool, default False
            Pairs layers of equal names; the others stay as they are. By default layers with weights are paired in their
            order, and there must be as many in the file as in the network.
        layers : list of str, optional
            The layers of the network that take part: names, or beginnings of names with ``*`` after them.

        Returns
        -------
        dict
            ``loaded`` and ``untouched``: names of weights; ``skipped``: weights and reasons; ``unused``: layers of the
            file.
        """
        handle = self._current()
        options = {"by_name": bool(by_name), "skip_mismatch": bool(skip_mismatch)}
        if layers is not None:
            options["layers"] = [layers] if isinstance(layers, str) else [str(name) for name in layers]
        report = handle.load_weights(filepath, options)
        if self._trainer is not None:
            self._trainer.refresh()
        _sharing.changed(self)
        return report


def storage(deflate, fletcher32):
    """How a save stores large arrays, None for as they are."""
    return {"deflate": deflate, "fletcher32": bool(fletcher32)} if deflate or fletcher32 else None
