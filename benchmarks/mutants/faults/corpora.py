"""Faults in the corpus: files, tables, and what is held out."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import soundfile

from benchmarks.mutants.operator import Operator
from benchmarks.mutants.workbench import Workbench

Change = Callable[[np.ndarray, int], tuple[np.ndarray, int]]
_FULL_RATE, _CUT_BYTES = 1.5, 2_000
_PAUSE_SECONDS, _NOISE = 1.5, 1e-3


def _files(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.wav"))


def some_files(folder: Path, random: np.random.Generator, share: float) -> list[Path]:
    """A drawn share of the audio files of a folder, in their order."""
    files = _files(folder)
    chosen = random.permutation(len(files))[: round(share * len(files))]
    return [files[number] for number in sorted(chosen.tolist())]


def _rewrite(paths: list[Path], change: Change) -> None:
    for path in paths:
        samples, rate = soundfile.read(path, dtype="float32")
        soundfile.write(path, *change(samples, rate), subtype="PCM_16")


def silent_files(folder: Path, random: np.random.Generator) -> None:
    """Four files in ten are zeros."""
    _rewrite(some_files(folder, random, 0.4), lambda samples, rate: (samples * 0.0, rate))


def wrong_rate(folder: Path, random: np.random.Generator) -> None:
    """The header of 4 files in 10 names a rate at which they were not recorded."""

    def misname(samples: np.ndarray, rate: int) -> tuple[np.ndarray, int]:
        return samples, round(rate * _FULL_RATE)

    _rewrite(some_files(folder, random, 0.4), misname)


def no_low_pass(folder: Path, _: np.random.Generator) -> None:
    """All files were halved in rate without a filter, and doubled again."""

    def alias(samples: np.ndarray, rate: int) -> tuple[np.ndarray, int]:
        return np.repeat(samples[::2], 2)[: len(samples)], rate

    _rewrite(_files(folder), alias)


def overdriven(folder: Path, random: np.random.Generator) -> None:
    """Half of the files were recorded far too loud."""

    def clip(samples: np.ndarray, rate: int) -> tuple[np.ndarray, int]:
        return np.clip(samples * 30.0, -1.0, 1.0), rate

    _rewrite(some_files(folder, random, 0.5), clip)


def torn_files(folder: Path, random: np.random.Generator) -> None:
    """Two thirds of the files cannot be read."""
    for path in some_files(folder, random, 0.66):
        path.write_bytes(random.bytes(_CUT_BYTES))


def one_recording(folder: Path, random: np.random.Generator) -> None:
    """Most files are the same recording under other names."""
    first, *others = some_files(folder, random, 0.7)
    for path in others:
        path.write_bytes(first.read_bytes())


def change_column(
    folder: Path, column: str, change: Callable[[Sequence[str]], Sequence[str]]
) -> None:
    """Write other values into a column of a corpus's table."""
    table = folder / "metadata.csv"
    head, *rows = table.read_text("utf-8").splitlines()
    cells = [row.split("|") for row in rows]
    place = head.split("|").index(column)
    for row, value in zip(cells, change([row[place] for row in cells]), strict=True):
        row[place] = value
    table.write_text("\n".join([head, *map("|".join, cells)]) + "\n", encoding="utf-8")


def _permute(folder: Path, random: np.random.Generator, column: str, share: float) -> None:
    def permuted(values: Sequence[str]) -> Sequence[str]:
        changed = list(values)
        chosen = random.permutation(len(values))[: round(share * len(values))].tolist()
        moved = [values[number] for number in chosen]
        for number, value in zip(chosen, [*moved[1:], moved[0]], strict=True):
            changed[number] = value
        return changed

    change_column(folder, column, permuted)


def permuted_texts(folder: Path, random: np.random.Generator) -> None:
    """Three texts in ten stand beside other files."""
    _permute(folder, random, "text", 0.3)


def permuted_speakers(folder: Path, random: np.random.Generator) -> None:
    """Half of the speakers stand beside other files."""
    _permute(folder, random, "speaker", 0.5)


def cut_texts(folder: Path, _: np.random.Generator) -> None:
    """A splitter dropped what follows the first words of each text."""
    change_column(folder, "text", lambda texts: [text.split()[0] for text in texts])


def evaluation_in_training(bench: Workbench) -> None:
    """The clips of the evaluation are some of those that are trained on."""
    system = bench.system
    whole = getattr(system, "recordings", None)
    split = getattr(system, "split", None)
    number = len(system.eval_clips.ids)
    if whole is not None:
        clips = whole.clips.only(split.train[:number])  # type: ignore[union-attr]
    else:
        clips = system.train_clips.only(np.arange(number))  # type: ignore[attr-defined]
    bench.mark()
    system.eval_clips = clips


def quieter_copies(folder: Path, random: np.random.Generator) -> None:
    """Every fourth file is there again, a little quieter, in a voice and with a text of its own."""
    table = folder / "metadata.csv"
    lines = []
    for path in some_files(folder, random, 0.25):
        samples, rate = soundfile.read(path, dtype="float32")
        copy = path.with_name(f"copy+{path.stem}.wav".replace("+en", "+xx"))
        soundfile.write(copy, samples * 0.9, rate, subtype="PCM_16")
        lines.append(copy.relative_to(folder).as_posix())
    if not table.is_file():
        return
    head, *rows = table.read_text("utf-8").splitlines()
    names = head.split("|")
    known = {row.split("|")[0]: row.split("|") for row in rows}
    for number, name in enumerate(lines):
        source = known[name.replace("copy+", "").replace("+xx", "+en")]
        cells = dict(zip(names, source, strict=True))
        cells |= {"path": name, "speaker": f"copy{number // 2}", "text": f"{cells['text']} copy"}
        if "split" in cells:
            cells["split"] = "train"
        rows.append("|".join(cells[one] for one in names))
    table.write_text("\n".join([head, *rows]) + "\n", encoding="utf-8")


_INGEST = r"quarantin|bad|at_most_bad|unreadable|cannot be"


def rows_shifted(folder: Path, _: np.random.Generator) -> None:
    """Every text of the table stands a row too low; the last is the first."""
    change_column(folder, "text", lambda texts: [texts[-1], *texts[:-1]])


def silence_around(folder: Path, random: np.random.Generator) -> None:
    """Speakers wait before they speak and after it, with the noise of the room."""

    def with_pauses(samples: np.ndarray, rate: int) -> tuple[np.ndarray, int]:
        before, after = (random.normal(0, _NOISE, round(_PAUSE_SECONDS * rate)) for _ in range(2))
        return np.concatenate([before, samples, after]), rate

    _rewrite(some_files(folder, random, 1.0), with_pauses)


def noise_alone(folder: Path, random: np.random.Generator) -> None:
    """Three files in ten hold the noise of a room, though the table has their text."""
    files = some_files(folder, random, 0.3)
    _rewrite(files, lambda samples, rate: (random.normal(0, 0.05, len(samples)), rate))


def opposite_channels(folder: Path, random: np.random.Generator) -> None:
    """Four files in ten have two channels of opposite phase, whose mean is nearly silent."""
    files = some_files(folder, random, 0.4)
    _rewrite(files, lambda samples, rate: (np.stack([samples, -0.99 * samples], axis=1), rate))


def music_behind(folder: Path, random: np.random.Generator) -> None:
    """Half of the files have music behind the voice, as loud as it."""

    def with_music(samples: np.ndarray, rate: int) -> tuple[np.ndarray, int]:
        seconds = np.arange(len(samples)) / rate
        tones = 220.0 * 2 ** (random.integers(0, 24, 3) / 12)
        music = sum(np.sin(2 * np.pi * tone * seconds) for tone in tones)
        music *= np.sqrt(np.mean(samples**2) / np.mean(np.square(music)))
        return np.clip(samples + music, -1, 1), rate

    _rewrite(some_files(folder, random, 0.5), with_music)


OPERATORS = (
    Operator(
        name="evaluation_in_training",
        family="leak",
        mistake="the evaluation clips are trained on",
        reference="mlfoundations/open_clip#1201; espnet/espnet!6131; write-up 002",
        code=evaluation_in_training,
        named_by=(r"evaluation set|trained on",),
    ),
    Operator(
        name="permuted_texts",
        family="text",
        mistake="three transcripts in ten belong to other clips",
        reference="field.md, section 5.10; erew123/alltalk_tts#477",
        data=permuted_texts,
        needs=("text",),
        named_by=(r"length of transcripts|transcripts|eval/\S*text",),
    ),
    Operator(
        name="cut_texts",
        family="text",
        mistake="a splitter dropped all of a text but its first word",
        reference="daswer123/xtts-finetune-webui#58",
        data=cut_texts,
        needs=("text",),
        named_by=(r"transcripts|letters|text",),
    ),
    Operator(
        name="permuted_speakers",
        family="conditioning",
        mistake="the speakers of half of the clips are wrong in the table",
        reference="RVC-Project/Retrieval-based-Voice-Conversion-WebUI#662",
        data=permuted_speakers,
        needs=("speakers_matter",),
        named_by=(r"speaker|voice|reference",),
    ),
    Operator(
        name="silent_files",
        family="data",
        mistake="four files in ten are digital silence",
        reference="write-up 004: unreadable files were replaced by silence",
        data=silent_files,
        named_by=(r"silen|sound of|quiet", _INGEST),
    ),
    Operator(
        name="torn_files",
        family="data",
        mistake="two thirds of the files cannot be read",
        reference="coqui-ai/TTS#3410: all samples filtered; write-up 004: corrupt flac",
        data=torn_files,
        named_by=(_INGEST,),
    ),
    Operator(
        name="wrong_rate",
        family="sampling",
        mistake="the header of four files in ten names a wrong sample rate",
        reference="rsxdalv/one-click-installers-tts (audio-webui)#116",
        data=wrong_rate,
        named_by=(r"recorded at|sample rate|letters|speed",),
    ),
    Operator(
        name="no_low_pass",
        family="sampling",
        mistake="audio was resampled without a low-pass filter",
        reference="zhenye234/X-Codec-2.0#18: the resampler alone moves the result",
        data=no_low_pass,
        named_by=(r"alias|resampl|sound up to|low-pass",),
    ),
    Operator(
        name="overdriven",
        family="data",
        mistake="half of the files are clipped hard",
        reference="RVC-Project/Retrieval-based-Voice-Conversion-WebUI#507: samples beyond 2",
        data=overdriven,
        named_by=(r"clipp|full scale",),
    ),
    Operator(
        name="one_recording",
        family="data",
        mistake="seven files in ten are one recording under other names",
        reference="coqui-ai/TTS#3718: failed samples are replaced by another one",
        data=one_recording,
        named_by=(r"same (audio|recording|sound)|duplicate|copies|identical",),
    ),
    Operator(
        name="quieter_copies",
        family="leak",
        mistake="quieter copies of evaluation clips are trained on under other names",
        reference="mlfoundations/open_clip#1201: 22 percent of the evaluation clips",
        data=quieter_copies,
        named_by=(r"trained on|copies|duplicate|same (audio|recording|sound)|evaluation set",),
    ),
    Operator(
        name="rows_shifted",
        family="text",
        mistake="every transcript stands beside the next clip",
        reference="hkchengrex/MMAudio#56: captions shifted by one",
        data=rows_shifted,
        needs=("text",),
        named_by=(r"transcripts|text",),
    ),
    Operator(
        name="silence_around",
        family="data",
        mistake="long pauses before and after what is said",
        reference="NVIDIA/tacotron2#63; CorentinJ/Real-Time-Voice-Cloning#501",
        data=silence_around,
        named_by=(r"silen|quiet|pause",),
    ),
    Operator(
        name="noise_alone",
        family="data",
        mistake="three files in ten hold noise alone",
        reference="MahtaFetrat/ManaTTS-Persian-Speech-Dataset#4",
        data=noise_alone,
        named_by=(r"noise|transcripts|sound like",),
    ),
    Operator(
        name="opposite_channels",
        family="data",
        mistake="the mean of two channels of opposite phase is nearly silent",
        reference="pytorch/audio#877",
        data=opposite_channels,
        named_by=(r"silen|quiet|channel|phase|level",),
    ),
    Operator(
        name="music_behind",
        family="data",
        mistake="half of the files have music behind the voice",
        reference="devilismyfriend/ozen-toolkit#16; RVC-Project/Retrieval-based-Voice-Conversion-"
        "WebUI#747",
        data=music_behind,
        named_by=(r"music|noise|background",),
    ),
)
