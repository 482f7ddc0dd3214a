"""apus.stats beside NumPy and SciPy, by its laws, and with bad input; distributions against 50-digit references."""

import csv
import math
import os
import pickle

import numpy
import pytest
import scipy.stats
from conftest import run_python
from numpy.testing import assert_allclose, assert_array_equal

import apus
from apus import stats

METHODS = (
    "inverted_cdf", "averaged_inverted_cdf", "closest_observation", "interpolated_inverted_cdf", "hazen", "weibull",
    "linear", "median_unbiased", "normal_unbiased", "lower", "higher", "midpoint", "nearest",
)  # fmt: skip
TABLE = os.path.join(os.path.dirname(__file__), "data", "distributions.csv")


# Reductions


@pytest.mark.parametrize("axis", [None, 0, 1, 2, -1, (0, 2), (2, 1), (0, 1, 2)])
@pytest.mark.parametrize("layout", ["dense", "transposed", "reversed", "sliced", "float32", "int32"])
def test_reductions_equal_numpys_along_every_axis(rng, axis, layout):
    a = rng.normal(size=(7, 30, 11)) * 10 + 100
    if layout == "transposed":
        a = a.transpose(2, 0, 1)
    elif layout == "reversed":
        a = a[::-1, :, ::-2]
    elif layout == "sliced":
        a = a[1::2, 3:20:3, 2:]
    elif layout == "float32":
        a = a.astype(numpy.float32)
    elif layout == "int32":
        a = a.astype(numpy.int32)
    exact = a.astype(numpy.float64)
    for keepdims in (False, True):
        for ours, theirs, extra in (
            (stats.mean, numpy.mean, {}),
            (stats.median, numpy.median, {}),
            (stats.var, numpy.var, {"ddof": 1}),
            (stats.std, numpy.std, {}),
            (stats.sum, numpy.sum, {}),
            (stats.ptp, numpy.ptp, {}),
        ):
            found = ours(a, axis=axis, keepdims=keepdims, **extra)
            wanted = theirs(exact, axis=axis, keepdims=keepdims, **extra)
            assert numpy.shape(found) == numpy.shape(wanted)
            assert_allclose(found, wanted, rtol=2e-14, atol=0)
    if not isinstance(axis, tuple):
        for name in ("skew", "kurtosis", "sem", "gmean", "hmean"):
            wanted = getattr(scipy.stats, name)(exact, axis=axis)
            assert_allclose(getattr(stats, name)(a, axis=axis), wanted, rtol=1e-11, atol=1e-12)
        q = [0, 0.1, 0.5, 0.77, 1]
        for method in METHODS:
            wanted = numpy.quantile(exact, q, axis=axis, method=method)
            assert_allclose(stats.quantile(a, q, axis=axis, method=method), wanted, rtol=1e-14)
        assert_allclose(stats.iqr(a, axis=axis), scipy.stats.iqr(exact, axis=axis), rtol=1e-12)
        wanted = scipy.stats.median_abs_deviation(exact, axis=axis)
        assert_allclose(stats.median_abs_deviation(a, axis=axis), wanted, rtol=1e-12)
        assert_array_equal(stats.rankdata(a, axis=axis), scipy.stats.rankdata(exact, axis=axis))


@pytest.mark.parametrize("n", [1, 2, 3, 31, 32, 33, 1000, 16_383, 16_384, 65_536, 65_537, 300_001])
def test_order_statistics_of_any_length_are_exact(rng, n):
    for a in (rng.normal(size=n), rng.integers(0, 5, n) * 1.0, numpy.arange(n) * 1.0, numpy.full(n, 0.1), -numpy.arange(n) * 1.0):
        ordered = numpy.sort(a)
        q = numpy.linspace(0, 1, 7)
        assert_array_equal(stats.quantile(a, q, method="lower"), ordered[numpy.floor((n - 1) * q).astype(int)])
        assert stats.median(a) == numpy.median(a)
        assert stats._statistic("min", a) == ordered[0] and stats._statistic("max", a) == ordered[-1]
    a = rng.normal(size=n)
    a[n // 2] = numpy.nan
    assert math.isnan(stats.median(a)) and numpy.isnan(stats.quantile(a, [0, 0.5, 1])).all()


def test_quantiles_have_the_shape_of_what_is_asked_for():
    values = [[3.0, 1.0, 2.0], [6.0, 4.0, 5.0]]
    for q in (0.5, [0.5], [[0.25, 0.5]]):
        for axis in (None, 0, 1):
            observed, expected = stats.quantile(values, q, axis=axis), numpy.quantile(values, q, axis=axis)
            assert numpy.shape(observed) == numpy.shape(expected)
            numpy.testing.assert_allclose(observed, expected, rtol=1e-15)


def test_many_quantiles_of_a_long_vector_are_exact(rng):
    a = rng.exponential(size=100_000)
    q = numpy.linspace(0, 1, 100_001)
    assert_allclose(stats.quantile(a, q), numpy.quantile(a, q), rtol=1e-14)


def test_sums_keep_what_rounding_drops(rng):
    assert stats.sum([1e16, 1.0, -1e16]) == 1.0
    a = rng.normal(size=100_000) * numpy.exp(rng.normal(size=100_000) * 5)
    exact = math.fsum(a)
    assert abs(stats.sum(a) - exact) <= 4e-16 * abs(a).sum() / 100
    assert stats.var(numpy.full(1000, 0.1)) == 0.0 and stats.mean(numpy.full(1000, 0.1)) == 0.1
    offset = rng.normal(size=100_000)
    shifted = offset + 1e9
    assert_allclose(stats.var(shifted), numpy.var(shifted - 1e9), rtol=1e-13)


def test_scales_beyond_the_squares_of_doubles():
    a = numpy.array([1.0, 2.0, 4.0, 9.0])
    for scale in (1e-200, 1e200, 1e307):
        assert_allclose(stats.std(a * scale), numpy.std(a) * scale, rtol=1e-14)
        assert_allclose(stats.skew(a * scale), scipy.stats.skew(a), rtol=1e-12)
        assert_allclose(stats.kurtosis(a * scale), scipy.stats.kurtosis(a), rtol=1e-12)
        assert_allclose(stats.gmean(a * scale), scipy.stats.gmean(a) * scale, rtol=1e-14)
        assert_allclose(stats.mean(a * scale), 4 * scale, rtol=1e-15)
    assert stats.mean([1.5e308, 1.5e308, 1.2e308]) == pytest.approx(1.4e308, rel=1e-15)
    assert stats.prod([1e200, 1e200, 1e-300]) == pytest.approx(1e100, rel=1e-14)
    assert stats.prod([1e300, 1e300]) == numpy.inf and stats.prod([-1e300, 1e300]) == -numpy.inf
    assert stats.prod([2.0**-1000, 2.0**-74]) == 2.0**-1074
    assert stats.prod([-3.0, 0.0]) == 0 and stats.prod([-2, 3]) == -6


def test_not_finite_values_come_through():
    assert math.isnan(stats.mean([1.0, numpy.nan])) and stats.mean([1.0, numpy.inf]) == numpy.inf
    assert math.isnan(stats.mean([numpy.inf, -numpy.inf])) and stats.sum([1e308, 1e308]) == numpy.inf
    assert math.isnan(stats.var([1.0, numpy.inf])) and math.isnan(stats.std([1.0, numpy.nan, 2.0]))
    assert stats.median([1.0, 2.0, numpy.inf]) == 2 and stats.median([-numpy.inf, 1.0, numpy.inf]) == 1
    assert math.isnan(stats.skew([1.0, 1.0, 1.0])) and math.isnan(stats.ptp([1.0, numpy.nan, 3.0]))
    assert math.isnan(stats.mode([1.0, numpy.nan, 1.0]).mode)
    assert numpy.isnan(stats.rankdata([1.0, numpy.nan])).all()
    assert math.isnan(stats.gmean([1.0, -1.0])) and stats.gmean([1.0, 0.0]) == 0
    assert math.isnan(stats.hmean([1.0, -1.0])) and stats.hmean([1.0, 0.0]) == 0


def test_divisors_that_are_not_positive_give_nan():
    assert math.isnan(stats.var([5.0], ddof=1)) and math.isnan(stats.var([5.0, 6.0], ddof=3))
    assert math.isnan(stats.sem([5.0])) and stats.var([5.0]) == 0


def test_empty_arrays_are_refused_except_for_sums_and_products():
    empty = numpy.zeros((3, 0))
    assert stats.sum(empty) == 0 and stats.prod(empty) == 1
    assert_array_equal(stats.sum(empty, axis=1), [0, 0, 0])
    for function in (stats.mean, stats.median, stats.var, stats.ptp, stats.iqr):
        with pytest.raises(apus.ShapeError, match="a must not be empty"):
            function(empty)
        assert function(empty, axis=0).shape == (0,)
    for call in (lambda: stats.quantile([], 0.5), lambda: stats.cov(numpy.zeros((0, 0))), lambda: stats.mode([])):
        with pytest.raises(ValueError):
            call()


def test_mode_is_the_least_of_the_most_frequent():
    found = stats.mode([3, 1, 3, 1, 2])
    assert found.mode == 1 and found.count == 2
    a = numpy.array([[1, 2, 2], [3, 3, 1]])
    assert_array_equal(stats.mode(a, axis=1).mode, [2, 3])
    assert_array_equal(stats.mode(a, axis=0, keepdims=True).count, [[1, 1, 1]])


@pytest.mark.parametrize("bias", [True, False])
def test_shape_statistics_are_scipys(rng, bias):
    a = rng.gamma(2, size=(50, 3))
    assert_allclose(stats.skew(a, bias=bias), scipy.stats.skew(a, bias=bias), rtol=1e-12)
    assert_allclose(stats.kurtosis(a, bias=bias), scipy.stats.kurtosis(a, bias=bias), rtol=1e-11, atol=1e-12)
    assert_allclose(stats.kurtosis(a, fisher=False), scipy.stats.kurtosis(a, fisher=False), rtol=1e-12)
    for order in range(6):
        assert_allclose(stats.moment(a, order), scipy.stats.moment(a, order), rtol=1e-11, atol=1e-14)


# Weights


def test_whole_weights_repeat_values(rng):
    x, w = rng.normal(size=40), rng.integers(0, 6, 40)
    repeated = numpy.repeat(x, w)
    assert_allclose(stats.mean(x, weights=w), repeated.mean(), rtol=1e-14)
    assert_allclose(stats.var(x, weights=w), repeated.var(), rtol=1e-13)
    assert_allclose(stats.var(x, weights=w, ddof=1), repeated.var(ddof=1), rtol=1e-13)
    assert_allclose(stats.var(x, weights=w, form="frequency"), repeated.var(ddof=1), rtol=1e-13)
    assert_allclose(stats.std(x, weights=w), repeated.std(), rtol=1e-13)
    assert stats.median(x, weights=w) == numpy.median(repeated)
    assert_allclose(stats.cov([x, x**2], fweights=w), numpy.cov([x, x**2], fweights=w), rtol=1e-12)


def test_weights_may_be_a_vector_along_the_axis(rng):
    a, w = rng.normal(size=(6, 40, 3)), rng.uniform(size=40)
    assert_allclose(stats.average(a, axis=1, weights=w), numpy.average(a, axis=1, weights=w), rtol=1e-13)
    ours, theirs = (module.average(a, axis=1, weights=w, returned=True) for module in (stats, numpy))
    assert_allclose(ours[1], theirs[1], rtol=1e-14)
    full = numpy.broadcast_to(w[:, None], a.shape)
    assert_allclose(stats.var(a, axis=1, weights=w), stats.var(a, axis=1, weights=full), rtol=1e-14)
    spread = w.sum() - (w**2).sum() / w.sum()
    centred = a - stats.mean(a, axis=1, weights=w, keepdims=True)
    wanted = (w[:, None] * centred**2).sum(axis=1) / spread
    assert_allclose(stats.var(a, axis=1, weights=w, form="reliability"), wanted, rtol=1e-12)


@pytest.mark.parametrize("w", [[1, -1, 1], [1, math.nan, 1], [0, 0, 0], [1, math.inf, 1], [1, 1], [[1, 1, 1]]])
def test_bad_weights_are_refused(w):
    with pytest.raises(ValueError, match="weights"):
        stats.mean([1.0, 2.0, 3.0], weights=w)
    with pytest.raises(ValueError, match="weights"):
        stats.median([1.0, 2.0, 3.0], weights=w)
    with pytest.raises(ValueError, match="weights"):
        stats.cov([[1.0, 2.0, 3.0]], fweights=w)


# Tables


def test_covariance_and_correlation_are_numpys(rng):
    x = rng.normal(size=(500, 6)) @ rng.normal(size=(6, 6)) + 1e3
    assert_allclose(stats.cov(x, rowvar=False), numpy.cov(x, rowvar=False), rtol=1e-10)
    assert_allclose(stats.cov(x.T, bias=True), numpy.cov(x.T, bias=True), rtol=1e-10)
    assert_allclose(stats.corrcoef(x, rowvar=False), numpy.corrcoef(x, rowvar=False), rtol=1e-10)
    assert_allclose(stats.cov(x[:, 0], x[:, 1]), numpy.cov(x[:, 0], x[:, 1]), rtol=1e-10)
    assert_allclose(stats.cov(x[:, 0]), numpy.cov(x[:, 0]), rtol=1e-12)
    wide = rng.normal(size=(70, 300))
    assert_allclose(stats.cov(wide, rowvar=False), numpy.cov(wide, rowvar=False), rtol=1e-9, atol=1e-14)
    assert_allclose(stats.cov(wide[::-2, ::3], rowvar=False), numpy.cov(wide[::-2, ::3], rowvar=False), atol=1e-13)


def test_correlations_survive_offsets_and_scales(rng):
    x = rng.normal(size=(1000, 2))
    plain = stats.corrcoef(x, rowvar=False)
    moved = stats.corrcoef(x * [1e-180, 1e180] + [0, 1e183], rowvar=False)
    assert_allclose(moved, plain, rtol=1e-10)
    assert (numpy.diag(plain) == 1).all() and (abs(plain) <= 1).all()


def test_constant_columns_have_no_correlation():
    x = numpy.array([[1.0, 2.0, 5.0], [1.0, 4.0, 3.0], [1.0, 3.0, 1.0]])
    for method in (b"pearson", b"spearman", b"kendall"):
        found = stats._correlation(x, method)
        assert numpy.isnan(found[0]).all() and numpy.isnan(found[:, 0]).all() and not numpy.isnan(found[1:, 1:]).any()
    assert stats.cov(x, rowvar=False)[0, 0] == 0
    x[1, 1] = numpy.nan
    for method in (b"pearson", b"spearman", b"kendall"):
        found = stats._correlation(x, method)
        assert numpy.isnan(found[1]).all() and found[2, 2] == 1


@pytest.mark.parametrize("n", [2, 3, 30, 1000])
def test_rank_correlations_are_scipys(rng, n):
    x = numpy.column_stack([rng.normal(size=n), rng.integers(0, 4, n), rng.integers(0, 50, n)]).astype(float)
    x[0], x[-1] = 0, 9
    tau = stats.kendalltau(x)
    rho = stats.spearmanr(x)
    for i in range(3):
        for j in range(3):
            assert_allclose(tau[i, j], scipy.stats.kendalltau(x[:, i], x[:, j]).statistic, rtol=1e-12, atol=1e-14)
            assert_allclose(rho[i, j], scipy.stats.spearmanr(x[:, i], x[:, j]).statistic, rtol=1e-12, atol=1e-14)
    assert stats.kendalltau(x[:, 0], x[:, 1]) == tau[0, 1]
    assert stats.spearmanr(x[:, 0], x[:, 1]) == rho[0, 1]


@pytest.mark.parametrize("method", ["average", "min", "max", "dense", "ordinal"])
def test_ranks_are_scipys(rng, method):
    a = rng.integers(0, 6, (9, 40)).astype(float)
    for axis in (None, 0, 1):
        assert_array_equal(stats.rankdata(a, method, axis=axis), scipy.stats.rankdata(a, method, axis=axis))


# Histograms


@pytest.mark.parametrize("bins", [1, 7, 10, 1000, "auto", "fd", "doane", "scott", "rice", "sturges", "sqrt"])
def test_histograms_are_numpys(rng, bins):
    for a in (rng.normal(size=5000), rng.integers(0, 30, 3000), numpy.linspace(0, 1, 1001), numpy.full(5, 2.5), rng.normal(size=2)):
        counts, edges = stats.histogram(a, bins)
        wanted, wanted_edges = numpy.histogram(a, bins)
        assert_array_equal(counts, wanted)
        assert_allclose(edges, wanted_edges, rtol=1e-14, atol=1e-15)
        assert counts.dtype == numpy.int64
        assert_array_equal(stats.histogram_bin_edges(a, bins), edges)


def test_histograms_with_ranges_edges_weights_and_densities(rng):
    a = rng.normal(size=(40, 50))
    w = rng.uniform(size=(40, 50))
    edges = [-3, -1, -1, 0.5, 0.75, 2]
    for arguments in ({"range": (-1, 2)}, {"bins": edges}, {"bins": 25, "range": (0, 0)}):
        for density in (False, True):
            for weights in (None, w):
                with numpy.errstate(all="ignore"):
                    wanted = numpy.histogram(a, density=density, weights=weights, **arguments)
                found = stats.histogram(a, density=density, weights=weights, **arguments)
                assert_allclose(found[0], wanted[0], rtol=1e-12)
                assert_allclose(found[1], wanted[1], rtol=1e-14, atol=1e-16)
    assert_array_equal(stats.histogram(a[::2, ::-3].T, 6)[0], numpy.histogram(a[::2, ::-3], 6)[0])
    assert_array_equal(stats.histogram([], 3)[0], [0, 0, 0])
    assert_array_equal(stats.histogram([numpy.nan, 0.5], 2, range=(0, 1))[0], [0, 1])


@pytest.mark.parametrize("call", [
    lambda: stats.histogram([1.0, numpy.nan]),
    lambda: stats.histogram([1.0, numpy.inf], "auto"),
    lambda: stats.histogram([1.0], bins=[1, 3, 2]),
    lambda: stats.histogram([1.0], bins=[1, math.nan]),
    lambda: stats.histogram([1.0], bins=0),
    lambda: stats.histogram([1.0], bins=[1.0]),
    lambda: stats.histogram([1.0], range=(2, 1)),
    lambda: stats.histogram([1.0], range=(0, math.inf)),
    lambda: stats.histogram([1.0, 2.0], weights=[1.0]),
    lambda: stats.histogram([1.0, 2.0], "best"),
    lambda: stats.quantile([1.0, 2.0], 1.5),
    lambda: stats.quantile([1.0, 2.0], [0.5, -0.1]),
    lambda: stats.quantile([1.0, 2.0], math.nan),
    lambda: stats.quantile([1.0, 2.0], 0.5, method="best"),
    lambda: stats.histogram([1.0, 2.0], range=()),
    lambda: stats.histogram([1.0, 2.0], range=0),
    lambda: stats.shuffle(numpy.array(1.0)),
    lambda: stats.choice([1.0, 2.0], axis=1),
    lambda: stats.mean([1.0, 2.0], axis=1),
    lambda: stats.mean([1.0, 2.0], axis=(0, 0)),
    lambda: stats.rankdata([1.0, 2.0], "best"),
    lambda: stats.moment([1.0, 2.0], order=-1),
    lambda: stats.var([1.0, 2.0], ddof=-1),
    lambda: stats.var([1.0, 2.0], form="best"),
    lambda: stats.var([1.0, 2.0], weights=[1, 1], ddof=1, form="frequency"),
    lambda: stats._statistic("best", [1.0]),
    lambda: stats.cov(numpy.zeros((2, 2, 2))),
    lambda: stats.mean(numpy.array([2**60 + 1])),
])  # fmt: skip
def test_bad_requests_are_refused(call):
    with pytest.raises((ValueError, TypeError)):
        call()


# Running moments


@pytest.mark.parametrize("call", [
    lambda: stats.mean([1.0, 2.0], axis=0.0),
    lambda: stats.var([1.0, 2.0], axis="0"),
    lambda: stats.rankdata([1.0, 2.0], axis=math.nan),
    lambda: stats.choice([1.0, 2.0], axis=None),
    lambda: stats.quantile([1.0, 2.0], 0.5, method=None),
    lambda: stats.histogram([1.0, 2.0], bins=2.5),
    lambda: stats.cov([1.0, 2.0], ddof="1"),
])  # fmt: skip
def test_what_is_no_number_or_no_name_is_a_type_error(call):
    with pytest.raises(TypeError, match="must be a"):
        call()


def test_running_moments_do_not_depend_on_how_values_come(rng):
    x = rng.gamma(2, size=10_000) + 1e9
    w = rng.uniform(size=10_000)
    exact = x - 1e9
    for weights in (None, w):
        whole = stats.RunningMoments().add(x, weights)
        parts = [
            stats.RunningMoments().add(part, None if weights is None else weight)
            for part, weight in zip(numpy.array_split(x, 57), numpy.array_split(w, 57))
        ]
        merged = stats.RunningMoments()
        for part in parts:
            merged.merge(part)
        single = stats.RunningMoments()
        for value, weight in zip(x[:500], w):
            single.add(value, None if weights is None else weight)
        v = numpy.ones(10_000) if weights is None else w
        mean = numpy.average(exact, weights=v)
        var = numpy.average((exact - mean) ** 2, weights=v)
        skew = numpy.average((exact - mean) ** 3, weights=v) / var**1.5
        kurtosis = numpy.average((exact - mean) ** 4, weights=v) / var**2 - 3
        for moments in (whole, merged):
            assert moments.count == 10_000
            assert_allclose(moments.mean() - 1e9, mean, rtol=2e-7)
            assert_allclose(moments.var(), var, rtol=1e-12)
            assert_allclose(moments.skew(), skew, rtol=1e-11)
            assert_allclose(moments.kurtosis(), kurtosis, rtol=1e-11)
            assert moments.min() == x.min() and moments.max() == x.max()
        assert_allclose(single.var(), stats.RunningMoments().add(x[:500], None if weights is None else w[:500]).var(), rtol=1e-12)


def test_running_moments_before_there_are_values_and_with_bad_ones():
    moments = stats.RunningMoments()
    assert moments.sum() == 0 and moments.count == 0
    with pytest.raises(ValueError, match="at least one value"):
        moments.mean()
    with pytest.raises(ValueError):
        moments.add([1.0, 2.0], [1.0, -1.0])
    assert moments.count == 0
    moments.add([]).add([1.0, 2.0, 3.0]).add(4)
    assert moments.mean() == 2.5 and moments.sum() == 10 and math.isnan(moments.var(4))
    assert_allclose(moments.sem(), scipy.stats.sem([1, 2, 3, 4]), rtol=1e-15)
    copy = pickle.loads(pickle.dumps(moments))
    assert copy.var(1) == moments.var(1) and "count=4" in repr(copy)
    assert math.isnan(copy.add(numpy.nan).mean()) and math.isnan(copy.min())


# Distributions


def test_densities_and_tails_equal_50_digits():
    """At most 6e-15 where both tails exceed 1e-7 and the density lies within e^-50 and e^50, 3e-13 beyond; logarithms
    3e-15 of 1 or themselves."""
    from apus._context import current
    from apus._library import lib

    def evaluate(kind, parameters, what, x):
        x, out = numpy.array([x]), numpy.empty(1)
        with current() as context:
            context.check(
                lib.apus_distribution(
                    context.handle, kind.encode(), parameters.encode(), what, stats.view(x), stats.view(out)
                )
            )
        return out[0]

    def logarithm(text):
        """Of a number that may be too small for a double."""
        mantissa, _, exponent = text.partition("e")
        return math.log(abs(float(mantissa))) + int(exponent or 0) * math.log(10)

    with open(TABLE) as table:
        rows = list(csv.DictReader(table, delimiter=";"))
    assert len(rows) > 800
    for row in rows:
        kind, parameters, x = row["distribution"], row["parameters"], float(row["x"])
        lower, upper = float(row["lower"]), float(row["upper"])
        is_usual = min(lower, upper) > 1e-7 and abs(logarithm(row["density"])) < 50
        allowed = 6e-15 if is_usual else 3e-13
        for what, name, other in (("pdf", "density", None), ("cdf", "lower", upper), ("sf", "upper", lower)):
            wanted = float(row[name])
            place = (kind, parameters, x, what)
            if 1e-300 < wanted < math.inf:
                found = evaluate(kind, parameters, what.encode(), x)
                assert abs(found - wanted) <= allowed * wanted, (place, found, wanted)
            log_wanted = math.log1p(-other) if other is not None and other < 0.5 else logarithm(row[name])
            found = evaluate(kind, parameters, b"log" + what.encode(), x)
            assert abs(found - log_wanted) <= 3e-15 * max(abs(log_wanted), 1), (place, found, log_wanted)


FROZEN = [
    ("norm", ()), ("norm", (3.0, 2.0)), ("uniform", (-1.0, 4.0)), ("expon", (1.0, 3.0)), ("beta", (2.0, 3.0)),
    ("beta", (0.5, 0.5)), ("beta", (1e-3, 1e5)), ("beta", (300.0, 0.2)), ("gamma", (0.3,)), ("gamma", (1e-3,)),
    ("gamma", (7.5, 1.0, 2.0)), ("gamma", (1e5,)), ("chi2", (3.0,)), ("chi2", (40.0,)), ("t", (0.5,)), ("t", (3.0,)),
    ("t", (1e6, 1.0, 2.0)), ("f", (3.0, 7.0)), ("f", (40.0, 0.7)), ("f", (1000.0, 2000.0)), ("lognorm", (0.5,)),
    ("lognorm", (2.0, 1.0, 3.0)), ("binom", (10, 0.3)), ("binom", (0, 0.3)), ("binom", (1000, 0.999)), ("binom", (7, 0.0)),
    ("binom", (10**9, 1e-8)), ("bernoulli", (0.25,)), ("poisson", (0.01,)), ("poisson", (4.5,)), ("poisson", (1e6,)),
    ("poisson", (0.0,)), ("geom", (0.2,)), ("geom", (1.0,)), ("geom", (1e-7,)),
]  # fmt: skip
DISCRETE = ("binom", "bernoulli", "poisson", "geom")


@pytest.mark.parametrize("name, arguments", FROZEN)
def test_quantiles_undo_distribution_functions(name, arguments):
    frozen = getattr(stats, name)(*arguments)
    q = numpy.array([1e-300, 1e-100, 1e-20, 1e-8, 0.001, 0.01, 0.1, 0.3, 0.49, 0.5, 0.51, 0.7, 0.9, 0.99, 1 - 1e-9])
    for is_lower, inverse, function in ((True, frozen.ppf, frozen.cdf), (False, frozen.isf, frozen.sf)):
        x = inverse(q)
        if name in DISCRETE:
            if is_lower:
                assert (function(x) >= q).all() and (function(x - 1) < q).all()
            else:
                assert (function(x) <= q).all() and (function(x - 1) > q).all()
            inner = (function(x) > 0) & (function(x) < 1)
            assert_array_equal(inverse(function(x))[inner], x[inner])
            continue
        # Where x itself cannot be told apart any better, the neighbours of x enclose the probability.
        around = numpy.sort([function(numpy.nextafter(x, -numpy.inf)), function(x), function(numpy.nextafter(x, numpy.inf))], axis=0)
        slack = 4e-13
        assert (around[0] * (1 - slack) <= q).all() and (q <= around[2] * (1 + slack) + 5e-324).all()


@pytest.mark.parametrize("name, arguments", FROZEN)
def test_distributions_follow_scipys_conventions(name, arguments):
    ours, theirs = getattr(stats, name)(*arguments), getattr(scipy.stats, name)(*arguments)
    ends = numpy.array([0.0, 1.0, numpy.nan, -0.5, 1.5])
    with numpy.errstate(all="ignore"):
        assert_array_equal(ours.ppf(ends), theirs.ppf(ends))
        if name not in DISCRETE:
            assert_array_equal(ours.isf(ends), theirs.isf(ends))
        low, high = theirs.support()
        outside = numpy.array([low - 1.5, -numpy.inf, numpy.nan, numpy.inf, high + 1])
        density = "pmf" if name in DISCRETE else "pdf"
        assert_array_equal(getattr(ours, density)(outside[:3]), [0, 0, numpy.nan])
        assert_array_equal(ours.cdf(outside), [0, 0, numpy.nan, 1, 1])
        assert_array_equal(ours.sf(outside), [1, 1, numpy.nan, 0, 0])
        assert_array_equal(ours.logcdf(outside), [-numpy.inf, -numpy.inf, numpy.nan, 0, 0])
        wanted = [float(value) for value in theirs.stats("mvsk")]
        found = ours.stats("mvsk")
        for ours_one, theirs_one in zip(found, wanted):
            if math.isfinite(theirs_one) and math.isfinite(ours_one):
                assert_allclose(ours_one, theirs_one, rtol=1e-9, atol=1e-12)
        if math.isfinite(wanted[1]):
            assert_allclose(ours.std(), theirs.std(), rtol=1e-12)
    if name in DISCRETE:
        assert ours.pmf(0.5) == 0 and ours.cdf(low + 0.5) == ours.cdf(low)


def test_quantiles_of_whole_numbers_are_scipys():
    q = numpy.linspace(0, 1, 101)
    for name, arguments in (("binom", (20, 0.3)), ("poisson", (3.7,)), ("geom", (0.3,)), ("bernoulli", (0.4,))):
        assert_array_equal(getattr(stats, name).ppf(q, *arguments), getattr(scipy.stats, name).ppf(q, *arguments))


def test_parameters_may_be_arrays_and_have_names():
    x = numpy.array([0.1, 0.5, 0.9])
    assert_allclose(stats.beta.pdf(x, [[1], [2]], 3), scipy.stats.beta.pdf(x, [[1], [2]], 3), rtol=1e-13)
    assert_allclose(stats.norm.cdf(x, loc=[0, 1, 2], scale=2), scipy.stats.norm.cdf(x, loc=[0, 1, 2], scale=2), rtol=1e-14)
    assert stats.gamma(a=2, scale=3).mean() == 6 and stats.norm(loc=1, scale=2).interval(0.5)[0] < 1
    assert stats.norm(1, 2).stats("v") == 4 and repr(stats.norm(1, scale=2)) == "norm(1, scale=2)"
    low, high = stats.t(4).interval(0.95)
    assert_allclose([low, high], scipy.stats.t(4).interval(0.95), rtol=1e-12)


@pytest.mark.parametrize("call, words", [
    (lambda: stats.norm.pdf(0, scale=0), "scale of normal must be a number > 0"),
    (lambda: stats.norm.pdf(0, scale=-1), "scale of normal"),
    (lambda: stats.norm.pdf(0, loc=math.nan), "loc of normal"),
    (lambda: stats.beta.pdf(0.5, 0, 1), "a of beta must be a number > 0"),
    (lambda: stats.beta.pdf(0.5, 1, math.inf), "b of beta"),
    (lambda: stats.beta(1), "needs b"),
    (lambda: stats.beta(1, 2, 3, 4, 5), "at most 4"),
    (lambda: stats.beta(1, 2, a=2), "twice"),
    (lambda: stats.beta(1, 2, shape=2), "no parameter 'shape'"),
    (lambda: stats.beta.pdf(0.5, 1, 2, scale=-1), "scale of beta"),
    (lambda: stats.binom.pmf(0, 2.5, 0.5), "n of binomial must be a whole number"),
    (lambda: stats.binom.pmf(0, -1, 0.5), "n of binomial"),
    (lambda: stats.binom.pmf(0, 1, 1.5), "p of binomial must be a number in"),
    (lambda: stats.geom.pmf(1, 0), "p of geometric must be a number in"),
    (lambda: stats.poisson.pmf(1, -1), "mu of poisson"),
    (lambda: stats.t.pdf(1, 0), "df of student_t"),
    (lambda: stats.norm.stats(moments="x"), "letters"),
    (lambda: stats.norm.pdf(["a"]), "must be"),
    (lambda: stats.norm.rvs(size=-1), "size"),
])  # fmt: skip
def test_bad_parameters_are_refused(call, words):
    with pytest.raises((ValueError, TypeError), match=words):
        call()


def test_a_frozen_distribution_has_only_its_methods():
    with pytest.raises(AttributeError, match="pmf"):
        stats.norm().pmf(0)
    with pytest.raises(AttributeError, match="pdf"):
        stats.poisson(1).pdf(0)


# Draws


@pytest.mark.parametrize("name, arguments", [
    ("norm", (3.0, 2.0)), ("uniform", (-1.0, 4.0)), ("expon", (0, 3.0)), ("beta", (2.0, 3.0)), ("beta", (0.3, 0.5)),
    ("beta", (0.2, 1e5)), ("gamma", (0.05,)), ("gamma", (1.0,)), ("gamma", (40.0, 0, 2.0)), ("chi2", (1.0,)),
    ("t", (0.7,)), ("t", (5.0,)), ("f", (3.0, 7.0)), ("f", (0.5, 1.0)), ("lognorm", (0.5,)),
])  # fmt: skip
def test_draws_have_the_distribution(name, arguments):
    apus.set_seed(11)
    frozen = getattr(stats, name)(*arguments)
    draws = frozen.rvs(size=50_000)
    # The largest distance of two distribution functions; 1.95 / sqrt(n) is passed by one seed of a thousand.
    u = numpy.sort(frozen.cdf(draws))
    n = len(u)
    distance = max((numpy.arange(1, n + 1) / n - u).max(), (u - numpy.arange(n) / n).max())
    assert distance < 1.95 / math.sqrt(n)


@pytest.mark.parametrize("frozen", [stats.beta(1e-3, 1e5), stats.beta(0.02, 0.05), stats.gamma(1e-3), stats.f(0.01, 3)])
def test_draws_of_extreme_shapes_have_the_distribution(frozen):
    """Half of them are below the least double or round to 1: shares of draws below some points."""
    apus.set_seed(4)
    draws = frozen.rvs(size=50_000)
    assert not numpy.isnan(draws).any()
    for point in frozen.ppf([0.55, 0.6, 0.75, 0.9]):
        if point < 1:
            assert abs((draws <= point).mean() - frozen.cdf(point)) < 4 * 0.5 / math.sqrt(50_000)


@pytest.mark.parametrize("name, arguments", [
    ("binom", (10, 0.3)), ("binom", (100, 0.05)), ("binom", (1000, 0.7)), ("binom", (10**9, 0.25)), ("bernoulli", (0.25,)),
    ("poisson", (0.5,)), ("poisson", (9.9,)), ("poisson", (10.1,)), ("poisson", (1e6,)), ("geom", (0.2,)), ("geom", (0.9,)),
])  # fmt: skip
def test_draws_of_whole_numbers_have_the_distribution(name, arguments):
    apus.set_seed(5)
    frozen = getattr(stats, name)(*arguments)
    draws = frozen.rvs(size=50_000)
    assert draws.dtype == numpy.int64
    edges = numpy.unique(frozen.ppf(numpy.linspace(0.02, 0.98, 25)))
    bins = numpy.concatenate([[-numpy.inf], edges, [numpy.inf]])
    expected = numpy.diff(numpy.concatenate([[0], frozen.cdf(edges), [1]])) * len(draws)
    counts = numpy.diff(numpy.concatenate([[0], [(draws <= edge).sum() for edge in bins[1:]]]))
    keep = expected > 5
    chi_squared = ((counts - expected)[keep] ** 2 / expected[keep]).sum()
    assert stats.chi2.sf(chi_squared, max(keep.sum() - 1, 1)) > 1e-3


def test_draws_are_the_same_for_any_number_of_threads():
    code = """
import sys, hashlib, numpy, apus
from apus import stats
apus.set_threads(int(sys.argv[1]))
apus.set_seed(42)
digest = hashlib.sha256()
for frozen in (stats.norm(), stats.gamma(0.3), stats.beta(2, 3), stats.binom(100, 0.3), stats.poisson(50.0), stats.t(3)):
    digest.update(frozen.rvs(size=30_000).tobytes())
w = numpy.arange(1, 20_001)
for draw in (stats.choice(1000, 50_000), stats.choice(20_000, 9000, p=w), stats.choice(10**9, 1000, replace=False),
             stats.choice(20_000, 9000, replace=False, p=w), stats.choice(20_000, 1000, replace=False, p=w)):
    digest.update(draw.tobytes())
x = numpy.random.default_rng(0).normal(size=(70_001, 9)) * numpy.exp(numpy.arange(9))
for a in (x, x.T, x[::3, ::-2]):
    for axis in (None, 0, 1):
        for f in (stats.mean, stats.var, stats.median, stats.iqr, stats.skew, stats.prod, stats.gmean):
            digest.update(numpy.ascontiguousarray(f(abs(a), axis=axis)).tobytes())
digest.update(stats.cov(x, rowvar=False).tobytes() + stats.corrcoef(x, rowvar=False).tobytes())
digest.update(stats.histogram(x, 100, weights=abs(x))[0].tobytes())
digest.update(numpy.array([stats.RunningMoments().add(x).kurtosis()]).tobytes())
print(digest.hexdigest())
"""
    assert len({run_python(code, str(threads)) for threads in (1, 2, 5)}) == 1


# Choices


def test_choices_without_replacement_are_all_equally_likely():
    apus.set_seed(3)
    draws = [tuple(stats.choice(5, 3, replace=False)) for _ in range(12_000)]
    counts = numpy.unique(numpy.array(draws) @ [25, 5, 1], return_counts=True)[1]
    assert len(counts) == 60
    assert stats.chi2.sf(((counts - 200) ** 2 / 200).sum(), 59) > 1e-3


def test_few_of_many_differ_and_spread_evenly():
    apus.set_seed(8)
    draws = stats.choice(10**9, 100_000, replace=False)
    assert len(set(draws.tolist())) == 100_000 and draws.min() >= 0 and draws.max() < 10**9
    counts = stats.histogram(draws, 50, range=(0, 10**9))[0]
    assert stats.chi2.sf(((counts - 2000) ** 2 / 2000).sum(), 49) > 1e-3
    # The order is random too: the first half is like the second.
    counts = stats.histogram(draws[:50_000], 50, range=(0, 10**9))[0]
    assert stats.chi2.sf(((counts - 1000) ** 2 / 1000).sum(), 49) > 1e-3
    assert sorted(stats.choice(1000, 1000, replace=False)) == list(range(1000))
    assert len(set(stats.choice(1000, 124, replace=False).tolist())) == 124


def test_few_of_many_take_little_memory():
    code = """
import resource, apus
from apus import stats
stats.choice(10, 1)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
stats.choice(10**9, 1000, replace=False)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""
    assert int(run_python(code)) < 20_000


def test_weighted_choices_follow_their_weights():
    apus.set_seed(2)
    p = numpy.array([0.0, 3.0, 1.0, 0.0, 6.0, 0.0])
    counts = numpy.bincount(stats.choice(6, 50_000, p=p), minlength=6)
    assert (counts[p == 0] == 0).all()
    expected = p[p > 0] / p.sum() * 50_000
    assert stats.chi2.sf(((counts[p > 0] - expected) ** 2 / expected).sum(), 2) > 1e-3
    # Without replacement: the first as weighted, the second as weighted among the rest.
    pairs = numpy.array([stats.choice(6, 2, replace=False, p=p) for _ in range(20_000)])
    share = p / p.sum()
    for a in (1, 2, 4):
        for b in (1, 2, 4):
            expected = 0 if a == b else share[a] * share[b] / (1 - share[a])
            found = ((pairs[:, 0] == a) & (pairs[:, 1] == b)).mean()
            assert abs(found - expected) < 4 * math.sqrt(max(expected, 1e-6) / 20_000)
    assert sorted(stats.choice(6, 3, replace=False, p=p)) == [1, 2, 4]
    assert set(stats.choice(3, 100, p=[5e-324, 1e308, 1e308])) <= {0, 1, 2}


@pytest.mark.parametrize("call, words", [
    (lambda: stats.choice(3, 4, replace=False), "at most n = 3"),
    (lambda: stats.choice(0, 1), "n must be >= 1"),
    (lambda: stats.choice(-2, 1), "n must be >= 1"),
    (lambda: stats.choice(3, 1, p=[1, 1]), "probabilities must be a vector of n = 3"),
    (lambda: stats.choice(3, 1, p=[1, -1, 1]), "finite and >= 0"),
    (lambda: stats.choice(3, 1, p=[1, math.nan, 1]), "finite and >= 0"),
    (lambda: stats.choice(3, 1, p=[0, 0, 0]), "must not all be 0"),
    (lambda: stats.choice(3, 3, replace=False, p=[1, 0, 1]), "Only 2 of the probabilities"),
    (lambda: stats.resample([1, 2], [1]), "as many rows"),
    (lambda: stats.resample(), "at least one"),
    (lambda: stats.shuffle([1, 2]), "must be an array"),
])  # fmt: skip
def test_impossible_choices_are_refused(call, words):
    with pytest.raises((ValueError, TypeError), match=words):
        call()


def test_resampling_and_shuffling_keep_rows_together(rng):
    apus.set_seed(1)
    x = numpy.arange(100)
    a, b = stats.resample(x, x[:, None] * [1, 2])
    assert_array_equal(b, a[:, None] * [1, 2])
    assert 50 < len(set(a.tolist())) < 75
    assert len(stats.resample(x, replace=False, n_samples=30)) == 30
    table = numpy.arange(40).reshape(4, 10)
    before = table.copy()
    stats.shuffle(table, axis=1)
    assert not (table == before).all()
    assert_array_equal(numpy.sort(table, axis=1), before)
    assert stats.choice(before, (2, 3), axis=1).shape == (4, 2, 3)
    apus.set_seed(1)
    again = stats.resample(x, x[:, None] * [1, 2])[0]
    assert_array_equal(a, again)


def test_the_catalog_lists_statistics_and_distributions():
    catalog = apus.catalog()
    assert {"mean", "median", "geometric_mean", "moment"} <= {entry["name"] for entry in catalog["statistics"]}
    names = {entry["name"]: entry for entry in catalog["distributions"]}
    assert len(names) == 13 and names["binomial"]["discrete"] and not names["beta"]["discrete"]
    assert {parameter["name"] for parameter in names["gamma"]["parameters"]} == {"a", "scale"}


def test_the_f_distribution_of_few_degrees_of_freedom_below_the_least_number():
    # Nearly all of the distribution lies below the least number: quantiles there are 0.
    f = stats.f(1e-5, 1e5)
    for p in (1e-300, 0.1, 0.5, 0.99):
        assert f.ppf(p) == 0
    # x^a with x = 2^-1074 and a = 5e-6, times a constant that is 1 + 12 a, from 50 digits.
    assert f.cdf(5e-324) == pytest.approx(0.9962267917923591, rel=1e-14)
    for p in (0.9999, 0.99996, 0.999999):
        assert f.cdf(f.ppf(p)) == pytest.approx(p, rel=1e-12)
    xs = numpy.concatenate([[5e-324, 1e-320, 1e-315, 2e-314, 3e-314, 1e-310, 1e-300], numpy.logspace(-290, 3, 50)])
    below = f.cdf(xs)
    assert (numpy.diff(below) > 0).all()
    assert_allclose(below + f.sf(xs), 1, rtol=1e-15)


def test_draws_that_int64_cannot_hold_are_an_error():
    with pytest.raises(OverflowError, match="poisson"):
        stats.poisson.rvs(1e30, size=2)


def test_quantiles_of_a_geometric_distribution_whose_variance_overflows():
    assert_allclose(stats.geom(1e-300).ppf([0.1, 0.5, 0.9]), -numpy.log1p([-0.1, -0.5, -0.9]) / 1e-300, rtol=1e-12)
