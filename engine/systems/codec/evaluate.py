"""A codec's figures over a whole evaluation set: whole clips, at each bitrate."""

import math
from collections.abc import Mapping, Sequence

import numpy as np
from attrs import define, field, frozen

from engine.errors import DivergedError
from engine.metrics.codebooks import CodebookCounts
from engine.systems.codec.coders.baselines import Coder
from engine.systems.codec.data.dataset import CodecClips
from engine.systems.codec.measures import Measures, means_of, medians_of
from engine.systems.codec.network.chunks import decode_clip, encode_clip
from engine.systems.codec.network.network import CodecNetwork
from engine.training.system import Answer, AnswerKey, Evaluated


@define
class _Table:
    """One list of figures for each measure, in the order of the clips."""

    rows: dict[str, list[float]] = field(factory=dict)

    def add(self, figures: Mapping[str, float]) -> None:
        for name, value in figures.items():
            self.rows.setdefault(name, []).append(value)


@frozen
class Evaluator:
    """Evaluates networks and baseline coders on one set of clips."""

    clips: CodecClips
    sample_rate_hz: int
    measures: Measures
    quantizers: Sequence[int]
    """The numbers of quantizers that clips are decoded with, ascending, all of them last."""
    bits_per_second: float
    """The nominal bitrate with all quantizers."""

    def network(self, network: CodecNetwork) -> Evaluated:
        """The metrics that the recipe class declares as `eval/...`, and each clip's figures.

        Raises UserError where decoded audio is not finite.
        """
        settings = network.settings
        counts = CodebookCounts(settings.num_codebooks, settings.codebook_size)
        tables = {number: _Table() for number in self.quantizers}
        alignment = _Table()
        for index in range(len(self.clips.ids)):
            original = self.clips.audio(index)
            codes = encode_clip(network, original)
            counts.add(codes.numpy())
            for number, table in tables.items():
                rebuilt = decode_clip(network, codes[:number], len(original))
                if not np.isfinite(rebuilt).all():
                    raise DivergedError(
                        f"The codec decodes clip {self.clips.ids[index]!r} to values that are not "
                        "finite: training has diverged. Continue from an earlier checkpoint, with "
                        "a lower learning rate."
                    )
                table.add(self.measures.figures(original, rebuilt))
            alignment.add(self.measures.alignment(original, rebuilt))
        full = tables[self.quantizers[-1]].rows
        metrics = means_of(full) | medians_of(full) | _aligned(alignment)
        metrics |= _of_codebooks(counts, self.bits_per_second)
        metrics["clips"] = float(len(self.clips.ids))
        for number, table in tables.items():
            kbps = self.bits_per_second * number / settings.num_codebooks / 1000
            group = {**means_of(table.rows), "kbps": kbps}
            metrics |= {f"quantizers_{number}/{name}": value for name, value in group.items()}
        per_clip = {name: np.array(values) for name, values in full.items()}
        return Evaluated({f"eval/{name}": value for name, value in metrics.items()}, per_clip)

    def answers(self, network: CodecNetwork) -> AnswerKey:
        """Known answers of the two clips whose length is nearest to two seconds."""
        apart = np.abs(self.clips.num_samples - 2 * self.sample_rate_hz)
        audio = [self.clips.audio(place) for place in np.argsort(apart, kind="stable")[:2].tolist()]

        def figures(answer: Answer) -> dict[str, np.ndarray]:
            table = _Table()
            for original, other in zip(audio, reversed(audio), strict=True):
                made = _answer(answer, original, other, network)
                table.add(self.measures.distances(original, made))
            return {name: np.array(values) for name, values in table.rows.items()}

        same = {"mel": (0.0, 1e-3), "stft": (0.0, 1e-3)}
        return AnswerKey(figures, same | dict.fromkeys(("snr_db", "si_sdr_db"), (60.0, math.inf)))

    def baselines(self, coders: Mapping[str, Coder]) -> Evaluated:
        """The measures of untrained coders, as `baseline/<coder>/<metric>`."""
        metrics: dict[str, float] = {}
        per_clip: dict[str, np.ndarray] = {}
        for name, coder in coders.items():
            table = _Table()
            for index in range(len(self.clips.ids)):
                original = self.clips.audio(index)
                coding = coder(original, self.sample_rate_hz)
                kbps = coding.bits / len(original) * self.sample_rate_hz / 1000
                table.add({**self.measures.figures(original, coding.audio), "kbps": kbps})
            figures = means_of(table.rows) | medians_of(table.rows)
            metrics |= {f"baseline/{name}/{metric}": value for metric, value in figures.items()}
            per_clip |= {f"{name}/{m}": np.array(values) for m, values in table.rows.items()}
        return Evaluated(metrics, per_clip)


def _answer(
    answer: Answer, original: np.ndarray, other: np.ndarray, network: CodecNetwork
) -> np.ndarray:
    """The samples that are evaluated in place of what a clip is decoded to."""
    if answer == "model":
        return decode_clip(network, encode_clip(network, original), len(original))
    if answer == "original":
        return original.copy()
    if answer == "silence":
        return np.zeros_like(original)
    if other is original:
        return original[::-1].copy()
    return np.resize(other, len(original))


def _aligned(table: _Table) -> dict[str, float]:
    return {
        "correlation": means_of(table.rows)["correlation"],
        "lag_samples": max(table.rows["lag_samples"], default=math.nan),
    }


def _of_codebooks(counts: CodebookCounts, bits_per_second: float) -> dict[str, float]:
    metrics = {
        "kbps": bits_per_second / 1000,
        "entropy_kbps": bits_per_second / 1000 * counts.bitrate_efficiency,
        "bitrate_efficiency": counts.bitrate_efficiency,
        "perplexity": float(np.mean(counts.perplexity)),
        "dead_codes": counts.dead_codes,
        "frames": float(counts.num_frames),
    }
    each = {
        "usage": counts.usage,
        "perplexity": counts.perplexity,
        "entropy_bits": counts.entropy_bits,
    }
    for name, values in each.items():
        metrics |= {f"codebook_{n}/{name}": float(v) for n, v in enumerate(values, start=1)}
    return metrics
