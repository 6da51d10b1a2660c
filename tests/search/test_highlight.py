"""The sentence that answers."""

from hypothesis import given
from hypothesis import strategies as st

from resource_api.search.highlight import LENGTH, highlight, highlight_patterns


def found(text: str, *words: str, needs: tuple[str, ...] = ()) -> tuple[str, list[str]] | None:
    said = highlight(text, highlight_patterns(words, needs))
    if said is None:
        return None
    cut = str(said["text"])
    marks: list[list[int]] = said["marks"]  # type: ignore[assignment]
    return cut, [cut[start:stop] for start, stop in marks]


def test_the_sentence_with_the_word_is_cut_out_and_the_word_marked() -> None:
    text = "We open at nine. Bring a bag for your groceries. Ring the bell."
    assert found(text, "groceries") == ("Bring a bag for your groceries. Ring the bell.", ["groceries"])


def test_a_line_ends_the_cut() -> None:
    text = "About us.\nFOOD PANTRY: groceries weekly\nHOURS: nine to five"
    assert found(text, "groceries") == ("FOOD PANTRY: groceries weekly", ["groceries"])


def test_a_word_is_marked_in_any_of_its_forms() -> None:
    said = found("For families, a family, and nobody unfamiliar.", "families")
    assert said is not None
    assert said[1] == ["families", "family"]


def test_accents_do_not_matter_and_stay_in_the_cut() -> None:
    assert found("Atención médica", "atencion") == ("Atención médica", ["Atención"])
    assert found("A pantry", "pantry") == ("A pantry", ["pantry"])


def test_what_services_call_a_need_is_marked() -> None:
    said = found("There is free parking. We run a food pantry on Fridays.", needs=("food-pantry", "no-such-need"))
    assert said is not None
    assert "food pantry" in said[1]


def test_a_word_deep_in_one_long_sentence_is_still_in_the_cut() -> None:
    text = "word " * 200 + "groceries " + "word " * 200
    said = found(text, "groceries")
    assert said is not None
    assert said[1] == ["groceries"]
    assert len(said[0]) <= LENGTH


def test_where_nothing_answers_nothing_is_shown() -> None:
    assert found("We open at nine.", "groceries") is None
    assert found("We open at nine.") is None
    assert found("", "groceries") is None
    assert highlight_patterns(("?", ""), ()) == ()


@given(st.text(), st.lists(st.text(), max_size=5))
def test_marks_lie_within_the_cut_whatever_was_asked(text: str, words: list[str]) -> None:
    said = highlight(text, highlight_patterns(tuple(words), ()))
    if said is not None:
        cut = str(said["text"])
        assert cut in text
        assert len(cut) <= LENGTH
        marks: list[list[int]] = said["marks"]  # type: ignore[assignment]
        edges = [edge for mark in marks for edge in mark]
        assert edges == sorted(edges)
        for start, stop in marks:
            assert 0 <= start < stop <= len(cut)


def test_marks_never_overlap() -> None:
    said = found("A food pantry and a food bank.", "food", "pantry", needs=("food-pantry",))
    assert said == ("A food pantry and a food bank.", ["food pantry", "food bank"])


@given(before=st.text(alphabet="ab. \n", max_size=400), after=st.text(alphabet="ab. \n", max_size=400))
def test_the_first_answer_is_always_in_the_cut(before: str, after: str) -> None:
    said = found(f"{before} groceries {after}", "groceries")
    assert said is not None
    assert said[1][0] == "groceries"
