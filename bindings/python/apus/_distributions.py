"""Distributions with SciPy's names, parameters and conventions, computed by the library."""

import ctypes

import numpy

from ._arrays import as_array, view
from ._context import current
from ._library import lib
from ._resampling import draw


def _number(value):
    """A parameter as text that the library reads back exactly."""
    return repr(float(value)) if not float(value).is_integer() or abs(float(value)) > 2**53 else repr(int(value))


class _Frozen:
    """A distribution with its parameters set: the same methods without them."""

    def __init__(self, distribution, args, kwds):
        self.dist, self.args, self.kwds = distribution, args, kwds
        distribution._parameters(args, dict(kwds))

    def __getattr__(self, name):
        if name.startswith("_") or name not in self.dist._methods:
            raise AttributeError(f"{self!r} has no attribute {name!r}")
        method = getattr(self.dist, name)
        if name in ("mean", "var", "std", "median"):
            return lambda: method(*self.args, **self.kwds)
        if name == "stats":
            return lambda moments="mv": method(*self.args, moments=moments, **self.kwds)
        if name == "rvs":
            return lambda size=None: method(*self.args, size=size, **self.kwds)
        if name == "interval":
            return lambda confidence: method(confidence, *self.args, **self.kwds)
        return lambda x: method(x, *self.args, **self.kwds)

    def __repr__(self):
        given = [repr(value) for value in self.args] + [f"{key}={value!r}" for key, value in self.kwds.items()]
        return f"{self.dist.name}({', '.join(given)})"


class _Distribution:
    """One distribution. Call it with parameters for a frozen one, or give them to each method."""

    _methods = ()

    def __init__(self, name, kind, shapes, doc, has_loc=False, has_scale=True):
        self.name, self._kind, self.shapes = name, kind.encode(), tuple(shapes)
        self._has_loc, self._has_scale = has_loc, has_scale
        signature = ", ".join([*self.shapes, "loc=0"] + (["scale=1"] if self._is_continuous else []))
        self.__doc__ = f"{doc}\n\nParameters: ``{name}({signature})``, as ``scipy.stats.{name}``."

    def __call__(self, *args, **kwds):
        return _Frozen(self, args, kwds)

    def __repr__(self):
        return f"<apus.stats.{self.name}>"

    def _parameters(self, args, kwds):
        """(shape parameters, loc, scale) from a method's arguments."""
        names = [*self.shapes, "loc"] + (["scale"] if self._is_continuous else [])
        if len(args) > len(names):
            raise TypeError(f"{self.name} takes at most {len(names)} parameters ({', '.join(names)})")
        given = dict(zip(names, args))
        for key in list(kwds):
            if key in given:
                raise TypeError(f"{self.name} got {key} twice")
            if key not in names:
                raise TypeError(f"{self.name} has no parameter {key!r}; it has {', '.join(names)}")
            given[key] = kwds[key]
        missing = [name for name in self.shapes if name not in given]
        if missing:
            raise TypeError(f"{self.name} needs {' and '.join(missing)}")
        return [given[name] for name in self.shapes], given.get("loc", 0), given.get("scale", 1)

    def _text(self, shapes, loc, scale):
        """The parameters of the library's distribution, and what remains to be done about loc and scale."""
        items = {name: _number(value) for name, value in zip(self.shapes, shapes)}
        if self._has_loc:
            items["loc"], loc = _number(loc), 0
        if self._has_scale:
            items["scale"], scale = _number(scale), 1
        elif not scale > 0:
            raise ValueError(f"The scale of {self.name} must be a number > 0, got {scale}.")
        return " ".join(f"{key}={value}" for key, value in items.items()).encode(), float(loc), float(scale)

    def _evaluate(self, what, x, args, kwds):
        shapes, loc, scale = self._parameters(args, kwds)
        x = numpy.asarray(x)
        if x.dtype.kind in "iub" or x.dtype.itemsize < 4:
            x = x.astype(numpy.float64)
        parameters = [numpy.asarray(value, numpy.float64) for value in (*shapes, loc, scale)]
        if all(value.ndim == 0 for value in parameters):
            return self._one(what, x, [value[()] for value in parameters])[()]
        # Of arrays of parameters each different combination is one call.
        x, *parameters = numpy.broadcast_arrays(x, *parameters)
        out = numpy.empty(x.shape)
        table = numpy.stack([value.ravel() for value in parameters], axis=1)
        rows, places = numpy.unique(table, axis=0, return_inverse=True)
        flat, values = out.reshape(-1), x.reshape(-1)
        for number, row in enumerate(rows):
            mine = places.reshape(-1) == number
            flat[mine] = self._one(what, values[mine], row)
        return out

    def _one(self, what, x, parameters):
        *shapes, loc, scale = parameters
        text, loc, scale = self._text(shapes, loc, scale)
        inverse = what in (b"ppf", b"isf")
        if not inverse and (loc != 0 or scale != 1):
            x = (x - loc) / scale
        x = as_array(numpy.asarray(x), "x")
        out = numpy.empty(x.shape)
        with current() as context:
            context.check(lib.apus_distribution(context.handle, self._kind, text, what, view(x), view(out)))
        if inverse:
            return out if loc == 0 and scale == 1 else out * scale + loc
        if scale != 1 and what == b"pdf":
            return out / scale
        if scale != 1 and what == b"logpdf":
            return out - numpy.log(scale)
        return out

    def cdf(self, x, *args, **kwds):
        """P(X <= x)."""
        return self._evaluate(b"cdf", x, args, kwds)

    def logcdf(self, x, *args, **kwds):
        """The logarithm of cdf, right where cdf underflows."""
        return self._evaluate(b"logcdf", x, args, kwds)

    def sf(self, x, *args, **kwds):
        """P(X > x) = 1 - cdf, with its digits in the tail."""
        return self._evaluate(b"sf", x, args, kwds)

    def logsf(self, x, *args, **kwds):
        """The logarithm of sf, right where sf underflows."""
        return self._evaluate(b"logsf", x, args, kwds)

    def ppf(self, q, *args, **kwds):
        """The inverse of cdf: for whole numbers the least with cdf >= q."""
        return self._evaluate(b"ppf", q, args, kwds)

    def isf(self, q, *args, **kwds):
        """The inverse of sf."""
        return self._evaluate(b"isf", q, args, kwds)

    def rvs(self, *args, size=None, **kwds):
        """Random draws, from the sequence that ``apus.set_seed`` starts."""
        shapes, loc, scale = self._parameters(args, kwds)
        text, loc, scale = self._text(shapes, loc, scale)
        values = draw(self._kind, text, size)
        return values if loc == 0 and scale == 1 else values * scale + loc

    def _moments(self, args, kwds):
        shapes, loc, scale = self._parameters(args, kwds)
        text, loc, scale = self._text(shapes, loc, scale)
        out = [ctypes.c_double() for _ in range(4)]
        with current() as context:
            context.check(
                lib.apus_distribution_moments(
                    context.handle, self._kind, text, *(ctypes.byref(value) for value in out)
                )
            )
        mean, variance, skewness, kurtosis = (numpy.float64(value.value) for value in out)
        return mean * scale + loc, variance * scale * scale, skewness, kurtosis

    def mean(self, *args, **kwds):
        """The mean; NaN where it is undefined."""
        return self._moments(args, kwds)[0]

    def var(self, *args, **kwds):
        """The variance."""
        return self._moments(args, kwds)[1]

    def std(self, *args, **kwds):
        """The standard deviation."""
        return numpy.sqrt(self._moments(args, kwds)[1])

    def median(self, *args, **kwds):
        """The median."""
        return self.ppf(0.5, *args, **kwds)

    def interval(self, confidence, *args, **kwds):
        """The ends of the interval between equal tails that holds X with this probability."""
        tail = (1 - numpy.asarray(confidence)) / 2
        return self.ppf(tail, *args, **kwds), self.isf(tail, *args, **kwds)

    def stats(self, *args, moments="mv", **kwds):
        """Mean, variance, skewness and excess kurtosis, as the letters of ``moments`` ask."""
        unknown = set(moments) - set("mvsk")
        if unknown:
            raise ValueError(f"moments must be letters of 'mvsk', got {moments!r}")
        values = dict(zip("mvsk", self._moments(args, kwds)))
        result = tuple(values[letter] for letter in "mvsk" if letter in moments)
        return result[0] if len(result) == 1 else result


class _Continuous(_Distribution):
    _is_continuous = True
    _methods = (
        "pdf", "logpdf", "cdf", "logcdf", "sf", "logsf", "ppf", "isf", "rvs", "mean", "var", "std", "median",
        "interval", "stats",
    )  # fmt: skip

    def pdf(self, x, *args, **kwds):
        """The density; 0 outside of the support."""
        return self._evaluate(b"pdf", x, args, kwds)

    def logpdf(self, x, *args, **kwds):
        """The logarithm of the density."""
        return self._evaluate(b"logpdf", x, args, kwds)


class _Discrete(_Distribution):
    _is_continuous = False
    _methods = (
        "pmf", "logpmf", "cdf", "logcdf", "sf", "logsf", "ppf", "isf", "rvs", "mean", "var", "std", "median",
        "interval", "stats",
    )  # fmt: skip

    def pmf(self, k, *args, **kwds):
        """The probability of k; 0 for what is not a whole number of the support."""
        return self._evaluate(b"pmf", k, args, kwds)

    def logpmf(self, k, *args, **kwds):
        """The logarithm of the probability of k."""
        return self._evaluate(b"logpmf", k, args, kwds)

    def rvs(self, *args, size=None, **kwds):
        """Random draws as whole numbers, from the sequence that ``apus.set_seed`` starts.

        Raises OverflowError where one does not fit int64.
        """
        values = super().rvs(*args, size=size, **kwds)
        if not numpy.all(numpy.abs(values) < 2.0**63):
            raise OverflowError(f"A draw of {self.name} does not fit int64.")
        return values.astype(numpy.int64)


norm = _Continuous("norm", "normal", (), "The normal distribution.", has_loc=True)
uniform = _Continuous("uniform", "uniform", (), "Uniform on [loc, loc + scale].", has_loc=True)
expon = _Continuous("expon", "exponential", (), "The exponential distribution with mean scale.")
beta = _Continuous("beta", "beta", ("a", "b"), "The beta distribution.", has_scale=False)
gamma = _Continuous("gamma", "gamma", ("a",), "The gamma distribution.")
chi2 = _Continuous("chi2", "chi2", ("df",), "The chi-squared distribution.", has_scale=False)
t = _Continuous("t", "student_t", ("df",), "Student's t distribution.", has_scale=False)
f = _Continuous("f", "f", ("dfn", "dfd"), "Fisher's F distribution.", has_scale=False)
lognorm = _Continuous("lognorm", "lognormal", ("s",), "The lognormal distribution.")
binom = _Discrete("binom", "binomial", ("n", "p"), "The binomial distribution.", has_scale=False)
bernoulli = _Discrete("bernoulli", "bernoulli", ("p",), "One trial.", has_scale=False)
poisson = _Discrete("poisson", "poisson", ("mu",), "The Poisson distribution.", has_scale=False)
geom = _Discrete("geom", "geometric", ("p",), "The geometric distribution.", has_scale=False)
