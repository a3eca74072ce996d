"""What each judge is sensitive to: real recordings, made worse in known ways (docs/judges.md).

Run it from the project, over clips in LJSpeech's layout (metadata.csv, wavs/):

    python -m benchmarks.judges FOLDER OTHER_SPEAKER.wav --recognizer FOLDER --clips 8

It prints a table: the mean of each figure as recorded, and what each change does to it: the mean
of the differences clip by clip, in brackets where Student's interval of them holds 0.
"""

import io
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import click
import numpy as np
import soundfile
import soxr
import torch

from engine.evaluation.paired import paired_difference
from engine.metrics.judges.available import judge_named, missing
from engine.metrics.judges.judge import JudgedAudio
from engine.metrics.recognizers import Recognizer, load_recognizer
from engine.metrics.word_errors import word_error_rate
from engine.recipe.judges import JUDGES

_OTHER_LENGTH = ("15 % slower", "another speaker")
"""Changes after which nothing can be compared sample for sample."""
Change = Callable[[np.ndarray, int, np.random.Generator], np.ndarray]


def _noise(decibels: float) -> Change:
    def add(x: np.ndarray, _rate: int, random: np.random.Generator) -> np.ndarray:
        level = np.sqrt(np.mean(x**2)) * 10 ** (-decibels / 20)
        return np.asarray(x + level * random.standard_normal(len(x)))

    return add


def _clipped(x: np.ndarray, _rate: int, _random: np.random.Generator) -> np.ndarray:
    limit = np.quantile(np.abs(x), 0.9)
    return np.asarray(np.clip(x, -limit, limit))


def _mulaw(x: np.ndarray, _rate: int, _random: np.random.Generator, bits: int = 4) -> np.ndarray:
    y = np.sign(x) * np.log1p(255 * np.abs(x)) / np.log(256)
    steps = 2 ** (bits - 1)
    y = (np.floor(y * steps) + 0.5) / steps
    return np.asarray(np.sign(y) * np.expm1(np.abs(y) * np.log(256)) / 255)


def _mp3(x: np.ndarray, rate: int, _random: np.random.Generator) -> np.ndarray:
    """MP3 at the lowest constant rate that it has at 16 kHz, 8 kbit/s, with its delay."""
    file = io.BytesIO()
    low = soxr.resample(x, rate, 16_000)
    more = {"compression_level": 0.99, "bitrate_mode": "CONSTANT"}
    soundfile.write(file, low, 16_000, format="MP3", subtype="MPEG_LAYER_III", **more)
    file.seek(0)
    back = soxr.resample(soundfile.read(file)[0], 16_000, rate)
    return np.pad(back, (0, max(0, len(x) - len(back))))[: len(x)]


def _telephone(x: np.ndarray, rate: int, _random: np.random.Generator) -> np.ndarray:
    back = soxr.resample(soxr.resample(x, rate, 8_000), 8_000, rate)
    return np.pad(back, (0, max(0, len(x) - len(back))))[: len(x)]


def _dropouts(x: np.ndarray, rate: int, random: np.random.Generator) -> np.ndarray:
    """Packets of 20 ms, of which a tenth is lost."""
    lost = np.repeat(random.random(-(-len(x) // (rate // 50))) < 0.1, rate // 50)[: len(x)]
    return np.where(lost, 0.0, x)


def _slower(x: np.ndarray, _rate: int, _random: np.random.Generator) -> np.ndarray:
    from librosa.effects import time_stretch

    return time_stretch(x, rate=1 / 1.15)


def _shuffled(x: np.ndarray, rate: int, random: np.random.Generator) -> np.ndarray:
    """Pieces of 0.4 s in another order: no sentence any more, and as clean as before."""
    pieces = np.array_split(x, max(2, round(len(x) / (0.4 * rate))))
    return np.concatenate([pieces[i] for i in random.permutation(len(pieces))])


CHANGES: Mapping[str, Change] = {
    "as recorded": lambda x, _rate, _random: x,
    "noise, 20 dB": _noise(20.0),
    "noise, 10 dB": _noise(10.0),
    "a tenth clipped": _clipped,
    "mu-law, 4 bit": _mulaw,
    "MP3, 8 kbit/s": _mp3,
    "up to 4 kHz": _telephone,
    "a tenth lost": _dropouts,
    "15 % slower": _slower,
    "pieces shuffled": _shuffled,
}


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.argument("other", type=click.Path(path_type=Path))
@click.option("--recognizer", type=click.Path(path_type=Path))
@click.option("--clips", default=8)
@click.option("--language", default="en")
@click.option("--rate", default=16_000, help="ViSQOL has another mode above 16 kHz.")
@click.option("--judge", multiple=True, default=tuple(JUDGES))
def main(
    folder: Path,
    other: Path,
    recognizer: Path | None,
    clips: int,
    language: str,
    rate: int,
    judge: tuple[str, ...],
) -> None:
    """Judge the clips of FOLDER, and those of them that are changed; OTHER has another voice."""
    torch.set_num_threads(1)
    for name, why in missing(judge).items():
        click.echo(f"{name} is left out: {why}")
    judges = [name for name in judge if name not in missing(judge)]
    recognize = load_recognizer(recognizer, language, torch.device("cpu")) if recognizer else None
    lines = (folder / "metadata.csv").read_text(encoding="utf-8").splitlines()
    texts = {line.split("|")[0]: line.split("|")[-1] for line in lines[: clips + 1]}
    voice = _read(folder / f"wavs/{next(iter(texts))}.wav", rate)
    found: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    seconds: dict[str, list[float]] = defaultdict(list)
    for number, (clip, text) in enumerate(list(texts.items())[1:]):
        x = _read(folder / f"wavs/{clip}.wav", rate)
        versions = {
            name: change(x, rate, np.random.default_rng(number)) for name, change in CHANGES.items()
        } | {"another speaker": _read(other, rate)}
        for name, made in versions.items():
            audio = JudgedAudio(
                np.clip(made, -1, 1).astype(np.float32),
                rate,
                original=None if name in _OTHER_LENGTH else x,
                voice=voice,
                text=text,
            )
            for figure, value in _judged(audio, judges, recognize, seconds).items():
                found[figure][name].append(value)
    _print(found)
    for name, took in seconds.items():
        click.echo(f"{name}: {np.median(took):.3f} CPU seconds a second of audio (median)")


def _read(path: Path, rate: int) -> np.ndarray:
    samples, from_hz = soundfile.read(path, dtype="float32")
    return np.asarray(soxr.resample(samples, from_hz, rate))


def _judged(
    audio: JudgedAudio,
    judges: Sequence[str],
    recognize: Recognizer | None,
    seconds: Mapping[str, list[float]],
) -> dict[str, float]:
    figures: dict[str, float] = {}
    for name in judges:
        if "original" in JUDGES[name].needs and audio.original is None:
            figures |= dict.fromkeys(JUDGES[name].figures, np.nan)
            continue
        started = time.process_time()
        figures |= judge_named(name).score(audio)
        seconds[name].append((time.process_time() - started) / audio.seconds)
    if recognize is not None:
        started = time.process_time()
        figures["wer"] = word_error_rate(audio.text, recognize(audio.samples, audio.sample_rate_hz))
        seconds["recognizer"].append((time.process_time() - started) / audio.seconds)
    return figures


def _print(found: Mapping[str, Mapping[str, list[float]]]) -> None:
    changes = [*CHANGES, "another speaker"]
    click.echo(f"| figure | {' | '.join(changes)} |\n|{'---|' * (len(changes) + 1)}")
    for figure, by_change in found.items():
        recorded = np.array(by_change["as recorded"])
        others = (_change(np.array(by_change[name]), recorded) for name in changes[1:])
        cells = [f"{np.nanmean(recorded):.2f}", *others]
        click.echo(f"| `{figure}` | {' | '.join(cells)} |")


def _change(values: np.ndarray, recorded: np.ndarray) -> str:
    both = ~np.isnan(values + recorded)
    if both.sum() < 2:
        return ""
    change = paired_difference(values[both], recorded[both])
    shown = f"{change.mean:+.2f}"
    return shown if change.falls or change.rises else f"({shown})"


if __name__ == "__main__":
    main()
