"""What ensembles of trees share."""

import numpy

from .tree import _library_parameters


class TreeEnsemble:
    """What ensembles of trees share: parameters as the library takes them."""

    def _library_parameters(self):
        parameters = _library_parameters(super()._library_parameters())
        columns = parameters.get("categorical_features")
        if columns is not None:
            columns = numpy.asarray(columns)
            columns = numpy.flatnonzero(columns) if columns.dtype == bool else columns
            parameters["categorical_features"] = [int(column) for column in columns]
        if parameters.get("interaction_cst") is not None:
            parameters["interaction_cst"] = [sorted(int(c) for c in group) for group in parameters["interaction_cst"]]
        return parameters

    def _seconds(self, x):
        return x.size * getattr(self, "n_estimators", getattr(self, "max_iter", 1)) / 5e7
