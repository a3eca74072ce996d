"""Two small real systems: a denoiser with one turn, a GAN with two. Used by the training tests."""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from attrs import define, evolve, field, frozen
from torch import Tensor, nn

from engine.evaluation.audio import SPAN
from engine.evaluation.digests import as_digests
from engine.evaluation.unit import Unit
from engine.files.untrusted import as_user_error
from engine.project import Project
from engine.recipe.dataset import CorpusClips
from engine.recipe.fields import setting
from engine.recipe.judged import Judged, judged_metrics, judged_sides
from engine.recipe.optimizers import Adam, Schedule
from engine.recipe.params import Params
from engine.recipe.schema import Recipe
from engine.recipe.training import Training
from engine.training.system import (
    Batch,
    DatasetSummary,
    Evaluated,
    PreflightBounds,
    Sample,
    Terms,
    TrainingModule,
    Turn,
)


@frozen(kw_only=True)
class ToyDataset(CorpusClips):
    corpus: str = setting("'' for made-up sets, else clips first, first + 1, ...", default="")
    num_clips: int = setting("clips", default=40)
    first: int = setting("number of the first clip of a corpus", default=0)


@frozen(kw_only=True)
class ToyModel:
    width: int = setting("hidden units", default=8)
    adversary: bool = setting("whether there are two turns", default=False)
    broken: str = setting("what is wrong with it", default="")


@frozen(kw_only=True)
class ToyLosses:
    reconstruction: float = setting("weight", default=1.0)
    real_or_fake: float = setting("weight", default=1.0)


@frozen(kw_only=True)
class ToyRecipe(Recipe):
    dataset: ToyDataset = setting("clips", default=ToyDataset())
    model: ToyModel = setting("network", default=ToyModel())
    losses: ToyLosses = setting("weights", default=ToyLosses())
    judged: Judged = setting("who judges", default=Judged())
    metrics = judged_metrics({"text"})
    directions = judged_sides({"text"})
    loss_metric = "eval/error"

    @property
    def judges(self) -> tuple[str, ...]:
        return self.judged.judges


_NOT_OF_TRAINING = ("start", "guard", "verdict", "name", "judged")


def toy_recipe(
    *,
    model: ToyModel | None = None,
    schedule: Mapping[str, Schedule] | None = None,
    optimizer: Adam | None = None,
    num_clips: int = 40,
    dataset: ToyDataset | None = None,
    **training: Any,
) -> ToyRecipe:
    """A recipe of 4 epochs of 5 steps, unless the test wants other things."""
    model = model or ToyModel()
    turns = ("discriminator", "generator") if model.adversary else ("denoiser",)
    more = {k: training.pop(k) for k in _NOT_OF_TRAINING if k in training}
    settings = {"epochs": 4, "batch_size": 8, "best": "eval/error", "log_every_steps": 2} | training
    if "steps" in training:
        settings["epochs"] = None
    return ToyRecipe(
        schema=2,
        name=more.pop("name", "toy"),
        system="toy",
        summary="a toy",
        dataset=dataset or ToyDataset(num_clips=num_clips),
        model=model,
        optimizer={turn: optimizer or Adam(learning_rate=1e-2) for turn in turns},
        schedule=dict(schedule or {}),
        training=Training(**settings),
        **more,
    )


class ToyTrainingModule(TrainingModule):
    """Cleans clean + noise, with dropout, so that the generator's state matters."""

    def __init__(self, model: ToyModel) -> None:
        super().__init__()
        self.model = model
        self.network = nn.Sequential(
            nn.Linear(4, model.width), nn.BatchNorm1d(model.width), nn.Dropout(0.1), nn.ReLU(),
            nn.Linear(model.width, 4),
        )  # fmt: skip
        self.critic = nn.Linear(4, 1) if model.adversary else None
        if model.broken == "unconnected":
            self.network.register_parameter("idle", nn.Parameter(torch.ones(3)))

    def prepare(self, batch: Batch) -> Batch:
        return {**batch, "cleaned": self.network(batch["noisy"])} if self.critic else batch

    def denoiser(self, batch: Batch) -> Terms:
        noisy = torch.zeros_like(batch["noisy"]) if self.model.broken == "deaf" else batch["noisy"]
        error = (self.network(noisy) - batch["clean"]).square().mean()
        if self.model.broken == "nan":
            error = error * float("nan")
        return Terms({"reconstruction": error}, {"error": error.detach()})

    def generator(self, batch: Batch) -> Terms:
        assert self.critic is not None
        fooled = (1 - self.critic(batch["cleaned"])).square().mean()
        error = (batch["cleaned"] - batch["clean"]).square().mean()
        return Terms({"reconstruction": error, "real_or_fake": fooled})

    def discriminator(self, batch: Batch) -> Terms:
        assert self.critic is not None
        real, fake = self.critic(batch["clean"]), self.critic(batch["cleaned"].detach())
        return Terms({"real_or_fake": (1 - real).square().mean() + fake.square().mean()})


class ToyClips:
    """Clips made from their index, with noise drawn from the loader's generator."""

    def __init__(self, num: int, seed: int, rows: Sequence[int] | None = None) -> None:
        clean = np.random.default_rng(seed).standard_normal((num, 4)).astype(np.float32)
        rows = range(num) if rows is None else rows
        self.clean = clean[list(rows)]
        self.ids = [f"clip{i}" for i in rows]
        self.digests = as_digests(hashlib.sha256(row).hexdigest() for row in self.clean)
        self.spans = np.zeros(len(self.ids), SPAN)
        self.fingerprints = None
        self.lengths = [1000] * len(self.ids)

    def batch(self, indices: Sequence[int], random: np.random.Generator) -> Batch:
        clean = self.clean[list(indices)]
        noise = random.standard_normal(clean.shape).astype(np.float32)
        return {
            "noisy": torch.from_numpy(clean + 0.1 * noise),
            "clean": torch.from_numpy(clean.copy()),
        }


_DATA = DatasetSummary(
    found=42,
    used=40,
    quarantined={"silent": 2},
    training=40,
    evaluation=16,
    split="made up",
    leaks=None,
)


@define
class ToySystem:
    module: ToyTrainingModule
    turns: Sequence[Turn]
    train_clips: ToyClips
    eval_clips: ToyClips
    preflight: PreflightBounds = field(
        factory=lambda: PreflightBounds(
            (1e-5, 1.0), conditioning=("noisy",), overfits=("reconstruction",)
        )
    )
    data_digest: str = "toy data"
    evaluation_set: str = "toy evaluation set"
    metric_units: Mapping[str, Unit] = field(
        factory=lambda: {"error": Unit(definition="toy/error 1")}
    )
    dataset_summary: DatasetSummary = _DATA

    def evaluate(self) -> Evaluated:
        clean = torch.from_numpy(self.eval_clips.clean)
        with torch.inference_mode():
            error = (self.module.network(clean) - clean).square().mean(1)
        return Evaluated({"eval/error": float(error.mean())}, {"error": error.numpy()})

    def baselines(self) -> Evaluated:
        error = np.square(self.eval_clips.clean).mean(1)
        return Evaluated({"baseline/zero/error": float(error.mean())}, {"zero/error": error})

    def samples(self, folder: Path, num_clips: int) -> Sequence[Sample]:
        if num_clips == 0:
            return []
        folder.mkdir(parents=True)
        torch.save(self.module.network.state_dict(), folder / "weights.pth")
        return []

    def export(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        torch.save(self.module.network.state_dict(), folder / "weights.pth")

    def load_published(self, path: Path) -> str:
        given = torch.load(path, weights_only=True)
        with as_user_error(f"{path} does not fit.", RuntimeError):
            self.module.network.load_state_dict(given)
        return f"all of {path.name}"


def build_toy(recipe: Recipe, project: Project, params: Params) -> ToySystem:
    """The builder a run calls."""
    system = toy_system(recipe)
    if recipe.dataset.corpus:
        _choose(system, recipe, project, params)
    return system


def _choose(system: ToySystem, recipe: Recipe, project: Project, params: Params) -> None:
    """Clips of a corpus as every system chooses them: an endless one, of which some are there."""
    from engine.corpus.table.manifest import Clip
    from engine.split.select import choose_clips

    dataset = recipe.dataset
    total = dataset.first + dataset.num_clips
    there = ToyClips(total, 0, range(dataset.first, total))
    found = [
        Clip(
            id=id_, path=id_, sha256=digest.tobytes().hex(), num_frames=16_000,
            sample_rate_hz=16_000, num_channels=1, peak=0.5, rms_dbfs=-20.0,
        )
        for id_, digest in zip(there.ids, there.digests, strict=True)
    ]  # fmt: skip
    split = choose_clips(recipe, project, found, params.seed)
    system.train_clips = ToyClips(total, 0, (split.train + dataset.first).tolist())
    system.eval_clips = ToyClips(total, 0, (split.evaluation + dataset.first).tolist())
    system.evaluation_set = hashlib.sha256(system.eval_clips.digests.tobytes()).hexdigest()
    system.data_digest = f"toy clips {dataset.first} to {total}"
    system.dataset_summary = evolve(
        _DATA, training=len(split.train), evaluation=len(split.evaluation), split=split.how
    )


def toy_system(recipe: Recipe) -> ToySystem:
    module = ToyTrainingModule(recipe.model)
    named = dict(module.named_parameters())

    def of(prefix: str) -> dict[str, Tensor]:
        return {name: p for name, p in named.items() if name.startswith(prefix)}

    if module.critic is None:
        turns = [Turn("denoiser", of("network"), {"reconstruction": 1.0})]
    else:
        both = {"reconstruction": 1.0, "real_or_fake": 0.1}
        turns = [
            Turn("discriminator", of("critic"), {"real_or_fake": 1.0}),
            Turn("generator", of("network"), both),
        ]
    system = ToySystem(module, turns, ToyClips(recipe.dataset.num_clips, 0), ToyClips(16, 1))
    if len(turns) > 1:
        system.preflight = evolve(system.preflight, overfits=("generator/reconstruction",))
    return system
