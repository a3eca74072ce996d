"""Keys of figures in the files that DVC compares: equal only where figures may be subtracted.

DVC subtracts figures with the same key in the same file. Figures of recipes of one system on one
corpus lie in one file (`xtts/voice.json`) under their names. Where two of them were not measured on
the same clips, or are in different units, those of most recipes keep the plain name, and others
name their recipe: `mel_ce (clips of xtts_big)`, `loss (unit of xtts_phase2)`.

A file has a dozen figures, preferably those that most recipes have: a figure of one recipe has
nothing to compare with, and would displace a shared one.
"""

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping

from attrs import frozen

from engine.tracking.shown_metrics import Measured

Keys = Mapping[str, str]
"""The key of each figure, by name."""


_MOST = 12
"""Largest number of figures in one file."""


@frozen
class Placed:
    """A recipe's figures and their file."""

    place: str
    measured: Measured

    def clips(self, ref: str) -> Hashable:
        """The evaluation set; an unknown one equals no other."""
        return self.measured.evaluation_set or (ref,)


def figure_keys(found: Mapping[str, Placed]) -> dict[str, Keys]:
    """Name the figures of all refs so that those that may not be subtracted differ in a word."""
    keys: dict[str, Keys] = {}
    for place in dict.fromkeys(one.place for one in found.values()):
        there = {ref: one for ref, one in sorted(found.items()) if one.place == place}
        usual = _most([one.clips(ref) for ref, one in there.items()])
        words = {name: _words(name, there, usual) for name in _shown(there.values())}
        for ref, one in there.items():
            figures = one.measured.figures
            keys[ref] = {name: name + words[name][ref] for name in figures if name in words}
    return keys


def _shown(recipes: Iterable[Placed]) -> list[str]:
    """A dozen names, preferably those that most recipes have, the most important first."""
    had = Counter(name for one in recipes for name in one.measured.figures)
    return [name for name, _ in had.most_common(_MOST)]


def _words(name: str, there: Mapping[str, Placed], usual: Hashable) -> dict[str, str]:
    """The suffix of a figure's name for each ref that has it; empty for most."""
    kinds = {
        ref: (one.clips(ref), one.measured.unit_digest(name) or (ref,))
        for ref, one in there.items()
        if name in one.measured.figures
    }
    plain = (usual, _most([unit for clips, unit in kinds.values() if clips == usual]))
    first = {kind: ref for ref, kind in reversed(kinds.items())}
    what = {kind: "unit" if kind[0] == usual else "clips" for kind in first}
    return {
        ref: "" if kind == plain else f" ({what[kind]} of {first[kind]})"
        for ref, kind in kinds.items()
    }


def _most(values: Iterable[Hashable]) -> Hashable:
    """The most frequent value, of several the first; None without any."""
    counted = Counter(values).most_common(1)
    return counted[0][0] if counted else None
