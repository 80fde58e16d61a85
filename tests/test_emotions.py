"""Laws of the vocabulary: every word has one meaning, every rule is complete."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hearfelt.emotions import (
    ALL_EMOTIONS,
    COLORS,
    EMOTIONS,
    SETS,
    SYNONYMS,
    LabelSet,
    emotion_number,
    get_label_set,
    parse_emotion,
)
from hearfelt.errors import CorpusError, UnknownNameError


def test_order_and_numbers_are_those_of_ravdess() -> None:
    assert [emotion_number(emotion) for emotion in EMOTIONS] == list(range(1, 9))
    assert emotion_number("boredom") == 9


def test_synonyms_lead_into_the_vocabulary_and_never_hide_a_word_of_it() -> None:
    assert set(SYNONYMS.values()) <= set(ALL_EMOTIONS)
    assert not set(SYNONYMS) & set(ALL_EMOTIONS)


@given(
    st.sampled_from([*ALL_EMOTIONS, *SYNONYMS]),
    st.sampled_from([str.upper, str.title, str.lower, str.swapcase]),
)
def test_case_and_spaces_do_not_matter(word: str, change) -> None:
    assert parse_emotion(f"  {change(word).replace('_', ' ')} ") == parse_emotion(word)


def test_a_parsed_word_is_its_own_parse() -> None:
    assert [parse_emotion(emotion) for emotion in ALL_EMOTIONS] == list(ALL_EMOTIONS)


def test_an_unknown_word_names_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="'happy'"):
        parse_emotion("hapy")


@pytest.mark.parametrize("name", sorted(SETS))
def test_every_set_has_a_rule_for_every_emotion(name: str) -> None:
    labels = get_label_set(name)
    mapped = {labels.map(emotion) for emotion in ALL_EMOTIONS}
    assert mapped - {None} == set(labels.labels)
    assert not set(labels.merge) & labels.drop


def test_merging_and_dropping() -> None:
    four = get_label_set("four")
    assert four.map("calm") == "neutral"
    assert four.map("boredom") is None
    assert get_label_set("seven").map("boredom") is None


def test_an_emotion_without_a_rule_is_refused() -> None:
    with pytest.raises(CorpusError, match=r"'calm' is not in label set 'two' \(happy, sad\)"):
        LabelSet("two", ("happy", "sad")).map("calm")


def test_a_set_that_contradicts_itself_is_refused() -> None:
    with pytest.raises(CorpusError, match="at least two different labels"):
        LabelSet("same", ("happy", "happy"))
    with pytest.raises(CorpusError, match=r"merges into \['calm'\]"):
        LabelSet("wrong", ("happy", "sad"), merge={"neutral": "calm"})


def test_a_missing_class_lists_what_is_there() -> None:
    with pytest.raises(CorpusError, match=r"no clips of angry\. The data has: calm, happy, sad\."):
        get_label_set("four").check_present(["happy", "calm", "sad", "sad"])
    get_label_set("four").check_present(["happy", "calm", "sad", "angry"])


def test_colours_are_different_and_there_for_every_answer() -> None:
    assert set(COLORS) == {*ALL_EMOTIONS, "no_speech", "unsure"}
    assert len(set(COLORS.values())) == len(COLORS)
    assert all(len(color) == 7 and int(color[1:], 16) >= 0 for color in COLORS.values())
