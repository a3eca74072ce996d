"""Odd files that other projects keep for their own tests; skipped where they are not at hand."""

import os
from collections import Counter
from pathlib import Path

import pytest

from engine.corpus.layouts import list_files
from engine.corpus.limits import Limits
from engine.corpus.manifest import Quarantined
from engine.corpus.measure import measure_part

ODD = Path(os.environ.get("CANTUS_ODD_FILES", "no-such-folder"))
pytestmark = pytest.mark.skipif(not ODD.is_dir(), reason="the odd files are not here")

LIMITS = Limits(min_seconds=0.1, max_seconds=None, min_sample_rate_hz=8_000)


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    part = tmp_path_factory.mktemp("odd") / "0"
    return measure_part(ODD, list_files(ODD).candidates, LIMITS, (16_000,), part)


def reasons(results):
    return {one.path: one.reason for one in results.results if isinstance(one, Quarantined)}


def test_every_file_gets_an_answer(results):
    counts = Counter(reasons(results).values())
    assert len(results.results) == 140
    assert counts["silent"] == 21
    assert counts["empty"] == 2
    assert counts["truncated"] == 1


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("mutagen/lame397v9short.mp3", "header disagrees"),  # promises 2**63 - 1 frames
        ("scipy/test-44100Hz-le-1ch-4bytes-early-eof.wav", "truncated"),
        ("wake_words/126.flac", "unreadable"),
        ("lyra/invalid.wav", "unreadable"),
        ("lfs_pointers/voice_01.wav", "unreadable"),
        ("pydub/test1_empty.wav", "empty"),
        ("applio/mute.wav", "silent"),
        ("scipy/test-1234Hz-le-1ch-10S-20bit-extra.wav", "sample rate too low"),
    ],
)
def test_odd_files_are_quarantined_for_what_is_odd(results, path, reason):
    assert reasons(results)[path] == reason


def test_odd_files_that_are_sound_are_used(results):
    used = {one.clip.path for one in results.results if not isinstance(one, Quarantined)}
    assert {"speechbrain/example3.sph", "taglib/alaw.wav", "mutagen/example.opus"} < used
    assert {"taglib/infloop.wav", "gcompris/planegame.ogg", "lhotse/real_8ch.wav"} < used


def test_the_samples_left_are_those_of_the_used_clips(results):
    samples = sum(
        one.num_samples[16_000] for one in results.results if not isinstance(one, Quarantined)
    )
    assert results.pcm[16_000].stat().st_size == 2 * samples
