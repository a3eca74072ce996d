"""Answers as they are kept, and what anybody may send in their place."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import UserError
from engine.listening.answers import AnswerLog, Questions, parse_all, read_answers
from engine.listening.collect import collect
from engine.listening.listening_test import VERSION
from engine.listening.places import ANSWERS, held, kept_answers
from tests.fuzz import examples
from tests.listening.made import GOOD_EARS, listener


@pytest.fixture
def questions(test):
    return Questions(test)


@pytest.fixture
def log(folder, test):
    return AnswerLog(folder / ANSWERS, test.id)


@pytest.fixture
def download(tmp_path):
    """A file as the page hands it to a listener."""

    def download(of, answers, name="answers.json", **change):
        path = tmp_path / name
        content = {"version": VERSION, "test": of.id, "answers": answers}
        path.write_text(json.dumps(content | change))
        return path

    return download


def test_the_last_answer_to_a_question_counts(test, questions, log):
    answers, refused = parse_all(questions, listener(test, GOOD_EARS))
    assert not refused
    log.add(answers)
    changed = {**listener(test, GOOD_EARS)[0], "value": 1}
    log.add([questions.parse(changed)])
    found = read_answers(log.path, questions)
    assert (len(found.all), found.num_revised, found.refused) == (len(answers), 1, {})
    assert found.all[-1].value == 1


def test_a_torn_line_is_ended_and_counted(test, questions, log):
    answers, _ = parse_all(questions, listener(test, GOOD_EARS))
    log.add(answers[:2])
    torn = log.path.read_bytes()[:-7]
    log.path.write_bytes(torn)
    AnswerLog(log.path, test.id).add(answers[2:4])
    found = read_answers(log.path, questions)
    assert [one.question for one in found.all] == [
        one.question for one in [answers[0], *answers[2:4]]
    ]
    assert found.refused == {"damaged": 1}


def test_what_the_disk_does_not_take_leaves_no_half_line(test, questions, log, monkeypatch):
    answers, _ = parse_all(questions, listener(test, GOOD_EARS))
    log.add(answers[:1])
    before = log.path.read_bytes()

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space"):
        log.add(answers[1:3])
    assert log.path.read_bytes() == before


ODD = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=9), st.just([]),
    st.just({}), st.just("a"), st.just(10**400), st.just("\ud800<script>"),
)  # fmt: skip


@examples(200)
@given(st.sampled_from(["version", "test", "listener", "trial", "stimulus", "scale", "value"]), ODD)
def test_an_answer_of_another_form_is_refused_or_one_of_the_test(made, key, odd):
    from engine.listening.listening_test import read_test

    test = read_test(made / "listening" / "ab")
    right = listener(test, GOOD_EARS)
    for one in (right[0], right[-1]):
        answers, refused = parse_all(Questions(test), [{**one, key: odd}])
        assert len(answers) + sum(refused.values()) == 1
        if answers and key == "value":
            assert odd in range(1, 11) or odd in ("a", "b")


def test_downloaded_answers_are_added_once(project, test, download):
    path = download(test, listener(test, GOOD_EARS))
    first, again = collect(project, path), collect(project, path)
    total = len(listener(test, GOOD_EARS))
    assert (first.num_added, first.num_known, first.num_changed) == (total, 0, 0)
    assert (again.num_added, again.num_known) == (0, total)
    assert f"0 answers of Ann to ab added; {total} were known already" in again.sentence
    other = listener(test, GOOD_EARS | {"0": lambda _: 3})
    changed = collect(project, download(test, other))
    assert changed.num_changed == changed.num_added > 0


def test_answers_of_none_of_the_test_are_counted_by_why(project, test, folder, download):
    right = listener(test, GOOD_EARS)
    wrong = [{**right[0], "value": 11}, {**right[1], "trial": "x"}, {**right[2], "test": "x"}, 7]
    found = collect(project, download(test, [*right, *wrong, {**right[3], "name": "<b>\u202e"}]))
    assert found.refused == {
        "not a whole number from 1 to 10": 1,
        "about a clip that the test does not have": 1,
        "of another test": 1,
        "damaged": 1,
    }
    assert "1 refused: of another test" in found.sentence
    assert "\u202e" not in (folder / ANSWERS).read_text()
    assert len(kept_answers(test, folder).all) == len(right)


def test_files_that_are_no_answers_are_sentences(project, test, folder, download, tmp_path):
    two = [*listener(test, GOOD_EARS), *listener(test, GOOD_EARS, id="ff" * 8)]
    deep = tmp_path / "deep.json"
    deep.write_text("[" * 100_000)
    wrong = {
        "is not in": download(test, [], "a", test="another"),
        "has version 9": download(test, [], "b", version=9),
        "it has no list": download(test, {}, "c"),
        "several listeners": download(test, two, "d"),
        "answers of no listener": download(test, [7], "e"),
        "is not a file of answers": deep,
        "no plain file": tmp_path,
    }
    for words, path in wrong.items():
        with pytest.raises(UserError, match=words):
            collect(project, path)
    assert not (folder / ANSWERS).exists() or not (folder / ANSWERS).read_text()


def test_while_a_server_has_the_test_nothing_else_adds_to_it(project, test, folder, download):
    path = download(test, listener(test, GOOD_EARS))
    with held(folder), pytest.raises(UserError, match="Another `cantus listen` serves ab"):
        collect(project, path)
