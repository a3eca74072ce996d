"""A neural audio codec as the loop sees it."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path

import numpy as np
from attrs import asdict, evolve

from engine.errors import RefusedValuesError, UserError
from engine.evaluation.unit import Unit
from engine.files.checksum import digest_of
from engine.project import Project
from engine.recipe.judges import JUDGE_OF, JUDGES
from engine.recipe.params import Params
from engine.system_support.adversarial import require_timely_guards
from engine.system_support.audio_samples import spread_over
from engine.system_support.corpus_system import CorpusSystem, SplitCorpus, open_corpus
from engine.systems.codec.coders.baselines import NOTHING_TO_FIT, Coder, baseline_coders, excerpts
from engine.systems.codec.data.dataset import CodecClips, all_clips
from engine.systems.codec.data.eligible import Eligible, notes, split_eligible
from engine.systems.codec.data.found_again import found_again
from engine.systems.codec.evaluate import Evaluator
from engine.systems.codec.files.export import export_codec
from engine.systems.codec.files.weights import load_upstream
from engine.systems.codec.measures import Measures
from engine.systems.codec.recipe import ADVERSARIAL_TERMS, AsRecorded, CodecRecipe, Loudness
from engine.systems.codec.samples import SampleWriter
from engine.systems.codec.training_module import CodecTrainingModule
from engine.training.processes import num_processes
from engine.training.system import Again, Batch, Evaluated, PreflightBounds, Sample, Turn


def build(recipe: CodecRecipe, project: Project, params: Params) -> "CodecSystem":
    """Open the recipe's corpus, split it and initialize the networks from torch's generator.

    Raises UserError where the corpus is missing, not packed at the recipe's sample rate, recorded
    at a lower one, or too small, or where the recipe relies on a figure that this machine cannot
    measure.
    """
    corpus = open_corpus(recipe, project)
    eligible, data = split_eligible(recipe, project, params, corpus)
    clips = all_clips(corpus, recipe.dataset)
    if recipe.model.restart_below > 0.0 and num_processes(params.hardware) > 1:
        raise RefusedValuesError(
            "model.restart_below replaces codes by vectors of a process's own part of the batch, "
            "so that several processes would end with different codebooks. Set "
            "model.restart_below = 0.0 in the recipe, or hardware.num_devices = 1 in params.toml."
        )
    system = CodecSystem(recipe, data, clips.only(eligible.rows), eligible)
    system.require_measurable()
    return system


class CodecSystem(CorpusSystem[CodecRecipe, CodecClips]):
    """A codec recipe with its data and networks. `clips` are the usable clips of the corpus."""

    def __init__(
        self,
        recipe: CodecRecipe,
        data: SplitCorpus,
        clips: CodecClips,
        eligible: Eligible,
    ) -> None:
        super().__init__(recipe, data, clips)
        self.eligible = eligible
        self.module = CodecTrainingModule(recipe)
        self.measures = Measures(
            recipe.dataset.sample_rate_hz,
            recipe.evaluation.judges,
            self.module.mel_distance,
            self.module.stft_distance,
        )
        self.evaluator = Evaluator(
            self.eval_clips,
            recipe.dataset.sample_rate_hz,
            self.measures,
            recipe.evaluated_quantizers,
            recipe.bits_per_second,
        )

    @cached_property
    def preflight(self) -> PreflightBounds:
        """Preflight's bounds: a repeated batch must lower a spectral distance, if there is one."""
        spectral = [term for term in ("mel", "stft") if term in self.recipe.generator_weights]
        overfits = [f"generator/{term}" for term in spectral]
        return PreflightBounds(
            (1e-6, 1e-2),
            conditioning=("audio",),
            overfits=overfits,
            signed=("generator/adversarial",),
            answers=self.evaluator.answers(self.module.network),
            audio=self.training_audio(self.recipe.dataset.sample_rate_hz),
            paths={"audio": overfits[0]} if overfits else {},
            generated="decoded",
            adversarial="generator/adversarial",
            waveforms=("audio", "target"),
            levels_matter=isinstance(self.recipe.dataset.level, AsRecorded),
            made_again=self._made_again,
        )

    def _made_again(self, places: Sequence[int], batch: Batch) -> dict[str, list[Again]]:
        dataset, crops = self.recipe.dataset, batch["audio"][:, 0].numpy()
        same = [
            Again(*pair, 1e-6) for pair in zip(batch["target"][:, 0].numpy(), crops, strict=True)
        ]
        if dataset.phase_rotation == "random":
            return {"target": same}  # no sample is that of the clip
        own_level, rate = isinstance(dataset.level, Loudness), dataset.sample_rate_hz
        clips = map(self.train_clips.audio, places)
        found = [found_again(*pair, rate, own_level) for pair in zip(crops, clips, strict=True)]
        return {"audio": [one for one in found if one is not None], "target": same}

    @cached_property
    def turns(self) -> Sequence[Turn]:
        """Two turns: the discriminators are trained on decoded audio, then the codec is trained."""
        table = self.recipe.model.discriminator
        judges = dict(self.module.discriminators.named_parameters("discriminators"))
        return (
            Turn(
                "discriminator",
                judges,
                {"discriminator": self.recipe.losses.discriminator},
                starts_at_step=table.starts_at_step,
                every_steps=table.every_steps,
                averaged=False,
            ),
            Turn(
                "generator",
                dict(self.module.network.named_parameters("network")),
                self.recipe.generator_weights,
                late_terms=dict.fromkeys(ADVERSARIAL_TERMS, table.starts_at_step),
                balancer=self.module.balancer,
            ),
        )

    @cached_property
    def evaluation_set(self) -> str:
        """Digest of the evaluation clips' content, and of their rate and level."""
        dataset = self.recipe.dataset
        cut = [dataset.sample_rate_hz, dataset.level.kind, asdict(dataset.level)]
        return digest_of([self.evaluation_content, cut])

    @cached_property
    def metric_units(self) -> Mapping[str, Unit]:
        """The unit of each metric: of judged figures that of the judge, at every bitrate."""
        groups, judged = ("", "quantizers_<n>/"), self.measures.judged_units
        own = {name: unit for name, unit in super().metric_units.items() if not _is_judged(name)}
        if self.resampler:  # of the recordings, before a judge brings them to its own rate
            packed = f"resampled by {self.resampler} to {self.sample_rate_hz:,} Hz"
            judged = {
                n: evolve(u, parameters={**u.parameters, "recordings": packed})
                for n, u in judged.items()
            }
        return own | {f"{group}{name}": unit for group in groups for name, unit in judged.items()}

    @property
    def notes(self) -> Sequence[str]:
        """Sentences on clips that were padded, upsampled or left out, and on missing judges."""
        asked, missing = self.recipe.evaluation.judges, self.measures.missing
        share = f"{len(missing)} of {len(asked)} judges"
        left_out = [f"{share}: {name} is left out: {why}" for name, why in missing.items()]
        return [*notes(self.train_clips, self.eligible), *left_out, *self._unfitted]

    def require_measurable(self) -> None:
        """Raise UserError where the recipe relies on a figure that cannot be measured here."""
        for name, why in self.measures.missing.items():
            for path, metric in self.recipe.named_metrics():
                if metric.rpartition("/")[2] in JUDGES[name].figures:
                    raise UserError(
                        f"The recipe relies on '{metric}' ({path}), which cannot be measured on "
                        f"this machine: {why}"
                    )
        require_timely_guards(self.recipe, len(self.train_clips))

    def evaluate(self) -> Evaluated:
        """The metrics of the current weights over the whole evaluation set."""
        return self.evaluator.network(self.module.network)

    def baselines(self) -> Evaluated:
        """The metrics of untrained coders at the codec's bitrate."""
        return self.evaluator.baselines(self._coders)

    def samples(self, folder: Path, num_clips: int) -> Sequence[Sample]:
        """Write originals, decoded audio at each bitrate and baselines, with spectrograms."""
        writer = SampleWriter(
            self.module.network,
            self.eval_clips,
            self.recipe.evaluated_quantizers,
            {name: coder for name, coder in self._coders.items() if name != "silence"},
            self.recipe.dataset.sample_rate_hz,
            self.recipe.bits_per_second,
        )
        return writer.write(
            folder, spread_over(self.evaluation_labels("speaker", "label"), num_clips)
        )

    def export(self, folder: Path) -> None:
        """Write weights that `dac` and `transformers` load, checked by loading them."""
        level = self.recipe.dataset.level
        facts = {"recipe": self.recipe.name, "evaluation_set": self.evaluation_set}
        export_codec(self.module.network, folder, {"kind": level.kind, **asdict(level)}, facts)

    def load_published(self, path: Path) -> str:
        """Load the weights of an upstream `weights.pth`; the discriminators start untrained."""
        load_upstream(self.module.network, path)
        return (
            f"the weights of {path.name}, every tensor of the codec; the discriminators, which "
            "were never published, start untrained, and quantizer dropout is the recipe's"
        )

    @property
    def _unfitted(self) -> list[str]:
        return [] if self._excerpts else [NOTHING_TO_FIT]

    @cached_property
    def _coders(self) -> dict[str, Coder]:
        rate = self.recipe.dataset.sample_rate_hz
        return baseline_coders(self._excerpts, rate, self.recipe.bits_per_second)

    @cached_property
    def _excerpts(self) -> Sequence[np.ndarray]:
        """Excerpts [samples] of training clips, to which baseline coders are fitted."""
        rate = self.recipe.dataset.sample_rate_hz
        return excerpts(self.train_clips.audio, len(self.train_clips), rate)


def _is_judged(name: str) -> bool:
    return name.rpartition("/")[2] in JUDGE_OF
