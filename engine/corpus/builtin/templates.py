"""Sentences made of templates: the same few words in ever new combinations."""

import itertools
import re
from collections.abc import Mapping, Sequence

from engine.corpus.builtin.room import random_for
from engine.errors import UserError

SENTENCE = "sentence"
"""The slot whose texts are templates; those of every other are filled into them."""

_SLOT = re.compile(r"\{(\w*)\}")


def fill_templates(rows: Sequence[tuple[str, str]], at_most: int, table: str) -> list[str]:
    """Up to `at_most` different sentences of each template of (slot, text) rows.

    `{day}` in a template stands for any text of the slot `day`. Which combinations are made is
    drawn by the template's own words, so that they stay when other templates are added. `table` is
    the name of their file. Raises UserError where there is no template, or one names a slot that no
    row fills.
    """
    slots: dict[str, list[str]] = {}
    for slot, text in rows:
        slots.setdefault(slot, []).append(text)
    if SENTENCE not in slots:
        raise UserError(f"{table} has no row of slot {SENTENCE!r}, which holds the templates.")
    templates = slots.pop(SENTENCE)
    return [made for one in templates for made in _filled(one, slots, at_most, table)]


def _filled(
    template: str, slots: Mapping[str, Sequence[str]], at_most: int, table: str
) -> list[str]:
    names = list(dict.fromkeys(_SLOT.findall(template)))
    for name in names:
        if name not in slots:
            raise UserError(
                f"{table}: {template!r} asks for {{{name}}}, and no row has that slot. There "
                f"are: {', '.join(sorted(slots))}."
            )
    choices = list(itertools.product(*(slots[name] for name in names)))
    drawn = random_for(template).permutation(len(choices))[:at_most].tolist()
    return [_said(template, dict(zip(names, choices[place], strict=True))) for place in drawn]


def _said(template: str, texts: Mapping[str, str]) -> str:
    said = _SLOT.sub(lambda slot: texts[slot[1]], template)
    return said[0].upper() + said[1:]
