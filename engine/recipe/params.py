"""params.toml: settings of this machine and of this project."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Literal

from attrs import frozen

from engine.errors import UserError
from engine.recipe.faults import RecipeError, did_you_mean, listed
from engine.recipe.fields import above, at_least, matches, not_empty, setting, within
from engine.recipe.migration import outdated_params
from engine.recipe.naming import corpus_name
from engine.recipe.read import forbidden_values, read_layer
from engine.recipe.structure import structure

_rate = within(1_000, 768_000)
"""A check of sample rates in Hz: none of audio is outside."""


def _rates(value: tuple[int, ...]) -> str | None:
    if len(set(value)) < len(value):
        return "must not name a rate twice"
    return not_empty(value) or _rate(min(value)) or _rate(max(value))


_COLUMNS = ("file", "text", "speaker", "language", "label", "list", "-", "_")


def wrong_columns(value: Sequence[str]) -> str | None:
    """A check of column names: all must be known, and one must be the file."""
    unknown = [name for name in value if name not in _COLUMNS]
    if unknown:
        return f"must hold only {listed(_COLUMNS)}, got {unknown[0]!r}"
    return None if not value or "file" in value else "must hold 'file', the column of audio files"


def _corpora(value: dict[str, Any]) -> str | None:
    """A check of the names of corpora."""
    wrong = ((name, corpus_name(name)) for name in value)
    return next((f"the corpus {name!r} {said}" for name, said in wrong if said), None)


MOST_SEEDS = 100
"""Largest number of seeds of a recipe."""

Strategy = Literal["replicate", "shard"]
"""Distribution of a run's networks over several devices."""


@frozen(kw_only=True)
class Hardware:
    """The devices a run may use."""

    device: Literal["auto", "cpu", "cuda"] = setting("device on which networks run", default="auto")
    num_devices: int = setting("devices that share a batch", default=1, check=at_least(1))
    strategy: Strategy = setting(
        "whether each device holds all weights, gradients and optimizer state, or a part",
        default="replicate",
    )
    num_threads: int = setting(
        "CPU threads; bit-identical results need the same number", check=within(1, 4096)
    )


@frozen(kw_only=True)
class CorpusSource:
    """The source of a corpus, and requirements on its clips."""

    source: str = setting("'builtin', or a folder below data/", check=not_empty)
    sample_rates_hz: tuple[int, ...] = setting(
        "sample rates in Hz at which clips are stored", check=_rates
    )
    speakers: Literal["unknown", "folder"] = setting(
        "whether the innermost folder names the speaker", default="unknown"
    )
    columns: tuple[str, ...] = setting(
        "the columns of its tables, where their first line does not name them: 'file', "
        "'text', 'speaker', 'language', 'label', 'list', or '-' for a column to ignore",
        default=(),
        check=wrong_columns,
    )
    channels: Literal["mix", "split"] = setting(
        "files with several channels: mix them down, or make a clip of each", default="mix"
    )
    min_seconds: float = setting("shorter clips are quarantined", default=0.1, check=at_least(0.0))
    max_seconds: float | None = setting(
        "longer clips are quarantined", default=None, check=above(0.0)
    )
    min_sample_rate_hz: int = setting(
        "clips of a lower sample rate are quarantined", default=8_000, check=at_least(1)
    )
    at_most_bad: float = setting(
        "share of quarantined files, duplicates aside, above which ingest stops; above 0, a single "
        "file is always allowed",
        default=0.01,
        check=within(0.0, 1.0),
    )
    at_most_clipped: float = setting(
        "clips with a larger share of samples at or beyond full scale are quarantined",
        default=0.1,
        check=within(0.0, 1.0),
    )
    segment: Literal["off", "silence"] = setting(
        "whether recordings longer than max_seconds are cut where they are quietest",
        default="off",
    )
    transcripts: Literal["any", "required"] = setting(
        "whether clips without a transcript are quarantined", default="any"
    )
    alphabet: str = setting(
        "letters that transcripts may hold, upper and lower case alike; empty: any", default=""
    )

    def cross_checks(self) -> Iterable[tuple[str, str]]:
        """Faults: limits that leave no room for a clip, or for the two parts of a cut one."""
        if self.segment == "silence" and self.max_seconds is None:
            yield "max_seconds", "missing; segment = 'silence' cuts recordings longer than this"
        if self.max_seconds is None:
            return
        factor = 2 if self.segment == "silence" else 1
        if factor * self.min_seconds >= self.max_seconds:
            least = f"{factor * self.min_seconds:g}"
            why = " (twice min_seconds, so that both parts of a cut are clips)" * (factor == 2)
            yield "max_seconds", f"must be greater than {least}{why}"


Mirror = Literal["aim", "trackio"]
"""A tracker that can mirror runs."""

_Moment = Literal["guard", "end"]


def _no_mirror_twice(value: Sequence[str]) -> str | None:
    return "must not name a tracker twice" if len(set(value)) < len(value) else None


@frozen(kw_only=True)
class Notify:
    """Notifications of a run's end, and of guards that fired.

    A command can be set only by the environment (`engine/runs/notify/send.py`): no file of a
    project may start a program.
    """

    web_hook_variable: str = setting(
        "the environment variable that holds the address to which messages are posted: https, or "
        "http on 127.0.0.1",
        default="",
        check=matches(r"([A-Za-z_][A-Za-z0-9_]*)?", "a name of an environment variable"),
    )
    at: tuple[_Moment, ...] = setting(
        "when to notify: 'guard': a guard that warns has fired; 'end': the run has ended",
        default=("guard", "end"),
        check=not_empty,
    )


@frozen(kw_only=True)
class Tracking:
    """Trackers that mirror the events of a run, and notifications."""

    mirrors: tuple[Mirror, ...] = setting(
        "trackers that mirror runs: 'aim', 'trackio', both or none",
        default=("aim",),
        check=_no_mirror_twice,
    )
    notify: Notify = setting("notifications of a run's end", default=Notify())
    aim_repository: str = setting(
        "folder of Aim's repository, absolute or relative to the project, which several projects "
        "may share; or a tracking server, as aim://host:53800; empty: the project",
        default="",
        check=matches(
            r"(?!aim:|[a-z]+://).*|aim://[^\s/:@]+:[0-9]+", "a folder or 'aim://host:port'"
        ),
    )
    aim_address: str = setting(
        "where browsers reach `cantus ui` through a reverse proxy, as "
        "https://hub.example.org/user/me/proxy/43800; empty: on this machine",
        default="",
        check=matches(r"https?://[^\s/?#@]+(/[^\s?#]*)?|", "an address such as https://host/path"),
    )


@frozen(kw_only=True)
class Work:
    """Workers over clips: on this machine, or on a cluster that shares the project's folder."""

    backend: Literal["cores", "dask", "ray"] = setting(
        "this machine's cores, or a cluster", default="cores"
    )
    num_workers: int = setting(
        "processes on this machine; 0: one for each core", default=0, check=at_least(0)
    )
    address: str = setting(
        "host and port of the cluster; empty: one is started on this machine",
        default="",
        check=matches(r"((tcp|tls)://)?[^\s:/]+:[0-9]+|", "'host:port' or empty"),
    )

    def cross_checks(self) -> Iterable[tuple[str, str]]:
        """Faults: an address without a cluster, or with a number of workers."""
        if self.address and self.backend == "cores":
            yield "address", "needs backend = 'dask' or 'ray'"
        if self.address and self.num_workers:
            yield "num_workers", "must be 0 with an address: every worker of the cluster is used"


@frozen(kw_only=True)
class SpeechEvaluation:
    """Models that score generated speech: folders of weights in the format of `transformers`."""

    speech_recogniser: str | None = setting(
        "folder of a speech recognizer (Whisper, or a CTC model such as wav2vec 2.0; Whisper in "
        "CTranslate2's form too), by its path in the project; for word and character error rates",
        default=None,
        check=not_empty,
    )
    speaker_encoder: str | None = setting(
        "folder of a model for speaker verification (x-vectors, such as WavLM's), by its path in "
        "the project; for the similarity of voices",
        default=None,
        check=not_empty,
    )


def _number_of_seeds(value: dict[str, int]) -> str | None:
    """A check of the numbers of seeds: two at least show something of others."""
    wrong = {name: number for name, number in value.items() if not 2 <= number <= MOST_SEEDS}
    return next(
        (f"{name} must be from 2 to {MOST_SEEDS}, got {n}" for name, n in wrong.items()), None
    )


@frozen(kw_only=True)
class Cost:
    """The price of an hour of this machine, for `cantus estimate`."""

    per_hour: float = setting("price of an hour", default=0.0, check=at_least(0.0))
    currency: str = setting("its currency", default="EUR", check=not_empty)


@frozen(kw_only=True)
class Params:
    """The whole of params.toml."""

    profile: str = setting(
        "the folder of recipes/ whose variants are used, as 'demo'; 'full': recipes as written",
        check=matches(r"[A-Za-z0-9_-]+", "a word"),
    )
    seed: int = setting("seed of every random sequence", check=within(0, 2**32 - 1))
    hardware: Hardware = setting("the devices")
    corpora: dict[str, CorpusSource] = setting("the corpora that recipes name", check=_corpora)
    tracking: Tracking = setting("trackers and notifications", default=Tracking())
    work: Work = setting("workers over clips", default=Work())
    speech_evaluation: SpeechEvaluation = setting(
        "models that score speech", default=SpeechEvaluation()
    )
    cost: Cost = setting("the price", default=Cost())
    seeds: dict[str, int] = setting(
        "recipes whose spread over seeds is a stage of DVC, and the number of seeds of each",
        default={},
        check=_number_of_seeds,
    )

    def corpus(self, name: str, *, in_recipe: bool = True) -> CorpusSource:
        """The corpus that a recipe names, or the user. Raises UserError where there is none."""
        if name not in self.corpora:
            near = did_you_mean(name, self.corpora)
            name_one = "Set dataset.corpus to one of them" if in_recipe else "Name one of them"
            raise UserError(
                f"params.toml has no [corpora.{name}]{near} (there are: "
                f"{listed([*self.corpora])}). {name_one}, or add the table [corpora.{name}] to "
                "params.toml.",
                self.corpora,
            )
        return self.corpora[name]


def load_params(path: Path) -> Params:
    """Read params.toml. Raises RecipeError, which holds every fault."""
    layer = read_layer(path)
    params, wrong = structure(dict(layer.values), Params)
    found: dict[Any, str] = dict(wrong) | dict(forbidden_values(layer.values))
    faults = {at: layer.fault(at, what) for at, what in found.items()}
    faults |= {fault.path: fault for fault in outdated_params(layer)}
    if params is None or faults:
        raise RecipeError(faults.values())
    return params
