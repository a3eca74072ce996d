import pytest


@pytest.fixture
def chapter(tone):
    """chapter(folder, 'SPEAKER-CHAPTER', number of files): its audio and transcripts."""

    def write(folder, name, count=2):
        inside = folder.joinpath(*name.split("-"))
        for number in range(count):
            tone(inside / f"{name}-{number:04d}.flac", hz=300 + 10 * number)
        lines = [f"{name}-{number:04d} WORDS OF {number}\n" for number in range(count)]
        (inside / f"{name}.trans.txt").write_text("".join(lines))
        return inside

    return write


def facts(listing):
    return {one.path: (one.text, one.speaker, one.listed) for one in listing.candidates}


def test_texts_and_speakers_of_chapters_are_read(tmp_path, chapter, look):
    chapter(tmp_path / "LibriSpeech" / "dev-clean", "84-121")
    listing = look(tmp_path)
    assert listing.layout == "librispeech"
    assert facts(listing) == {
        "LibriSpeech/dev-clean/84/121/84-121-0000.flac": ("WORDS OF 0", "84", None),
        "LibriSpeech/dev-clean/84/121/84-121-0001.flac": ("WORDS OF 1", "84", None),
    }
    assert listing.passed_over == {}


def test_sets_side_by_side_are_the_corpus_lists(tmp_path, chapter, look):
    for name, book in (("train-clean-100", "1-2"), ("dev-other", "3-4"), ("test-clean", "5-6")):
        chapter(tmp_path / name, book, 1)
    (tmp_path / "SPEAKERS.TXT").write_text("; ID |SEX\n84 | F | dev-clean | 8.02 | A. Name\n")
    listing = look(tmp_path)
    assert [(one.speaker, one.listed) for one in listing.candidates] == [
        ("3", "eval"),
        ("5", "test"),
        ("1", "train"),
    ]
    assert [one.examples for one in listing.passed_over.values()] == [("SPEAKERS.TXT",)]


def test_files_converted_to_wav_are_found_and_absent_ones_are_named(tmp_path, chapter, look):
    inside = chapter(tmp_path, "84-121")
    (inside / "84-121-0000.flac").rename(inside / "84-121-0000.wav")
    (inside / "84-121-0001.flac").unlink()
    listing = look(tmp_path)
    assert facts(listing) == {"84/121/84-121-0000.wav": ("WORDS OF 0", "84", None)}
    assert [one.detail for one in listing.missing] == [
        "named in 84/121/84-121.trans.txt line 2, but not there"
    ]


def test_an_utterance_without_words_has_no_text(tmp_path, chapter, look):
    (chapter(tmp_path, "84-121", 1) / "84-121.trans.txt").write_text("\n84-121-0000\n\n")
    assert facts(look(tmp_path)) == {"84/121/84-121-0000.flac": (None, "84", None)}


def test_names_of_another_form_say_no_speaker(tmp_path, tone, look):
    tone(tmp_path / "a" / "hello-there.flac")
    (tmp_path / "a" / "a.trans.txt").write_text("hello-there some words\n")
    assert facts(look(tmp_path)) == {"a/hello-there.flac": ("some words", None, None)}


def test_multilingual_librispeech_has_a_table_for_each_list(tmp_path, tone, look):
    for part in ("train", "dev"):
        tone(tmp_path / "mls_polish" / part / "audio" / "48" / "10" / f"48_10_{part:0>6}.flac")
    top = tmp_path / "mls_polish"
    (top / "train" / "audio" / "48" / "10" / "48_10_0train.flac").rename(
        top / "train" / "audio" / "48" / "10" / "48_10_000001.flac"
    )
    (top / "dev" / "audio" / "48" / "10" / "48_10_000dev.flac").rename(
        top / "dev" / "audio" / "48" / "10" / "48_10_000002.flac"
    )
    (top / "train" / "transcripts.txt").write_text("48_10_000001\tjeden\n", encoding="utf-8")
    (top / "dev" / "transcripts.txt").write_text("48_10_000002\tdwa słowa\n", encoding="utf-8")
    listing = look(tmp_path)
    assert listing.layout == "librispeech"
    assert facts(listing) == {
        "mls_polish/train/audio/48/10/48_10_000001.flac": ("jeden", "48", "train"),
        "mls_polish/dev/audio/48/10/48_10_000002.flac": ("dwa słowa", "48", "eval"),
    }
