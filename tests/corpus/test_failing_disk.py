"""A disk that fails under an ingest, in a process whose reads really fail (failing_disk.c)."""

import errno
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from engine.corpus.audio.decode import AudioFile, UnusableError
from engine.corpus.layouts import Candidate
from engine.corpus.measure import measure
from engine.corpus.measure.limits import Limits
from engine.corpus.measure.measure import measure_file

needs_compiler = pytest.mark.skipif(shutil.which("cc") is None, reason="no C compiler on PATH")

LIMITS = Limits(min_seconds=0.1, max_seconds=None, min_sample_rate_hz=8_000)


@pytest.fixture(scope="module")
def shim(tmp_path_factory):
    made = tmp_path_factory.mktemp("shim") / "failing_disk.so"
    source = Path(__file__).with_name("failing_disk.c")
    subprocess.run(["cc", "-shared", "-fPIC", "-o", made, source, "-ldl"], check=True)
    return made


@pytest.fixture
def words(tmp_path):
    """A project with a corpus of three good files."""
    for number in range(3):
        hertz = 300 + 100 * number
        path = tmp_path / "data" / "words" / f"{number}.wav"
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(path, 0.5 * np.sin(np.arange(8_000) * hertz / 2_600), 16_000)
    (tmp_path / "recipes").mkdir()
    (tmp_path / "params.toml").write_text(
        'profile = "full"\nseed = 0\n[hardware]\nnum_threads = 1\n'
        '[corpora.words]\nsource = "data/words"\nsample_rates_hz = [16_000]\nat_most_bad = 0.5\n'
        "[work]\nnum_workers = 1\n"
    )
    return tmp_path


@pytest.fixture
def ingested(words, shim, tmp_path):
    """Ingests while reads of 1.wav fail so many times: what is quarantined."""

    def run(times, number=errno.EIO):
        marks = tmp_path / "marks"
        shutil.rmtree(marks, ignore_errors=True)
        marks.mkdir()
        for mark in range(times):
            (marks / str(mark)).touch()
        failing = {"FAILING_FILE": "/1.wav", "FAILING_ERRNO": str(number)}
        environment = {"LD_PRELOAD": str(shim), "FAILING_TIMES": str(marks), **failing}
        code = "from engine.cli import main; main(['ingest', 'words'])"
        answer = subprocess.run(
            [sys.executable, "-c", code],
            env=os.environ | environment,
            cwd=words,
            capture_output=True,
            text=True,
            check=False,
        )
        assert answer.returncode == 0, answer.stderr
        lines = (words / "build/corpus/words/quarantine.jsonl").read_text().splitlines()
        assert times == 0 or len(list(marks.iterdir())) < times, "no read failed"
        return [json.loads(line) for line in lines]

    return run


@needs_compiler
@pytest.mark.parametrize("times", [1, 2])
def test_a_read_error_that_passes_costs_no_clip(ingested, times):
    assert ingested(times) == []


@needs_compiler
@pytest.mark.parametrize("number", [errno.EIO, errno.ESTALE])
def test_one_that_stays_costs_the_clip_in_this_ingest_alone(ingested, number):
    (one,) = ingested(900, number)
    assert (one["path"], one["reason"], one["is_passing"]) == ("1.wav", "unreadable", True)
    said = f"{os.strerror(number)}: the disk or the network fails, and the next ingest reads"
    assert one["detail"].startswith(said)
    assert ingested(0) == []


# ---- what fails in the middle of a file, of which a decoder says only that it ends ----


def test_a_decoder_that_takes_a_failing_disk_for_the_end_is_asked_again(
    tmp_path, tone, monkeypatch
):
    tone(tmp_path / "a.wav")
    answers = iter([UnusableError("truncated", "400 frames of 8,000")])

    def blocks(audio):
        if (fault := next(answers, None)) is not None:
            raise fault
        return real(audio)

    real = AudioFile.blocks
    monkeypatch.setattr(AudioFile, "blocks", blocks)
    (found,) = measure_file(tmp_path, [Candidate(path="a.wav")], LIMITS, {})
    assert found.clip.num_frames == 8_000


def test_a_fault_of_the_file_is_looked_at_twice_and_not_waited_for(tmp_path, monkeypatch):
    (tmp_path / "a.wav").write_text("no audio")
    waited = []
    monkeypatch.setattr(measure.time, "sleep", waited.append)
    (found,) = measure_file(tmp_path, [Candidate(path="a.wav")], LIMITS, {}, iter((0.0, 9.0)))
    assert (found.reason, found.is_passing) == ("unreadable", False)
    assert waited == [0.0]


def test_files_of_a_shard_share_the_time_that_is_waited(tmp_path, monkeypatch):
    def fail(path):
        raise OSError(errno.ETIMEDOUT, os.strerror(errno.ETIMEDOUT))

    waited = []
    monkeypatch.setattr(measure, "sha256_of", fail)
    monkeypatch.setattr(measure.time, "sleep", waited.append)
    waits = iter((0.1, 0.2, 0.3, 0.4))
    for _ in range(3):
        (found,) = measure_file(tmp_path, [Candidate(path="a.wav")], LIMITS, {}, waits)
        assert found.is_passing
    assert waited == [0.1, 0.2, 0.3, 0.4, 0, 0, 0, 0, 0]
