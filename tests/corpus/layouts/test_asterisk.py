"""Asterisk's core sounds: recordings, and a table `NAME: WORDS` that begins with a comment."""

import pytest

from engine.errors import UserError

COMMENT = "; Core Asterisk Sounds in English"


@pytest.fixture
def voice(tmp_path, tone):
    """voice("a", "digits/1", suffix=".wav"): recordings in the folder of a voice."""

    def make(*names, folder="en_US_f_Anna", suffix=".wav"):
        for number, name in enumerate(names):
            tone(tmp_path / folder / f"{name}{suffix}", hz=300 + 20 * number, format="WAV")
        return tmp_path / folder

    return make


def write(folder, *lines, name="core-sounds-en.txt"):
    text = "".join(f"{line}\n" for line in (COMMENT, "", *lines))
    (folder / name).write_text(text, encoding="utf-8")


def counted(listing):
    return {what: one.number for what, one in listing.passed_over.items()}


def test_a_line_is_a_recording_and_its_words_and_folders_name_voice_language_and_kind(
    tmp_path, voice, look
):
    write(voice("agent-pass", "digits/1"), "agent-pass: Please enter: now.", "digits/1: one")
    listing = look(tmp_path)
    facts = [(one.id, one.text, one.speaker, one.language, one.label) for one in listing.candidates]
    assert listing.layout == "asterisk"
    assert facts == [
        ("en_US_f_Anna/agent-pass", "Please enter: now.", "Anna", "en", None),
        ("en_US_f_Anna/digits/1", "one", "Anna", "en", "digits"),
    ]
    assert (listing.missing, listing.passed_over) == ([], {})
    assert listing.tables == ["en_US_f_Anna/core-sounds-en.txt"]


def test_upstreams_archive_has_no_voice_and_the_table_names_the_language(tmp_path, tone, look):
    tone(tmp_path / "agent-pass.wav")
    write(tmp_path, "agent-pass: Contraseña", name="core-sounds-es.txt")
    (one,) = look(tmp_path).candidates
    assert (one.text, one.speaker, one.language) == ("Contraseña", None, "es")


def test_two_voices_side_by_side_have_their_own_texts(tmp_path, voice, look):
    write(voice("is", "a", "b"), "is: is", "a: a", "b: b")
    french = voice("c", "d", "e", folder="fr_CA_f_June")
    write(french, "is: est", "c: c", "d: d", "e: e", name="core-sounds-fr.txt")
    listing = look(tmp_path)
    assert {one.id: (one.text, one.speaker) for one in listing.candidates} == {
        **{f"en_US_f_Anna/{name}": (name, "Anna") for name in ("is", "a", "b")},
        **{f"fr_CA_f_June/{name}": (name, "June") for name in ("c", "d", "e")},
    }
    assert listing.reasons == [("is", "unreadable")]


def test_what_is_no_speech_or_has_no_certain_words_is_counted_and_no_clip(tmp_path, voice, look):
    names = ("hello", "bye", "beep", "join", "silence/1", "silence/2", "intro", "letters/at")
    folder = voice(*names, "both", "empty", "extra", "moh/calm")
    write(
        folder,
        *("hello: Hello", "bye: Good bye", "letters/at: at [@]"),
        *("beep: [a beep tone]", "join: <beep ascending>", "silence/1: (1 second of silence)"),
        *("intro: Leave a message. (a tone plays)", "both: ten", "both: zero", "empty:"),
    )
    listing = look(tmp_path)
    assert [one.text for one in listing.candidates] == ["Good bye", "Hello", "at"]
    assert counted(listing) == {
        "recordings that are no speech, by their transcripts": 3,
        "recordings whose transcript has a remark in brackets, which may or may not be spoken": 1,
        "recordings with several transcripts, of which none is certain": 1,
        "recordings without a transcript": 2,
        "recordings of silence": 1,
        "music on hold": 1,
    }


def test_the_same_line_twice_is_one_transcript(tmp_path, voice, look):
    write(voice("a", "b"), "a: one", "a: one", "b: two")
    assert [one.text for one in look(tmp_path).candidates] == ["one", "two"]


def test_of_several_encodings_the_best_is_the_clip_and_the_others_are_counted(
    tmp_path, voice, look
):
    for suffix in (".gsm", ".wav", ".g722"):
        voice("a", "b", suffix=suffix)
    write(voice(), "a: one", "b: two")
    listing = look(tmp_path)
    assert [path.rpartition("/")[2] for path in listing.paths] == ["a.g722", "b.g722"]
    assert counted(listing) == {"recordings that are there in a better encoding": 4}


def test_a_transcript_without_a_recording_is_quarantined_with_its_line(tmp_path, voice, look):
    write(voice("a", "b"), "a: one", "b: two", "c: three")
    (one,) = look(tmp_path).missing
    assert (one.path, one.reason) == ("c", "unreadable")
    assert one.detail == "en_US_f_Anna/core-sounds-en.txt line 5: no recording c lies beside it"


def test_names_count_in_any_case_within_the_folder_alone(tmp_path, voice, look):
    write(voice("digits/1F", "a", "b"), "digits/1f: una", "a: a", "b: b", "1f: no")
    listing = look(tmp_path)
    assert ("en_US_f_Anna/digits/1F", "una") in [(one.id, one.text) for one in listing.candidates]
    assert listing.reasons == [("1f", "unreadable")]


@pytest.mark.parametrize("place", [1, 60])
def test_transcripts_in_another_encoding_are_refused_with_their_line(tmp_path, voice, look, place):
    names = [f"n{number:02}" for number in range(70)]
    folder = voice(*names[:3])
    lines = [f"{name}: words" for name in names]
    lines[place] = "n01: contraseña"
    (folder / "core-sounds-es.txt").write_text("\n".join([COMMENT, *lines]), encoding="latin-1")
    if place == 60:
        voice(*names)
    with pytest.raises(UserError, match=rf"core-sounds-es.txt, line {place + 2} is not UTF-8"):
        look(tmp_path)


@pytest.mark.parametrize("lines", [["a: one", "x: y", "z: w"], ["no table at all"], [""]])
def test_another_text_that_begins_with_a_comment_is_no_table(tmp_path, voice, look, lines):
    write(voice("a"), *lines, name="notes.txt")
    listing = look(tmp_path)
    assert (listing.layout, counted(listing)) == ("folder", {".txt files": 1})
