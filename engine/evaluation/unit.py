"""The unit of a metric: how it is measured. Figures are subtracted only where units are equal.

Figures of one name differ for reasons that no model has: another version of PESQ, another ViSQOL
(1 to 2 MOS apart), another resampler (X-Codec-2, issue 18), another weight of a loss term. The unit
names all of them but the evaluation clips, whose digest every evaluation carries.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeGuard

from attrs import asdict, field, frozen

from engine.files.checksum import digest_of

Plain = str | int | float | bool
_DIGITS = 16
_SHOWN = 8


@frozen(kw_only=True)
class Unit:
    """How a metric is measured. Parts that a metric does not have are empty."""

    definition: str
    """The formula and its version: `codec/si_sdr_db 1`."""
    programs: Mapping[str, str] = field(factory=dict)
    """Versions of packages of others that measure it, by name; empty for Cantus's own code."""
    weights: str = ""
    """SHA-256 of the weights of the networks that measure it."""
    resampler: str = ""
    """What brought the audio to `sample_rate_hz`, with its version; empty at the same rate."""
    sample_rate_hz: int = 0
    """Rate of the audio that is measured; 0 where no audio is."""
    language: str = ""
    """The language that a recognizer was asked for."""
    parameters: Mapping[str, Plain] = field(factory=dict)
    """Settings of the measurement: windows, weights of loss terms, modes."""
    made_of: str = ""
    """Digest of all that measured clips were made of but the weights, where clips are generated."""

    @property
    def digest(self) -> str:
        """16 hex digits that differ where any part does."""
        parts = asdict(self)
        tables = {name: sorted(parts[name].items()) for name in ("programs", "parameters")}
        return digest_of(sorted((parts | tables).items()))[:_DIGITS]

    @property
    def plain(self) -> dict[str, Any]:
        """The parts that are not empty, for a file."""
        return {name: value for name, value in asdict(self).items() if value}

    @property
    def in_words(self) -> str:
        """A phrase such as `pesq 0.0.4, mode wb, resampled by soxr 1.0.0 to 16,000 Hz`."""
        named = [f"{name} {version}".strip() for name, version in self.programs.items()]
        parts = [*(named or [self.definition])]
        parts += [f"weights {self.weights[:_SHOWN]}"] if self.weights else []
        parts += [f"{name} {_shown(value)}" for name, value in self.parameters.items()]
        parts += [f"language {self.language}"] if self.language else []
        rate = f"{self.sample_rate_hz:,} Hz"
        if self.resampler:
            parts.append(f"resampled by {self.resampler} to {rate}")
        elif self.sample_rate_hz:
            parts.append(f"at {rate}")
        return ", ".join(parts)


def unit_of(plain: Mapping[str, Any]) -> Unit:
    """The unit in a file. Raises TypeError or ValueError where it is not as `plain` wrote it."""
    unit = Unit(**plain)
    texts = unit.definition, unit.weights, unit.resampler, unit.language, unit.made_of
    tables = unit.programs, unit.parameters
    if not all(isinstance(text, str) for text in texts) or type(unit.sample_rate_hz) is not int:
        raise TypeError("not as it was written")
    if not all(_is_table(table) for table in tables):
        raise TypeError("not as it was written")
    return unit


def why_apart(
    ours: Unit | str | None, theirs: Unit | str | None, here: str, there: str
) -> str | None:
    """Why figures of two units may not be subtracted: a phrase; None where they may.

    A unit of which a file keeps the digest alone is that digest; one that is not known is None.
    `here` and `there` are the names of the two runs.
    """
    unknown = [name for unit, name in ((ours, here), (theirs, there)) if not unit]
    if unknown:
        again = " and ".join(f"`cantus measure {name}`" for name in unknown)
        return (
            f"nothing says how {' and '.join(unknown)} measured it, as in files of an older "
            f"Cantus; {again} measures again"
        )
    if _digest(ours) == _digest(theirs):
        return None
    if not (isinstance(ours, Unit) and isinstance(theirs, Unit)):
        return f"they are measured differently (unit {_short(ours)} and unit {_short(theirs)})"
    return "; ".join(differences(ours, theirs, here, there))


def differences(ours: Unit, theirs: Unit, here: str, there: str) -> Iterator[str]:
    """What differs between two units, a phrase for each part."""
    if ours.definition != theirs.definition:
        yield f"defined as '{ours.definition}' in {here} and as '{theirs.definition}' in {there}"
    yield from _of_programs(ours.programs, theirs.programs, here, there)
    if ours.weights != theirs.weights:
        weights = [one.weights[:_SHOWN] or "none" for one in (ours, theirs)]
        yield f"measured with weights {weights[0]} in {here} and {weights[1]} in {there}"
    if ours.resampler != theirs.resampler:
        by = [one.resampler or "nothing" for one in (ours, theirs)]
        yield f"resampled by {by[0]} in {here} and by {by[1]} in {there}"
    if ours.sample_rate_hz != theirs.sample_rate_hz:
        rates = [f"{one.sample_rate_hz:,} Hz" for one in (ours, theirs)]
        yield f"measured at {rates[0]} in {here} and at {rates[1]} in {there}"
    if ours.language != theirs.language:
        languages = [one.language or "no language" for one in (ours, theirs)]
        yield f"measured for {languages[0]} in {here} and for {languages[1]} in {there}"
    for name in _apart(ours.parameters, theirs.parameters):
        values = [_shown(one.parameters.get(name)) for one in (ours, theirs)]
        yield f"{name} is {values[0]} in {here} and {values[1]} in {there}"
    if ours.made_of != theirs.made_of:
        yield f"of other generated clips in {here} than in {there}"


def _of_programs(
    ours: Mapping[str, str], theirs: Mapping[str, str], here: str, there: str
) -> Iterator[str]:
    """Phrases on packages: other versions of one, or other packages."""
    for name in (name for name in _apart(ours, theirs) if name in ours and name in theirs):
        yield f"measured with {name} {ours[name]} in {here} and {theirs[name]} in {there}"
    only = [
        ", ".join(f"{name} {version}" for name, version in one.items() if name not in other)
        for one, other in ((ours, theirs), (theirs, ours))
    ]
    if any(only):
        ours_only, theirs_only = (words or "nothing besides" for words in only)
        yield f"measured with {ours_only} in {here} and with {theirs_only} in {there}"


def _apart(ours: Mapping[str, object], theirs: Mapping[str, object]) -> list[str]:
    names: Iterable[str] = dict.fromkeys([*ours, *theirs])
    return [name for name in names if ours.get(name) != theirs.get(name)]


def _digest(unit: Unit | str | None) -> str | None:
    return unit.digest if isinstance(unit, Unit) else unit


def _short(unit: Unit | str | None) -> str:
    return str(_digest(unit))[:_SHOWN]


def _shown(value: object) -> str:
    if value is None:
        return "not set"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _is_table(table: object) -> TypeGuard[Mapping[str, Plain]]:
    return isinstance(table, Mapping) and all(
        isinstance(key, str) and isinstance(value, Plain) for key, value in table.items()
    )
