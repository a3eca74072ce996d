"""Whether the demo's GPT says its text: each held-out sentence, spoken, against all of them.

Run it from a project in which the demo was trained: python -m benchmarks.spoken_text xtts_phase2.
Every evaluation clip's text is spoken in its own voice with the first seed. What was said is held
against the codes of all evaluation clips in that voice, by dynamic time warping (Sakoe and Chiba,
1978) over the distances of the codes' centroids. A GPT that does not read is nearest to its own
sentence as often as chance has it. Results are written beside, with the machine.
"""

from collections.abc import Iterator

import click
import librosa
import numpy as np
import torch
from attrs import frozen
from safetensors.torch import load_file
from torch import Tensor

from benchmarks.keep_results import keep
from benchmarks.machine import machine
from engine.cli.show.load import load_project_recipe
from engine.systems.xtts.network.kmeans import KmeansCodes
from engine.systems.xtts.recipe import XttsRecipe
from engine.systems.xtts.system import XttsSystem, build


@frozen
class Found:
    """Rank of each clip's own sentence among all, and its length over the original's."""

    ranks: list[int]
    lengths: list[float]
    own: float
    others: float
    """Mean distances, to its own sentence and to the others."""


@click.command()
@click.argument("name")
def main(name: str) -> None:
    """Speak the evaluation sentences of recipe NAME with its best weights; keep the figures."""
    loaded = load_project_recipe(name, ())
    recipe = loaded.recipe
    assert isinstance(recipe, XttsRecipe)
    system = build(recipe, loaded.project, loaded.params)
    best = loaded.project.model(name) / "checkpoints" / "best" / "weights.safetensors"
    system.module.load_state_dict(load_file(best))
    system.module.eval()
    found = compare(system, list(spoken(system)))
    facts = {"machine": machine(torch.get_num_threads()), **figures(found)}
    keep("spoken_text.json", name, facts)


def spoken(system: XttsSystem) -> Iterator[Tensor]:
    """The codes that are said of each evaluation clip's text in its voice."""
    reader, seed = system.reader(), system.recipe.speech.seeds[0]
    for index, text in enumerate(system.eval_texts):
        tokens = system.eval_clips.tokens[index].tolist()
        voice = reader.voice(system.eval_clips.audio(index))
        said = reader.read(text, tokens, voice, seed).spoken.codes
        yield said[said < system.assets.audio_codes.num_codes]


def compare(system: XttsSystem, said: list[Tensor]) -> Found:
    """Rank each clip's own sentence by its distance to what was said."""
    clips, coder = system.eval_clips, system.assets.audio_codes.coder
    assert isinstance(coder, KmeansCodes), "the codes of a GPT from scratch"
    apart = torch.cdist(coder.centroids, coder.centroids).numpy()
    ranks, lengths, own, others = [], [], list[float](), list[float]()
    for index, codes in enumerate(said):
        speaker = clips.speakers[index]
        rivals = [i for i in range(len(clips)) if clips.speakers[i] == speaker and i != index]
        mine, *theirs = (_distance(apart, codes, clips.codes_of(i)) for i in (index, *rivals))
        ranks.append(sum(one < mine for one in theirs))
        lengths.append(len(codes) / len(clips.codes[index]))
        own.append(mine)
        others.extend(theirs)
    return Found(ranks, lengths, float(np.mean(own)), float(np.mean(others)))


def _distance(apart: np.ndarray, one: Tensor, other: Tensor) -> float:
    """Mean distance along the path that warps one sequence of codes [n] to another [m]."""
    summed, path = librosa.sequence.dtw(C=apart[np.ix_(one.numpy(), other.numpy())])
    return float(summed[-1, -1]) / len(path)


def figures(found: Found) -> dict[str, object]:
    """The figures that are printed."""
    ranks = np.array(found.ranks)
    return {
        "clips": len(ranks),
        "own_sentence_is_nearest": int((ranks == 0).sum()),
        "own_sentence_is_among_the_nearest_three": int((ranks < 3).sum()),
        "distance_to_own": round(found.own, 3),
        "distance_to_others": round(found.others, 3),
        "length_of_the_original": [round(f(found.lengths), 2) for f in (min, np.median, max)],
    }


if __name__ == "__main__":
    main()
