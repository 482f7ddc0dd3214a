"""apus.optimize: SciPy's signatures and manners."""

import threading

import numpy
import pytest

import apus
from apus.optimize import OptimizeResult, line_search, minimize

METHODS = ("CG", "BFGS", "L-BFGS-B", "Adam")


def bowl(x, *weights):
    w = numpy.asarray(weights if weights else numpy.ones(len(x)))
    return float((w * (x - 1) ** 2).sum())


def bowl_gradient(x, *weights):
    w = numpy.asarray(weights if weights else numpy.ones(len(x)))
    return 2 * w * (x - 1)


def rosen(x):
    return float((100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum())


def rosen_der(x):
    a = x[1:] - x[:-1] ** 2
    gradient = numpy.zeros_like(x)
    gradient[:-1] = -400 * x[:-1] * a - 2 * (1 - x[:-1])
    gradient[1:] += 200 * a
    return gradient


def options(method):
    return {"learning_rate": 0.1} if method == "Adam" else {}


@pytest.mark.parametrize("method", METHODS)
def test_the_result_has_scipys_fields(method):
    x0 = numpy.array([3.0, -2.0])
    result = minimize(bowl, x0, method=method, jac=bowl_gradient, options=options(method))
    assert isinstance(result, dict) and isinstance(result, OptimizeResult)
    assert result.success and result.status == 0 and result["message"] == result.message
    assert numpy.allclose(result.x, 1, atol=1e-4) and result.fun == bowl(result.x)
    assert numpy.array_equal(result.jac, bowl_gradient(result.x))
    assert result.nit > 0 and result.nfev == result.njev > 0 and result.nhev == 0
    assert ("hess_inv" in result) == (method in ("BFGS", "L-BFGS-B"))
    assert x0.tolist() == [3, -2]
    assert "message" in repr(result) and "x" in dir(result)
    with pytest.raises(AttributeError):
        result.nothing


def test_default_methods_are_scipys():
    assert "hess_inv" in minimize(bowl, [3.0, 2.0])
    result = minimize(bowl, [3.0, 2.0], bounds=[(2, None), (None, 0.5)])
    assert result.x.tolist() == [2, 0.5] and result.success


def test_jac_may_be_part_of_the_function_or_a_difference():
    exact = minimize(lambda x: (rosen(x), rosen_der(x)), [-1.2, 1], jac=True)
    assert numpy.allclose(exact.x, 1, atol=1e-5)
    for source in (None, False, "2-point", "3-point"):
        result = minimize(rosen, [-1.2, 1], jac=source)
        assert numpy.allclose(result.x, 1, atol=1e-4)
        assert result.nfev == (5 if source == "3-point" else 3) * result.njev
    for wrong in ("cs", 3):
        with pytest.raises(ValueError, match="jac"):
            minimize(rosen, [-1.2, 1], jac=wrong)


def test_further_arguments_reach_all_functions():
    result = minimize(bowl, [3.0, 3.0], args=(1.0, 5.0), jac=bowl_gradient)
    assert numpy.allclose(result.x, 1, atol=1e-5)
    single = minimize(lambda x, shift: (x[0] - shift) ** 2, [0.0], args=4.0)
    assert abs(single.x[0] - 4) < 1e-5


def test_scalars_and_shapes_of_the_start():
    assert minimize(lambda x: (x - 2) ** 2, 0.0).x.shape == (1,)
    result = minimize(lambda x: (x**2).sum(), numpy.ones((2, 3)))
    assert result.x.shape == (6,) and abs(result.x).max() < 1e-4
    with pytest.raises(apus.ApusError):
        minimize(bowl, [])
    with pytest.raises(apus.ApusError, match="finite"):
        minimize(bowl, [numpy.nan])


@pytest.mark.parametrize("method", METHODS)
def test_callbacks_see_each_point_and_may_stop(method):
    points = []
    result = minimize(
        rosen, [-1.2, 1], jac=rosen_der, method=method, callback=points.append, options={"maxiter": 7, **options(method)}
    )
    assert len(points) == result.nit and not result.success

    seen = []

    def stop(intermediate_result):
        seen.append(intermediate_result)
        if len(seen) == 3:
            raise StopIteration

    result = minimize(rosen, [-1.2, 1], jac=rosen_der, method=method, callback=stop, options=options(method))
    assert result.nit == 3 and result.status == 4 and not result.success
    assert result.fun <= min(each.fun for each in seen) and result.fun == rosen(result.x)
    assert seen[0].fun == rosen(seen[0].x)


def test_exceptions_come_out_of_the_call():
    class Own(Exception):
        pass

    def fail(*arguments):
        raise Own

    for arguments in ({"fun": fail}, {"fun": bowl, "jac": fail}, {"fun": bowl, "callback": fail}):
        with pytest.raises(Own):
            minimize(x0=[3.0, 2.0], **arguments)
    with pytest.raises(TypeError, match="real number"):
        minimize(lambda x: "three", [1.0])
    with pytest.raises(ValueError, match="2 numbers"):
        minimize(bowl, [1.0, 2.0], jac=lambda x: [1.0])


def test_a_function_may_stop_the_run():
    calls = []

    def counted(x):
        calls.append(x)
        if len(calls) > 20:
            raise StopIteration
        return rosen(x), rosen_der(x)

    result = minimize(counted, [-1.2, 1], jac=True)
    assert result.status == 4 and result.fun < rosen(numpy.array([-1.2, 1]))


def test_bounds_of_both_kinds():
    class Bounds:
        lb, ub = [2, -numpy.inf], 0.5 + numpy.array([3, 0])

    for bounds in (Bounds, [(2, 3.5), (None, 0.5)], [(2, numpy.inf), (-numpy.inf, 0.5)]):
        result = minimize(bowl, [9.0, 9.0], jac=bowl_gradient, bounds=bounds)
        assert result.x.tolist() == [2, 0.5]
    with pytest.raises(ValueError, match="pair"):
        minimize(bowl, [1.0, 2.0], bounds=[(0, 1)])
    with pytest.raises(ValueError, match="lower"):
        minimize(bowl, [1.0, 2.0], bounds=[(0, 1), (2, 1)])
    with pytest.raises(NotImplementedError, match="bounds"):
        minimize(bowl, [1.0, 2.0], method="CG", bounds=[(0, 1), (0, 1)])


def test_tolerances_and_limits():
    loose = minimize(rosen, [-1.2, 1], jac=rosen_der, tol=1.0)
    tight = minimize(rosen, [-1.2, 1], jac=rosen_der, tol=1e-9)
    assert loose.nit < tight.nit and abs(tight.jac).max() <= 1e-9
    limited = minimize(rosen, [-1.2, 1], jac=rosen_der, method="L-BFGS-B", options={"maxfun": 5})
    assert limited.nfev == 5 and limited.status == 2
    with pytest.raises(ValueError, match="gtol"):
        minimize(rosen, [-1.2, 1], options={"gtol": "small"})
    with pytest.raises(ValueError, match="speed"):
        minimize(rosen, [-1.2, 1], options={"speed": 1})
    with pytest.raises(ValueError, match="method"):
        minimize(rosen, [-1.2, 1], method="simplex")
    with pytest.raises(TypeError, match="method"):
        minimize(rosen, [-1.2, 1], method=rosen)


def test_printing_on_request(capsys):
    minimize(bowl, [3.0], options={"disp": True})
    assert "iterations" in capsys.readouterr().out
    minimize(bowl, [3.0])
    assert capsys.readouterr().out == ""


def test_functions_without_a_minimum_end_quickly():
    for function in (lambda x: -x[0], lambda x: -numpy.exp(x[0])):
        for method in ("CG", "BFGS", "L-BFGS-B"):
            with numpy.errstate(over="ignore"):
                result = minimize(function, [0.0], method=method)
            assert result.status == 5 and not result.success and result.nfev < 500


def test_a_wrong_gradient_is_pointed_out():
    result = minimize(bowl, [3.0, 2.0], jac=lambda x: -bowl_gradient(x))
    assert result.status == 3 and "gradient" in result.message


@pytest.mark.parametrize("calls", (1, 2))
def test_a_limit_that_ends_the_first_gradient_keeps_the_start(calls):
    result = minimize(bowl, [3.0, 4.0], method="BFGS", options={"maxfev": calls})
    assert (result.status, result.success, result.nfev, result.fun) == (2, False, calls, 13.0)
    assert result.x.tolist() == [3.0, 4.0]


def test_apus_may_be_called_from_its_callbacks():
    def nested(x):
        inner = minimize(lambda y: (y[0] - x[0]) ** 2 + y[0] ** 2, [0.0])
        return float(inner.fun) + (x[0] - 1) ** 2

    assert abs(minimize(nested, [3.0]).x[0] - 2 / 3) < 1e-3


def test_threads_do_not_meet():
    results = {}

    def work(start):
        results[start] = minimize(rosen, [start, 1.0], jac=rosen_der).x

    threads = [threading.Thread(target=work, args=(0.1 * i,)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(numpy.allclose(x, 1, atol=1e-4) for x in results.values()) and len(results) == 8


def test_a_line_search_meets_the_strong_wolfe_conditions():
    x, d = numpy.array([-1.2, 1.0]), -rosen_der(numpy.array([-1.2, 1.0]))
    alpha, fc, gc, new, old, slope = line_search(rosen, rosen_der, x, d, c2=0.3)
    assert old == rosen(x) and new == rosen(x + alpha * d)
    assert new <= old + 1e-4 * alpha * (rosen_der(x) @ d)
    assert abs(slope) <= 0.3 * abs(rosen_der(x) @ d) and slope == rosen_der(x + alpha * d) @ d
    assert fc == gc > 1
    with pytest.warns(apus.ApusWarning, match="descend"):
        assert line_search(rosen, rosen_der, x, -d)[0] is None
    assert line_search(rosen, rosen_der, x, d, extra_condition=lambda *a: False)[0] is None
    with pytest.raises(ValueError, match="pk"):
        line_search(rosen, rosen_der, x, [1.0])


def test_every_method_is_in_the_catalog_and_its_defaults_are_accepted():
    for entry in apus.catalog()["minimizers"]:
        given = {parameter["name"]: parameter["default"] for parameter in entry["parameters"]}
        given.update(gradient="forward") if entry["gradient"] else None
        given["maxiter"] = 3
        result = minimize(bowl, [3.0, 2.0], method=entry["kind"], options=given)
        assert result.fun <= bowl(numpy.array([3.0, 2.0]))
