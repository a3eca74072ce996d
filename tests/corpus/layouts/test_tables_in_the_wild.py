"""Tables as people have them, whatever their names, delimiters and columns."""

import json
import unicodedata

import pytest

SENTENCES = (
    "The river runs past the mill.",
    "A grey cat sleeps on the wall.",
    "Seven boats left the harbour.",
    "He counted the stars twice.",
)
WAVS = tuple(f"wavs/clip_00{number}.wav" for number in range(4))


@pytest.fixture
def folder(tmp_path):
    """folder({table: text or bytes}, *audio): a corpus of empty files and its tables."""

    def make(tables, audio=WAVS):
        for name in audio:
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_bytes(b"RIFF")
        for name, text in tables.items():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_bytes(text if isinstance(text, bytes) else text.encode())
        return tmp_path

    return make


def lines(form, names=WAVS, texts=SENTENCES):
    """A line a clip: `{0}` its name, `{1}` its text, `{2}` its speaker, `{3}` its number."""
    speakers = ("anna", "ben") * len(names)
    rows = zip(names, texts, speakers, range(len(names)))  # noqa: B905
    return "".join(form.format(*row) + "\n" for row in rows)


def said(listing):
    return [(one.text, one.speaker) for one in listing.candidates]


AS_SPOKEN = [*zip(SENTENCES, ("anna", "ben") * 2, strict=True)]
NO_SPEAKER = [(sentence, None) for sentence in SENTENCES]


@pytest.mark.parametrize(
    ("table", "text", "expected"),
    [
        ("metadata.csv", lines("{0}|{2}|{1}"), AS_SPOKEN),
        ("metadata.csv", lines("{0}|{1}|{2}"), AS_SPOKEN),
        ("metadata.csv", lines("clip_00{3}|{1}|{1}|{2}"), AS_SPOKEN),
        ("metadata.csv", lines("{0}|{2}|EN|{1}"), AS_SPOKEN),
        ("voice.list", lines("D:\\out\\wavs\\clip_00{3}.wav|{2}|EN|{1}"), AS_SPOKEN),
        ("metadata.txt", lines("clip_00{3}|{1}|{1}"), NO_SPEAKER),
        ("Metadata.csv", lines("clip_00{3}|{1}|{1}"), NO_SPEAKER),
        ("FILELIST.TXT", lines("{0}|{1}"), NO_SPEAKER),
        ("texts.tsv", lines("{0}\t{1}"), NO_SPEAKER),
        ("transcript.txt", lines("{0}|{1}|{1}|3.4{3}"), NO_SPEAKER),
        ("list.txt", lines("{3}|{0}|{1}"), NO_SPEAKER),
        ("filelist.txt", lines("{0}|1|{1}"), [(sentence, "1") for sentence in SENTENCES]),
        ("metadata.csv", "filename|text|speaker\n" + lines("{0}|{1}|{2}"), AS_SPOKEN),
        ("metadata.csv", "audio_file|transcript|speaker_name\n" + lines("{0}|{1}|{2}"), AS_SPOKEN),
        ("metadata.csv", "audio_file;text;speaker\n" + lines("{0};{1};{2}"), AS_SPOKEN),
        ("a.csv", "sep=;\n\nFile Path;Text;SPK\n" + lines("{0};{1};{2}"), AS_SPOKEN),
        ("a.txt", "# mine\n\n# file|text|speaker\n" + lines("{0}|{1}|{2}"), AS_SPOKEN),
        ("a.csv", ",path,sentence,spk\n" + lines('{3},{0},"{1}",{2}'), AS_SPOKEN),
        ("a.csv", "file, text, speaker\n" + lines('{0}, "{1}", {2}'), AS_SPOKEN),
        ("a.txt", '"wav"\t"text"\t"speaker"\n' + lines('"{0}"\t"{1}"\t"{2}"'), AS_SPOKEN),
        ("a.psv", "wav|text\n" + lines('{0}|"{1}"'), NO_SPEAKER),
        ("a.csv", lines("{0}|{1}").replace("\n", "\r"), NO_SPEAKER),
    ],
)
def test_a_table_is_read_by_what_is_written(folder, look, table, text, expected):
    listing = look(folder({table: text}))
    assert listing.missing == []
    assert said(listing) == expected


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_a_byte_order_mark_says_how_a_table_is_encoded(folder, look, encoding):
    mark = "\ufeff" if encoding[-2:] in ("le", "be") else ""
    text = mark + "file\ttext\tspeaker\r\n" + lines("{0}\t{1}\t{2}", texts=["Jó ég"] * 4)
    listing = look(folder({"Tabelle.txt": text.encode(encoding)}))
    assert said(listing)[0] == ("Jó ég", "anna")


def test_codes_of_languages_are_languages(folder, look):
    listing = look(folder({"a.list": lines("{0}|{2}|JP|{1}")}))
    assert {one.language for one in listing.candidates} == {"ja"}


def test_a_row_without_a_text_has_none_and_never_its_speaker(folder, look):
    texts = (*SENTENCES[:2], "", SENTENCES[3])
    listing = look(folder({"metadata.csv": lines("{0}|{2}|{1}", texts=texts)}))
    assert said(listing)[2] == (None, "anna")


@pytest.mark.parametrize(
    ("text", "row", "expected"),
    [
        (lines("{0}|{2}|{1}"), f"{WAVS[0]}|ben|One | two.", ("One | two.", "ben")),
        ("file,text,speaker\n" + lines("{0},{1},{2}"), f"{WAVS[0]},One, two.,ben", "One, two."),
        (
            "file|text|speaker\n" + lines("{0}|{1}|{2}"),
            f'{WAVS[0]}|"One | ""two"""|ben',
            'One | "two"',
        ),
    ],
)
def test_a_delimiter_inside_the_text_stays_there(folder, look, text, row, expected):
    rows = [line for line in text.splitlines() if not line.startswith(WAVS[0])]
    listing = look(folder({"metadata.csv": "\n".join([*rows, row])}))
    assert said(listing)[0] == (expected if isinstance(expected, tuple) else (expected, "ben"))


@pytest.mark.parametrize("delimiter", ["|", "\t"])
def test_marks_that_are_doubled_are_quotations_and_single_ones_are_text(folder, look, delimiter):
    texts = ('"She said ""go 0"" and left."', '"So she left.', '"Yes!" she said.', 'He "left".')
    form = delimiter.join(("{0}", "{1}", "{2}"))
    head = delimiter.join(("audio_file", "text", "speaker_name"))
    listing = look(folder({"metadata.csv": f"{head}\n{lines(form, texts=texts)}"}))
    assert [one.text for one in listing.candidates] == ['She said "go 0" and left.', *texts[1:]]


def test_a_quoted_text_may_go_over_lines(folder, look):
    texts = [f'"{sentence}\nAnd ""more""."' for sentence in SENTENCES]
    listing = look(folder({"a.psv": "file|text|speaker\n" + lines("{0}|{1}|{2}", texts=texts)}))
    assert said(listing)[1] == (f'{SENTENCES[1]}\nAnd "more".', "ben")


def test_columns_that_are_not_used_are_named(folder, look):
    text = "file|text|accent|mood\n" + lines("{0}|{1}|north|calm")
    (one,) = look(folder({"metadata.csv": text})).passed_over.values()
    assert str(one) == (
        "columns that are not used: 2 (accent of metadata.csv, mood of metadata.csv)"
    )


def test_fleurs_has_no_names_of_columns_and_its_audio_elsewhere(folder, look):
    form = "7{3}\t{0}\t{1}\t{2}\t{2}\t1084{3}\tFEMALE\n"
    spelt = [" ".join(sentence.lower()[:-1].replace(" ", "|")) for sentence in SENTENCES]
    tables = {}
    for number, list_ in enumerate(("train", "dev", "test")):
        row = (f"1{number}.wav", SENTENCES[number], SENTENCES[number].lower()[:-1])
        tables[f"hu_hu/{list_}.tsv"] = form.format(*row, number).replace(
            f"\t{row[2]}\t1", f"\t{spelt[number]}\t1"
        )
    audio = [f"hu_hu/audio/{name}.wav" for name in ("train/10", "dev/11", "test/12")]
    listing = look(folder(tables, audio))
    assert [(one.text, one.speaker, one.listed) for one in listing.candidates] == [
        ("a grey cat sleeps on the wall", None, "eval"),
        ("seven boats left the harbour", None, "test"),
        ("the river runs past the mill", None, "train"),
    ]


def test_deepspeech_names_sizes_and_absolute_paths(folder, look):
    head = "wav_filename,wav_filesize,transcript\n"
    rows = lines("/data/mine/{0},32044,{1}").splitlines(keepends=True)
    tables = {"train.csv": head + "".join(rows[:3]), "dev.csv": head + rows[3]}
    listing = look(folder(tables))
    assert [one.text for one in listing.candidates] == [*SENTENCES]
    assert [one.listed for one in listing.candidates] == ["train"] * 3 + ["eval"]


@pytest.mark.parametrize(
    "row",
    [
        lambda name, text: {"file_name": name, "transcription": text},
        lambda name, text: {"audio": {"path": name, "bytes": None}, "sentence": text},
        lambda name, text: {"key": "x", "wav": f"/mnt/data/{name}", "txt": text},
    ],
)
@pytest.mark.parametrize("table", ["metadata.jsonl", "data.list"])
def test_objects_are_read_by_their_keys(folder, look, row, table):
    rows = [json.dumps(row(*one)) + "\n" for one in zip(WAVS, SENTENCES, strict=True)]
    assert said(look(folder({table: "".join(rows)}))) == NO_SPEAKER


def test_an_object_of_files_says_their_texts(folder, look):
    table = json.dumps(dict(zip(WAVS, SENTENCES, strict=True)))
    assert said(look(folder({"alignment.json": table}))) == NO_SPEAKER


def test_folders_of_splits_are_lists(folder, look):
    row = "file_name,transcription\n{}.wav,{}\n"
    tables = {
        f"data/{list_}/metadata.csv": row.format(number, SENTENCES[number])
        for number, list_ in enumerate(("train", "validation", "test"))
    }
    audio = ["data/train/0.wav", "data/validation/1.wav", "data/test/2.wav", "data/test/3.wav"]
    listing = look(folder(tables, audio))
    assert [one.listed for one in listing.candidates] == ["test", "test", "train", "eval"]


def test_one_table_of_clips_in_folders_of_splits_is_of_these_lists(folder, look):
    audio = [f"{'train' if number else 'test'}/{number}.wav" for number in range(4)]
    listing = look(folder({"metadata.csv": "file|text\n" + lines("{0}|{1}", audio)}, audio))
    assert [one.listed for one in listing.candidates] == ["test", "train", "train", "train"]


def test_a_column_may_say_the_list(folder, look):
    rows = [
        f"{name}|{text}|{list_}"
        for name, text, list_ in zip(
            WAVS, SENTENCES, ("train", "train", "dev", "test"), strict=True
        )
    ]
    listing = look(folder({"a.csv": "\n".join(["path|text|split", *rows])}))
    assert [one.listed for one in listing.candidates] == ["train", "train", "eval", "test"]


@pytest.mark.parametrize("second", ["val", "dev", "valid", "validation", "eval", "test"])
def test_any_two_lists_are_a_pair(folder, look, second):
    rows = lines("clip_00{3}|{1}|{1}").splitlines(keepends=True)
    tables = {"metadata_train.csv": "".join(rows[:3]), f"metadata_{second}.csv": rows[3]}
    listing = look(folder(tables))
    held_out = "test" if second == "test" else "eval"
    assert [one.listed for one in listing.candidates] == ["train"] * 3 + [held_out]


def test_half_a_pair_is_said(folder, look):
    listing = look(folder({"metadata_train.csv": lines("clip_00{3}|{1}|{1}", WAVS[:3])}))
    assert [str(one) for one in listing.passed_over.values()] == [
        "lists without another one beside them, whose clips are of no list: 1 (metadata_train.csv)",
        "audio files that no row names: 1 (wavs/clip_003.wav)",
    ]


def test_tables_that_are_not_read_are_counted(folder, look):
    tables = {
        "metadata.csv": lines("clip_00{3}|{1}|{1}"),
        "other/scores.txt": lines("{0}|{1}"),
        "durations.csv": "file,seconds\n" + lines("{0},1.5"),
        "notes.txt": "The river, the mill | and the cat\n",
    }
    listing = look(folder(tables))
    assert said(listing) == NO_SPEAKER
    assert {what: one.examples for what, one in listing.passed_over.items()} == {
        "tables that name clips and are not read": ("other/scores.txt",),
        "tables that name clips and say nothing of them that is used": ("durations.csv",),
        ".txt files": ("notes.txt",),
    }


def test_tables_side_by_side_are_all_read_and_a_clip_has_its_first_row(folder, look):
    rows = lines("{0}|{1}").splitlines(keepends=True)
    tables = {"anna.txt": "".join(rows[:2]), "ben.txt": "".join(rows[1:])}
    listing = look(folder(tables))
    assert said(listing) == NO_SPEAKER
    assert str(listing.passed_over["rows that name a file that another table has named"]).endswith(
        ": 1 (ben.txt line 1)"
    )


def test_a_second_table_tells_what_the_first_did_not_and_what_it_contradicts_is_counted(
    folder, look
):
    tables = {
        "speakers.csv": "file,speaker\n" + lines("{0},anna"),
        "texts.csv": "file,text\n" + lines("{0},{1}"),
        "texts_2.csv": "file,text,label\n" + lines("{0},Something else.,odd", WAVS[:1]),
    }
    listing = look(folder(tables))
    assert said(listing) == [(text, "anna") for text, _ in NO_SPEAKER]
    assert {what: one.examples for what, one in listing.passed_over.items()} == {
        "rows that name a file that another table has named": ("texts_2.csv line 2",)
    }


@pytest.mark.parametrize("content", ["", "file|text|speaker\n"])
def test_a_table_without_a_row_is_counted(folder, look, content):
    listing = look(folder({"metadata.csv": content}))
    assert str(listing.passed_over["tables without a row"]).endswith(": 1 (metadata.csv)")


@pytest.mark.parametrize(
    ("name", "own", "said"),
    [
        ("wavs/clip_000.wav", "wavs/clip_000.WAV", "case or Unicode form"),
        ("wavs/clip_000.wav", "Wavs/Clip_000.wav", "case or Unicode form"),
        (
            unicodedata.normalize("NFC", "größe"),
            unicodedata.normalize("NFD", "wavs/größe.wav"),
            "case or",
        ),
        ("clip_000.mp3", "clips/clip_000.wav", "suffix"),
        ("wavs/clip_000.wav", "wavs/clip_000.flac", "suffix"),
        ("/data/anna/wavs/clip_000.wav", "wavs/clip_000.wav", "folders"),
        ("C:\\Users\\me\\wavs\\clip_000.wav", "wavs/clip_000.wav", "folders"),
        ("\\\\server\\share\\wavs\\clip_000.wav", "wavs/clip_000.wav", "folders"),
        ("DUMMY1/clip_000.wav", "wavs/22k/clip_000.wav", "folders"),
        ("file:///data/wavs/my%20clip.wav", "wavs/my clip.wav", "address"),
        ("wavs/my%20clip.wav", "wavs/my clip.wav", "address"),
    ],
)
def test_a_name_means_the_one_file_that_ends_so(folder, look, name, own, said):
    listing = look(folder({"metadata.csv": f"file|text\n{name}|Hello.\n"}, [own, "wavs/other.wav"]))
    assert [one.text for one in listing.candidates if one.path == own] == ["Hello."]
    (note,) = listing.passed_over.values()
    assert said in note.what
    assert note.examples == (f"{name} is {own}",)


def test_a_name_without_a_folder_means_the_one_file_of_that_name_without_a_word(folder, look):
    own = "audio/part/clip_000.opus"
    listing = look(folder({"metadata.csv": "file|text\nclip_000|Hello.\n"}, [own]))
    assert [one.text for one in listing.candidates if one.path == own] == ["Hello."]
    assert not listing.passed_over


def test_a_name_that_several_files_end_with_is_none_of_them(folder, look):
    audio = ["a/1.wav", "b/1.wav"]
    listing = look(folder({"metadata.csv": "file|text\n/data/1.wav|Hello.\n"}, audio))
    assert [one.text for one in listing.candidates] == [None, None]
    assert "several files end so, a/1.wav and b/1.wav" in listing.missing[0].detail


def test_the_table_s_own_folder_decides_between_them(folder, look):
    audio = ["anna/audio/1.wav", "ben/audio/1.wav"]
    tables = {f"{name}/metadata.csv": f"file|text\n1.wav|{name}\n" for name in ("anna", "ben")}
    assert [one.text for one in look(folder(tables, audio)).candidates] == ["anna", "ben"]


@pytest.mark.parametrize("prefix", ["", "/data/"])
def test_a_missing_file_is_not_taken_for_that_of_another_folder(folder, look, prefix):
    text = f"file|text\n{prefix}spk1/1.wav|One.\n{prefix}spk2/1.wav|Two.\n"
    listing = look(folder({"metadata.csv": text}, ["spk2/1.wav"]))
    assert [one.text for one in listing.candidates] == ["Two."]
    assert [one.path for one in listing.missing] == [f"{prefix}spk1/1.wav"]
