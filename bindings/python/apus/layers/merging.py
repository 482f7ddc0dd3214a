"""Layers of several inputs."""

from ._base import Layer


class Add(Layer):
    """The sum of two or more inputs of one shape; extents of 1 are repeated.

    Parameters
    ----------
    name : str, optional
    """

    _base = "add"

    def __init__(self, *, name=None):
        self.name = name


class Concatenate(Layer):
    """Inputs one after the other along an axis.

    Parameters
    ----------
    axis : int, default -1
        The batch counted as axis 0.
    name : str, optional
    """

    _base = "concatenate"

    def __init__(self, axis=-1, *, name=None):
        self.axis = axis
        self.name = name


class Subtract(Layer):
    """The first input minus the second.

    Parameters
    ----------
    name : str, optional
    """

    _base = "subtract"

    def __init__(self, *, name=None):
        self.name = name


class Multiply(Layer):
    """The product of two or more inputs, element by element; extents of 1 are repeated.

    Parameters
    ----------
    name : str, optional
    """

    _base = "multiply"

    def __init__(self, *, name=None):
        self.name = name


class Average(Layer):
    """The mean of two or more inputs, element by element; extents of 1 are repeated.

    Parameters
    ----------
    name : str, optional
    """

    _base = "average"

    def __init__(self, *, name=None):
        self.name = name


class Maximum(Layer):
    """The largest of two or more inputs, element by element; extents of 1 are repeated.

    Parameters
    ----------
    name : str, optional
    """

    _base = "maximum"

    def __init__(self, *, name=None):
        self.name = name


class Minimum(Layer):
    """The smallest of two or more inputs, element by element; extents of 1 are repeated.

    Parameters
    ----------
    name : str, optional
    """

    _base = "minimum"

    def __init__(self, *, name=None):
        self.name = name


class Dot(Layer):
    """The sum of products of two inputs over an axis of each, for every row.

    Parameters
    ----------
    axes : int or pair of int
        The axis of each that the sum is over; the batch is axis 0.
    normalize : bool, default False
        Whether to give both length 1 along the axis first, so that the result is the cosine.
    name : str, optional
    """

    _base = "dot"

    def __init__(self, axes, normalize=False, *, name=None):
        self.axes = axes
        self.normalize = normalize
        self.name = name


class MajorityVote(Layer):
    """Each input votes for a class, and the output is the share of the votes that each class has; Keras has no such
    layer.

    An input votes for the column of its largest element, the first of equal ones; one of a single column votes for the
    second of two classes if it is above ``threshold``, and the output is that class's share. No gradient passes.

    Parameters
    ----------
    weights : list of float, optional
        What the vote of each input counts; 1 each by default.
    threshold : float, default 0.5
    name : str, optional

    Examples
    --------
    >>> import apus
    >>> a, b, c = (apus.Input((2,)) for _ in range(3))
    >>> model = apus.Model([a, b, c], apus.layers.MajorityVote()([a, b, c]))
    >>> model.predict([[[0.9, 0.1]], [[0.4, 0.6]], [[0.8, 0.2]]])
    array([[0.6666667, 0.33333334]], dtype=float32)
    """

    _base = "majority_vote"

    def __init__(self, weights=None, threshold=0.5, *, name=None):
        self.weights = weights
        self.threshold = threshold
        self.name = name
