"""Augmentation of text."""

import ctypes

import numpy

from .. import _arrays, _context
from .._configuration import Configured
from .._library import lib
from ._steps import as_list, make, options


class TextTransformation(Configured):
    """Base of the transformations of text. Each can be called alone, or be a step of ``TextSequential``.

    ``rate`` is the share of a sequence's words that is changed, at least one unless it is 0; ``keep`` names words that
    are never deleted, moved, replaced or put in; ``probability`` is the share of sequences that are changed.
    """

    def __call__(self, texts, **arguments):
        return TextSequential([self])(texts, **arguments)


class RandomDeletion(TextTransformation):
    """Deletes each word with probability ``rate``; one stays."""

    def __init__(self, rate=0.1, keep=(), probability=1.0):
        self.rate = rate
        self.keep = keep
        self.probability = probability


class RandomInsertion(TextTransformation):
    """Puts synonyms of random words at random places."""

    def __init__(self, rate=0.1, keep=(), probability=1.0):
        self.rate = rate
        self.keep = keep
        self.probability = probability


class RandomSwap(TextTransformation):
    """Exchanges two random words, as often as ``rate`` says."""

    def __init__(self, rate=0.1, keep=(), probability=1.0):
        self.rate = rate
        self.keep = keep
        self.probability = probability


class SynonymReplacement(TextTransformation):
    """Puts synonyms in the place of random words."""

    def __init__(self, rate=0.1, keep=(), probability=1.0):
        self.rate = rate
        self.keep = keep
        self.probability = probability


class EmbeddingReplacement(TextTransformation):
    """Puts one of the ``neighbours`` words of the nearest vectors, by cosine, in the place of random words."""

    def __init__(self, rate=0.1, neighbours=1, keep=(), probability=1.0):
        self.rate = rate
        self.neighbours = neighbours
        self.keep = keep
        self.probability = probability


class TextSequential:
    """Transformations of text in order (Wei and Zou 2019), on token numbers or on words.

    Parameters
    ----------
    steps : list of TextTransformation
        Or names, such as "random_swap".
    synonyms : dict, optional
        A list of synonyms for each word; words are numbers, or text.
    embeddings : array of shape (words, dimensions), optional
        The vectors of words 0, 1, ..., which ``vocabulary`` names if texts are words.
    vocabulary : list of str, optional
        Word number 0, 1, ....
    """

    def __init__(self, steps, *, synonyms=None, embeddings=None, vocabulary=()):
        self.steps = as_list(steps)
        self._numbers = {}
        for word in vocabulary:
            if word in self._numbers:
                raise ValueError(f"vocabulary holds {word!r} twice")
            self._numbers[word] = len(self._numbers)
        if embeddings is not None and self._numbers and len(self._numbers) != len(embeddings):
            raise ValueError(f"vocabulary has {len(self._numbers)} words, embeddings {len(embeddings)}")
        if embeddings is not None and not self._numbers:
            # Rows of words that have no names; words of text get numbers behind them.
            self._next = len(embeddings)
        else:
            self._next = len(self._numbers)
        table = None if synonyms is None else self._table(synonyms)
        self._handle = make(
            lib.apus_text_augmenter_create, lib.apus_text_augmenter_free, [self._numbered(step) for step in self.steps]
        )
        with _context.current() as context:
            if table is not None:
                context.check(
                    lib.apus_text_augmenter_set_synonyms(
                        context.handle, self._handle.pointer, *[_arrays.view(part) for part in table]
                    )
                )
            if embeddings is not None:
                matrix = _arrays.as_array(embeddings, "embeddings")
                context.check(
                    lib.apus_text_augmenter_set_embeddings(context.handle, self._handle.pointer, _arrays.view(matrix))
                )

    def _number(self, word):
        """The number of a word, a new one for text that was not met before."""
        if not isinstance(word, str):
            # Words of text that are not known get numbers behind those that are.
            self._next = max(self._next, int(word) + 1)
            return int(word)
        if word not in self._numbers:
            self._numbers[word] = self._next
            self._next += 1
        return self._numbers[word]

    def _numbered(self, step):
        """A step whose ``keep`` is numbers."""
        if isinstance(step, TextTransformation):
            config = {**step.get_config(), "keep": [self._number(word) for word in step.keep]}
            return {"class_name": type(step).__name__, "config": config}
        return step

    def _table(self, synonyms):
        """Offsets and numbers of synonyms."""
        rows = {self._number(word): [self._number(other) for other in others] for word, others in synonyms.items()}
        if rows and min(rows) < 0:
            raise ValueError(f"synonyms are of words >= 0, got {min(rows)}")
        counts = numpy.zeros(max(rows, default=-1) + 1, numpy.int64)
        for word, others in rows.items():
            counts[word] = len(others)
        offsets = numpy.concatenate([[0], numpy.cumsum(counts)]).astype(numpy.int64)
        numbers = [other for word in sorted(rows) for other in rows[word]]
        return offsets, numpy.array(numbers, numpy.int64)

    def __call__(self, texts, *, mask=None, padding=0, seed=None, epoch=0, first=0, rows=None):
        """Changed copies of texts.

        Parameters
        ----------
        texts : array of int of shape (sequences, width), str, list of str, or list of lists of str
            Token numbers filled up with ``padding``, or text, whose words are parted by white space.
        mask : array of bool, optional
            Where the words of token numbers are; without it where they are not ``padding``.
        seed, epoch, first, rows
            As for images: what the random numbers are keyed by.

        Returns
        -------
        As texts: an array of the same shape, with a mask the pair of it and a new mask; or text.
        """
        keys = options(seed, epoch, first, rows)
        if isinstance(texts, str):
            return self._words([texts.split()], keys, " ".join)[0]
        if not isinstance(texts, numpy.ndarray) and all(isinstance(text, str) for text in texts):
            return self._words([text.split() for text in texts], keys, " ".join)
        if not isinstance(texts, numpy.ndarray) and any(isinstance(word, str) for text in texts for word in text):
            return self._words(texts, keys, list)
        tokens = _arrays.as_array(texts, "tokens")
        if tokens.dtype not in (numpy.int32, numpy.int64):
            raise TypeError(f"tokens must be int32 or int64, got {tokens.dtype}")
        if mask is None:
            return self._tokens(tokens, None, None, padding, keys)
        marks = numpy.ascontiguousarray(mask, dtype=bool)
        out = numpy.empty(tokens.shape, bool)
        return self._tokens(tokens, marks, out, padding, keys), out

    def _tokens(self, tokens, mask, out_mask, padding, keys):
        out = numpy.empty(tokens.shape, tokens.dtype)
        with _context.current() as context:
            context.check(
                lib.apus_augment_tokens(
                    context.handle,
                    self._handle.pointer,
                    _arrays.view(tokens),
                    None if mask is None else _arrays.view(mask),
                    padding,
                    ctypes.byref(keys),
                    _arrays.view(out),
                    None if out_mask is None else _arrays.view(out_mask),
                )
            )
        return out

    def _words(self, texts, keys, join):
        """Texts as lists of words: numbers for them, those that are unknown for this call alone."""
        own = {}
        numbers = self._numbers

        def number(word):
            known = numbers.get(word)
            return own.setdefault(word, self._next + len(own)) if known is None else known

        width = max(map(len, texts), default=0)
        for step in self.steps:
            name = step.get("class_name") if isinstance(step, dict) else step
            name = name if isinstance(name, str) else type(step).__name__
            if name in ("RandomInsertion", "random_insertion"):
                width *= 2  # a rate of 1 doubles a text
        tokens = numpy.full((len(texts), max(width, 1)), -1, numpy.int64)
        for row, words in zip(tokens, texts):
            row[: len(words)] = [number(word) for word in words]
        changed = self._tokens(tokens, None, None, -1, keys)
        names = {value: word for word, value in (*numbers.items(), *own.items())}
        return [join([names.get(token, str(token)) for token in row[row >= 0].tolist()]) for row in changed]

    def __repr__(self):
        return f"TextSequential({self.steps!r})"
