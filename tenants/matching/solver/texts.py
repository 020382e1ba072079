"""How alike texts are: TF-IDF vectors over the pool's own words, and their cosines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

import numpy as np
from scipy import sparse

from tenants.matching.solver.similarity import Bools, Floats, Ints, changed

ENTRIES = 2**22
"""Pairs compared at a time in the search for similar pairs: 64 MB if every one of them shares a word."""

ROUNDING = 1e-9
"""What a cosine may be short of a threshold, so that equal texts are similar at a threshold of 1."""


class Cosine:
    """The cosine of the TF-IDF vectors of two texts.

    ``missing`` (n,) is True where there is no text, or one without a word to compare.
    """

    def __init__(self, texts: Sequence[str | None]) -> None:
        self.vectors = vectors(texts)
        self.missing: Bools = np.diff(self.vectors.indptr) == 0

    def __call__(self, left: Ints, right: Ints) -> Floats:
        cosine: Floats = (self.vectors[left] @ self.vectors[right].T).toarray().astype(np.float32)
        return np.minimum(cosine, 1, out=cosine)

    def among(self, people: Ints) -> Self:
        """The same for some of the people."""
        return changed(self, vectors=self.vectors[people], missing=self.missing[people])


def vectors(texts: Sequence[str | None]) -> sparse.csr_array:
    """The TF-IDF vectors of texts, (n, words): of length 1, or 0 for a text without a word to compare.

    Words have two letters or more, in lower case and without accents; English stop words do not count.
    Single words only: nearly every pair of words in a title is that title's own, and would but lower
    all its cosines. tf-idf = tf (ln((1 + n) / (1 + df)) + 1), n texts of which df have the word; empty
    texts count in n (scikit-learn, TfidfVectorizer, ``smooth_idf``).
    """
    # Loading scikit-learn takes two seconds, which a process that compares no texts should not spend.
    from sklearn.feature_extraction.text import TfidfVectorizer  # noqa: PLC0415

    vectorizer = TfidfVectorizer(strip_accents="unicode", stop_words="english")
    known = [text or "" for text in texts]
    if not any(map(vectorizer.build_analyzer(), known)):  # scikit-learn refuses an empty vocabulary
        return sparse.csr_array((len(known), 0), dtype=np.float64)
    return sparse.csr_array(vectorizer.fit_transform(known))


def similar_pairs(texts: Sequence[str | None], threshold: float) -> Ints:
    """All pairs i < j of texts with a cosine of ``threshold`` or more, (m, 2), ascending.

    Takes memory for its result and for ENTRIES pairs, not for all n * n. Raises ValueError unless
    0 < threshold <= 1.
    """
    if not 0 < threshold <= 1:
        raise ValueError("The threshold must be above 0 and at most 1.")
    rows = vectors(texts)
    columns = rows.T.tocsr()
    step = max(1, ENTRIES // max(1, len(texts)))
    found = [np.empty((0, 2), dtype=np.int64)]
    for start in range(0, len(texts), step):
        cosine = (rows[start : start + step] @ columns).tocoo()
        left, right = cosine.row.astype(np.int64) + start, cosine.col.astype(np.int64)
        similar = (cosine.data >= threshold - ROUNDING) & (left < right)
        found.append(np.column_stack((left[similar], right[similar])))
    pairs = np.concatenate(found)
    return pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))]
