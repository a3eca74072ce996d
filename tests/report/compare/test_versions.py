"""Samples of several runs matched clip by clip."""

import base64
import io

import numpy as np
import soundfile

from engine.report.compare.curves import compared_curves, first_steps
from engine.report.compare.runs import compared_runs
from engine.report.compare.samples import sample_rows
from engine.report.compare.versions import version_rows
from engine.report.sound import Sound
from tests.compared import HARD, phases, run_of, sampled


def decoded(uri):
    """The sound that a page holds as a data URI."""
    content = base64.b64decode(uri.partition(",")[2])
    return Sound(*soundfile.read(io.BytesIO(content), dtype="float32"))


def runs_of(tmp_path, **samples):
    """Runs by name with samples, each a function from the run's folder."""
    found = [
        run_of(tmp_path / name, "xtts_phase1", {"mel_ce": HARD}, samples=make(tmp_path / name))
        for name, make in samples.items()
    ]
    return compared_runs(found).runs


def test_what_is_the_same_file_stands_once_and_the_rest_run_by_run(tmp_path):
    def made(hertz):
        return lambda folder: [
            sampled(folder, "01_yes", "spoken", hertz=hertz),
            sampled(folder, "01_yes", "original", hertz=100),
        ]

    (row,) = version_rows(runs_of(tmp_path, a=made(200), b=made(300)))
    assert [one.title for one in row.versions] == ["original", "a: spoken", "b: spoken"]


def test_clips_are_matched_whatever_their_place_in_a_run(tmp_path):
    runs = runs_of(
        tmp_path,
        a=lambda folder: [sampled(folder, "01_yes", "spoken", hertz=200)],
        b=lambda folder: [
            sampled(folder, "01_no", "spoken", hertz=200),
            sampled(folder, "02_yes", "spoken", hertz=300),
        ],
    )
    rows = version_rows(runs)
    assert [(row.title, row.lacking) for row in rows] == [("yes", []), ("no", ["a"])]


def test_samples_of_one_text_are_matched_by_what_they_are_made_of(tmp_path):
    def made(clip, hertz):
        def make(folder):
            sample = sampled(folder, clip, "seed_1", "Jó napot", hertz=hertz)
            return [sample | {"made_of": "e4ef"}]

        return make

    (row,) = version_rows(runs_of(tmp_path, a=made("one", 200), b=made("two", 300)))
    assert (row.title, [one.title for one in row.versions]) == ("Jó napot", ["a", "b"])


def test_a_file_outside_the_run_or_gone_is_left_out(tmp_path):
    def made(folder):
        inside = sampled(folder, "yes", "spoken")
        return [inside | {"path": path} for path in ("../a/x.wav", "/etc/passwd", "gone.wav")]

    assert version_rows(runs_of(tmp_path, a=made, b=lambda folder: [])) == []


def test_versions_of_a_clip_are_equally_loud_and_differ_by_picture_where_lengths_fit(tmp_path):
    runs = runs_of(
        tmp_path,
        a=lambda folder: [sampled(folder, "yes", "spoken", level=0.02)],
        b=lambda folder: [sampled(folder, "yes", "spoken", level=0.2, hertz=500)],
        c=lambda folder: [sampled(folder, "yes", "spoken", level=0.1, seconds=1.0)],
    )
    (row,) = sample_rows(version_rows(runs), "FLAC")
    sounds = [decoded(part.audio) for part in row.exhibit.parts]
    assert np.ptp([one.lufs for one in sounds]) < 0.1
    assert row.exhibit.parts[0].notes[0].endswith("dB louder than its file")
    assert [one.title for one in row.differences] == ["b: spoken minus a: spoken"]
    assert "No picture of c: spoken minus a: spoken: they differ in length." in row.note


def test_a_sound_that_is_damaged_is_said_and_the_others_play(tmp_path):
    runs = runs_of(
        tmp_path,
        a=lambda folder: [sampled(folder, "yes", "spoken")],
        b=lambda folder: [sampled(folder, "yes", "spoken", hertz=500)],
    )
    (damaged,) = (tmp_path / "b" / "samples").iterdir()
    damaged.write_bytes(b"no audio")
    (row,) = sample_rows(version_rows(runs), "Opus")
    assert [bool(part.audio) for part in row.exhibit.parts] == [True, False]
    assert row.exhibit.parts[1].notes == ("Its file holds no audio.",)


def test_a_phase_stands_behind_the_one_that_it_continues_on_the_axis(tmp_path):
    runs = phases(tmp_path, change=-0.2).runs
    assert first_steps(runs) == {"xtts_phase1": 0, "xtts_phase2": 100}
    drawn = compared_curves(runs)[0]
    assert [path.line.points[0][0] for path in drawn.paths] == [50, 150]
    assert [name for _, name in drawn.starts] == ["xtts_phase2"]


def test_figures_of_other_clips_are_on_an_axis_of_their_own(tmp_path):
    first = run_of(tmp_path / "a", "xtts_phase1", {"mel_ce": HARD})
    other = run_of(tmp_path / "b", "xtts_phase1", {"mel_ce": HARD}, evaluation_set="cd" * 32)
    drawn = compared_curves(compared_runs([first, other]).runs)
    assert [[path.line.title for path in one.paths] for one in drawn[:2]] == [["a"], ["b"]]
