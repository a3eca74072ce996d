"""A slice of the campaign on fingerprints: made clips, each part, and that it goes on."""

import json
import sys

import numpy as np
import pytest
import soundfile

from benchmarks.fingerprints import __main__ as campaign
from benchmarks.fingerprints import recall
from benchmarks.fingerprints.clips import LENGTHS
from benchmarks.fingerprints.false_matches import false_matches
from benchmarks.fingerprints.rivals import distance, haitsma_kalker
from benchmarks.fingerprints.scale import compare, cost
from engine.corpus.audio.ffmpeg import find_ffmpeg
from tests.made_sounds import RATE_HZ, at_speed, syllables, with_noise

NUM_CLIPS = 6


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder of clips of two seconds, none like another."""
    place = tmp_path_factory.mktemp("made")
    for seed in range(NUM_CLIPS):
        soundfile.write(place / f"made{seed}.wav", syllables(seed, 2.0), RATE_HZ)
    return place


@pytest.mark.skipif(find_ffmpeg() is None, reason="FFmpeg is not on PATH")
def test_all_made_clips_are_found_after_each_transform(folder):
    rows = recall.recall_in(folder, recall.by_landmarks)
    assert len(rows) == 12
    assert {row["length"] for row in rows} == {[*LENGTHS][1]}
    assert {row["transform"]: row["found"]["cantus"] for row in rows if row["of"] == NUM_CLIPS} == {
        row["transform"]: NUM_CLIPS for row in rows
    }


def test_different_clips_are_no_false_matches_and_a_shared_recording_is_none(folder, tmp_path):
    found = false_matches([folder])
    assert (found["pairs"], found["found"], found["false"]) == (15, 0, 0)
    assert found["false_rate_95"] == (0.0, pytest.approx(0.218, abs=1e-3))
    soundfile.write(tmp_path / "again.wav", with_noise(syllables(0, 2.0), 20), RATE_HZ)
    found = false_matches([folder, tmp_path])
    assert (found["pairs"], found["found"], found["same_recording"]) == (21, 1, 1)


def test_takes_of_one_text_by_one_voice_are_counted_apart(tmp_path):
    for take in range(3):  # a copy in place of a take: what a false match would be
        soundfile.write(tmp_path / f"7_anna_{take}.wav", syllables(9, 1.0), RATE_HZ)
    found = false_matches([tmp_path])
    assert (found["repetitions"], found["false_among_repetitions"]) == (3, 3)


def test_evaluation_clips_find_themselves_among_simulated_ones(folder, tmp_path):
    found = compare(folder, 400, tmp_path / "landmarks.npy")
    assert (found["clips"], found["found_themselves"]) == (400, 350)
    assert cost(folder)["clips"] == NUM_CLIPS


def test_the_distance_of_codes_is_least_at_the_shift_that_fits():
    codes = np.random.default_rng(0).integers(0, 1 << 32, 40, dtype=np.uint32)
    assert distance(codes, codes[7:]) == 0.0
    assert distance(codes, codes[::-1].copy()) > 0.3
    assert distance(codes, codes[:0]) == 1.0
    clip = np.repeat(syllables(1, 2.0), 3)[::2]  # 24 kHz
    other = np.repeat(syllables(2, 2.0), 3)[::2]
    slower = at_speed(clip, 0.985)
    same, different = (
        distance(haitsma_kalker(clip), haitsma_kalker(one)) for one in (slower, other)
    )
    assert same < different


def test_a_second_call_goes_on_with_the_pieces_that_are_missing(folder, tmp_path, monkeypatch):
    monkeypatch.setattr(campaign, "LINES", tmp_path / "lines.jsonl")
    monkeypatch.setattr(campaign, "SUMMARY", tmp_path / "summary.md")
    for only in ("false", "cost", "cost"):
        monkeypatch.setattr(sys, "argv", ["fingerprints", str(folder), "--only", only])
        campaign.main()
    names = [json.loads(line)[0] for line in (tmp_path / "lines.jsonl").read_text().splitlines()]
    assert names == ["false matches", f"cost {folder.name}"]
    assert "false matches: clips 6" in (tmp_path / "summary.md").read_text()
