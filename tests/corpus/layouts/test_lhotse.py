import gzip
import json

import pytest

from engine.errors import UserError


@pytest.fixture
def folder(tmp_path, tone):
    tone(tmp_path / "audio" / "a.wav", seconds=1.0)
    tone(tmp_path / "audio" / "b.wav", seconds=1.0, channels=2)
    return tmp_path


def recording(name="a", channels=(0,), kind="file", **more):
    source = {"type": kind, "channels": list(channels), "source": f"audio/{name}.wav"}
    sizes = {"sampling_rate": 16_000, "num_samples": 16_000, "duration": 1.0}
    return {"id": f"rec-{name}", "sources": [source], **sizes, **more}


def cut(name="cut-1", start=0.0, duration=1.0, supervisions=(), **more):
    more = {"recording": recording(), "channel": 0, "type": "MonoCut"} | more
    spans = {"start": start, "duration": duration, "supervisions": list(supervisions)}
    return {"id": name, **spans, **more}


def supervision(name="sup-1", start=0.0, duration=1.0, **more):
    return {"id": name, "recording_id": "rec-a", "start": start, "duration": duration, **more}


def test_a_cut_is_a_clip_with_its_supervisions_words(folder, look, write_lines):
    said = supervision(text="Jó", speaker="anna", language="Hungarian")
    write_lines(folder / "cuts.jsonl", cut(supervisions=[said]))
    listing = look(folder)
    (one,) = listing.candidates
    assert (listing.layout, one.id, one.path) == ("lhotse_cuts", "cut-1", "audio/a.wav")
    assert (one.text, one.speaker, one.language) == ("Jó", "anna", "Hungarian")
    assert (one.start_seconds, one.seconds, one.channel) == (0.0, None, None)


def test_gzipped_cuts_and_their_lists_are_read(folder, look):
    for name, start in (("train", 0.0), ("dev", 0.5)):
        line = json.dumps(cut(name, start, 0.5)) + "\n"
        (folder / f"cuts_{name}.jsonl.gz").write_bytes(gzip.compress(line.encode()))
    facts = [(one.id, one.seconds, one.listed) for one in look(folder).candidates]
    assert facts == [("train", 0.5, "train"), ("dev", None, "eval")]


def test_each_of_several_supervisions_is_a_clip_within_the_cut(folder, look, write_lines):
    spoken = [
        supervision("one", -0.1, 0.3, text="a"),
        supervision("two", 0.3, 0.9, text="b"),
        supervision("three", 0.6, 0.1),
    ]
    write_lines(folder / "cuts.jsonl", cut(start=0.2, duration=0.6, supervisions=spoken))
    listing = look(folder)
    (one, two) = listing.candidates
    assert (one.id, one.text, one.start_seconds) == ("one", "a", pytest.approx(0.2))
    assert one.seconds == pytest.approx(0.2)
    assert (two.id, two.start_seconds) == ("two", pytest.approx(0.5))
    assert two.seconds == pytest.approx(0.3)
    assert listing.reasons == [("audio/a.wav", "header disagrees")]


def test_a_channel_is_its_place_in_the_file(folder, look, write_lines):
    stereo = recording("b", channels=(3, 5))
    write_lines(folder / "cuts.jsonl", cut(recording=stereo, channel=5))
    assert [one.channel for one in look(folder).candidates] == [1]


@pytest.mark.parametrize(
    ("odd", "said"),
    [
        ({"recording": recording(kind="command")}, "its source is a command, which is never run"),
        (
            {"recording": recording(kind="url")},
            "its source is a url, which is never run or fetched",
        ),
        (
            {"recording": recording(transforms=[{"name": "Speed"}])},
            "its recording is to be transformed",
        ),
        ({"recording": {"id": "x", "sources": []}}, "it has no recording with a source"),
        ({"recording": None}, "it has no recording with a source"),
        ({"type": "MultiCut"}, "a MultiCut is of several channels or recordings"),
        ({"type": "MixedCut", "tracks": []}, "a MixedCut is of several channels or recordings"),
    ],
)
def test_what_is_no_part_of_one_file_is_quarantined_in_words(folder, look, write_lines, odd, said):
    write_lines(folder / "cuts.jsonl", cut(**odd), cut("good"))
    listing = look(folder)
    assert listing.ids == ["good"]
    assert listing.missing[0].reason == "unreadable"
    assert f"cuts.jsonl line 1: {said}" in listing.missing[0].detail


def test_a_command_is_never_run(folder, look, write_lines):
    made = folder / "made-by-a-command"
    source = {"type": "command", "channels": [0], "source": f"touch {made}"}
    write_lines(folder / "cuts.jsonl", cut(recording=recording() | {"sources": [source]}))
    assert look(folder).candidates == []
    assert not made.exists()


@pytest.mark.parametrize("span", [(-1.0, 1.0), (0.0, -1.0), (0.5, 0.0), ("0", 1.0)])
def test_times_that_are_none_are_quarantined_with_their_line(folder, look, write_lines, span):
    write_lines(folder / "cuts.jsonl", cut("bad", *span))
    (one,) = look(folder).missing
    assert (one.path, one.reason) == ("audio/a.wav", "header disagrees")
    assert one.detail.startswith("cuts.jsonl line 1: ")


def test_ids_that_leave_their_folder_are_not_taken(folder, look, write_lines):
    write_lines(folder / "cuts.jsonl", cut("../../a"), cut("twice", 0.1), cut("twice", 0.2))
    assert look(folder).ids == ["audio/a", "audio/a.wav_00000100", "audio/a.wav_00000200"]


def test_recordings_and_supervisions_are_joined(folder, look, write_lines):
    write_lines(folder / "recordings.jsonl", recording("a"), recording("b"))
    spoken = [supervision("one", 0.0, 0.5, text="a"), supervision("two", 0.5, 0.5, channel=0)]
    write_lines(folder / "supervisions.jsonl", *spoken, supervision("x", recording_id="gone"))
    listing = look(folder)
    assert listing.layout == "lhotse_recordings"
    facts = [(one.id, one.path, one.seconds, one.text) for one in listing.candidates]
    assert facts == [
        ("one", "audio/a.wav", 0.5, "a"),
        ("two", "audio/a.wav", None, None),
        ("rec-b", "audio/b.wav", None, None),
    ]
    assert [(one.path, one.detail) for one in listing.missing] == [
        ("x", "supervisions.jsonl line 3: no table has its recording 'gone'")
    ]


def test_two_recordings_of_one_id_are_an_error(folder, look, write_lines):
    write_lines(folder / "recordings.jsonl", recording("a"), recording("a"))
    with pytest.raises(UserError, match=r"recordings.jsonl line 2: the id 'rec-a'"):
        look(folder)


@pytest.mark.parametrize("damage", [lambda data: data[:40], lambda data: data[:20] + b"x" * 40])
def test_damaged_compression_is_an_error_in_words(folder, look, damage):
    data = gzip.compress(json.dumps([cut(str(n)) for n in range(50)]).encode())
    (folder / "cuts.jsonl.gz").write_bytes(damage(data))
    with pytest.raises(UserError, match=r"cuts.jsonl.gz, line 1: "):
        look(folder)
