"""The arrays that a network's methods take: inputs, targets and weights, by their order or their names."""

import json

from ._trainer import network_array
from ._training import weight_array


class ModelData:
    """What a network makes of the data that it is given."""

    def _inputs(self, x):
        if isinstance(x, dict):
            if set(self._input_names) != set(x):
                raise ValueError(
                    f"the inputs are {', '.join(self._input_names) or 'not named'}, got {', '.join(map(str, x))}"
                )
            x = [x[name] for name in self._input_names]
        elif not self._several("inputs", x):
            return [network_array(x, "x")]
        return [network_array(values, f"x[{i}]") for i, values in enumerate(x)]

    def _several(self, side, values):
        return (
            isinstance(values, (list, tuple))
            and self._handle is not None
            and len(self._handle.info[side]) > 1
        )

    @property
    def output_names(self):
        """The names of the layers that make the outputs, each once."""
        if self._output_names is None:
            config = json.loads(self._require_built().to_json())["config"]
            names = []
            for name in [entry[0] for entry in config.get("output_layers") or ()]:
                fresh, number = name, 0
                while fresh in names:
                    number += 1
                    fresh = f"{name}_{number}"
                names.append(fresh)
            self._output_names = names or [config["layers"][-1]["config"]["name"]]
        return list(self._output_names)

    def _by_output(self, values, name):
        """A list with what a ``dict`` has for each output."""
        names = self.output_names
        unknown = [key for key in values if key not in names]
        if unknown:
            raise ValueError(f"{name} names {unknown[0]!r}; the outputs are {', '.join(names)}")
        return [values.get(key) for key in names]

    def _weights(self, values):
        """Sample weights as an array for all outputs, or a list of arrays (or None) for each."""
        if isinstance(values, dict):
            values = self._by_output(values, "sample_weight")
        elif not self._several("outputs", values) or len(values) != len(self._handle.info["outputs"]):
            return weight_array(values)
        return [weight_array(item) for item in values]

    def _targets(self, y):
        if y is None:
            return []
        if isinstance(y, dict):
            y = self._by_output(y, "y")
            if any(values is None for values in y):
                raise ValueError(f"y must have targets for {', '.join(self.output_names)}")
            y = y if len(y) > 1 else y[0]
        several = list(y) if self._several("outputs", y) else [y]
        targets = [network_array(values, "y") for values in several]
        for i, (target, shape) in enumerate(zip(targets, self._handle.info["outputs"])):
            if target.ndim == len(shape) - 1 and shape[-1] == 1:
                targets[i] = target.reshape(*target.shape, 1)
            elif target.ndim == len(shape) and target.shape[-1] == 1 and shape[-1] != 1 and self._is_sparse(i):
                targets[i] = target.reshape(target.shape[:-1])
        return targets

    def _is_sparse(self, output):
        loss = self.loss[output] if isinstance(self.loss, (list, tuple)) else self.loss
        if isinstance(loss, dict) and "class_name" not in loss:
            loss = loss.get(self.output_names[output])
        name = loss if isinstance(loss, str) else type(loss).__name__
        return "sparse" in name.lower()
