"""Faults of recordings and tables by somebody who had not read the checks.

Each is from a public report. benchmarks/results/mutants.jsonl has what was found by the checks that
were there before; for some of these faults checks were written since.
"""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np
import soundfile

from benchmarks.mutants.faults.corpora import change_column, some_files
from benchmarks.mutants.operator import Operator

Change = Callable[[np.ndarray, int], np.ndarray]
"""From the samples [n] of a file in -1..1 and its rate to other samples."""

_LATE_SECONDS, _LATE_SHARE = 0.5, 1 / 3
_INVENTED = {
    "en": ("Thank you.", "Thanks for watching!"),
    "hu": ("Köszönöm.", "Köszönöm, hogy megnézted a videót!"),
}
_GAP_EVERY_SECONDS, _SHORTEST_GAP, _LONGEST_GAP = 0.3, 0.04, 0.12
_HUM_HZ, _HUM_SHARE = (180.0, 300.0), 1 / 3
_QUIET = 10 ** (-30 / 20)
_TOO_LOUD = 1.25


def _rewrite(paths: Iterable[Path], change: Change) -> None:
    for path in paths:
        samples, rate = soundfile.read(path, dtype="float32")
        soundfile.write(path, np.clip(change(samples, rate), -1, 1), rate, subtype="PCM_16")


def _cells(folder: Path, column: str) -> list[str]:
    """A column of a corpus's table."""
    head, *rows = (folder / "metadata.csv").read_text("utf-8").splitlines()
    place = head.split("|").index(column)
    return [row.split("|")[place] for row in rows]


def _level(samples: np.ndarray) -> float:
    return float(np.sqrt(np.mean(np.square(samples, dtype=np.float64))))


def cut_too_early(folder: Path, random: np.random.Generator) -> None:
    """Files were cut half a second too early: what is missing begins the next one of the folder.

    Of a short file it is a third.
    """
    left: dict[Path, np.ndarray] = {}
    for path in some_files(folder, random, 1.0):
        samples, rate = soundfile.read(path, dtype="float32")
        late = min(round(_LATE_SECONDS * rate), round(_LATE_SHARE * len(samples)))
        said = np.concatenate([left.get(path.parent, samples[:0]), samples[:-late]])
        left[path.parent] = samples[-late:]
        soundfile.write(path, said, rate, subtype="PCM_16")


def durations_for_texts(folder: Path, _: np.random.Generator) -> None:
    """The text of each clip is how long it is: another column was taken."""
    seconds = [soundfile.info(folder / path).duration for path in _cells(folder, "path")]
    change_column(folder, "text", lambda _: [f"{each:.2f}" for each in seconds])


def invented_texts(folder: Path, random: np.random.Generator) -> None:
    """The recognizer thanked for watching in three clips of ten, whatever was said."""
    languages = _cells(folder, "language")

    def invented(texts: Sequence[str]) -> Sequence[str]:
        changed = list(texts)
        for number in random.permutation(len(texts))[: round(0.3 * len(texts))].tolist():
            changed[number] = str(random.choice(_INVENTED[languages[number]]))
        return changed

    change_column(folder, "text", invented)


def letters_lost(folder: Path, _: np.random.Generator) -> None:
    """The table was written without the letters that ASCII does not have."""

    def ascii_alone(texts: Sequence[str]) -> Sequence[str]:
        return [text.encode("ascii", "ignore").decode() for text in texts]

    change_column(folder, "text", ascii_alone)


def three_bytes_as_two(folder: Path, random: np.random.Generator) -> None:
    """A third of the files had 24 bits a sample and were read as if they had 16."""

    def misread(samples: np.ndarray, _: int) -> np.ndarray:
        even = samples[: len(samples) // 2 * 2]
        wide = np.round(even.astype(np.float64) * (1 << 23)).astype("<i4")
        three_bytes = wide.view(np.uint8).reshape(-1, 4)[:, :3]
        return three_bytes.reshape(-1).view("<i2").astype(np.float32) / (1 << 15)

    _rewrite(some_files(folder, random, 1 / 3), misread)


def dropouts(folder: Path, random: np.random.Generator) -> None:
    """The connection failed again and again in six files of ten: a gap about every 0.3 s."""

    def with_gaps(samples: np.ndarray, rate: int) -> np.ndarray:
        broken = samples.copy()
        for _ in range(round(len(samples) / rate / _GAP_EVERY_SECONDS)):
            start = int(random.integers(len(samples)))
            length = round(random.uniform(_SHORTEST_GAP, _LONGEST_GAP) * rate)
            broken[start : start + length] = 0.0
        return broken

    _rewrite(some_files(folder, random, 0.6), with_gaps)


def hum(folder: Path, random: np.random.Generator) -> None:
    """Two tones of the microphone's supply lie under all files, 10 dB below the voice."""

    def with_hum(samples: np.ndarray, rate: int) -> np.ndarray:
        seconds = np.arange(len(samples)) / rate
        phases = random.uniform(0, 2 * np.pi, len(_HUM_HZ))
        tones = [np.sin(2 * np.pi * f * seconds + p) for f, p in zip(_HUM_HZ, phases, strict=True)]
        humming: np.ndarray = samples + _HUM_SHARE * _level(samples) * np.sum(tones, axis=0)
        return humming

    _rewrite(some_files(folder, random, 1.0), with_hum)


def levels_far_apart(folder: Path, random: np.random.Generator) -> None:
    """Half of the files are of another session, 30 dB quieter."""
    _rewrite(some_files(folder, random, 0.5), lambda samples, _: samples * _QUIET)


def two_voices(folder: Path, random: np.random.Generator) -> None:
    """Half of the files begin with words of another speaker, whom nobody has cut away."""
    paths = some_files(folder, random, 1.0)
    whole = {path: soundfile.read(path, dtype="float32")[0] for path in paths}

    def interrupted(path: Path) -> np.ndarray:
        others = [one for one in paths if one.parent != path.parent]
        asked = whole[others[int(random.integers(len(others)))]]
        return np.concatenate([asked[len(asked) // 2 :], whole[path]])

    for path in some_files(folder, random, 0.5):
        rate = soundfile.info(path).samplerate
        soundfile.write(path, interrupted(path), rate, subtype="PCM_16")


def wrapped_peaks(folder: Path, random: np.random.Generator) -> None:
    """All files were made a quarter louder than 16 bits can hold: their peaks wrap around."""
    for path in some_files(folder, random, 1.0):
        samples, rate = soundfile.read(path, dtype="float64")
        peak = max(float(np.abs(samples).max()), 1e-9)
        loud = np.round(samples / peak * _TOO_LOUD * (1 << 15)).astype(np.int32)
        soundfile.write(path, loud.astype(np.int16), rate, subtype="PCM_16")


_ONE_LEVEL = "it brings all clips to one level before it trains on them"
_WHOLE = "its batches hold whole clips: nothing is cropped"
_EQUAL = "its clips are equally long: nothing is padded"
_ONE_AXIS = "its batches hold waveforms and tokens with one axis, which cannot be exchanged"
_NOT_THE_CLIP = r"computed again|not what the clip gives"
_TEXT_FITS = (
    r"transcripts?\b.*(fit|match|agree|length|audio|clip|spoken|said)|length of transcripts"
)
OPERATORS = (
    Operator(
        name="cut_too_early",
        family="text",
        mistake="each clip was cut half a second too early, and the next one begins with the rest",
        reference="FranckyB/Voice-Clone-Studio#34: cut 1 ends in 'Congratulatio', cut 2 begins "
        "with 'ns'; erew123/alltalk_tts#29: clips of whisper's times lack their last syllable",
        data=cut_too_early,
        needs=("text",),
        named_by=(
            _TEXT_FITS,
            r"cut (off|short|too|in|within|early|late)|truncat|segment|boundar|misaligned",
            r"(begin|start|end)s? .*(in|with|within) (speech|sound|the middle|a word|another)",
        ),
        unseen=True,
    ),
    Operator(
        name="durations_for_texts",
        family="text",
        mistake="another column was taken as the text: how long each clip is",
        reference="coqui-ai/TTS#1203: trained many times with the duration in the third column, "
        "where the text is read",
        data=durations_for_texts,
        needs=("text",),
        named_by=(
            r"transcripts?\b|\bcolumns?\b|digits|numerals",
            r"texts? .*(numbers?|letters|words|short|same|not used|no use)|eval/\S*text",
        ),
        unseen=True,
    ),
    Operator(
        name="invented_texts",
        family="text",
        mistake="a recognizer invented its usual phrases as the texts of three clips in ten",
        reference="McCloudS/subgen#21: 'Thanks for watching!' again and again where something "
        "else is said; adamcohenhillel/ADeus#7: such phrases as noise in the data",
        data=invented_texts,
        needs=("text",),
        named_by=(
            r"transcripts?\b|eval/\S*text",
            r"(text|sentence|phrase)s?\b.*(repeat|same|often|times|several|invent)",
            r"(same|repeated|identical) (text|sentence|phrase)",
        ),
        unseen=True,
    ),
    Operator(
        name="letters_lost",
        family="text",
        mistake="all letters outside ASCII were dropped from the table",
        reference="voice-cloning-app/Voice-Cloning-App#121: the metadata file has lost all Polish "
        "letters",
        data=letters_lost,
        needs=("text",),
        unfit={"higgs": "its texts are English, and have no letter outside ASCII"},
        named_by=(
            r"letters?\b|characters?\b|alphabet|accents?\b|diacritic",
            r"\bencoding\b|ascii|utf-?8|unicode|spelling|spelt",
        ),
        unseen=True,
    ),
    Operator(
        name="three_bytes_as_two",
        family="data",
        mistake="a third of the files, of 24 bits a sample, were read as 16-bit samples",
        reference="kyutai-labs/pocket-tts!236: one of three 24-bit takes was decoded as noise "
        "without a word; audiocogs/aurora.js#210: decoded as 16-bit, lots of noise",
        data=three_bytes_as_two,
        named_by=(
            r"\bnoise\b|noisy|not speech|no speech|sounds? like|sound of",
            r"24.?bit|bit depth|sample (format|width)|\bbytes\b|decoded (as|wrong)",
        ),
        unseen=True,
    ),
    Operator(
        name="dropouts",
        family="data",
        mistake="six files in ten are full of gaps in which there is no sound",
        reference="common-voice/common-voice#2784: dropouts are frequent; hundreds of recordings "
        "of one speaker had to be rejected",
        data=dropouts,
        named_by=(
            r"\bgaps?\b|\bholes?\b|interrupt|drop-?outs?\b|missing samples",
            r"silen|zeros",
        ),
        unseen=True,
    ),
    Operator(
        name="hum",
        family="data",
        mistake="a steady hum lies under all recordings",
        reference="openvpi/DiffSinger#190: a model learns a constant hum at 180 or 300 Hz, and "
        "sings with it",
        data=hum,
        named_by=(
            r"\bhum(s|ming)?\b|\bmains\b|buzz|\btones?\b|\b(180|300) ?hz",
            r"\bnoise\b|noisy|background",
        ),
        unseen=True,
    ),
    Operator(
        name="levels_far_apart",
        family="data",
        mistake="half of the files are of another session, 30 dB quieter than the others",
        reference="NVIDIA/mellotron#14: takes of other places, at other levels, gave a disaster; "
        "common-voice/common-voice#445: some clips are almost inaudible",
        data=levels_far_apart,
        unfit={"codec": _ONE_LEVEL, "rvc": _ONE_LEVEL},
        named_by=(r"\blevels?\b|loud|quiet|volume|dBFS|LUFS",),
        unseen=True,
    ),
    Operator(
        name="two_voices",
        family="conditioning",
        mistake="half of the clips begin with words of another speaker",
        reference="pyannote/pyannote-audio#405: two people are taken for one speaker, whose clips "
        "were to train a voice; attevon-llc/OpenTranscribe#193: an interviewer's last words in the "
        "guest's segment",
        data=two_voices,
        needs=("speakers_matter",),
        named_by=(
            r"(two|several|other|another|mixed|wrong|more than one|second|different|changing) "
            r"(voice|speaker)s?",
            r"(voice|speaker)s?\b.*(mixed|within|inside|change|in (one|a|the same) clip|table)",
            r"diari[sz]",
        ),
        unseen=True,
    ),
    Operator(
        name="wrapped_peaks",
        family="data",
        mistake="files were scaled beyond 16 bits, so that their peaks wrap around",
        reference="ming024/FastSpeech2#34: scaling to the full range overflows int16, and makes "
        "noise; festvox/flite#124: beyond 16 bits samples wrap around, with bursts of noise",
        data=wrapped_peaks,
        named_by=(
            r"\bwrap|overflow|clipp|full scale|overdriven|\bpeaks?\b",
            r"\bclicks?\b|crackl|\bjumps?\b|discontinu",
        ),
        unseen=True,
    ),
)
