"""Expressions with exact derivatives: Python objects that are made into a graph of the library when first asked."""

import ctypes
import json
import threading

import numpy

from . import _arrays, _context, _errors, _handles
from ._library import lib


class Expression:
    """A formula of variables with its exact gradient and Hessian-vector product.

    Made from variables by arithmetic, by numpy's functions and by the methods below, or from text by ``parse``:

    >>> x, y = Expression.variable("x"), Expression.variable("y")
    >>> f = 100 * (y - x**2) ** 2 + (1 - x) ** 2
    >>> f.value(x=-1.0, y=1.0), f.grad(x=-1.0, y=1.0)
    (4.0, {'y': 0.0, 'x': -4.0})
    >>> f.hvp({"x": 1.0, "y": 1.0}, {"x": 1.0})
    {'y': -400.0, 'x': 802.0}
    >>> print(f)
    100 * (y - x^2)^2 + (1 - x)^2

    Values, directions and results are arrays (numbers for scalars) by the names of variables. The calls may come from
    several threads; each waits for the others.
    """

    __slots__ = ("_operation", "_operands", "_parameters", "_payload", "_graph")

    def __init__(self, operation, operands=(), parameters=None, payload=None):
        self._operation = operation
        self._operands = tuple(operands)
        self._parameters = parameters or {}
        self._payload = payload
        self._graph = None

    # Making

    @classmethod
    def variable(cls, name, shape=()):
        """A variable; ``shape`` is () for a number."""
        shape = (shape,) if isinstance(shape, int) else tuple(shape)
        return cls("variable", payload=(name, shape))

    @classmethod
    def constant(cls, value):
        """A constant array or number."""
        array = numpy.array(value, dtype=float)
        return cls("constant", payload=array)

    @classmethod
    def parse(cls, formula, **shapes):
        """A formula over variables named with their shapes: ``Expression.parse("sum(W @ x)", W=(2, 3), x=(3,))``.

        >>> Expression.parse("x^2 + 3 * x", x=()).grad(x=2.0)
        {'x': 7.0}
        """
        variables = [cls.variable(name, shape) for name, shape in shapes.items()]
        result = cls("formula", variables, payload=formula)
        result._compiled()
        return result

    @classmethod
    def function(cls, name, *operands, **parameters):
        """Any operation of the library by its name: ``Expression.function("softmax", x, axis=0)``."""
        return cls(name, [cls._of(operand) for operand in operands], parameters)

    @classmethod
    def where(cls, condition, a, b):
        """``a`` where the condition is not 0, else ``b``."""
        return cls.function("where", condition, a, b)

    @classmethod
    def concatenate(cls, parts, axis=0):
        """Joins expressions along an axis."""
        return cls.function("concatenate", *parts, axis=axis)

    @classmethod
    def _of(cls, value):
        return value if isinstance(value, Expression) else cls.constant(value)

    # Arithmetic

    def __array_ufunc__(self, ufunc, method, *inputs, **keywords):
        if method != "__call__" or keywords:
            return NotImplemented
        name = {"true_divide": "divide", "float_power": "power", "fabs": "absolute"}.get(ufunc.__name__, ufunc.__name__)
        return Expression.function(name, *inputs)

    def __add__(self, other):
        return Expression.function("add", self, other)

    def __radd__(self, other):
        return Expression.function("add", other, self)

    def __sub__(self, other):
        return Expression.function("subtract", self, other)

    def __rsub__(self, other):
        return Expression.function("subtract", other, self)

    def __mul__(self, other):
        return Expression.function("multiply", self, other)

    def __rmul__(self, other):
        return Expression.function("multiply", other, self)

    def __truediv__(self, other):
        return Expression.function("divide", self, other)

    def __rtruediv__(self, other):
        return Expression.function("divide", other, self)

    def __pow__(self, other):
        return Expression.function("power", self, other)

    def __rpow__(self, other):
        return Expression.function("power", other, self)

    def __matmul__(self, other):
        return Expression.function("matmul", self, other)

    def __rmatmul__(self, other):
        return Expression.function("matmul", other, self)

    def __mod__(self, other):
        return Expression.function("remainder", self, other)

    def __neg__(self):
        return Expression.function("negative", self)

    def __pos__(self):
        return self

    def __abs__(self):
        return Expression.function("absolute", self)

    def __lt__(self, other):
        return Expression.function("less", self, other)

    def __le__(self, other):
        return Expression.function("less_equal", self, other)

    def __gt__(self, other):
        return Expression.function("greater", self, other)

    def __ge__(self, other):
        return Expression.function("greater_equal", self, other)

    def __getitem__(self, key):
        """Slices with steps >= 1 and whole numbers, for the first dimensions or with ``...`` before the last ones."""
        keys = key if isinstance(key, tuple) else (key,)
        rank = len(self.shape)
        if Ellipsis in keys:
            place = keys.index(Ellipsis)
            keys = keys[:place] + (slice(None),) * (rank - len(keys) + 1) + keys[place + 1 :]
        if len(keys) > rank:
            raise IndexError(f"there are {rank} dimensions, got {len(keys)} indices")
        result, shape = self, []
        for axis, (one, extent) in enumerate(zip(keys + (slice(None),) * (rank - len(keys)), self.shape)):
            if isinstance(one, slice):
                start, stop, step = one.indices(extent)
                if step < 1:
                    raise IndexError("an expression is sliced with steps of at least 1")
                shape.append(len(range(start, stop, step)))
                if one == slice(None):
                    continue
            else:
                start = range(extent)[one]
                stop, step = start + 1, 1
            result = Expression.function("slice", result, axis=axis, start=start, stop=stop, step=step)
        return result if len(shape) == rank else result.reshape(shape)

    def __bool__(self):
        raise TypeError("an expression has no truth value; use Expression.where")

    def __iter__(self):
        raise TypeError("an expression cannot be iterated over")

    def _reduced(self, name, axes, keepdims):
        parameters = {"keepdims": keepdims}
        if axes is not None:
            parameters["axes"] = [axes] if isinstance(axes, int) else list(axes)
        return Expression.function(name, self, **parameters)

    def sum(self, axes=None, keepdims=False):
        """The sum over ``axes`` (None: all)."""
        return self._reduced("sum", axes, keepdims)

    def mean(self, axes=None, keepdims=False):
        """The mean over ``axes``."""
        return self._reduced("mean", axes, keepdims)

    def prod(self, axes=None, keepdims=False):
        """The product over ``axes``."""
        return self._reduced("product", axes, keepdims)

    def max(self, axes=None, keepdims=False):
        """The largest element over ``axes``."""
        return self._reduced("max", axes, keepdims)

    def min(self, axes=None, keepdims=False):
        """The smallest element over ``axes``."""
        return self._reduced("min", axes, keepdims)

    def logsumexp(self, axes=None, keepdims=False):
        """log sum exp over ``axes``."""
        return self._reduced("logsumexp", axes, keepdims)

    def norm(self, axes=None, keepdims=False):
        """The Euclidean length over ``axes``."""
        return self._reduced("norm_2", axes, keepdims)

    def softmax(self, axis=-1):
        """exp / sum exp along an axis."""
        return Expression.function("softmax", self, axis=axis)

    def reshape(self, *shape):
        """Another shape of the same count; one extent may be -1."""
        shape = shape[0] if len(shape) == 1 and not isinstance(shape[0], int) else shape
        return Expression.function("reshape", self, shape=list(shape))

    def transpose(self, axes=None):
        """Dimensions reversed, or permuted."""
        return Expression.function("transpose", self, **({} if axes is None else {"axes": list(axes)}))

    @property
    def T(self):  # noqa: N802
        """Dimensions reversed."""
        return self.transpose()

    # Asking

    def _compiled(self):
        if self._graph is None:
            self._graph = _Graph(self)
        return self._graph

    @property
    def shape(self):
        """The shape of the value."""
        return self._compiled().shape

    @property
    def variables(self):
        """The names of the variables in the order of their first use."""
        return tuple(self._compiled().names)

    def value(self, values=None, /, **named):
        """The value for values of all variables."""
        return self._compiled().value({**(values or {}), **named})

    __call__ = value

    def grad(self, values=None, /, *, wrt=None, output_gradient=None, **named):
        """The gradients by the variables (or those named in ``wrt``), as a dictionary.

        For an expression of more than one element, ``output_gradient`` is the vector on the left of the Jacobian.
        """
        return self._compiled().value_and_grad({**(values or {}), **named}, wrt, output_gradient)[1]

    def value_and_grad(self, values=None, /, *, wrt=None, output_gradient=None, **named):
        """The value and the gradients, in one sweep."""
        return self._compiled().value_and_grad({**(values or {}), **named}, wrt, output_gradient)

    def hvp(self, values, directions, *, wrt=None):
        """The Hessian of an expression of one element times a direction, by variables: missing directions are zero."""
        return self._compiled().hvp(values, directions, wrt)

    def hessian(self, values=None, /, **named):
        """The Hessian matrix over all elements of all variables, in their order."""
        return self._compiled().hessian({**(values or {}), **named})

    def __str__(self):
        return self._compiled().text()

    def __repr__(self):
        return f"<Expression {self._operation}>"


class _Graph:
    """The library's expression for one Python expression: made once, used by one thread at a time."""

    def __init__(self, root):
        self.lock = threading.Lock()
        self.names, self.shapes = [], []
        with _context.current() as context:
            out = ctypes.c_void_p()
            context.check(lib.apus_expression_create(context.handle, ctypes.byref(out)))
            self.handle = _handles.Handle(out.value, lib.apus_expression_free)
            self.node = self._make(context, root)
            out = _arrays.unknown()
            context.check(lib.apus_expression_shape(context.handle, self.handle.pointer, self.node, out))
            self.shape = tuple(out.shape[: out.ndim])

    def _make(self, context, root):
        numbers, named, waiting = {}, {}, [root]
        while waiting:
            item = waiting[-1]
            missing = [operand for operand in item._operands if id(operand) not in numbers]
            if id(item) in numbers:
                waiting.pop()
            elif missing:
                # The first operand on top, so that variables are numbered as a reader meets them.
                waiting.extend(reversed(missing))
            else:
                numbers[id(item)] = self._node(context, item, numbers, named)
                waiting.pop()
        return numbers[id(root)]

    def _node(self, context, item, numbers, named):
        node = ctypes.c_int32()
        handle = self.handle.pointer
        if item._operation == "variable":
            name, shape = item._payload
            if name in named:
                if named[name][1] != shape:
                    raise _errors.ShapeError(f"variable {name!r} has shape {named[name][1]} and also {shape}")
                return named[name][0]
            extents = (ctypes.c_int64 * max(len(shape), 1))(*shape)
            context.check(
                lib.apus_expression_variable(context.handle, handle, name.encode(), extents, len(shape), node)
            )
            named[name] = node.value, shape
            self.names.append(name)
            self.shapes.append(shape)
        elif item._operation == "constant":
            context.check(
                lib.apus_expression_constant(context.handle, handle, _arrays.view(item._payload), node)
            )
        elif item._operation == "formula":
            context.check(lib.apus_expression_parse(context.handle, handle, item._payload.encode(), node))
        else:
            inputs = (ctypes.c_int32 * len(item._operands))(*[numbers[id(operand)] for operand in item._operands])
            parameters = json.dumps(item._parameters, default=_handles.number).encode() if item._parameters else None
            context.check(
                lib.apus_expression_apply(
                    context.handle, handle, item._operation.encode(), inputs, len(inputs), parameters, node
                )
            )
        return node.value

    def _given(self, values):
        unknown = set(values) - set(self.names)
        if unknown:
            raise _errors.InvalidArgumentError(
                f"the expression has no variable {sorted(unknown)[0]!r}; it has {', '.join(self.names) or 'none'}"
            )
        missing = [name for name in self.names if name not in values]
        if missing:
            raise _errors.InvalidArgumentError(f"a value for variable {missing[0]!r} is missing")
        return _arrays.views([numpy.asarray(values[name], dtype=float) for name in self.names])

    def _results(self, wrt):
        wanted = self.names if wrt is None else [wrt] if isinstance(wrt, str) else list(wrt)
        for name in wanted:
            if name not in self.names:
                raise _errors.InvalidArgumentError(f"the expression has no variable {name!r}")
        arrays = {name: numpy.empty(shape) for name, shape in zip(self.names, self.shapes) if name in wanted}
        views = [_arrays.view(arrays[name]) if name in arrays else _arrays.unknown() for name in self.names]
        return arrays, (_arrays.Array * len(views))(*views)

    @staticmethod
    def _plain(array):
        return array if array.ndim else float(array)

    def value(self, values):
        out = numpy.empty(self.shape)
        given = self._given(values)
        with self.lock, _context.current() as context:
            context.check(
                lib.apus_expression_evaluate(
                    context.handle, self.handle.pointer, self.node, given, len(given), _arrays.view(out)
                )
            )
        return self._plain(out)

    def value_and_grad(self, values, wrt, output_gradient):
        out = numpy.empty(self.shape)
        given = self._given(values)
        arrays, views = self._results(wrt)
        seed = None if output_gradient is None else _arrays.view(numpy.asarray(output_gradient, dtype=float))
        with self.lock, _context.current() as context:
            context.check(
                lib.apus_expression_gradient(
                    *(context.handle, self.handle.pointer, self.node, given, len(given)),
                    *(seed, _arrays.view(out), views, len(views)),
                )
            )
        return self._plain(out), {name: self._plain(array) for name, array in arrays.items()}

    def hvp(self, values, directions, wrt):
        given = self._given(values)
        for name in directions:
            if name not in self.names:
                raise _errors.InvalidArgumentError(f"the expression has no variable {name!r}")
        along = [
            _arrays.view(numpy.asarray(directions[name], dtype=float)) if name in directions else _arrays.unknown()
            for name in self.names
        ]
        arrays, views = self._results(wrt)
        with self.lock, _context.current() as context:
            context.check(
                lib.apus_expression_hessian_product(
                    *(context.handle, self.handle.pointer, self.node, given, len(given)),
                    *((_arrays.Array * len(along))(*along), views, len(views)),
                )
            )
        return {name: self._plain(array) for name, array in arrays.items()}

    def hessian(self, values):
        sizes = [int(numpy.prod(shape)) for shape in self.shapes]
        total = sum(sizes)
        matrix = numpy.empty((total, total))
        column = 0
        for name, shape, size in zip(self.names, self.shapes, sizes):
            for index in range(size):
                direction = numpy.zeros(size)
                direction[index] = 1
                product = self.hvp(values, {name: direction.reshape(shape)}, None)
                matrix[:, column] = numpy.concatenate([numpy.ravel(product[other]) for other in self.names])
                column += 1
        return matrix

    def text(self):
        with self.lock, _context.current() as context:
            return context.text(lib.apus_expression_text, self.handle.pointer, self.node)
