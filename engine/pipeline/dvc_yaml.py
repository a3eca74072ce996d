"""dvc.yaml: a generated part between two marks; all other lines are the user's and are kept."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from textwrap import indent
from typing import Any

import yaml
from attrs import frozen

from engine.errors import UserError
from engine.files.atomic import write_atomically
from engine.pipeline.stages import Pipeline

_BEGIN = "# >>> cantus pipeline (the lines between these marks are generated)"
_END = "# <<< cantus pipeline"
_REGION = re.compile(
    rf"^ *# >>> cantus pipeline[^\n]*\n(.*?)^ *{re.escape(_END)}\n", re.DOTALL | re.MULTILINE
)
_HEADER = """\
# Written by `cantus pipeline --write` from recipes/ and params.toml. Your own stages, params and
# plots may stand outside the marks and are kept as they are.
"""
_WAY_OUT = "Update it: cantus pipeline --write"


@frozen
class Changes:
    """How a pipeline differs from the generated part of a dvc.yaml, old descriptions apart."""

    added: Sequence[str]
    """Stages that the file lacks."""
    deleted: Sequence[str]
    """Stages that the file has and the pipeline has not."""
    changed: Sequence[str]
    """Stages that both have, with other content."""
    besides: bool
    """Whether params, plots or artifacts differ where no stage does."""

    def in_words(self, added: str, deleted: str, changed: str, besides: str) -> str:
        """A phrase of each kind of change, `{}` being the stages; empty where nothing differs."""
        kinds = [(added, self.added), (deleted, self.deleted), (changed, self.changed)]
        said = [words.format(", ".join(names)) for words, names in kinds if names]
        return "; ".join([*said, *([besides] if self.besides else [])])


def find_changes(path: Path, pipeline: Pipeline) -> Changes:
    """What `write_pipeline` would change. Raises UserError where the file cannot be read."""
    text = _read(path)
    _parsed(path, text)
    there = _generated_in(path, text)
    stages, wanted = there.get("stages", {}), pipeline.stages
    added = [name for name in wanted if name not in stages]
    deleted = [name for name in stages if name not in wanted]
    changed = [name for name in wanted if name in stages and _differ(stages[name], wanted[name])]
    rest = {key: value for key, value in _content(pipeline).items() if key != "stages"}
    differs = {key: there.get(key) or type(rest[key])() for key in rest} != rest
    return Changes(added, deleted, changed, differs and not (added or deleted or changed))


def staleness(path: Path, pipeline: Pipeline) -> str | None:
    """How a project's dvc.yaml is outdated, in a sentence; None where it is up to date.

    Old descriptions are ignored. Raises UserError where the file cannot be read.
    """
    found = find_changes(path, pipeline).in_words(
        "it lacks the stage {}",
        "it still has the stage {}",
        "it differs in {}",
        "its params, plots or artifacts differ",
    )
    if not found:
        return None
    return f"dvc.yaml does not match recipes/ and params.toml: {found}. {_WAY_OUT}"


def write_pipeline(path: Path, pipeline: Pipeline) -> bool:
    """Write the generated part of dvc.yaml; return whether that changed the file.

    Every line outside the marks stays as it is. Raises UserError, and changes nothing, where the
    file cannot be read, one of the user's stages has the name of a generated one, or stages, params
    or plots are not on lines of their own.
    """
    own = _REGION.sub("", _read(path))
    _require_no_namesakes(path, _parsed(path, own), pipeline)
    return _write(path, _content(pipeline))


def write_artifacts(path: Path, artifacts: Mapping[str, Mapping[str, Any]]) -> bool:
    """Write promoted models into dvc.yaml, nothing else; return whether that changed the file.

    Raises UserError as `write_pipeline` does.
    """
    before = _read(path)
    _require_own_artifacts(path, _parsed(path, _REGION.sub("", before)), artifacts)
    return _write(path, _generated_in(path, before) | {"artifacts": _plain(artifacts)})


def _write(path: Path, generated: Mapping[str, Any]) -> bool:
    """Write content, by section, between the marks; return whether that changed the file."""
    before = _read(path)
    text = _REGION.sub("", before) or _HEADER
    for key, content in generated.items():
        text = _with_section(path, text, key, content)
    _parsed(path, text)
    if text == before:
        return False
    write_atomically(path, text)
    return True


def _content(pipeline: Pipeline) -> dict[str, Any]:
    """The generated part, by the sections of the file."""
    return {
        "stages": _plain(pipeline.stages),
        "params": list(pipeline.params),
        "plots": [{name: _plain(plot)} for name, plot in pipeline.plots.items()],
        "artifacts": _plain(pipeline.artifacts),
    }


def _with_section(path: Path, text: str, key: str, content: Any) -> str:
    """The text with generated content at the head of a section, which is added if missing."""
    header = re.search(rf"^{key}:[ \t]*(#.*)?\n", text, re.MULTILINE)
    if header is None and re.search(rf"^{key}:", text, re.MULTILINE):
        raise UserError(
            f"{path}: write '{key}:' on a line of its own, and each of your {key} on lines below "
            "it, so that generated ones can be added."
        )
    if not content:  # DVC refuses an empty section
        return re.sub(rf"^{key}:[ \t]*(#.*)?\n(?=[^\s-]|\Z)", "", text, flags=re.MULTILINE)
    if header is None:
        text = f"{text.rstrip()}\n{key}:\n"
        return text + _region(content, 2)
    return (
        text[: header.end()]
        + _region(content, _indent(text[header.end() :]))
        + text[header.end() :]
    )


def _region(content: Any, spaces: int) -> str:
    # Entry by entry: a list of plain values would stand on one line, in brackets.
    names = isinstance(content, list) and all(isinstance(one, str) for one in content)
    body = "".join(f"- {one}\n" for one in content) if names else _dumped(content)
    return indent(f"{_BEGIN}\n{body}{_END}\n", " " * spaces)


def _dumped(content: Any) -> str:
    text: str = yaml.safe_dump(
        content, sort_keys=False, default_flow_style=None, width=100, allow_unicode=True
    )
    return text


def _indent(below: str) -> int:
    """How far the user's entries of a section are indented; two spaces without any."""
    for line in below.splitlines():
        if line.strip() and not line.lstrip().startswith("#"):
            spaces = len(line) - len(line.lstrip())
            return spaces if spaces or line.startswith("-") else 2
    return 2


def _generated_in(path: Path, text: str) -> dict[str, Any]:
    """The content between the marks, by section."""
    found: dict[str, Any] = {}
    for region in _REGION.finditer(text):
        sections = re.findall(r"^(\w+):", text[: region.start()], re.MULTILINE)
        if sections:
            lines = region[1].splitlines(keepends=True)
            margin = min((len(one) - len(one.lstrip()) for one in lines if one.strip()), default=0)
            found[sections[-1]] = _load(path, "".join(one[margin:] for one in lines))
    return found


def _require_no_namesakes(path: Path, own: Mapping[str, Any], pipeline: Pipeline) -> None:
    for name in own.get("stages") or {}:
        if name in pipeline.stages:
            raise UserError(
                f"{path} has a stage {name!r} outside the generated part, but recipes/ or "
                "params.toml need a stage of that name. Rename or delete your stage."
            )

    _require_own_artifacts(path, own, pipeline.artifacts)


def _require_own_artifacts(
    path: Path, own: Mapping[str, Any], artifacts: Mapping[str, Mapping[str, Any]]
) -> None:
    for name in own.get("artifacts") or {}:
        if name in artifacts:
            raise UserError(
                f"{path} has an artifact {name!r} outside the generated part, but a promoted "
                "model needs that name. Rename or delete your artifact."
            )


def _differ(there: Any, wanted: Any) -> bool:
    """Whether two stages differ in more than their descriptions."""
    shown: tuple[Any, Any] = (_plain(there), _plain(wanted))
    for stage in shown:
        if isinstance(stage, dict):
            stage.get("do", stage).pop("desc", None)
    return bool(shown[0] != shown[1])


def _read(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8") if path.is_file() else ""
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path} cannot be read: {error}.") from error


def _parsed(path: Path, text: str) -> dict[str, Any]:
    """The content of the file. Raises UserError where DVC could not read it."""
    found = _load(path, text) or {}
    shapes = {"stages": dict, "params": list, "plots": list, "artifacts": dict}
    wrong = [] if isinstance(found, dict) else ["the file"]
    if isinstance(found, dict):
        given = {key: found.get(key) for key in shapes}
        wrong = [k for k, v in given.items() if v is not None and not isinstance(v, shapes[k])]
    if wrong:
        raise UserError(
            f"{path} cannot be read by DVC: {wrong[0]} must be a "
            f"{'list' if wrong[0] in ('params', 'plots') else 'table'}. Correct or delete it."
        )
    return dict(found)


def _load(path: Path, text: str) -> Any:
    try:
        return yaml.load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except (yaml.YAMLError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        line = "" if mark is None else f", line {mark.line + 1}"
        raise UserError(
            f"{path} cannot be read by DVC{line}: {getattr(error, 'problem', error)}. "
            "Correct the file, or delete it."
        ) from error


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(inner) for key, inner in value.items()}
    return [_plain(one) for one in value] if isinstance(value, list | tuple) else value
