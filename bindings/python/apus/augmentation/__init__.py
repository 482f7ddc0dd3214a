"""Random changes of images and of text that leave what they show, seeded, with the same bits for any number of threads.

Images, under the names of Keras's layers where it has them::

    augment = apus.augmentation.Sequential([RandomFlip("horizontal"), RandomRotation(0.05), RandomZoom(0.1)])
    model.fit(x, y, augmentation=augment)    # each batch, in training only
    changed = augment(images, seed=1)        # or by hand

Text, as sequences of token numbers or of words::

    augment = apus.augmentation.TextSequential([SynonymReplacement(0.2), RandomSwap()], synonyms={"big": ["large"]})
    augment(["a big red house"], seed=1)

What a sample gets depends on the seed, the epoch and the sample's number alone.
"""

from ._images import (
    ColorJitter,
    Cutout,
    CutMix,
    MixUp,
    PCAColorNoise,
    RandomBrightness,
    RandomContrast,
    RandomCrop,
    RandomErasing,
    RandomFlip,
    RandomRotation,
    RandomShear,
    RandomTranslation,
    RandomZoom,
    Sequential,
    Transformation,
)
from ._text import (
    EmbeddingReplacement,
    RandomDeletion,
    RandomInsertion,
    RandomSwap,
    SynonymReplacement,
    TextSequential,
    TextTransformation,
)

__all__ = [
    "ColorJitter",
    "CutMix",
    "Cutout",
    "EmbeddingReplacement",
    "MixUp",
    "PCAColorNoise",
    "RandomBrightness",
    "RandomContrast",
    "RandomCrop",
    "RandomDeletion",
    "RandomErasing",
    "RandomFlip",
    "RandomInsertion",
    "RandomRotation",
    "RandomShear",
    "RandomSwap",
    "RandomTranslation",
    "RandomZoom",
    "Sequential",
    "SynonymReplacement",
    "TextSequential",
    "TextTransformation",
    "Transformation",
]
