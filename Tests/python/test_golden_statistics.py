"""Descriptive statistics against reference results of exact rational arithmetic, NumPy and SciPy."""

import json
import os

import numpy
import pytest
from conftest import golden_folder

from apus import stats

h5py = pytest.importorskip("h5py")


def cases():
    """Every case, by name."""
    folder = golden_folder()
    if folder is None:
        return []
    with h5py.File(os.path.join(folder, "classical", "statistics.h5")) as file:
        return sorted(file)


def sample(given, parameters):
    x = given["x"]
    results = {
        "sum": stats.sum(x),
        "mean": stats.mean(x),
        "median": stats.median(x),
        "minimum": stats._statistic("min", x),
        "maximum": stats._statistic("max", x),
        "range": stats.ptp(x),
        "interquartile_range": stats.iqr(x),
        "variance_population": stats.var(x),
        "variance_sample": stats.var(x, ddof=1),
        "std_population": stats.std(x),
        "std_sample": stats.std(x, ddof=1),
        "standard_error": stats.sem(x),
        "mean_absolute_deviation": stats.mean_abs_deviation(x),
        "skewness": stats.skew(x),
        "kurtosis_excess": stats.kurtosis(x),
    }
    if "q" in given:
        results["quantiles"] = numpy.array(
            [stats.quantile(x, given["q"], method=method) for method in parameters["quantile_methods"]]
        )
    return results


def columns(given, parameters):
    x = given["X"]
    return {
        "mean": stats.mean(x, axis=0),
        "covariance_population": stats.cov(x, rowvar=False, bias=True),
        "covariance_sample": stats.cov(x, rowvar=False),
        "correlation": stats.corrcoef(x, rowvar=False),
        "spearman": stats._correlation(x, b"spearman"),
        "kendall_tau_b": stats._correlation(x, b"kendall"),
        "ranks": stats.rankdata(x, axis=0),
    }


def weighted(given, parameters):
    x, w = given["x"], given["weights"]
    return {
        "mean": stats.mean(x, weights=w),
        "variance_population": stats.var(x, weights=w),
        "variance_frequency": stats.var(x, weights=w, form="frequency"),
        "variance_reliability": stats.var(x, weights=w, form="reliability"),
    }


RUNNERS = {"statistics.sample": sample, "statistics.columns": columns, "statistics.weighted": weighted}


def running(x):
    """The same by running moments, value by value and merged."""
    parts = [stats.RunningMoments().add(part) for part in numpy.array_split(x, 3) if part.size]
    for part in parts[1:]:
        parts[0].merge(part)
    moments = parts[0]
    return {
        "mean": moments.mean(),
        "variance_population": moments.var(),
        "variance_sample": moments.var(1),
        "skewness": moments.skew(),
        "kurtosis_excess": moments.kurtosis(),
    }


def check(results, group):
    compared = 0
    for name, value in results.items():
        if name not in group["out"]:
            continue
        expected = group["out"][name]
        wanted, found = expected[()], numpy.asarray(value)
        rtol, atol = float(expected.attrs["rtol"]), float(expected.attrs["atol"])
        assert found.shape == wanted.shape, name
        if expected.attrs["compare"].decode() == "norm":
            assert abs(found - wanted).max() <= atol + rtol * abs(wanted).max(), name
        else:
            assert numpy.all(abs(found - wanted) <= atol + rtol * abs(wanted)), (name, found, wanted)
        compared += 1
    return compared


@pytest.mark.parametrize("name", cases())
def test_statistics_equal_the_reference(name):
    with h5py.File(os.path.join(golden_folder(), "classical", "statistics.h5")) as file:
        group = file[name]
        algorithm = group.attrs["algorithm"].decode()
        given = {key: data[()] for key, data in group["in"].items()}
        parameters = json.loads(group.attrs["params"])
        compared = check(RUNNERS[algorithm](given, parameters), group)
        assert compared == len(group["out"])
        if algorithm == "statistics.sample":
            assert check(running(given["x"]), group) >= 2
