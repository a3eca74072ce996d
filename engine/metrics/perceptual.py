"""What people are expected to hear: PESQ, STOI and ViSQOL, which are other people's programs.

None is needed to train, and none is a dependency: `missing` says which of them are not here, and
how to get them. A clip that a program has no figure for, because nobody speaks in it or because it
is too short, has nan: a mean is taken over the clips that have a figure. Samples must be finite.
"""

import math
import re
import shutil
import subprocess
import tempfile
import warnings
from collections.abc import Iterable
from importlib import import_module
from pathlib import Path

import numpy as np

from engine.errors import UserError

LOWEST_MOS = 1.0
"""The least of the scale from 1 (bad) to 5 (excellent), which nothing but silence gets."""

_PESQ_SECONDS = 15.0
"""PESQ keeps 50 utterances and writes beyond them: a longer clip can take the process down."""

_FAINTEST = 2.0**-24
"""Half a step of 24 bits: below it a decoding counts as zeros."""

_STOI_SECONDS = 0.4
"""30 frames of 25.6 ms, half overlapping, over which STOI correlates envelopes."""

_VISQOL_SECONDS = 600.0
_MOS = re.compile(r"^MOS-LQO:\s*([-+.\deE]+|-?nan)\s*$", re.MULTILINE)


def missing(names: Iterable[str], visqol: Path | None = None) -> dict[str, str]:
    """Which of "pesq", "stoi" and "visqol" cannot be had, each with the reason in words.

    `visqol` is the program that params.toml names, if it does.
    """
    why = {
        "pesq": lambda: _missing_package("pesq", ", which needs a C compiler"),
        "stoi": lambda: _missing_package("pystoi"),
        "visqol": lambda: _missing_visqol(visqol),
    }
    return {name: reason for name in names if (reason := why[name]()) is not None}


def pesq(reference: np.ndarray, decoded: np.ndarray, sample_rate_hz: int) -> float:
    """PESQ of a clip [samples], 1 to 4.64: wide band (ITU-T P.862.2) from 16 kHz on, else narrow.

    Wide band at 16 kHz, narrow band (P.862.1) at 8 kHz; the two are different scales. A long clip
    is measured in equal parts of at most 15 s, and has the mean of those that have a figure. nan:
    no speech, or less than a quarter of a second. A decoding of zeros has 1.
    """
    rate, band = (16_000, "wb") if sample_rate_hz >= 16_000 else (8_000, "nb")
    x, y = (_resampled(clip, sample_rate_hz, rate) for clip in _checked(reference, decoded))
    num_parts = max(1, math.ceil(len(x) / (_PESQ_SECONDS * rate)))
    parts = zip(np.array_split(x, num_parts), np.array_split(y, num_parts), strict=True)
    figures = [_pesq_of_part(*part, rate, band) for part in parts]
    found = [figure for figure in figures if not math.isnan(figure)]
    return float(np.mean(found)) if found else math.nan


def stoi(reference: np.ndarray, decoded: np.ndarray, sample_rate_hz: int) -> float:
    """Short-time module intelligibility (Taal et al., 2011) of a clip [samples], up to 1.

    nan: a reference of zeros, or less than 0.4 s within 40 dB of its loudest frame.
    """
    from pystoi import stoi as measure

    x, y = _checked(reference, decoded)
    if len(x) < _STOI_SECONDS * sample_rate_hz or not x.any():
        return math.nan
    with warnings.catch_warnings():
        warnings.filterwarnings("error", "Not enough STFT frames", RuntimeWarning)
        try:
            return float(measure(x, y, sample_rate_hz))
        except RuntimeWarning:
            return math.nan


def visqol(reference: np.ndarray, decoded: np.ndarray, sample_rate_hz: int, binary: Path) -> float:
    """ViSQOL's MOS-LQO of a clip [samples] (Chinen et al., 2020), by its program `binary`.

    Up to 16 kHz in speech mode at 16 kHz (1 to 5), above in audio mode at 48 kHz (1 to about 4.75):
    different scales. nan: the program had no figure for this pair, and said so. Raises UserError
    where it cannot be started, fails, hangs, or is some other program.
    """
    speech = sample_rate_hz <= 16_000
    rate = 16_000 if speech else 48_000
    x, y = (_resampled(clip, sample_rate_hz, rate) for clip in _checked(reference, decoded))
    peak = max(1.0, np.abs(x).max(), np.abs(y).max())
    with tempfile.TemporaryDirectory() as folder:
        files = Path(folder, "reference.wav"), Path(folder, "decoded.wav")
        _write_wav(files[0], x / peak, rate)
        _write_wav(files[1], y / peak, rate)
        named = ["--reference_file", str(files[0]), "--degraded_file", str(files[1])]
        answer = _run_visqol(binary, [*named, *(["--use_speech_mode"] if speech else [])])
    figure = _MOS.search(answer.stdout)
    if figure is not None:
        return float(figure[1])
    if "Error executing ViSQOL" in answer.stderr:
        return math.nan
    raise UserError(
        f"ViSQOL ({binary}) ended without a line 'MOS-LQO:'{_said(answer)}. Let [programs] visqol "
        "in params.toml name the program that ViSQOL 3 builds, bazel-bin/visqol."
    )


def _pesq_of_part(reference: np.ndarray, decoded: np.ndarray, rate: int, band: str) -> float:
    from pesq import BufferTooShortError, NoUtterancesError
    from pesq import pesq as measure

    silent = np.abs(decoded).max() < _FAINTEST
    try:
        # The reference in place of silence, for which PESQ divides by zero: is there speech at all?
        figure = float(measure(rate, reference, reference if silent else decoded, band))
    except (NoUtterancesError, BufferTooShortError):
        return math.nan
    return LOWEST_MOS if silent else figure


def _run_visqol(binary: Path, arguments: list[str]) -> subprocess.CompletedProcess[str]:
    try:
        answer = subprocess.run(
            [str(binary.absolute()), *arguments],
            cwd=_visqol_home(binary.absolute()),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_VISQOL_SECONDS,
            check=False,
        )
    except OSError as error:
        raise UserError(f"ViSQOL ({binary}) cannot be started: {error.strerror}.") from error
    except subprocess.TimeoutExpired as error:
        raise UserError(f"ViSQOL ({binary}) did not end within {_VISQOL_SECONDS:g} s.") from error
    if answer.returncode != 0:
        raise UserError(f"ViSQOL ({binary}) failed, exit {answer.returncode}{_said(answer)}.")
    return answer


def _visqol_home(binary: Path) -> Path:
    """The folder to run it in: ViSQOL looks for its `model` folder where it is started."""
    homes = (folder for folder in binary.parents if (folder / "model").is_dir())
    return next(homes, binary.parent)


def _said(answer: subprocess.CompletedProcess[str]) -> str:
    lines = (answer.stderr.strip() or answer.stdout.strip()).splitlines()
    return f": {lines[-1].strip().rstrip('.')}" if lines else ""


def _missing_package(name: str, needs: str = "") -> str | None:
    try:
        import_module(name)
    except (ImportError, ValueError) as error:  # ValueError: compiled for another NumPy
        how = f"Get it by 'uv pip install {name}'{needs}"
        return f"package {name!r} cannot be imported ({error}). {how}."
    return None


def _missing_visqol(binary: Path | None) -> str | None:
    if binary is None:
        return (
            "no program is named. Build ViSQOL 3 and write its path into params.toml: "
            '[programs] visqol = "path/to/bazel-bin/visqol".'
        )
    if shutil.which(binary.absolute()) is None:
        return f"{binary}, which [programs] visqol in params.toml names, is no program."
    return None


def _checked(reference: np.ndarray, decoded: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    assert reference.ndim == 1, f"a clip has one dimension, not {reference.shape}"
    assert reference.shape == decoded.shape, f"{decoded.shape} against {reference.shape}"
    assert np.isfinite(reference + decoded).all(), "samples that are not finite"
    return reference.astype(np.float64), decoded.astype(np.float64)


def _resampled(audio: np.ndarray, from_hz: int, to_hz: int) -> np.ndarray:
    import soxr

    resampled: np.ndarray = soxr.resample(audio, from_hz, to_hz)
    return resampled


def _write_wav(path: Path, audio: np.ndarray, sample_rate_hz: int) -> None:
    import soundfile

    soundfile.write(path, audio, sample_rate_hz, subtype="PCM_16")
