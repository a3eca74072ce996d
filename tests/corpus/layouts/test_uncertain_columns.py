"""Where it is not certain what a column is, the user is asked; a speaker is never the text."""

import pytest

from engine.errors import UserError

SENTENCES = ("The river runs past the mill.", "A grey cat sleeps.", "Seven boats left the harbour.")
FRENCH = ("Une porte claque au loin.", "Personne ne viendra ce soir.", "On entend la pluie tomber.")


@pytest.fixture
def folder(tmp_path, tone):
    """folder(rows, first_line): four clips and a table of rows `{0}|...`, `{0}` being the clip."""

    def make(*columns, first_line="", name="metadata.csv"):
        rows = [first_line] if first_line else []
        for number, cells in enumerate(zip(*columns, strict=True)):
            (tmp_path / f"{number}.wav").write_bytes(b"RIFF")
            rows.append("|".join((f"{number}.wav", *cells)))
        (tmp_path / name).write_text("\n".join(rows))
        return tmp_path

    return make


@pytest.mark.parametrize(
    ("columns", "asked"),
    [
        ([("anna", "ben", "anna")], "speaker or text or label?"),
        ([("yes", "no", "up")], "speaker or text or label?"),
        ([("anna", "ben", "anna"), ("yes", "yes", "no")], "speaker or text or label?"),
        ([SENTENCES, FRENCH], "text?"),
        ([("happy", "sad", "happy"), SENTENCES], "speaker or label?"),
        ([("anna", "ben", "carl"), SENTENCES], "speaker or label?"),
        ([("north", "north", "east"), ("anna", "ben", "anna"), SENTENCES], "speaker or label?"),
        ([("F", "M", "F"), ("23",) * 3, SENTENCES], "speaker or label?"),
        ([("en", "no", "en")], "language or text or label?"),
        ([("a/9.mp3", "b/9.mp3", "c/9.mp3"), ("yes", "no", "up")], "speaker or text or label?"),
    ],
)
def test_the_first_rows_are_shown_as_they_are_understood(folder, look, columns, asked):
    with pytest.raises(UserError, match="what its columns are is not certain") as error:
        look(folder(*columns))
    assert asked in str(error.value)
    assert "--columns file," in str(error.value)
    for number in range(3):
        assert f"{number}.wav" in str(error.value)


def test_a_first_line_in_unknown_words_is_asked_about(folder, look):
    place = folder(SENTENCES, ("anna",) * 3, first_line="fichier|texte|locuteur")
    head = r"fichier = file +texte = text\? +locuteur = speaker or label\?"
    with pytest.raises(UserError, match=head):
        look(place)
    listing = look(place, columns=["file", "text", "speaker"])
    assert [one.speaker for one in listing.candidates] == ["anna"] * 3
    assert (len(listing.candidates), listing.missing) == (3, [])


def test_one_answer_is_shown_which_names_nothing_twice(folder, look):
    with pytest.raises(UserError, match="--columns file,speaker,text'"):
        look(folder(("anna", "ben", "anna"), ("yes", "yes", "no")))
    with pytest.raises(UserError, match="--columns file,text,-'"):
        look(folder(SENTENCES, FRENCH))


def test_keys_of_unknown_names_are_asked_about(folder, look):
    place = folder(SENTENCES)
    (place / "metadata.csv").unlink()
    (place / "clips.jsonl").write_text('{"wav": "0.wav", "satz": "The river runs past the mill."}')
    with pytest.raises(UserError, match=r"wav = file +satz = text\?(.|\n)*Rename its keys"):
        look(place)


def test_columns_answer(folder, look):
    place = folder(("anna", "ben", "anna"), ("yes", "yes", "no"))
    listing = look(place, columns=["file", "speaker", "text"])
    assert [(one.text, one.speaker) for one in listing.candidates] == [
        ("yes", "anna"),
        ("yes", "ben"),
        ("no", "anna"),
    ]
    for passed_over in ("-", "_"):
        listing = look(place, columns=["file", passed_over, "label"])
        assert [(one.label, one.text, one.speaker) for one in listing.candidates][2] == (
            "no",
            None,
            None,
        )


def test_columns_of_another_number_are_an_error_that_shows_a_row(folder, look):
    with pytest.raises(
        UserError, match=r"has 3 columns \('0.wav\|anna\|yes'\), and columns names 2"
    ):
        look(folder(("anna", "ben", "anna"), ("yes", "yes", "no")), columns=["file", "text"])


def test_columns_without_a_table_are_an_error(tmp_path, look):
    (tmp_path / "a.wav").write_bytes(b"RIFF")
    with pytest.raises(UserError, match="holds no table with columns"):
        look(tmp_path, columns=["file", "text"])


def test_ten_words_that_are_all_different_are_texts(folder, look):
    words = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
    assert [one.text for one in look(folder(words)).candidates] == words


def test_two_columns_of_one_text_are_no_question(folder, look):
    raw = ("It was 1869.", "Dr. Who came at 5.", "No.")
    spoken = ("It was eighteen sixty-nine.", "Doctor Who came at five.", "No.")
    assert [one.text for one in look(folder(raw, spoken)).candidates] == [*spoken]


def test_tables_without_names_are_looked_at_together(tmp_path, look):
    """Of one row alone nobody knows whether a name is a speaker."""
    for number in range(3):
        (tmp_path / f"{number}.wav").write_bytes(b"RIFF")
    rows = [f"{number}.wav|anna|{sentence}\n" for number, sentence in enumerate(SENTENCES)]
    (tmp_path / "train.csv").write_text("".join(rows[:2]))
    (tmp_path / "val.csv").write_text(rows[2])
    assert [one.speaker for one in look(tmp_path).candidates] == ["anna"] * 3


def test_an_uncertain_table_beside_a_certain_one_is_counted(folder, look):
    place = folder(SENTENCES, name="texts.txt")
    (place / "marks.txt").write_text("0.wav|good|anna\n1.wav|bad|anna\n2.wav|bad|ben\n")
    listing = look(place)
    assert [one.text for one in listing.candidates] == [*SENTENCES]
    (note,) = listing.passed_over.values()
    assert (note.what, note.examples) == (
        "tables whose columns are not certain, beside others that are",
        ("marks.txt",),
    )


def test_numbers_beside_their_words_are_a_text_where_other_rows_say_so(tmp_path, look):
    """The table is sorted: its first rows alone could be the number and the name of a speaker."""
    rows = [f"{number}.wav|9|nine\n" for number in range(300)]
    rows += [f"{number}.wav|alexa|alexa\n" for number in range(300, 400)]
    for number in range(400):
        (tmp_path / f"{number}.wav").write_bytes(b"RIFF")
    (tmp_path / "metadata.csv").write_text("".join(rows))
    said = {(one.text, one.speaker) for one in look(tmp_path).candidates}
    assert said == {("nine", None), ("alexa", None)}
    (tmp_path / "metadata.csv").write_text("".join(rows[:300]))
    with pytest.raises(UserError, match="not certain"):
        look(tmp_path)
