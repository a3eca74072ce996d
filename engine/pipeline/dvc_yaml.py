"""dvc.yaml: the generated part is compared and replaced, the user's own stages stay."""

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from engine.errors import UserError
from engine.files.atomic import write_atomically
from engine.files.untrusted import as_user_error
from engine.pipeline.stages import MARK, Pipeline

_HEADER = """\
Written by `cantus pipeline --write` from recipes/ and params.toml. Stages, params and plots of your
own may stand beside the generated ones: they are kept. What is changed in a generated one is not.
"""
_STALE = "dvc.yaml is not what recipes/ and params.toml say"
_WAY_OUT = "Write it anew: cantus pipeline --write"


def staleness(path: Path, pipeline: Pipeline) -> str | None:
    """What a project's dvc.yaml lacks or has too much, in a sentence; None where it is up to date.

    Descriptions may be old: nothing depends on them.

    Raises UserError where it cannot be read.
    """
    there = _read(path)
    stages = {n: s for n, s in _table(there, "stages").items() if _is_generated(s)}
    missing = [name for name in pipeline.stages if name not in stages]
    extra = [name for name in stages if name not in pipeline.stages]
    changed = [n for n, s in pipeline.stages.items() if n in stages and _differ(stages[n], s)]
    said = [("lacks the stage", missing), ("has the old stage", extra), ("differs in", changed)]
    found = [f"it {words} {', '.join(names)}" for words, names in said if names]
    if not found and not _holds(there, pipeline):
        found = ["its params or plots differ"]
    return f"{_STALE}: {'; '.join(found)}. {_WAY_OUT}" if found else None


def write_pipeline(path: Path, pipeline: Pipeline) -> bool:
    """Put the generated part into dvc.yaml; whether that changed the file.

    The user's own stages, params, plots and other keys stay as they are, comments included. Raises
    UserError where the file cannot be read, or one of these stages has the name of a generated one.
    """
    from ruamel.yaml import YAML
    from ruamel.yaml.comments import CommentedMap

    reader = YAML()
    reader.width = 100
    reader.indent(mapping=2, sequence=4, offset=2)
    before = path.read_text("utf-8") if path.is_file() else ""
    _read(path)  # says what is wrong with it
    document = reader.load(before) or CommentedMap()
    _require_no_namesakes(path, document, pipeline)
    _splice(document, pipeline)
    if not before:
        document.yaml_set_start_comment(_HEADER)
    text = io.StringIO()
    reader.dump(document, text)
    if text.getvalue() == before:
        return False
    write_atomically(path, text.getvalue())
    return True


def _splice(document: Any, pipeline: Pipeline) -> None:
    """Replace the generated stages, params and plots in a YAML document, in place."""
    stages = document.setdefault("stages", {})
    own = {name: stages.pop(name) for name in [*stages] if not _is_generated(stages[name])}
    stages.clear()
    stages.update({name: _styled(stage) for name, stage in pipeline.stages.items()})
    stages.update(own)
    params = [one for one in document.get("params", []) if not _is_recipes(one)]
    document["params"] = [*pipeline.params, *params]
    plots = [one for one in document.get("plots", []) if not _is_comparing(one)]
    generated = [{name: _styled(plot)} for name, plot in pipeline.plots.items()]
    if generated or plots:
        document["plots"] = [*generated, *plots]


def _holds(there: Mapping[str, Any], pipeline: Pipeline) -> bool:
    """Whether params and plots are the generated ones, whatever else there is."""
    params = [one for one in there.get("params") or [] if _is_recipes(one)]
    plots = [one for one in there.get("plots") or [] if _is_comparing(one)]
    wanted = [{name: _plain(plot)} for name, plot in pipeline.plots.items()]
    return params == list(pipeline.params) and plots == wanted


def _require_no_namesakes(path: Path, document: Any, pipeline: Pipeline) -> None:
    for name, stage in document.get("stages", {}).items():
        if name in pipeline.stages and not _is_generated(stage):
            raise UserError(
                f"{path} has a stage {name!r} of its own, and that is the name of a stage that "
                "recipes/ or params.toml ask for. Rename or delete that stage."
            )


def _is_generated(stage: Any) -> bool:
    body = stage.get("do", stage) if isinstance(stage, Mapping) else {}
    return isinstance(body, Mapping) and body.get("meta") == MARK


def _differ(there: Any, wanted: Any) -> bool:
    """Whether two stages differ in more than their descriptions."""
    shown: tuple[Any, Any] = (_plain(there), _plain(wanted))
    for stage in shown:
        stage.get("do", stage).pop("desc", None)
    return bool(shown[0] != shown[1])


def _is_recipes(entry: Any) -> bool:
    return isinstance(entry, str) and (entry == "params.toml" or entry.startswith("recipes/"))


def _is_comparing(entry: Any) -> bool:
    """Whether a plot sets results of recipes side by side, which only generated ones do."""
    bodies = list(entry.values()) if isinstance(entry, Mapping) else []
    return any(
        isinstance(body, Mapping)
        and isinstance(body.get("y"), Mapping)
        and all(str(file).startswith("plots/") for file in body["y"])
        for body in bodies
    )


def _read(path: Path) -> Mapping[str, Any]:
    if not path.is_file():
        return {}
    sentence = f"{path} is no YAML that DVC reads. Mend it, or delete it. {_WAY_OUT}"
    with as_user_error(sentence, yaml.YAMLError, OSError):
        found = yaml.load(path.read_bytes(), getattr(yaml, "CSafeLoader", yaml.SafeLoader)) or {}
        if not isinstance(found, dict):
            raise TypeError("no table")
        return found


def _table(there: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = there.get(key)
    return found if isinstance(found, dict) else {}


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(inner) for key, inner in value.items()}
    return [_plain(one) for one in value] if isinstance(value, list | tuple) else value


def _styled(value: Any) -> Any:
    """Values as the file shows them: a table of plain values in braces, a longer one in lines."""
    from ruamel.yaml.comments import CommentedMap, CommentedSeq

    if isinstance(value, Mapping):
        styled = CommentedMap({key: _styled(inner) for key, inner in value.items()})
        if all(isinstance(inner, bool) for inner in value.values()) or "cache" in value:
            styled.fa.set_flow_style()
        return styled
    return CommentedSeq(_styled(one) for one in value) if isinstance(value, list) else value
