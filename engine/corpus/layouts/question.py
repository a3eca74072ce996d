"""Asks what the columns of a table are: shows the first rows as they are understood."""

from collections.abc import Sequence

from engine.corpus.layouts.columns import Columns, Sample
from engine.files.text import visible

_ROWS = 3
_LONGEST = 44


def question(
    path: str, names: Sequence[str], sample: Sample, columns: Columns, *, is_json: bool
) -> str:
    """The question, with what each column could be and how to answer.

    Keys of JSON objects have no order: they are renamed.
    """
    why = "its first line does not say it" if names else "no first line names them"
    heads = [_head(columns, place, names) for place in range(len(columns.roles))]
    rows = [heads, *([_shortened(cell) for cell in row] for row in sample.rows[:_ROWS])]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    table = "\n".join(
        "  "
        + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )
    asked = f"{path}: what its columns are is not certain ({why}). As far as understood:\n{table}\n"
    if is_json:
        return f"{asked}Rename its keys: file, text, speaker, language, label and list are known."
    answers = _one_answer(columns)
    in_params = ", ".join(f'"{answer}"' for answer in answers)
    return (
        f"{asked}Say what they are: 'cantus adopt FOLDER --columns {','.join(answers)}' (or "
        f"whatever is right), columns = [{in_params}] in [corpora.NAME] of params.toml, or a first "
        "line of the table that names them. Columns are file, text, speaker, language, label and "
        "list (train, eval, test); '-' passes one over."
    )


def _head(columns: Columns, place: int, names: Sequence[str]) -> str:
    name = f"{names[place]} = " if names else ""
    if place in columns.could_be:
        return f"{name}{' or '.join(columns.could_be[place])}?"
    return f"{name}{columns.roles[place] or '-'}"


def _one_answer(columns: Columns) -> list[str]:
    """What the columns could be, each something else."""
    taken = {role for at, role in enumerate(columns.roles) if at not in columns.could_be}
    answers: list[str] = []
    for at, role in enumerate(columns.roles):
        could_be = [one for one in columns.could_be.get(at, ()) if one not in taken]
        answer = next(iter(could_be), None) if at in columns.could_be else role
        taken.add(answer)
        answers.append(answer or "-")
    return answers


def _shortened(cell: str) -> str:
    cell = visible(cell)
    return cell if len(cell) <= _LONGEST else f"{cell[: _LONGEST - 3]}..."
