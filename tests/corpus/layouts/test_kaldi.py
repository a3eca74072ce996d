import pytest

from engine.corpus.layouts.kaldi_source import source_of


@pytest.fixture
def folder(tmp_path, tone):
    tone(tmp_path / "wav" / "rec0.wav", seconds=2.0, channels=2)
    tone(tmp_path / "wav" / "rec1.wav", seconds=2.0, hz=300)
    return tmp_path


def write(folder, name="data/train", **files):
    (folder / name).mkdir(parents=True, exist_ok=True)
    for file, lines in files.items():
        path = folder / name / file.replace("_scp", ".scp")
        path.write_text("".join(f"{line}\n" for line in lines))


RECORDINGS = ["rec0 wav/rec0.wav", "rec1 wav/rec1.wav"]


def test_segments_texts_speakers_and_languages_are_read(folder, look):
    write(
        folder,
        wav_scp=RECORDINGS,
        segments=["u0 rec0 0.00 0.90", "u1 rec0 1.00 1.90", "u2 rec1 0.5 -1"],
        text=["u0 the river", "u1 a grey cat", "u2 seven boats"],
        utt2spk=["u0 anna", "u1 bela", "u2 anna"],
        utt2lang=["u0 en", "u1 en", "u2 hu"],
    )
    listing = look(folder)
    assert listing.layout == "kaldi"
    facts = [
        (one.id, one.path, one.start_seconds, one.seconds, one.text, one.speaker, one.language)
        for one in listing.candidates
    ]
    assert facts == [
        ("u0", "wav/rec0.wav", 0.0, 0.9, "the river", "anna", "en"),
        ("u1", "wav/rec0.wav", 1.0, pytest.approx(0.9), "a grey cat", "bela", "en"),
        ("u2", "wav/rec1.wav", 0.5, None, "seven boats", "anna", "hu"),
    ]
    assert listing.passed_over == {}


def test_without_segments_each_recording_is_an_utterance(folder, look):
    write(folder, wav_scp=RECORDINGS, text=["rec0 words", "rec1"], utt2spk=["rec0\tanna"])
    assert [(one.id, one.text, one.speaker) for one in look(folder).candidates] == [
        ("rec0", "words", "anna"),
        ("rec1", None, None),
    ]


def test_several_folders_are_the_lists_and_what_is_held_out_stays_so(folder, tone, look):
    tone(folder / "wav" / "rec2.wav", hz=500)
    write(folder, "data/all", wav_scp=[*RECORDINGS, "rec2 wav/rec2.wav"])
    write(folder, "data/train", wav_scp=RECORDINGS[:1])
    write(folder, "data/dev", wav_scp=RECORDINGS[1:])
    listing = look(folder)
    assert [(one.path, one.listed) for one in listing.candidates] == [
        ("wav/rec0.wav", "train"),
        ("wav/rec1.wav", "eval"),
        ("wav/rec2.wav", None),
    ]
    assert listing.missing == []


def test_a_segment_with_times_that_are_none_is_quarantined(folder, look):
    segments = ["u0 rec0 1.0 0.5", "u1 rec0 x y", "u2 rec0 0", "u3 rec0 nan 1", "u4 gone 0 1"]
    write(folder, wav_scp=RECORDINGS, segments=segments)
    listing = look(folder)
    assert [(one.path, one.reason, one.detail) for one in listing.missing] == [
        (
            "u4",
            "unreadable",
            "data/train/segments line 5: data/train/wav.scp has no recording 'gone'",
        ),
        *(("wav/rec0.wav", "header disagrees", one.detail) for one in listing.missing[1:]),
    ]
    details = [one.detail.partition(": ")[2] for one in listing.missing[1:]]
    assert details[0] == "duration is -0.5 s, below 0"
    assert (
        details[1]
        == details[2]
        == ("a segment is UTTERANCE RECORDING START END, with times in seconds")
    )
    assert "finite" in details[3]


def test_lines_that_fit_nothing_are_counted(folder, look):
    write(
        folder,
        wav_scp=[*RECORDINGS, "rec0 wav/other.wav"],
        segments=["u0 rec0 0 1"],
        text=["u0 words", "u7 more words"],
    )
    assert [str(one) for one in look(folder).passed_over.values()] == [
        "lines whose id an earlier line of the file has: 1 (data/train/wav.scp line 3)",
        "lines of wav.scp whose utterance or recording no other line names: 1 "
        "(rec1 in data/train/wav.scp)",
        "lines of text whose utterance or recording no other line names: 1 (u7 in data/train/text)",
        "audio files that no row names: 1 (wav/rec1.wav)",
    ]


def test_a_command_is_never_run(folder, look):
    mark = folder / "was_run"
    write(
        folder,
        wav_scp=[
            f"a touch {mark} |",
            f"b cat wav/rec1.wav; touch {mark} |",
            f"c cat $(touch {mark}; echo wav/rec1.wav) |",
            "d sox wav/rec1.wav -t wav - speed 0.9 |",
            "e sph2pipe -f wav -p -c 2 wav/rec0.wav |",
            "f flac -c -d -s wav/rec1.wav |",
        ],
    )
    listing = look(folder)
    assert not mark.exists()
    assert [(one.id, one.path, one.channel) for one in listing.candidates] == [
        ("e", "wav/rec0.wav", 1),
        ("f", "wav/rec1.wav", None),
    ]
    assert [(one.path, one.reason) for one in listing.missing] == [
        (name, "unreadable") for name in "abcd"
    ]
    assert "none is ever run" in listing.missing[0].detail


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("a b.wav", "a b.wav"),
        ("cat 'a b.wav' |", "a b.wav"),
        ("/usr/bin/flac -dcs a.flac|", "a.flac"),
        ("sox a.sph -t wav - |", "a.sph"),
        ("gunzip -c a.wav.gz |", None),
        ("cat a.wav b.wav |", None),
        ("cat a.wav | sox - b.wav |", None),
        ("ffmpeg -i a.mp3 -f wav -ar 16000 - |", None),
        ("cat 'a |", None),
        ("|", None),
        ("raw_wav.1.ark:1234", None),
    ],
)
def test_a_line_is_a_file_only_where_that_is_certain(line, name):
    source = source_of(line)
    assert (None if source.refused else source.name) == name
