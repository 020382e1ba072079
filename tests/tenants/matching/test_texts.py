"""Texts are alike by the words they share, and similar pairs are found without comparing all of them at once."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tenants.matching.solver.texts import Cosine, similar_pairs, vectors

texts = st.lists(
    st.none()
    | st.lists(st.sampled_from(["the", "of", "heart", "lung", "sepsis", "mice", "trial"]), max_size=5).map(
        " ".join
    ),
    max_size=12,
)


def cosine(*compared: str | None) -> float:
    everybody = np.arange(len(compared))
    return float(Cosine(compared)(everybody, everybody)[0, 1])


def test_case_accents_order_punctuation_and_stop_words_make_no_difference():
    assert cosine("Naïve T-cells, in the heart", "HEART: naive cells", "kidney") == pytest.approx(1)


def test_texts_without_a_word_in_common_are_not_alike():
    assert cosine("heart failure", "kidney stones") == 0


def test_a_rare_word_in_common_makes_more_alike_than_a_frequent_one():
    others = ("sepsis trial", "sepsis in mice", "sepsis cohort")
    assert cosine("sepsis glaucoma", "glaucoma heart", *others) > cosine(
        "sepsis glaucoma", "sepsis heart", *others
    )


def test_a_text_without_a_word_to_compare_counts_as_missing():
    assert Cosine(["heart", "of the", "", None, "a b"]).missing.tolist() == [False, True, True, True, True]


@pytest.mark.parametrize("nothing", [[], [None], ["", "of the"]])
def test_texts_without_any_word_have_vectors_without_columns(nothing):
    assert vectors(nothing).shape == (len(nothing), 0)
    assert similar_pairs(nothing, 0.5).shape == (0, 2)


@settings(max_examples=80, deadline=None)
@given(texts, st.sampled_from([0.05, 0.3, 0.61, 0.9, 1.0]))
def test_similar_pairs_are_all_pairs_with_a_cosine_of_the_threshold_or_more(drawn, threshold):
    everybody = np.arange(len(drawn))
    close = np.triu(Cosine(drawn)(everybody, everybody) >= threshold - 1e-6, 1)
    assert similar_pairs(drawn, threshold).tolist() == np.argwhere(close).tolist()


def test_equal_texts_among_thousands_are_found_at_a_threshold_of_1():
    titles = [f"study number{i % 1500} of disease{i % 1500}" for i in range(3000)]
    assert similar_pairs(titles, 1.0).tolist() == [[i, i + 1500] for i in range(1500)]


@pytest.mark.parametrize("threshold", [0, -0.5, 1.01, float("nan")])
def test_a_threshold_that_is_no_similarity_above_0_is_refused(threshold):
    with pytest.raises(ValueError, match="threshold"):
        similar_pairs(["heart", "lung"], threshold)
