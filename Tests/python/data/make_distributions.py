"""Makes distributions.csv: densities and both tails of the distributions with mpmath, in 50 digits and more.

    python Tests/python/data/make_distributions.py > Tests/python/data/distributions.csv

Needs mpmath and SciPy, which only chooses where to look. The arguments are doubles and are taken exactly. The tails come
from continued fractions and series summed in multiple precision, whichever of them does not subtract.
"""

import sys

import numpy
import scipy.stats
from mpmath import betainc, erfc, exp, expm1, gammainc, inf, log, loggamma, mp, mpf, nstr, pi, sqrt

mp.dps = 50
TAILS = (1e-300, 1e-100, 1e-20, 1e-6, 0.01, 0.1, 0.25, 0.5)


def fraction(terms):
    """b0 + a1 / (b1 + a2 / (b2 + ...)) by Lentz's method."""
    _, value = next(terms)
    c, d = value, mpf(0)
    for a, b in terms:
        d = 1 / (b + a * d)
        c = b + a / c
        value *= c * d
        if abs(c * d - 1) < mpf(10) ** -(mp.dps - 5):
            return value


def upper_gamma(a, x):
    def terms():
        yield 0, x + 1 - a
        n = 1
        while True:
            yield -n * (n - a), x + 2 * n + 1 - a
            n += 1

    return exp(a * log(x) - x - loggamma(a)) / fraction(terms())


def lower_gamma(a, x):
    term = total = mpf(1)
    n = 1
    while term > total * mpf(10) ** -(mp.dps - 5):
        term *= x / (a + n)
        total += term
        n += 1
    return exp(a * log(x) - x - loggamma(a + 1)) * total


def gamma_tails(a, x):
    if x < a:
        lower = lower_gamma(a, x)
        return lower, 1 - lower
    upper = upper_gamma(a, x)
    return 1 - upper, upper


def incomplete_beta(a, b, x, y):
    """For x below a / (a + b), y = 1 - x: Gauss's continued fraction, DLMF 8.17.22."""

    def terms():
        yield 0, mpf(1)
        n = 1
        while True:
            m = n // 2
            if n % 2:
                yield -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)), mpf(1)
            else:
                yield m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)), mpf(1)
            n += 1

    prefix = exp(a * log(x) + b * log(y) - loggamma(a) - loggamma(b) + loggamma(a + b))
    return prefix / a / fraction(terms())


def beta_tails(a, b, x, y):
    if x < a / (a + b):
        lower = incomplete_beta(a, b, x, y)
        return lower, 1 - lower
    upper = incomplete_beta(b, a, y, x)
    return 1 - upper, upper


def log_beta(a, b):
    return loggamma(a) + loggamma(b) - loggamma(a + b)


def normal(p, x):
    z = (x - p["loc"]) / p["scale"]
    return exp(-z * z / 2) / sqrt(2 * pi) / p["scale"], erfc(-z / sqrt(mpf(2))) / 2, erfc(z / sqrt(mpf(2))) / 2


def lognormal(p, x):
    z = log(x / p["scale"]) / p["s"]
    return exp(-z * z / 2) / sqrt(2 * pi) / p["s"] / x, erfc(-z / sqrt(mpf(2))) / 2, erfc(z / sqrt(mpf(2))) / 2


def exponential(p, x):
    z = x / p["scale"]
    return exp(-z) / p["scale"], -expm1(-z), exp(-z)


def gamma(p, x):
    a, z = p["a"], x / p["scale"]
    return exp((a - 1) * log(z) - z - loggamma(a)) / p["scale"], *gamma_tails(a, z)


def chi2(p, x):
    return gamma({"a": p["df"] / 2, "scale": mpf(2)}, x)


def beta(p, x):
    a, b = p["a"], p["b"]
    return exp((a - 1) * log(x) + (b - 1) * log(1 - x) - log_beta(a, b)), *beta_tails(a, b, x, 1 - x)


def student_t(p, x):
    df = p["df"]
    density = exp(-(df + 1) / 2 * log(1 + x * x / df) - log(df) / 2 - log_beta(df / 2, mpf(1) / 2))
    inside, outside = beta_tails(mpf(1) / 2, df / 2, x * x / (df + x * x), df / (df + x * x))
    tail, rest = outside / 2, mpf(1) / 2 + inside / 2
    return (density, rest, tail) if x > 0 else (density, tail, rest)


def f(p, x):
    a, b = p["dfn"] / 2, p["dfd"] / 2
    u, v = a * x / (a * x + b), b / (a * x + b)
    return exp(a * log(u) + b * log(v) - log_beta(a, b)) / x, *beta_tails(a, b, u, v)


def binomial(p, k):
    n, q = p["n"], p["p"]
    mass = exp(loggamma(n + 1) - loggamma(k + 1) - loggamma(n - k + 1) + k * log(q) + (n - k) * log(1 - q))
    upper, lower = beta_tails(k + 1, n - k, q, 1 - q)
    return mass, lower, upper


def poisson(p, k):
    upper, lower = gamma_tails(k + 1, p["mu"])
    return exp(k * log(p["mu"]) - p["mu"] - loggamma(k + 1)), lower, upper


def geometric(p, k):
    rest = (1 - p["p"]) ** k
    return (1 - p["p"]) ** (k - 1) * p["p"], 1 - rest, rest


CASES = [
    (normal, "norm", {"loc": 0.0, "scale": 1.0}, ()),
    (normal, "norm", {"loc": 10.0, "scale": 0.5}, ("loc", "scale")),
    (lognormal, "lognorm", {"s": 0.5, "scale": 1.0}, ("s",)),
    (lognormal, "lognorm", {"s": 2.0, "scale": 3.0}, ("s", "loc", "scale")),
    (exponential, "expon", {"scale": 1.0}, ()),
    (exponential, "expon", {"scale": 3.0}, ("loc", "scale")),
    *(
        (gamma, "gamma", {"a": a, "scale": s}, ("a", "loc", "scale"))
        for a in (1e-5, 1e-3, 0.1, 0.5, 1.0, 1.4, 2.5, 10.0, 30.0, 150.0, 199.0, 201.0, 1e3, 1e4, 1e6, 1e8)
        for s in ((1.0, 3.0) if a in (2.5, 1e4) else (1.0,))
    ),
    *((chi2, "chi2", {"df": df}, ("df",)) for df in (0.5, 1.0, 3.0, 50.0, 1e5)),
    *(
        (beta, "beta", {"a": a, "b": b}, ("a", "b"))
        for a, b in (
            (1e-3, 1e5), (1e5, 1e-3), (1e-3, 1e-3), (0.5, 0.5), (1.0, 1.0), (1.2, 0.3), (0.3, 4.0), (2.0, 3.0), (5.0, 0.7),
            (50.0, 0.3), (8.0, 20.0), (30.0, 1e5), (90.0, 1e7), (150.0, 150.0), (101.0, 5000.0), (1e4, 2e4), (1e6, 1e6),
            (1e5, 1e8), (1e-5, 1e-5), (1e-5, 1e8),
        )
    ),
    *((student_t, "t", {"df": df}, ("df",)) for df in (0.1, 1.0, 2.0, 2.5, 5.0, 30.0, 201.0, 1e4, 1e8)),
    *(
        (f, "f", {"dfn": m, "dfd": n}, ("dfn", "dfd"))
        for m, n in ((1.0, 1.0), (3.0, 7.0), (0.2, 50.0), (50.0, 0.2), (300.0, 400.0), (1e5, 1e3), (2.0, 1e7), (1e7, 1e7))
    ),
    *(
        (binomial, "binom", {"n": n, "p": p}, ("n", "p"))
        for n, p in (
            (1.0, 0.3), (10.0, 0.5), (100.0, 0.01), (100.0, 0.99), (1e3, 0.3), (1e5, 1e-4), (1e6, 0.5), (1e9, 0.3),
            (1e9, 1e-8), (1e9, 0.999),
        )
    ),
    *((poisson, "poisson", {"mu": mu}, ("mu",)) for mu in (1e-3, 0.5, 3.0, 20.0, 300.0, 1e4, 1e8)),
    *((geometric, "geom", {"p": p}, ("p",)) for p in (1e-9, 0.01, 0.5, 0.999)),
]


def places(name, parameters, order):
    """Arguments over the whole distribution, found by SciPy; its inaccuracy does not matter."""
    names = {"loc": parameters.get("loc", 0.0)}
    arguments = [parameters[key] if key in parameters else names[key] for key in order]
    with numpy.errstate(all="ignore"):
        frozen = getattr(scipy.stats, name)(*arguments)
        found = {float(frozen.ppf(q)) for q in TAILS} | {float(frozen.isf(q)) for q in TAILS}
        low, high = frozen.support()
    inner = {x for x in found if numpy.isfinite(x) and low <= x <= high}
    if name in ("binom", "poisson", "geom"):
        return sorted(x for x in inner if x < high)
    if name == "beta":
        return sorted(x for x in inner if 0 < x < 1)
    if low == 0:
        return sorted(x for x in inner if x > 1e-305)
    return sorted(x for x in inner if x != 0)


def main():
    kinds = {"norm": "normal", "lognorm": "lognormal", "expon": "exponential", "t": "student_t", "binom": "binomial",
             "geom": "geometric"}  # fmt: skip
    print("distribution;parameters;x;density;lower;upper")
    for function, name, parameters, order in CASES:
        exact = {key: mpf(value) for key, value in parameters.items()}
        text = " ".join(f"{key}={int(v) if v.is_integer() else repr(v)}" for key, v in parameters.items())
        for x in places(name, parameters, order):
            mp.dps = 60
            values = function(exact, mpf(x))
            if min(values[1:]) < mpf(10) ** -8:
                # Differences from 1 once more, with the digits that they take.
                mp.dps = 60 + int(min(400, -log(min(abs(v) for v in values[1:] if v != 0), 10)))
                values = function(exact, mpf(x))
            numbers = ";".join(nstr(value, 20, min_fixed=0, max_fixed=0) for value in values)
            print(f"{kinds.get(name, name)};{text};{x!r};{numbers}", flush=True)
            print(name, text, x, file=sys.stderr)


if __name__ == "__main__":
    # The continued fractions against mpmath's own functions.
    assert abs(gamma_tails(mpf(3), mpf(2))[0] - gammainc(3, 0, 2, regularized=True)) < mpf(10) ** -40
    assert abs(gamma_tails(mpf(3), mpf(7))[1] - gammainc(3, 7, inf, regularized=True)) < mpf(10) ** -40
    assert abs(beta_tails(mpf(3), mpf(4), mpf(0.7), 1 - mpf(0.7))[0] - betainc(3, 4, 0, mpf(0.7), regularized=True)) < mpf(10) ** -40
    main()
