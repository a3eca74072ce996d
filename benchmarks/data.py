"""What data costs: ingest, the memory of a large manifest, its check, and random crops.

Run it from the project: python -m benchmarks.data [ingest|manifest|crops]. All audio is made on the
spot: noise that is shaped like speech, so that FLAC and MP3 have as much to decode. `ingest` is the
whole command's work (list, decode, measure, resample, pack, write) on all cores, with what was kept
thrown away before each round. `manifest` gathers simulated clips in a fresh process for each size.
`crops` draws half a second from anywhere in ten-second clips, the readers taking turns; "as DAC
trains" is with a loud enough part looked for, its loudness measured and set, and its phase turned.
Results are written beside, with the machine.
"""

import json
import resource
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click
import numpy as np
import soundfile
from attrs import frozen
from joblib import cpu_count

from engine.corpus import Corpus, ingest
from engine.corpus.account.report import write_report
from engine.corpus.corpus import ingest_settings
from engine.corpus.integrity import require_intact
from engine.corpus.measure.clip_writer import Measured
from engine.corpus.store.gather import Gatherer
from engine.corpus.store.shard_cache import FileState
from engine.corpus.table.manifest import Clip
from engine.evaluation.sound.landmarks import LANDMARK
from engine.project import Project
from engine.recipe.params import CorpusSource
from engine.systems.codec.recipe import Dataset, Loudness

RESULTS = Path(__file__).parent / "results" / "data.json"
SECONDS = 10
FORMATS = {
    "wav 16 kHz": (".wav", 16_000, 16_000),
    "flac 16 kHz": (".flac", 16_000, 16_000),
    "mp3 44.1 to 16 kHz": (".mp3", 44_100, 16_000),
    "wav 44.1 to 16 kHz": (".wav", 44_100, 16_000),
    "wav 44.1 kHz": (".wav", 44_100, 44_100),
}
CLIPS_PER_SHARD = 64
BATCH = 72
_LANDMARKS = 30
"""Landmarks of a clip: as many as ten seconds of speech have."""
"""Crops in DAC's."""
AS_DAC_TRAINS = {"crops": "salient", "level": Loudness(), "phase_rotation": "random"}
SIMULATED = CorpusSource(source="builtin", sample_rates_hz=(16_000,))


@frozen
class Reader:
    """Reads `crops` crops a call; `calls` calls are timed at once."""

    read: Callable[[], object]
    crops: int = 1
    calls: int = 20


@click.group()
def main() -> None:
    """Measure one part, print it and write it into the results."""


@main.command("ingest")
@click.option("--clips", default=600, show_default=True, help="Of ten seconds each.")
@click.option("--rounds", default=3, show_default=True)
def ingest_speed(clips: int, rounds: int) -> None:
    """Times real time of the whole ingest, for each format."""
    found = {}
    for name, (suffix, rate, packed_hz) in FORMATS.items():
        with TemporaryDirectory() as folder:
            project = Project(Path(folder))
            write_clips(project.root / "data" / "clips", clips, suffix, rate)
            source = CorpusSource(source="data/clips", sample_rates_hz=(packed_hz,))
            seconds = [_ingest_seconds(project, source) for _ in range(rounds)]
        found[name] = round(clips * SECONDS / statistics.median(seconds))
        print(f"{name:<20} {found[name]:>6,} x real time")
    _write("ingest_times_real_time", {"clips": clips, "rounds": rounds, **found})


def _ingest_seconds(project: Project, source: CorpusSource) -> float:
    shutil.rmtree(project.root / "build", ignore_errors=True)
    started = time.perf_counter()
    ingest("clips", source, project)
    return time.perf_counter() - started


def write_clips(folder: Path, number: int, suffix: str, rate: int) -> None:
    """Ten-second clips of noise with the spectrum and the pauses of speech."""
    folder.mkdir(parents=True)
    random = np.random.default_rng(0)
    syllables = np.repeat(random.uniform(0.0, 1.0, SECONDS * 4) ** 2, rate // 4)
    noise = np.cumsum(random.standard_normal(SECONDS * rate + rate)) * 0.02
    noise -= np.convolve(noise, np.ones(64) / 64, "same")
    for index in range(number):
        start = int(random.integers(rate))
        samples = np.clip(noise[start : start + SECONDS * rate] * syllables, -1, 1)
        soundfile.write(folder / f"{index:05d}{suffix}", np.roll(samples, index), rate)


@main.command("manifest")
@click.option("--sizes", default="1000,10000,100000,1000000", show_default=True)
def manifest(sizes: str) -> None:
    """Peak memory of gathering so many clips, and seconds until a corpus of them is checked."""
    found = {}
    for size in map(int, sizes.split(",")):
        command = [sys.executable, "-m", "benchmarks.data", "gather", str(size)]
        answer = subprocess.run(command, check=True, capture_output=True, text=True)
        found[f"{size:,} clips"] = json.loads(answer.stdout)
        print(f"{size:>9,} clips: {found[f'{size:,} clips']}")
    _write("manifest", found)


@main.command("gather", hidden=True)
@click.argument("number", type=int)
def gather(number: int) -> None:
    """Gather simulated clips, then open and check the corpus; print what it took."""
    with TemporaryDirectory() as folder:
        project = Project(Path(folder))
        corpus, scratch = project.corpus("clips"), project.root / "scratch"
        for made in (corpus, scratch, project.ingest("clips")):
            made.mkdir(parents=True)
        seen = project.ingest("clips") / "seen.jsonl"
        started = time.perf_counter()
        gatherer = Gatherer(corpus, (16_000,), scratch, seen)
        for start in range(0, number, CLIPS_PER_SHARD):
            numbers = range(start, min(number, start + CLIPS_PER_SHARD))
            gatherer.take(SimulatedShard(scratch, numbers))  # type: ignore[arg-type]
        gatherer.finish(ingest_settings(SIMULATED), ())
        gathered = time.perf_counter() - started
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        checked = _check_seconds(project, gatherer)
    facts = {"gather_s": gathered, "gather_peak_mb": peak, "open_and_check_s": checked}
    print(json.dumps({name: round(value, 1) for name, value in facts.items()}))


def _check_seconds(project: Project, gatherer: Gatherer) -> float:
    facts = {"corpus": "clips", "source": "builtin", "layout": "folder", "passed_over": ()}
    digest = gatherer.digest.hexdigest()
    report = gatherer.tally.report(packed_hz=(16_000,), digest=digest, **facts)  # type: ignore[arg-type]
    write_report(report, project.corpus("clips"))
    started = time.perf_counter()
    corpus = Corpus.open(project.corpus("clips"))
    assert sum(1 for _ in corpus.manifest.clips) == report.num_used
    require_intact("clips", SIMULATED, project)
    return time.perf_counter() - started


@frozen
class SimulatedShard:
    """Clips that never were, as a worker would have measured them: a CachedShard's stand-in."""

    folder: Path
    numbers: range

    @property
    def files(self) -> tuple[FileState, ...]:
        """A file for each clip."""
        return tuple((f"{number:07d}.wav", 32_044, 1, 1) for number in self.numbers)

    @property
    def pcm(self) -> dict[int, tuple[int, str]]:
        """Eight bytes of samples."""
        return {16_000: (8, sha256(self._content).hexdigest())}

    @property
    def _content(self) -> bytes:
        return self.numbers.start.to_bytes(8, "little")

    def samples(self, rate: int) -> Path:
        """A file of them, in place of that of the shard before."""
        path = self.folder / f"{rate}.pcm"
        path.unlink(missing_ok=True)
        path.write_bytes(self._content)
        return path

    def results(self) -> Iterator[Measured]:
        """A clip for each number."""
        for number in self.numbers:
            digest = sha256(str(number).encode()).hexdigest()
            clip = Clip(
                id=f"{number:07d}",
                path=f"{number:07d}.wav",
                sha256=digest,
                file_sha256=digest,
                num_frames=16_000,
                sample_rate_hz=16_000,
                num_channels=1,
                peak=0.5,
                rms_dbfs=-20.0,
                speaker=f"speaker{number % 1000:04d}",
                text="the quick brown fox jumps over the lazy dog",
            )
            yield Measured(
                clip=clip, samples={16_000: (0, 4)}, landmarks=np.zeros(_LANDMARKS, LANDMARK)
            )


@main.command("crops")
@click.option("--clips", default=200, show_default=True)
@click.option("--rounds", default=15, show_default=True)
def crops(clips: int, rounds: int) -> None:
    """Random crops of half a second: packed audio, soundfile, and `audiotools` as DAC reads."""
    import torch

    torch.set_num_threads(1)
    found: dict[str, object] = {"clips": clips, "rounds": rounds}
    with TemporaryDirectory() as folder:
        project = Project(Path(folder))
        audio = project.root / "data" / "clips"
        write_clips(audio, clips, ".wav", 44_100)
        for path in sorted(audio.glob("*.wav")):
            samples, rate = soundfile.read(path)
            soundfile.write(path.with_suffix(".flac"), samples, rate)
        flacs = sorted(audio.glob("*.flac"))
        wavs = sorted(audio.glob("*.wav"))
        kept = project.root / "data" / "wav"
        kept.mkdir()
        wavs = [path.rename(kept / path.name) for path in wavs]
        ways = _readers(project, wavs, flacs)
        times = _take_turns(ways, rounds)
    for name, seconds in times.items():
        found[name] = round(1 / statistics.median(seconds))
        print(f"{name:<38} {found[name]:>9,} crops a second")
    _write("crops_per_second", found)


def _readers(project: Project, wavs: list[Path], flacs: list[Path]) -> dict[str, Reader]:
    source = CorpusSource(source="data/clips", sample_rates_hz=(44_100,))
    corpus = ingest("clips", source, project)
    packed = corpus.packed(44_100)
    random = np.random.default_rng(1)
    length = 22_050

    def from_packed() -> None:
        start = int(random.integers(SECONDS * 44_100 - length))
        part = packed.read(int(random.integers(len(packed))), start, start + length)
        part.astype(np.float32)

    def from_file(paths: list[Path]) -> Reader:
        def read() -> None:
            path = paths[int(random.integers(len(paths)))]
            start = int(random.integers(SECONDS * 44_100 - length))
            soundfile.read(path, length, start, dtype="float32")

        return Reader(read)

    return {
        "packed": Reader(from_packed, calls=2_000),
        "packed, a batch": _from_clips(corpus, random),
        "packed, a batch as DAC trains": _from_clips(corpus, random, **AS_DAC_TRAINS),
        "soundfile, wav": from_file(wavs),
        "soundfile, flac": from_file(flacs),
        **_audiotools_readers(wavs, flacs),
    }


def _audiotools_readers(wavs: list[Path], flacs: list[Path]) -> dict[str, Reader]:
    from audiotools import AudioSignal
    from audiotools.core import util
    from audiotools.data.transforms import RescaleAudio, ShiftPhase, VolumeNorm

    def info(path: Path) -> util.Info:
        """In place of its own, which asks torchaudio for what that no longer has."""
        facts = soundfile.info(path)
        return util.Info(sample_rate=facts.samplerate, num_frames=facts.frames)

    util.info = info
    state = np.random.RandomState(1)
    transforms = [VolumeNorm(("const", -16.0)), RescaleAudio(), ShiftPhase()]

    def salient(paths: list[Path]) -> AudioSignal:
        path = paths[state.randint(len(paths))]
        return AudioSignal.salient_excerpt(path, loudness_cutoff=-40, duration=0.5, state=state)

    def as_dac_trains() -> None:
        batch = AudioSignal.batch([salient(wavs) for _ in range(BATCH)])
        for transform in transforms:
            batch = transform(batch, **transform.batch_instantiate(list(range(BATCH)), batch))

    return {
        "audiotools salient_excerpt, wav": Reader(lambda: salient(wavs)),
        "audiotools salient_excerpt, flac": Reader(lambda: salient(flacs)),
        "audiotools, a batch as DAC trains, wav": Reader(as_dac_trains, crops=BATCH, calls=1),
    }


def _from_clips(corpus: Corpus, random: np.random.Generator, **settings: Any) -> Reader:
    """Batches as a codec is trained with."""
    from engine.systems.codec.data.dataset import (
        all_clips,  # it imports torch, as does what follows
    )

    dataset = Dataset(corpus="clips", sample_rate_hz=44_100, segment_seconds=0.5, **settings)
    clips = all_clips(corpus, dataset)

    def read() -> object:
        return clips.batch(random.integers(len(clips), size=BATCH).tolist(), random)

    return Reader(read, crops=BATCH, calls=5)


def _take_turns(ways: dict[str, Reader], rounds: int) -> dict[str, list[float]]:
    """Seconds a crop of each round; the order alternates."""
    times: dict[str, list[float]] = {way: [] for way in ways}
    for number in range(-1, rounds):
        for way in sorted(ways, reverse=bool(number % 2)):
            reader = ways[way]
            started = time.perf_counter()
            for _ in range(reader.calls):
                reader.read()
            if number >= 0:
                seconds = time.perf_counter() - started
                times[way].append(seconds / (reader.calls * reader.crops))
    return times


def _write(part: str, found: dict[str, object] | dict[str, int]) -> None:
    from benchmarks.machine import machine  # it imports torch, which is no part of the memory

    results = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.is_file() else {}
    results |= {"machine": machine(cpu_count()), part: found}
    RESULTS.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
