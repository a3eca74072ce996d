"""What the features of RVC cost: each method alone, and all of them against RVC WebUI.

Run it from the project: python -m benchmarks.features [methods|upstream]. All audio is made on the
spot, and so are the weights of RMVPE and HuBERT, of the published sizes: the audio does not
change what it costs. `methods` measures CPU seconds for a second of audio in one thread. `upstream`
runs the three scripts of a checkout of RVC WebUI (branch main) as its page does, with as many
processes as there are cores, against `cantus prepare`'s own work on all cores; both are processes
that are started again. RVC WebUI needs praat-parselmouth, av, ffmpeg-python and ffmpeg. Results are
written beside, with the machine.
"""

import os
import resource
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import click
import numpy as np
from joblib import cpu_count

from benchmarks.data import SECONDS, write_clips
from benchmarks.keep_results import keep
from benchmarks.machine import machine

FILE = "features.json"
RATE = 40_000
PARTS = ("machine", "cpu_seconds_a_second", "upstream")
Seconds = tuple[float, float]
"""Seconds of the clock, and of all cores."""


@click.group()
def main() -> None:
    """Measure one part, print it and write it into the results."""


@main.command("methods")
@click.option("--rounds", default=5, show_default=True)
def methods(rounds: int) -> None:
    """CPU seconds that each method takes for a second of audio, in one thread."""
    import torch

    from engine.analysis.content.open_content import open_content
    from engine.analysis.pitch.open_pitch import PitchKind, open_pitch

    torch.set_num_threads(1)
    cpu = torch.device("cpu")
    with TemporaryDirectory() as folder:
        weights, hubert = _write_networks(Path(folder))
        kinds: tuple[PitchKind, ...] = ("swift_f0", "fcpe", "crepe_tiny", "rmvpe")
        ways: dict[str, Callable[[np.ndarray], np.ndarray]] = {
            kind: open_pitch(kind, weights, cpu) for kind in kinds
        }
        ways["contentvec"] = open_content("contentvec", dim=768, device=cpu, folder=hubert)
        ways["logmel"] = open_content("logmel", dim=768, device=cpu)
        times = _take_turns(ways, rounds)
    found = {name: round(statistics.median(seconds), 5) for name, seconds in times.items()}
    keep(FILE, "machine", machine(1), PARTS)
    keep(FILE, "cpu_seconds_a_second", {"rounds": rounds, **found}, PARTS)


def _take_turns(
    ways: dict[str, Callable[[np.ndarray], np.ndarray]], rounds: int
) -> dict[str, list[float]]:
    """CPU seconds for a second of audio, of slices of 3.7 s; the order alternates."""
    random = np.random.default_rng(0)
    clip = random.normal(0, 0.1, round(3.7 * 16_000)).astype(np.float32)
    times: dict[str, list[float]] = {way: [] for way in ways}
    for number in range(-1, rounds):
        for way in sorted(ways, reverse=bool(number % 2)):
            started = time.process_time()
            ways[way](clip)
            if number >= 0:
                times[way].append((time.process_time() - started) / 3.7)
    return times


@main.command("upstream")
@click.argument("checkout", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--clips", default=24, show_default=True, help="Of ten seconds each.")
@click.option("--rounds", default=3, show_default=True)
def upstream(checkout: Path, clips: int, rounds: int) -> None:
    """Slices, RMVPE and HuBERT of all clips: RVC WebUI's scripts, and ours."""
    times: dict[str, list[Seconds]] = {"upstream": [], "cantus": []}
    with TemporaryDirectory() as folder:
        root = Path(folder)
        _write_networks(root)
        shutil.copytree(checkout, root / "rvc", ignore=shutil.ignore_patterns(".git"))
        _lay_out_upstream(root)
        write_clips(root / "data" / "clips", clips, ".wav", RATE)
        _run([sys.executable, "-m", "benchmarks.features", "ingest", str(root)])
        for number in range(rounds):
            for way in sorted(times, reverse=bool(number % 2)):
                times[way].append(_upstream(root) if way == "upstream" else _ours(root))
                print(way, times[way][-1])
    seconds = clips * SECONDS
    facts = {
        way: {
            "wall_s": round(statistics.median(wall for wall, _ in taken), 1),
            "cpu_s": round(statistics.median(cpu for _, cpu in taken), 1),
            "clips_a_second": round(clips / statistics.median(wall for wall, _ in taken), 3),
        }
        for way, taken in times.items()
    }
    keep(FILE, "machine", machine(1), PARTS)
    about = {"seconds_of_audio": seconds, "rounds": rounds, "cores": cpu_count()}
    keep(FILE, "upstream", {**about, **facts}, PARTS)


def _upstream(root: Path) -> Seconds:
    """The three scripts, as RVC WebUI's page starts them on a CPU."""
    shutil.rmtree(root / "logs", ignore_errors=True)
    logs, cores = root / "logs", str(cpu_count())
    logs.mkdir()
    rvc = root / "rvc"
    audio = str(root / "data" / "clips")
    scripts = (
        ["train/preprocess.py", audio, str(RATE), cores, str(logs), "False", "3.7"],
        ["train/dataset/extract_f0.py", "cpu", str(logs), cores, "rmvpe"],
        ["train/dataset/extract_hubert_feature.py", "cpu", "1", "0", str(logs), "v2", "False"],
    )
    path = os.pathsep.join([str(rvc), *filter(None, [os.environ.get("PYTHONPATH")])])
    environment = {**os.environ, "PYTHONSAFEPATH": "1", "PYTHONPATH": path}
    times = [_run([sys.executable, *script], cwd=rvc, env=environment) for script in scripts]
    made = len(list((logs / "3_feature768").glob("*.npy")))
    assert made, f"RVC WebUI made nothing: see {logs}"
    return sum(wall for wall, _ in times), sum(cpu for _, cpu in times)


def _ours(root: Path) -> Seconds:
    shutil.rmtree(root / "features", ignore_errors=True)
    return _run([sys.executable, "-m", "benchmarks.features", "measure", str(root)])


def _run(command: Sequence[str], **more: object) -> Seconds:
    started, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, capture_output=True, **more)  # type: ignore[call-overload]
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return time.perf_counter() - started, cpu


@main.command("ingest", hidden=True)
@click.argument("root", type=click.Path(path_type=Path))
def ingest_clips(root: Path) -> None:
    """Ingest the clips, which upstream does as it cuts them: not timed."""
    from engine.corpus import ingest
    from engine.project import Project
    from engine.recipe.params import CorpusSource

    ingest("clips", CorpusSource(source="data/clips", sample_rates_hz=(RATE,)), Project(root))


@main.command("measure", hidden=True)
@click.argument("root", type=click.Path(path_type=Path))
def measure(root: Path) -> None:
    """Slices, pitch and content of every clip, by all cores."""
    import torch

    from engine.analysis.content.open_content import open_content
    from engine.analysis.pitch.open_pitch import open_pitch
    from engine.corpus import Corpus
    from engine.features.cache import Features
    from engine.project import Project
    from engine.recipe.params import Work
    from engine.systems.rvc.data.cached_features import CachedFeatures
    from engine.systems.rvc.data.methods import Methods
    from engine.systems.rvc.data.slices import Slicing

    cpu = torch.device("cpu")
    pitch = open_pitch("rmvpe", root / "rmvpe.pt", cpu)
    content = open_content("contentvec", dim=768, device=cpu, folder=root / "hubert")
    corpus = Corpus.open(Project(root).corpus("clips"))
    made = CachedFeatures(
        corpus=corpus,
        cache=Features(root / "features"),
        methods=Methods(pitch, content, ()),
        slicing=Slicing(RATE, 3.7, RATE // 2),
        work=Work(),
    )
    rows = np.arange(len(corpus.manifest.clips))
    made.content(rows, made.sliced(rows).slices)


def _write_networks(root: Path) -> tuple[Path, Path]:
    """RMVPE and HuBERT of the published sizes, with weights as they begin."""
    import torch
    from transformers import HubertConfig, HubertModel, Wav2Vec2FeatureExtractor

    from engine.analysis.pitch.rmvpe_network import RmvpeNetwork

    torch.manual_seed(0)
    torch.save(RmvpeNetwork().state_dict(), root / "rmvpe.pt")
    HubertModel(HubertConfig()).save_pretrained(root / "hubert")
    extractor = Wav2Vec2FeatureExtractor(do_normalize=False)  # type: ignore[no-untyped-call]
    extractor.save_pretrained(root / "hubert")
    return root / "rmvpe.pt", root / "hubert"


def _lay_out_upstream(root: Path) -> None:
    """Put the networks where RVC WebUI looks for them."""
    assets = root / "rvc" / "assets"
    (assets / "rmvpe").mkdir(parents=True, exist_ok=True)
    shutil.copy2(root / "rmvpe.pt", assets / "rmvpe" / "rmvpe.pt")
    shutil.copytree(root / "hubert", assets / "hubert_base", dirs_exist_ok=True)


if __name__ == "__main__":
    main()
