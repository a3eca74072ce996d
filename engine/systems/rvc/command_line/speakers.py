"""The speaker that `--speaker` names."""

from engine.errors import UserError
from engine.files.nearest import suggestion
from engine.files.text import visible
from engine.systems.rvc.notes import Speaker, VoiceNote


def choose_speaker(asked: str | None, num_rows: int, note: VoiceNote | None) -> Speaker:
    """A speaker by name or number, or the first. A model of another program has numbers alone.

    Raises UserError naming those that there are.
    """
    there = _there(num_rows, note)
    if asked is None:
        return there[0]
    found = [one for one in there if one.name and one.name == asked]
    found += [one for one in there if str(one.row) == asked]
    if not found:
        near = suggestion(asked, [one.name for one in there if one.name])
        raise UserError(f"There is no speaker '{asked}'.{near} There are: {_listed(there)}.")
    return found[0]


def _there(num_rows: int, note: VoiceNote | None) -> list[Speaker]:
    if note is None or not note.speakers:
        return [Speaker(name="", row=row, median_hz=None) for row in range(num_rows)]
    beyond = [one for one in note.speakers if not 0 <= one.row < num_rows]
    if beyond:
        raise UserError(
            f"The model names a speaker {visible(beyond[0].name)!r} that is in no row of its "
            "embedding: it is damaged. Export it again."
        )
    return [*note.speakers]


def _listed(there: list[Speaker]) -> str:
    if any(one.name for one in there):
        return ", ".join(f"{visible(one.name)} ({one.row})" for one in there)
    return f"0 to {len(there) - 1}" if len(there) > 1 else "0"
