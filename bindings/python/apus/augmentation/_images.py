"""Augmentation of images."""

import ctypes
import json

import numpy

from .. import _arrays, _context
from .._configuration import Configured
from .._library import lib
from ._steps import as_list, make, options


class _Callable:
    """What can be called on images."""

    def __call__(self, images, targets=None, *, seed=None, epoch=0, first=0, rows=None):
        """Changed copies of images.

        Parameters
        ----------
        images : array of shape (images, height, width, channels) or (height, width, channels)
            uint8 stays uint8; other numbers are read, and come back, as float32.
        targets : array, optional
            A row for each image, which steps that mix samples need and mix too.
        seed : int, optional
            The same seed, epoch and numbers give the same bits. Without one each call goes on from ``apus.set_seed``.
        epoch : int, default 0
            Other changes for the same samples.
        first : int, default 0
            The number of the first sample; the others follow.
        rows : array of int, optional
            Or the number of each.

        Returns
        -------
        array, or (array, targets) where targets were given
        """
        images = _arrays.as_array(images, "images")
        if images.dtype != numpy.uint8:
            images = images.astype(numpy.float32, copy=False)
        is_one = images.ndim == 3
        if is_one:
            images = images[numpy.newaxis]
        mixed = None
        if targets is not None:
            targets = _arrays.as_array(targets, "targets").astype(numpy.float32, copy=False)
            mixed = numpy.empty(targets.shape, numpy.float32)
        handle = self._augmenter()
        augmenter = handle.pointer
        with _context.current() as context:
            out = _arrays.unknown()
            source = _arrays.view(images)
            context.check(lib.apus_augmenter_output_shape(context.handle, augmenter, source, out))
            result = _arrays.allocate(out)
            context.check(
                lib.apus_augment(
                    context.handle,
                    augmenter,
                    source,
                    None if targets is None else _arrays.view(targets),
                    ctypes.byref(options(seed, epoch, first, rows)),
                    out,
                    None if mixed is None else _arrays.view(mixed),
                )
            )
        if is_one:
            result = result[0]
        return result if targets is None else (result, mixed)


class Sequential(_Callable):
    """Transformations in order, applied as one: those that move pixels and read alike interpolate once.

    Parameters
    ----------
    steps : list of Transformation
        Or names, such as "random_flip".
    """

    def __init__(self, steps):
        self.steps = as_list(steps)
        self._handle = make(lib.apus_augmenter_create, lib.apus_augmenter_free, self.steps)

    def _augmenter(self):
        return self._handle

    def fit(self, images):
        """Learns what steps need to know of a training set: the principal components of ``PCAColorNoise``."""
        images = _arrays.as_array(images, "images")
        if images.dtype != numpy.uint8:
            images = images.astype(numpy.float32, copy=False)
        with _context.current() as context:
            context.check(lib.apus_augmenter_fit(context.handle, self._handle.pointer, _arrays.view(images)))
        return self

    def get_config(self):
        """``{"steps": [{"class_name": ..., "config": ...}, ...]}`` with all parameters, and what was learned."""
        with _context.current() as context:
            return {"steps": json.loads(context.text(lib.apus_augmenter_config, self._handle.pointer))}

    @classmethod
    def from_config(cls, config):
        return cls(config["steps"])

    def __repr__(self):
        return f"Sequential({self.steps!r})"


def augmenter(value):
    """What ``fit`` was given as ``augmentation``, as a Sequential."""
    return value if isinstance(value, Sequential) else Sequential(value)


class Transformation(Configured, _Callable):
    """Base of the transformations of images. Each can be called alone, or be a step of ``Sequential``.

    ``probability`` is the share of samples that a transformation changes.
    """

    def _augmenter(self):
        return make(lib.apus_augmenter_create, lib.apus_augmenter_free, [self])


class RandomFlip(Transformation):
    """Mirrors left to right ("horizontal"), top to bottom ("vertical"), or each on its own, with ``probability``."""

    def __init__(self, mode="horizontal_and_vertical", probability=0.5):
        self.mode = mode
        self.probability = probability


class RandomTranslation(Transformation):
    """Shifts by shares of height (down) and width (to the right) from a pair; f is (-f, f).

    ``fill_mode``, here and below, says what lies beyond the borders: "reflect", "constant" (``fill_value``), "nearest"
    or "wrap"; ``interpolation`` what lies between the pixels: "bilinear" or "nearest".
    """

    def __init__(
        self,
        height_factor,
        width_factor,
        fill_mode="reflect",
        interpolation="bilinear",
        fill_value=0.0,
        probability=1.0,
    ):
        self.height_factor = height_factor
        self.width_factor = width_factor
        self.fill_mode = fill_mode
        self.interpolation = interpolation
        self.fill_value = fill_value
        self.probability = probability


class RandomRotation(Transformation):
    """Turns about the middle by a share of a whole turn, counter-clockwise, from a pair; f is (-f, f)."""

    def __init__(self, factor, fill_mode="reflect", interpolation="bilinear", fill_value=0.0, probability=1.0):
        self.factor = factor
        self.fill_mode = fill_mode
        self.interpolation = interpolation
        self.fill_value = fill_value
        self.probability = probability


class RandomZoom(Transformation):
    """Zooms about the middle: out by shares above 0, in by shares below. ``width_factor=None`` keeps proportions."""

    def __init__(
        self,
        height_factor,
        width_factor=None,
        fill_mode="reflect",
        interpolation="bilinear",
        fill_value=0.0,
        probability=1.0,
    ):
        self.height_factor = height_factor
        self.width_factor = width_factor
        self.fill_mode = fill_mode
        self.interpolation = interpolation
        self.fill_value = fill_value
        self.probability = probability


class RandomShear(Transformation):
    """Slants about the middle: ``x_factor`` columns for each row, ``y_factor`` rows for each column."""

    def __init__(
        self,
        x_factor=0.0,
        y_factor=0.0,
        fill_mode="reflect",
        interpolation="bilinear",
        fill_value=0.0,
        probability=1.0,
    ):
        self.x_factor = x_factor
        self.y_factor = y_factor
        self.fill_mode = fill_mode
        self.interpolation = interpolation
        self.fill_value = fill_value
        self.probability = probability


class RandomCrop(Transformation):
    """Cuts a window of ``height`` x ``width`` from a random place, after ``padding`` pixels were put on each side."""

    def __init__(self, height, width, padding=0, fill_mode="constant", fill_value=0.0):
        self.height = height
        self.width = width
        self.padding = padding
        self.fill_mode = fill_mode
        self.fill_value = fill_value


class RandomBrightness(Transformation):
    """Adds a share of ``value_range`` to all pixels, from a pair; f is (-f, f). Values are clipped to the range."""

    def __init__(self, factor, value_range=(0, 255), probability=1.0):
        self.factor = factor
        self.value_range = value_range
        self.probability = probability


class RandomContrast(Transformation):
    """Scales the distance from each channel's mean by 1 - lower to 1 + upper for (lower, upper); f is (f, f)."""

    def __init__(self, factor, value_range=(0, 255), probability=1.0):
        self.factor = factor
        self.value_range = value_range
        self.probability = probability


class ColorJitter(Transformation):
    """Scales brightness, contrast and saturation and turns the hue, in a random order.

    A factor is from a pair; f is (max(0, 1 - f), 1 + f). ``hue`` is a share of the colour circle; f is (-f, f).
    """

    def __init__(
        self, brightness=0.0, contrast=0.0, saturation=0.0, hue=0.0, value_range=(0, 255), probability=1.0
    ):
        self.brightness = brightness
        self.contrast = contrast
        self.saturation = saturation
        self.hue = hue
        self.value_range = value_range
        self.probability = probability


class PCAColorNoise(Transformation):
    """Shifts colours along the principal components of a training set's, by normal factors (Krizhevsky et al. 2012).

    Components come from ``Sequential([...]).fit(images)`` or are given: ``eigenvalues`` are variances of colours scaled
    to [0, 1] by ``value_range``, ``eigenvectors`` a list of unit vectors.
    """

    def __init__(
        self,
        standard_deviation=0.1,
        eigenvalues=None,
        eigenvectors=None,
        value_range=(0, 255),
        probability=1.0,
    ):
        self.standard_deviation = standard_deviation
        self.eigenvalues = eigenvalues
        self.eigenvectors = eigenvectors
        self.value_range = value_range
        self.probability = probability


class Cutout(Transformation):
    """Covers a window of ``height`` x ``width`` around a random pixel (DeVries and Taylor 2017)."""

    def __init__(self, height, width, fill_value=0.0, probability=1.0):
        self.height = height
        self.width = width
        self.fill_value = fill_value
        self.probability = probability


class RandomErasing(Transformation):
    """Covers a window whose share of the area is in ``scale`` and whose height by width is in ``ratio`` (Zhong et al.
    2020), with ``fill_value`` or, where that is None, noise."""

    def __init__(
        self, scale=(0.02, 0.33), ratio=(0.3, 3.3), fill_value=None, value_range=(0, 255), probability=1.0
    ):
        self.scale = scale
        self.ratio = ratio
        self.fill_value = fill_value
        self.value_range = value_range
        self.probability = probability


class MixUp(Transformation):
    """Weighted means of two samples of a batch and of their targets, weights from Beta(alpha, alpha) (Zhang et al.
    2018)."""

    def __init__(self, alpha=0.2, probability=1.0):
        self.alpha = alpha
        self.probability = probability


class CutMix(Transformation):
    """Lays a window of another sample of the batch on each and mixes targets by area (Yun et al. 2019)."""

    def __init__(self, alpha=1.0, probability=1.0):
        self.alpha = alpha
        self.probability = probability
