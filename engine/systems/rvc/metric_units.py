"""How the figures of a voice are measured: by which methods, in which mel, of which clips."""

from collections.abc import Mapping

from attrs import evolve

from engine.analysis.pitch.open_pitch import programs_of
from engine.corpus.audio.pcm import RESAMPLER
from engine.evaluation.unit import Unit
from engine.systems.rvc.dataset_table import FEATURE_RATE_HZ
from engine.systems.rvc.judge import OF_PITCH, Judge
from engine.systems.rvc.recipe import RvcRecipe

_CONVERTED = "conversion/"


def measured_units(
    own: Mapping[str, Unit], recipe: RvcRecipe, judge: Judge, speech: Mapping[str, Unit], clips: str
) -> dict[str, Unit]:
    """The unit of each metric; `own` are those of Cantus's code alone.

    `speech` are the units of the models that judge speech, `clips` the digest of the converted
    clips, their target voices, and what decides how they are converted.
    """
    model = recipe.model
    mel = {"n_fft": model.n_fft, "num_mels": model.num_mels, "mel_floor": model.mel_floor}
    units = {**own}
    for name in ("mel", "mel_posterior"):
        units[name] = evolve(own[name], parameters=mel)
    for group in ("", _CONVERTED):
        for name, how in _by_methods(judge).items():
            if f"{group}{name}" in own:
                units[f"{group}{name}"] = evolve(how, definition=own[f"{group}{name}"].definition)
        units |= {f"{group}{name}": unit for name, unit in speech.items()}
    return {
        name: evolve(unit, made_of=clips) if name.startswith(_CONVERTED) else unit
        for name, unit in units.items()
    }


def _by_methods(judge: Judge) -> dict[str, Unit]:
    """Figures that a pitch method or the content encoder measures, at 16 kHz."""
    resampler = RESAMPLER if judge.sample_rate_hz != FEATURE_RATE_HZ else ""
    at_16k = Unit(definition="", resampler=resampler, sample_rate_hz=FEATURE_RATE_HZ)
    encoder = {"content encoder": type(judge.content).__name__}
    content = evolve(at_16k, weights=judge.content.digest, parameters=encoder)
    if judge.pitch is None:
        return {"content_cosine": content}
    method = {"pitch method": type(judge.pitch).__name__}
    pitch = evolve(at_16k, weights=judge.pitch_digest, parameters=method)
    pitch = evolve(pitch, programs=programs_of(judge.pitch))
    return {"content_cosine": content, **dict.fromkeys((*OF_PITCH, "octave_cents"), pitch)}
