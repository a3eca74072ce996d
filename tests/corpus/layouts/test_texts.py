import json

import pytest


def write(folder, texts):
    for path, text in texts.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")


def facts(listing):
    return {one.path: (one.text, one.speaker, one.listed) for one in listing.candidates}


@pytest.mark.parametrize(
    ("audio", "text"),
    [
        ("p1/a.wav", "p1/a.txt"),
        ("p1/a.wav", "p1/a.LAB"),
        ("p1/a.wav", "p1/a.normalized.txt"),
        ("wav/p1/a.wav", "txt/p1/a.txt"),
        ("set/wav/p1/a.wav", "set/txt/p1/a.txt"),
        ("p1/wav/a.wav", "p1/txt/a.txt"),
        ("p1/wav/a.wav", "p1/a.txt"),
        ("p1/a.wav", "p1/txt/a.txt"),
        ("wav/a.wav", "a.txt"),
        ("a.wav", "texts/a.txt"),
        ("wav48_silence_trimmed/p1/a_mic2.flac", "txt/p1/a.txt"),
    ],
)
def test_a_clip_has_the_text_of_its_name_beside_it_or_in_a_folder_of_texts(
    tmp_path, tone, look, audio, text
):
    tone(tmp_path / audio)
    write(tmp_path, {text: "\ufeffSome words,\nand more. \n"})
    listing = look(tmp_path)
    assert (listing.layout, listing.tables) == ("one_text_a_clip", [text])
    assert facts(listing) == {audio: ("Some words, and more.", None, None)}
    assert listing.passed_over == {}


@pytest.mark.parametrize(
    ("audio", "text"),
    [
        ("p1/a.wav", "p2/b/a.txt"),
        ("p1/wav/a.wav", "p2/txt/a.txt"),
        ("p1/a.wav", "p1/a.md"),
        ("p1/a.wav", "a/p2/p3/a.txt"),
    ],
)
def test_a_text_elsewhere_is_another_clips(tmp_path, tone, look, audio, text):
    tone(tmp_path / audio)
    write(tmp_path, {text: "words"})
    listing = look(tmp_path)
    assert (listing.layout, facts(listing)) == ("folder", {audio: (None, None, None)})
    assert [one.examples for one in listing.passed_over.values()] == [(text,)]


def test_the_text_of_another_speaker_is_never_taken(tmp_path, tone, look):
    for path in ("anna/1.wav", "anna/2.wav", "bela/1.wav"):
        tone(tmp_path / path)
    write(tmp_path, {"anna/1.txt": "one", "bela/2.txt": "two"})
    assert facts(look(tmp_path)) == {
        "anna/1.wav": ("one", None, None),
        "anna/2.wav": (None, None, None),
        "bela/1.wav": (None, None, None),
    }


def test_one_folder_of_texts_for_two_folders_of_the_same_names_is_not_used(tmp_path, tone, look):
    for path in ("anna/1.wav", "bela/1.wav"):
        tone(tmp_path / path)
    write(tmp_path, {"txt/1.txt": "whose?"})
    listing = look(tmp_path)
    assert [text for text, _, _ in facts(listing).values()] == [None, None]
    assert list(listing.passed_over) == [".txt files"]


def test_two_texts_that_fit_a_clip_alike_are_not_used_and_counted(tmp_path, tone, look):
    tone(tmp_path / "wav" / "p1" / "a.wav")
    write(tmp_path, {"clean/p1/a.txt": "a", "raw/p1/a.txt": "b"})
    listing = look(tmp_path)
    assert facts(listing) == {"wav/p1/a.wav": (None, None, None)}
    assert str(next(iter(listing.passed_over.values()))) == (
        "clips that several texts fit, of which none is used: 1 "
        "(wav/p1/a.wav: clean/p1/a.txt, raw/p1/a.txt)"
    )


def test_vctk_has_its_texts_in_a_folder_beside_and_speakers_as_folders(tmp_path, tone, look):
    for speaker in ("p225", "s5"):
        for end in ("001_mic1", "001_mic2"):
            tone(tmp_path / "VCTK" / "wav48_silence_trimmed" / speaker / f"{speaker}_{end}.flac")
        write(tmp_path, {f"VCTK/txt/{speaker}/{speaker}_001.txt": f"Please call {speaker}."})
    tone(tmp_path / "VCTK" / "wav48_silence_trimmed" / "p315" / "p315_001_mic1.flac")
    write(tmp_path, {"VCTK/speaker-info.txt": "ID  AGE  GENDER\np225  23  F\n"})
    listing = look(tmp_path)
    found = {path.rpartition("/")[2]: fact for path, fact in facts(listing).items()}
    assert found == {
        "p225_001_mic1.flac": ("Please call p225.", "p225", None),
        "p225_001_mic2.flac": ("Please call p225.", "p225", None),
        "s5_001_mic1.flac": ("Please call s5.", "s5", None),
        "s5_001_mic2.flac": ("Please call s5.", "s5", None),
        "p315_001_mic1.flac": (None, "p315", None),
    }


def test_libritts_has_normalised_texts_speakers_and_lists(tmp_path, tone, look):
    for place in ("train-clean-100/84/121/84_121_000001", "dev-clean/26/4/26_4_000002"):
        name = f"LibriTTS/{place}_000000"
        tone(tmp_path / f"{name}.wav")
        write(tmp_path, {f"{name}.original.txt": "Mr. B", f"{name}.normalized.txt": "Mister B"})
        chapter = place.rpartition("_")[0]
        write(tmp_path, {f"LibriTTS/{chapter}.trans.tsv": f"{place}\tMr. B\tMister B\n"})
    listing = look(tmp_path)
    assert listing.layout == "one_text_a_clip"
    assert sorted(facts(listing).values()) == [
        ("Mister B", "26", "eval"),
        ("Mister B", "84", "train"),
    ]
    assert {what: one.number for what, one in listing.passed_over.items()} == {
        ".txt files": 2,
        ".tsv files": 2,
    }


def test_timit_has_its_stretch_before_the_words(tmp_path, tone, look):
    for part in ("TRAIN", "TEST"):
        tone(tmp_path / part / "DR1" / f"F{part[:3]}0" / "SA1.WAV")
        write(tmp_path, {f"{part}/DR1/F{part[:3]}0/SA1.TXT": "0 46797 She had your dark suit.\n"})
    assert facts(look(tmp_path)) == {
        "TEST/DR1/FTES0/SA1.WAV": ("She had your dark suit.", "FTES0", "test"),
        "TRAIN/DR1/FTRA0/SA1.WAV": ("She had your dark suit.", "FTRA0", "train"),
    }


def test_an_object_beside_each_clip_says_text_speaker_and_language(tmp_path, tone, look):
    # As Emilia's and other WebDataset archives have it when they are unpacked.
    tone(tmp_path / "EN_B0_W0.mp3")
    said = {"id": "EN_B0_W0", "text": " Some words. ", "speaker": "EN_S0", "language": "en"}
    write(tmp_path, {"EN_B0_W0.json": json.dumps(said)})
    (one,) = look(tmp_path).candidates
    assert (one.text, one.speaker, one.language) == ("Some words.", "EN_S0", "en")


def test_what_holds_no_words_is_counted_and_the_clip_has_none(tmp_path, tone, look):
    for name in "abcdef":
        tone(tmp_path / f"{name}.wav", hz=200 + 10 * ord(name))
    write(
        tmp_path,
        {
            "a.lab": "0 2050000 sil\n2050000 3000000 ah\n",
            "b.txt": "0.00\t1.25\tword\n",
            "c.txt": "word " * 20_000,
            "d.json": '{"version": 1}',
            "e.txt": " \n",
        },
    )
    (tmp_path / "f.txt").write_bytes(b"J\xf3 napot!")
    listing = look(tmp_path)
    assert [text for text, _, _ in facts(listing).values()] == [None] * 6
    assert [str(one) for one in listing.passed_over.values()] == [
        "label files with times, which are no texts: 2 (a.lab, b.txt)",
        "texts beside clips that are too long to be theirs: 1 (c.txt)",
        "JSON files beside clips that hold no text: 1 (d.json)",
        "texts of clips that are not UTF-8: 1 (f.txt). Save them as UTF-8",
    ]


def test_a_table_goes_before_texts_beside_clips(tmp_path, tone, look):
    tone(tmp_path / "a.wav")
    write(tmp_path, {"a.txt": "beside", "metadata.csv": "file_name,text\na.wav,in the table\n"})
    listing = look(tmp_path)
    assert (listing.layout, facts(listing)) == ("metadata", {"a.wav": ("in the table", None, None)})


def test_clips_beside_a_table_that_does_not_name_them_have_their_own_texts(tmp_path, tone, look):
    tone(tmp_path / "LJ" / "wavs" / "LJ1.wav")
    write(tmp_path, {"LJ/metadata.csv": "LJ1|In the table.|In the table.\n"})
    tone(tmp_path / "VCTK" / "wav48" / "p225" / "p225_001.wav")
    write(tmp_path, {"VCTK/txt/p225/p225_001.txt": "Beside."})
    assert facts(look(tmp_path)) == {
        "LJ/wavs/LJ1.wav": ("In the table.", None, None),
        "VCTK/wav48/p225/p225_001.wav": ("Beside.", "p225", None),
    }


def test_a_text_that_changes_after_ingest_is_noticed(project, source, tone):
    from engine.corpus.ingest import ingest
    from engine.corpus.integrity import require_intact
    from engine.errors import UserError

    words = project.root / "data" / "words"
    tone(words / "a.wav")
    write(words, {"a.txt": "Some words."})
    assert ingest("words", source(), project).manifest.clips[0].text == "Some words."
    require_intact("words", source(), project)
    write(words, {"a.txt": "Other words."})
    with pytest.raises(UserError, match=r"1 file of corpus 'words' changed .*: a.txt"):
        require_intact("words", source(), project)
