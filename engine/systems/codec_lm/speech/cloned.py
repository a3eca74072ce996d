"""Figures of generated clips: whether they end, their length, and whose voice they have.

Clips are generated at the start and at the end of a run (`samples.py`). Each clip has its figures,
and a metric is the mean over all clips.
"""

from collections.abc import Mapping

from attrs import evolve

from engine.evaluation.unit import Unit
from engine.files.checksum import digest_of
from engine.systems.codec_lm.speech.cloning import ClipSource, Clone, Cloning

STOPPED, LENGTH = "generated/stop_rate", "generated/length_ratio"
MATCH, SEEN_MATCH = "generated/speaker_match", "generated/seen_speaker_match"


def figures(cloning: Cloning, clone: Clone) -> dict[str, float]:
    """Figures of the clone of an evaluation clip; empty for other texts."""
    place, clips = clone.prompt.target, cloning.evaluation.clips
    if place is None:
        return {}
    length = len(clone.generated.codes) / len(clips.codes[place])
    found = {STOPPED: float(clone.generated.ended), LENGTH: length}
    return found | _matched(cloning.evaluation, clone, MATCH)


def seen_figures(cloning: Cloning, clone: Clone) -> dict[str, float]:
    """Figures of the clone of a held-out clip of a trained speaker."""
    return _matched(cloning.training, clone, SEEN_MATCH)


def _matched(source: ClipSource, clone: Clone, name: str) -> dict[str, float]:
    """Whether the clone has its reference's voice; empty where there is only one speaker."""
    nearest = source.nearest_speaker(clone)
    return {} if nearest is None else {name: float(nearest == source.speaker(clone))}


def units(cloning: Cloning, judges: Mapping[str, Unit]) -> dict[str, Unit]:
    """The unit of each figure, as `System.metric_units` has it.

    `judges` has the units of the models that judge speech, by figure.
    """
    again, seen, spoken = (
        [cloning.made_of(prompt, seed) for prompt in prompts for seed in cloning.speech.seeds]
        for prompts in (cloning.said_again, cloning.seen, cloning.spoken)
    )
    own = dict.fromkeys((STOPPED, LENGTH, MATCH), again) if again else {}
    own |= {SEEN_MATCH: seen} if seen else {}
    judged = judges.items() if again or spoken else ()
    both = digest_of([again, spoken])
    return {
        **{
            name: Unit(definition=f"codec_lm/{name} 1", made_of=digest_of(made))
            for name, made in own.items()
        },
        **{f"speech/{name}": evolve(unit, made_of=both) for name, unit in judged},
    }


def baselines(cloning: Cloning) -> dict[str, float]:
    """Baselines of the speaker match: chance, and the recordings through the codec."""
    found: dict[str, float] = {}
    for name, source, prompts in (
        (MATCH, cloning.evaluation, cloning.said_again),
        (SEEN_MATCH, cloning.training, cloning.seen),
    ):
        places = [prompt.target for prompt in prompts if prompt.target is not None]
        if source.match is not None and places:
            found[f"baseline/chance/{name}"] = source.match.chance
            found[f"baseline/recordings/{name}"] = source.match.of_recordings(places)
    return found
