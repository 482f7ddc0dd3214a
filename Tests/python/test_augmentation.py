"""Augmentation of images beside scipy.ndimage and Keras, in training, and of text."""

import inspect
import json
import os
import subprocess
import sys

import numpy
import pytest

import apus
from apus import Input, Sequential as Network, augmentation, layers
from apus.augmentation import (
    ColorJitter,
    EmbeddingReplacement,
    MixUp,
    PCAColorNoise,
    RandomBrightness,
    RandomContrast,
    RandomCrop,
    RandomDeletion,
    RandomFlip,
    RandomInsertion,
    RandomRotation,
    RandomShear,
    RandomSwap,
    RandomTranslation,
    RandomZoom,
    Sequential,
    SynonymReplacement,
    TextSequential,
)

# Float32 interpolation of values on [0, 1).
CLOSE = {"rtol": 0, "atol": 2e-6}

# Our names of what lies beyond the borders, and scipy's.
MODES = {"reflect": "reflect", "constant": "grid-constant", "nearest": "nearest", "wrap": "grid-wrap"}


@pytest.fixture
def images(rng):
    return rng.random((6, 8, 10, 3)).astype(numpy.float32)


@pytest.fixture
def one_thread():
    apus.set_threads(1)
    yield
    apus.set_threads(0)


def linear_map(name):
    """The matrix, in (row, column) order, that a step with fixed factors resamples by."""
    turn = 2 * numpy.pi * 0.07
    return {
        "rotation": [[numpy.cos(turn), numpy.sin(turn)], [-numpy.sin(turn), numpy.cos(turn)]],
        "zoom": [[1.3, 0], [0, 0.7]],
        "shear": [[1, 0.2], [-0.4, 1]],
    }[name]


STEPS = {
    "rotation": lambda **sampling: RandomRotation((0.07, 0.07), **sampling),
    "zoom": lambda **sampling: RandomZoom((0.3, 0.3), (-0.3, -0.3), **sampling),
    "shear": lambda **sampling: RandomShear((-0.4, -0.4), (0.2, 0.2), **sampling),
}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", STEPS)
def test_geometry_is_that_of_scipy(name, mode, images):
    ndimage = pytest.importorskip("scipy.ndimage")
    matrix = numpy.array(linear_map(name), dtype=float)
    middle = (numpy.array(images.shape[1:3]) - 1) / 2
    expected = numpy.empty(images.shape)
    for image, out in zip(images.astype(float), expected):
        for channel in range(3):
            out[..., channel] = ndimage.affine_transform(
                image[..., channel], matrix, middle - matrix @ middle, order=1, mode=MODES[mode], cval=0.3
            )
    found = STEPS[name](fill_mode=mode, fill_value=0.3)(images)
    numpy.testing.assert_allclose(found, expected, **CLOSE)


@pytest.mark.parametrize("mode", ["constant", "nearest"])
@pytest.mark.parametrize("kind", ["RandomRotation", "RandomTranslation", "RandomZoom"])
def test_geometry_is_that_of_keras(kind, mode, images):
    keras = pytest.importorskip("keras")
    if keras.backend.backend() not in ("torch", "jax", "tensorflow"):
        pytest.skip("this backend of Keras does not transform images")
    factors = {
        "RandomRotation": [(0.1, 0.1)],
        "RandomTranslation": [(0.13, 0.13), (-0.21, -0.21)],
        "RandomZoom": [(0.3, 0.3), (-0.2, -0.2)],
    }[kind]
    theirs = getattr(keras.layers, kind)(*factors, fill_mode=mode, fill_value=0.3)(images, training=True)
    ours = getattr(augmentation, kind)(*factors, fill_mode=mode, fill_value=0.3)(images)
    numpy.testing.assert_allclose(ours, keras.ops.convert_to_numpy(theirs), **CLOSE)


def test_brightness_and_contrast_are_those_of_keras(images):
    keras = pytest.importorskip("keras")
    for kind, factor, ours in (
        ("RandomBrightness", (0.2, 0.2), RandomBrightness((0.2, 0.2), (0, 1))),
        ("RandomContrast", 0.0, RandomContrast(0.0, (0, 1))),
    ):
        theirs = getattr(keras.layers, kind)(factor, value_range=(0, 1))(images, training=True)
        numpy.testing.assert_allclose(ours(images), keras.ops.convert_to_numpy(theirs), **CLOSE)


def test_shifts_flips_and_turns_are_those_of_numpy(images):
    square = images[:, :, :8]
    numpy.testing.assert_array_equal(RandomFlip("horizontal", 1.0)(images), images[:, :, ::-1])
    numpy.testing.assert_array_equal(RandomFlip("vertical", 1.0)(images), images[:, ::-1])
    for quarters in (1, 2, 3):
        share = quarters / 4
        numpy.testing.assert_array_equal(
            RandomRotation((share, share))(square), numpy.rot90(square, quarters, axes=(1, 2))
        )
    numpy.testing.assert_array_equal(
        RandomTranslation((2 / 8, 2 / 8), (-3 / 10, -3 / 10), "wrap", "nearest")(images),
        numpy.roll(images, (2, -3), (1, 2)),
    )


def test_colours_are_those_of_colorsys(rng):
    import colorsys

    images = rng.random((1, 5, 5, 3)).astype(numpy.float32)
    found = ColorJitter(hue=(0.2, 0.2), value_range=(0, 1))(images)
    for before, after in zip(images.reshape(-1, 3), found.reshape(-1, 3)):
        hue, saturation, value = colorsys.rgb_to_hsv(*map(float, before))
        numpy.testing.assert_allclose(after, colorsys.hsv_to_rgb((hue + 0.2) % 1, saturation, value), atol=2e-6)


def test_principal_components_are_those_of_numpy(rng):
    colours = rng.standard_normal((4 * 6 * 5, 3)) @ rng.standard_normal((3, 3)) * 20 + 120
    images = colours.reshape(4, 6, 5, 3).astype(numpy.float32)
    augment = Sequential([PCAColorNoise()]).fit(images)
    learned = augment.get_config()["steps"][0]["config"]
    values, vectors = numpy.linalg.eigh(numpy.cov(images.reshape(-1, 3).T.astype(float) / 255, bias=True))
    numpy.testing.assert_allclose(learned["eigenvalues"], values[::-1], rtol=1e-9)
    overlaps = numpy.abs(numpy.array(learned["eigenvectors"]) @ vectors[:, ::-1])
    numpy.testing.assert_allclose(overlaps, numpy.eye(3), atol=1e-9)
    again = Sequential.from_config(json.loads(json.dumps(augment.get_config())))
    numpy.testing.assert_array_equal(again(images, seed=3), augment(images, seed=3))


ALL = [
    RandomFlip(),
    RandomRotation(0.1),
    RandomZoom(0.2),
    RandomTranslation(0.1, 0.1),
    RandomBrightness(0.2, (0, 1)),
    ColorJitter(0.2, 0.2, 0.2, 0.1, (0, 1)),
    RandomCrop(8, 10, padding=2),
]


def test_bits_do_not_depend_on_threads_or_batches(rng, one_thread):
    images = rng.random((120, 8, 10, 3)).astype(numpy.float32)
    augment = Sequential(ALL)
    expected = augment(images, seed=5, epoch=2)
    for threads in (2, 3, 8):
        apus.set_threads(threads)
        numpy.testing.assert_array_equal(augment(images, seed=5, epoch=2), expected)
        numpy.testing.assert_array_equal(augment(images[70:], seed=5, epoch=2, first=70), expected[70:])
        order = rng.permutation(120)
        numpy.testing.assert_array_equal(augment(images[order], seed=5, epoch=2, rows=order), expected[order])
    assert (augment(images, seed=6, epoch=2) != expected).any()
    assert (augment(images, seed=5, epoch=3) != expected).any()


def test_calls_without_a_seed_go_on_from_the_library_s(images):
    augment = RandomRotation(0.3)
    apus.set_seed(3)
    first, second = augment(images), augment(images)
    assert (first != second).any()
    apus.set_seed(3)
    numpy.testing.assert_array_equal(augment(images), first)


def test_arrays_come_back_as_they_were(images):
    flip = RandomFlip("horizontal", 1.0)
    numpy.testing.assert_array_equal(flip(images[0]), images[0, :, ::-1])
    levels = (images * 255).astype(numpy.uint8)
    flipped = flip(levels)
    assert flipped.dtype == numpy.uint8
    numpy.testing.assert_array_equal(flipped, levels[:, :, ::-1])
    assert flip(images.astype(numpy.float64)).dtype == numpy.float32
    strided = numpy.asarray(images[::2, ::-1, 1:7])
    numpy.testing.assert_array_equal(flip(strided), strided[:, :, ::-1])
    assert RandomCrop(3, 4)(images).shape == (6, 3, 4, 3)


def test_targets_are_mixed_as_images_are(rng):
    images = numpy.eye(20, dtype=numpy.float32).reshape(20, 4, 5, 1)
    mixed, targets = MixUp(1.0)(images, numpy.eye(20), seed=1)
    numpy.testing.assert_array_equal(mixed.reshape(20, 20), targets)
    numpy.testing.assert_allclose(targets.sum(axis=1), 1, rtol=1e-6)
    with pytest.raises(ValueError, match="targets"):
        MixUp(1.0)(images)


@pytest.mark.parametrize(
    "step, message",
    [
        (lambda: RandomFlip("diagonal"), "mode of RandomFlip must be one of"),
        (lambda: RandomRotation(2), r"factor of RandomRotation must be a number in \[0, 1\]"),
        (lambda: RandomRotation((0.2, 0.1)), "ascending"),
        (lambda: RandomFlip(probability=1.5), "probability of RandomFlip"),
        (lambda: RandomBrightness(float("nan")), "finite"),
        (lambda: RandomCrop(9, 3), "larger than the image"),
        (lambda: ColorJitter(saturation=0.1), "3 channels"),
        (lambda: PCAColorNoise(), "fit"),
    ],
)
def test_what_cannot_be_is_refused(step, message):
    with pytest.raises((ValueError, apus.NotFittedError), match=message):
        step()(numpy.zeros((2, 8, 8, 1), numpy.float32))
    with pytest.raises(ValueError, match="row 1 holds nan"):
        RandomFlip()(numpy.array([[[[0.0]]], [[[numpy.nan]]]]))
    with pytest.raises(ValueError, match="shape"):
        RandomFlip()(numpy.zeros((3, 4)))


@pytest.mark.parametrize("name, value", [("seed", -1), ("seed", 2**64), ("epoch", -1), ("first", 2**63)])
def test_keys_are_whole_numbers_in_their_range(name, value, images):
    with pytest.raises(ValueError, match=f"{name} must be from 0 to"):
        RandomFlip()(images, **{name: value})
    with pytest.raises(ValueError, match=f"{name} must be from 0 to"):
        RandomSwap()("a b c", **{name: value})
    with pytest.raises(TypeError, match=f"{name} must be a whole number"):
        RandomFlip()(images, **{name: 0.5})
    with pytest.raises(TypeError, match="rows must be whole numbers"):
        RandomFlip()(images, rows=numpy.zeros(6))


def network():
    apus.set_seed(2)
    model = Network([Input((8, 8, 1)), layers.Flatten(), layers.Dense(4, "softmax")])
    model.compile("sgd", "categorical_crossentropy")
    return model


def test_fit_augments_and_evaluate_does_not(rng, tmp_path):
    x, y = rng.random((50, 8, 8, 1)).astype(numpy.float32), numpy.eye(4, dtype=numpy.float32)[rng.integers(0, 4, 50)]
    steps = [RandomFlip("horizontal"), RandomTranslation(0.2, 0.2), MixUp(0.4)]

    def fitted(**arguments):
        model = network()
        model.fit(x, y, epochs=3, verbose=0, **arguments)
        return model

    plain, model = fitted(), fitted(augmentation=steps)
    assert any((a != b).any() for a, b in zip(plain.get_weights(), model.get_weights()))
    for a, b in zip(model.get_weights(), fitted(augmentation=Sequential(steps)).get_weights()):
        numpy.testing.assert_array_equal(a, b)
    # A resumed fit comes to the same bits.
    half = network()
    half.fit(x, y, epochs=2, verbose=0, augmentation=steps)
    half.save_checkpoint(tmp_path / "half.h5")
    again = apus.load_checkpoint(tmp_path / "half.h5")
    again.fit(x, y, epochs=3, initial_epoch=2, verbose=0, augmentation=steps)
    for a, b in zip(model.get_weights(), again.get_weights()):
        numpy.testing.assert_array_equal(a, b)
    assert model.evaluate(x, y, verbose=0) == model.evaluate(x, y, verbose=0)
    with pytest.raises(ValueError, match="shape kept"):
        network().fit(x, y, verbose=0, augmentation=RandomCrop(4, 4))


# Text


def test_words_are_replaced_swapped_and_put_in():
    augment = TextSequential([SynonymReplacement(1.0)], synonyms={"big": ["large"], "house": ["home"]})
    assert augment("a big red house") == "a large red home"
    assert augment(["big", "no such word"]) == ["large", "no such word"]
    assert augment([["big", "one"]]) == [["large", "one"]]
    words = "one two three four five".split()
    assert sorted(RandomSwap(0.5)(" ".join(words), seed=1).split()) == sorted(words)
    kept = RandomDeletion(1.0, keep=["two", "four"])(" ".join(words))
    assert kept == "two four"
    longer = TextSequential([RandomInsertion(1.0)], synonyms={"two": ["2"]})(" ".join(words), seed=3).split()
    assert len(longer) == 10 and longer.count("2") == 5
    assert [word for word in longer if word != "2"] == words
    # Words of text are no numbers of the table.
    numbers = TextSequential([SynonymReplacement(1.0)], synonyms={0: [2], 1: [3]})
    assert numbers("some words") == "some words"
    assert [augment(""), augment([]), augment([""])] == ["", [], [""]]


def test_texts_have_the_same_words_for_the_same_seed(one_thread):
    texts = [f"the {i} big red house stands on a hill" for i in range(50)]
    augment = TextSequential(
        [SynonymReplacement(0.3), RandomInsertion(0.2), RandomSwap(0.2), RandomDeletion(0.2)],
        synonyms={"big": ["large", "huge"], "hill": ["mountain"]},
    )
    expected = augment(texts, seed=4)
    for threads in (2, 8):
        apus.set_threads(threads)
        assert augment(texts, seed=4) == expected
    assert augment(texts, seed=5) != expected
    assert augment(texts[20:], seed=4, first=20) == expected[20:]


def test_neighbours_are_those_of_numpy(rng):
    vectors = rng.standard_normal((300, 24))
    tokens = rng.integers(1, 300, (40, 12))
    tokens[:, 9:] = 0
    found = TextSequential([EmbeddingReplacement(1.0)], embeddings=vectors)(tokens)
    unit = vectors / numpy.linalg.norm(vectors, axis=1, keepdims=True)
    cosines = unit @ unit.T
    numpy.fill_diagonal(cosines, -2)
    cosines[:, 0] = -2
    numpy.testing.assert_array_equal(found[:, :9], cosines.argmax(axis=1)[tokens[:, :9]])
    assert not found[:, 9:].any()


def test_vocabularies_name_the_vectors():
    vectors = [[1, 0], [0.9, 0.1], [0, 1], [0.1, 0.9]]
    augment = TextSequential(
        [EmbeddingReplacement(1.0)], embeddings=numpy.array(vectors), vocabulary=["cat", "dog", "tea", "coffee"]
    )
    assert augment("cat drinks tea") == "dog drinks coffee"
    with pytest.raises(ValueError, match="vocabulary has 1 words"):
        TextSequential(["random_swap"], embeddings=numpy.array(vectors), vocabulary=["cat"])


def test_token_arrays_keep_shape_padding_and_masks():
    tokens = numpy.array([[1, 2, 3, 0], [0, 0, 4, 5]], numpy.int32)
    out = RandomSwap(0.0)(tokens)
    assert out.dtype == numpy.int32
    numpy.testing.assert_array_equal(out, tokens)
    out, mask = RandomDeletion(0.0)(tokens, mask=tokens > 1)
    numpy.testing.assert_array_equal(out, [[2, 3, 0, 0], [0, 0, 4, 5]])
    numpy.testing.assert_array_equal(mask, out != 0)
    with pytest.raises(TypeError, match="int32 or int64"):
        RandomSwap()(numpy.zeros((2, 2)))
    with pytest.raises(apus.NotFittedError, match="synonyms"):
        SynonymReplacement()(tokens)


# The catalog


@pytest.mark.parametrize("family", ["transformations", "text_transformations"])
def test_constructors_are_those_of_the_catalog(family):
    from apus._configuration import plain

    for entry in apus.catalog()[family]:
        kind = getattr(augmentation, entry["kind"])
        defaults = {name: item.default for name, item in inspect.signature(kind).parameters.items()}
        assert set(defaults) == {spec["name"] for spec in entry["parameters"]}, entry["kind"]
        for spec in entry["parameters"]:
            if not spec["required"]:
                assert plain(defaults[spec["name"]]) == spec["default"], (entry["kind"], spec["name"])


def test_the_example_draws_its_pictures(tmp_path):
    folder = os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(__file__))), "examples", "python")
    environment = dict(os.environ, PYTHONPATH=os.path.dirname(os.path.dirname(apus.__file__)))
    picture = tmp_path / "digits.png"
    command = [sys.executable, os.path.join(folder, "augmentation.py"), "--epochs", "2", "--picture", str(picture)]
    output = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True).stdout
    assert "without augmentation" in output and "with augmentation" in output
    assert picture.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
