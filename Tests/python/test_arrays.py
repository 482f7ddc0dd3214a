"""numpy arrays as views: every layout and dtype gives what a plain copy gives, and nothing is copied needlessly."""

import numpy
import pytest

import apus
from apus import _arrays
from apus.linear_model import LinearRegression
from apus.preprocessing import MinMaxScaler


@pytest.fixture
def line():
    """predict(x) = 2 x0 - x1 + 1."""
    x = numpy.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
    return LinearRegression().fit(x, 2 * x[:, 0] - x[:, 1] + 1)


def expected(x):
    x = numpy.asarray(x, numpy.float64)
    return 2 * x[:, 0] - x[:, 1] + 1


BASE = numpy.arange(48, dtype=numpy.float64).reshape(6, 8)


@pytest.mark.parametrize(
    "x",
    [
        BASE[:, :2],
        BASE[::2, 3:5],
        BASE[::-1, :2],
        BASE[:, 1::-1],
        BASE[::-2, 7:3:-3],
        numpy.asfortranarray(BASE[:, :2]),
        numpy.ascontiguousarray(BASE[:2]).T,
        numpy.broadcast_to(numpy.array([3.0, 4.0]), (5, 2)),
        numpy.broadcast_to(numpy.array([[3.0], [5.0]]), (2, 2)),
        numpy.lib.stride_tricks.as_strided(BASE, (4, 2), (8, 8)),
        numpy.frombuffer(b"\x00" + numpy.arange(6.0).tobytes(), numpy.uint8)[1:].view(numpy.float64).reshape(3, 2),
    ],
    ids=[
        "columns",
        "every second row",
        "rows backwards",
        "columns backwards",
        "both backwards",
        "column order",
        "transposed",
        "row repeated",
        "column repeated",
        "overlapping",
        "unaligned",
    ],
)
def test_reads_any_layout(line, x):
    numpy.testing.assert_allclose(line.predict(x), expected(x), rtol=1e-12)


@pytest.mark.parametrize("dtype", ["float32", "float64", "int32", "int64", "uint8", "bool"])
def test_reads_every_dtype_exactly(line, dtype):
    x = (numpy.arange(10).reshape(5, 2) % 2 if dtype == "bool" else numpy.arange(10).reshape(5, 2)).astype(dtype)
    numpy.testing.assert_allclose(line.predict(x), expected(x), rtol=1e-6)


@pytest.mark.parametrize("dtype", [">f8", ">f4", ">i4", ">i8", "<f8"])
def test_converts_byte_order(line, dtype):
    x = numpy.arange(10).reshape(5, 2).astype(dtype)
    numpy.testing.assert_allclose(line.predict(x), expected(x), rtol=1e-6)


@pytest.mark.parametrize(
    "dtype",
    ["float16", "longdouble", "complex64", "int8", "int16", "uint16", "uint32", "uint64", "U3", "datetime64[D]"],
)
def test_refuses_other_dtypes(line, dtype):
    x = numpy.zeros((2, 2)).astype("int64").astype(dtype)
    with pytest.raises(TypeError, match=f"X must be float32, .* got {x.dtype}".replace("[", r"\[")):
        line.predict(x)


@pytest.mark.parametrize(
    "x, message",
    [
        (numpy.array([[1, None]], dtype=object), "got object"),
        ([[1.0, 2.0], [3.0]], "rectangular"),
        (numpy.ma.masked_invalid([[1.0, numpy.nan]]), "masked"),
        (None, "got None"),
        ([["a", "b"]], "got <U1"),
    ],
)
def test_says_why_it_cannot_read_values(line, x, message):
    with pytest.raises((TypeError, ValueError), match=message):
        line.predict(x)


def test_refuses_sparse_matrices_with_advice(line):
    sparse = pytest.importorskip("scipy.sparse")
    with pytest.raises(TypeError, match="toarray"):
        line.predict(sparse.eye(2, format="csr"))


def test_reads_lists_and_whatever_says_it_is_an_array(line):
    class Wrapped:
        def __array__(self, dtype=None, copy=None):
            return numpy.array([[1.0, 2.0]])

    assert line.predict([[1, 2]])[0] == pytest.approx(1.0)
    assert line.predict(((1.0, 2.0),))[0] == pytest.approx(1.0)
    assert line.predict(Wrapped())[0] == pytest.approx(1.0)


def test_reads_read_only_arrays(line):
    x = numpy.array([[1.0, 2.0]])
    x.setflags(write=False)
    assert line.predict(x)[0] == pytest.approx(1.0)


def test_views_share_memory():
    for array in (BASE, BASE[:, ::2], BASE.T, numpy.zeros((2, 3), numpy.uint8)):
        view = _arrays.view(_arrays.as_array(array, "x"))
        assert view.data == array.__array_interface__["data"][0]
        assert tuple(view.shape[: view.ndim]) == array.shape
        assert view.array is array
    assert _arrays.as_array(BASE, "x") is BASE


def test_refuses_more_than_eight_dimensions():
    with pytest.raises(ValueError, match="at most 8 dimensions, got 9"):
        _arrays.as_array(numpy.zeros((1,) * 9), "x")


@pytest.mark.parametrize(
    "x, kind",
    [
        (numpy.zeros((3, 3)), ValueError),
        (numpy.zeros(2), ValueError),
        (numpy.zeros((2, 2, 2)), ValueError),
        (numpy.float64(1.0), ValueError),
    ],
)
def test_refuses_shapes_that_do_not_fit(line, x, kind):
    with pytest.raises(kind) as caught:
        line.predict(x)
    assert isinstance(caught.value, apus.ApusError)
    assert line.predict([[1.0, 2.0]])[0] == pytest.approx(1.0)


@pytest.mark.parametrize("value", [numpy.nan, numpy.inf, -numpy.inf])
def test_refuses_values_that_are_not_finite_when_fitting(value):
    x = numpy.array([[0.0], [1.0], [value]])
    with pytest.raises(ValueError):
        LinearRegression().fit(x, [0.0, 1.0, 2.0])
    with pytest.raises(ValueError):
        LinearRegression().fit([[0.0], [1.0], [2.0]], x[:, 0])


@pytest.mark.parametrize("shape", [(0, 2), (2, 0), (0, 0)])
def test_refuses_to_fit_nothing(shape):
    with pytest.raises(ValueError):
        MinMaxScaler().fit(numpy.zeros(shape))


def test_many_rows_predicted_in_portions_are_the_same(line, rng):
    x = rng.normal(size=(1_500_000, 2))
    numpy.testing.assert_array_equal(line.predict(x)[-100:], line.predict(x[-100:]))
    numpy.testing.assert_allclose(line.predict(x), expected(x), rtol=1e-9, atol=1e-9)


class Frame:
    """As much of a data frame as the package looks at."""

    def __init__(self, values, columns):
        self.values, self.columns = values, columns

    def __array__(self, dtype=None, copy=None):
        return self.values


def test_keeps_the_column_names_of_a_data_frame(tmp_path):
    x = numpy.array([[0.0, 1.0], [1.0, 0.0], [2.0, 5.0]])
    model = LinearRegression().fit(Frame(x, ["alter", "größe"]), [0.0, 1.0, 2.0])
    assert list(model.feature_names_in_) == ["alter", "größe"]
    model.save(tmp_path / "named.h5")
    assert list(apus.load_model(tmp_path / "named.h5").feature_names_in_) == ["alter", "größe"]
    model.predict(Frame(x, ["alter", "größe"]))
    with pytest.raises(ValueError, match="columns of X"):
        model.predict(Frame(x, ["größe", "alter"]))


def test_column_names_that_are_not_all_text_are_left_out():
    model = LinearRegression().fit(Frame(numpy.eye(2), ["a", 1]), [0.0, 1.0])
    assert not hasattr(model, "feature_names_in_")
