"""Figures of an evaluation set that was trained on: the mistake of write-up 002, replayed.

Run it from the project: python -m benchmarks.leaked_evaluation. The toy denoiser of the tests
memorizes 40 clips, 6 others are held out, as in the write-up's first phase. Then nothing is
trained, and the same weights are evaluated on a set of 46 of which 40 were trained on, as in its
second. Thousands of clips that were never seen say which of the two figures is right.
"""

from pathlib import Path
from tempfile import TemporaryDirectory

import click
import torch
from safetensors.torch import load_file

from engine.project import Project
from engine.recipe.params import Hardware, Params, Tracking
from engine.runs.run import Run
from engine.training.watcher import Silent
from tests.training.toy import ToyClips, ToyDataset, ToyModel, build_toy, toy_recipe

NUM_UNSEEN = 4_900
PARAMS = Params(
    profile="full",
    seed=1,
    hardware=Hardware(device="cpu", num_threads=1),
    corpora={},
    tracking=Tracking(mirrors=()),
)
RECIPE = toy_recipe(
    dataset=ToyDataset(
        corpus="made up", num_clips=86, split="random", num_train_clips=40, num_eval_clips=6
    ),
    model=ToyModel(width=64),
    epochs=400,
    evaluate_every="epoch:100",
    checkpoint_every="epoch:400",
)


@click.command()
def main() -> None:
    """Train, and print the error of the same weights on each set of clips."""
    with TemporaryDirectory() as folder:
        project = Project(Path(folder))
        project.params.write_text("seed = 1\n")
        Run(RECIPE, project, PARAMS, build_toy, Silent()).train()  # type: ignore[arg-type]
        system = build_toy(RECIPE, project, PARAMS)
        last = project.model(RECIPE.name) / "checkpoints" / "last" / "weights.safetensors"
        system.module.load_state_dict(load_file(last))
    system.module.eval()
    held_out, learned = numbers(system.eval_clips), numbers(system.train_clips)
    unseen = list(range(RECIPE.dataset.num_clips, RECIPE.dataset.num_clips + NUM_UNSEEN))
    for title, clips in (
        ("6 held out", held_out),
        ("46, of which 40 were learned from", held_out + learned),
        (f"{NUM_UNSEEN:,} never seen", unseen),
    ):
        click.echo(f"{title:<36}{error(system.module.network, clips):.4f}")


def numbers(clips: ToyClips) -> list[int]:
    """The numbers of clips in the endless corpus that they are drawn from."""
    return [int(id_.removeprefix("clip")) for id_ in clips.ids]


@torch.inference_mode()
def error(network: torch.nn.Module, clips: list[int]) -> float:
    """Mean squared error of the clips with these numbers."""
    clean = torch.from_numpy(ToyClips(max(clips) + 1, 0).clean[clips])
    return float((network(clean) - clean).square().mean())


if __name__ == "__main__":
    main()
