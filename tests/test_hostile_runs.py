"""Run folders, metrics and Aim's notes from elsewhere: the commands that read them answer."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.cli import main
from engine.project import Project
from engine.tracking.events import Event, parse_event
from engine.tracking.mirrors.place import repository_in
from engine.tracking.mirrors.state import read_states
from tests.fuzz import examples
from tests.run_folders import make_run, make_wav, start

ROOT = Path(__file__).parents[1]
GUARD = {"name": "g", "metric": "eval/rmse_db", "value": 1.5, "condition": "must be above 2",
         "action": "stop", "because": "b"}  # fmt: skip
VERDICT = {"metric": "eval/rmse_db", "value": 3.5, "keep": "audio_vae", "say": "good"}
FINISH = {"verdict": VERDICT, "expectations": [], "seconds": 3.0, "best_step": 8}
SAMPLE = {"name": "01_yes/original", "kind": "audio", "path": "samples/a.wav", "caption": "c"}
EVENTS = [
    start("audio_vae", parameters=7, data={"found": 3, "used": 2}, machine={"device": "cpu"}),
    Event("preflight", 0, facts={"checks": [{"name": "n", "ok": False, "detail": "d"}]}, time=1.0),
    Event("baseline", 0, metrics={"baseline/grid/rmse_db": 5.0}, time=2.0),
    Event("train", 4, 0.5, {"train/loss": 1.0}, time=3.0),
    Event("eval", 8, 1.0, {"eval/rmse_db": 4.0}, {"evaluation_set": "1a2b", "best": True}, 4.0),
    Event("sample", 8, 1.0, facts={"samples": [SAMPLE]}, time=5.0),
    Event("guard", 8, 1.0, facts=GUARD, time=6.0),
    Event("warning", 8, 1.0, facts={"message": "m"}, time=7.0),
    Event("finish", 8, 1.0, {"eval/rmse_db": 4.0}, FINISH, 8.0),
]
ENDINGS = (
    EVENTS[-1],
    Event("stop", 8, 1.0, facts={"reason": "guard", "message": "m"}, time=8.0),
    Event("stop", 8, 1.0, facts={"reason": "preflight", "message": "m"}, time=8.0),
    Event("stop", 8, 1.0, facts={"reason": "interrupted"}, time=8.0),
    Event("stop", 8, 1.0, facts={"reason": "x"}, time=8.0),
)
ODD = st.sampled_from(
    [None, True, 0, -1, 10**400, 1e308, float("nan"), float("inf"), "", "x", "\x1b[2J\u202e", [],
     [[]], {}, {"a": 1}, "$\\frac{", "../../x", "\ud800", "{{ 7 * 7 }}", "javascript:alert(1)"]
)  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def project(tmp_path_factory):
    """A project with two runs and their metrics; the working directory."""
    folder = tmp_path_factory.mktemp("around") / "project"
    (folder / "recipes").mkdir(parents=True)
    shutil.copy(ROOT / "params.toml", folder)
    for recipe in ("audio_vae", "audio_vae_plus"):
        shutil.copy(ROOT / "recipes" / f"{recipe}.toml", folder / "recipes")
        path = folder / "metrics" / f"{recipe}.json"
        path.parent.mkdir(exist_ok=True)
        path.write_text('{"eval": {"rmse_db": 4.5}, "evaluation_set": "1a2b", "step": 8}')
    run = make_run(folder / "runs" / "audio_vae" / "3f9c", EVENTS)
    shutil.copy(ROOT / "recipes" / "audio_vae.toml", run / "recipe.toml")
    make_wav(run / "samples" / "a.wav")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        subprocess.run(["git", "init", "-q", "."], check=True)
        yield Project(folder)


@pytest.fixture
def run(project: Project) -> Path:
    return project.runs("audio_vae") / "3f9c"


@pytest.fixture(scope="module")
def answer(project):
    def answer(*words: str) -> None:
        """A command may succeed or refuse; nothing else, and nothing outside the project."""
        with pytest.raises(SystemExit) as left:
            main(words)
        assert left.value.code in (None, 0, 2)
        assert {path.name for path in project.root.parent.iterdir()} == {project.root.name}

    return answer


def _set(tree: object, place: int, value: object) -> object:
    """`tree` with its `place`-th part replaced, counted through tables and lists."""
    counter = iter(range(10_000))

    def walk(node):
        if next(counter) == place:
            return value
        if isinstance(node, dict):
            return {key: walk(inner) for key, inner in node.items()}
        return [walk(inner) for inner in node] if isinstance(node, list) else node

    return walk(tree)


def _lines(ending: Event) -> list[dict]:
    events = [*EVENTS[:-1], ending]
    return [
        {"kind": e.kind, "step": e.step, "epoch": e.epoch, "time": e.time,
         "metrics": dict(e.metrics), "facts": dict(e.facts)}
        for e in events
    ]  # fmt: skip


@examples(60)
@given(st.integers(0, 8), st.integers(0, 12), ODD, st.sampled_from(ENDINGS), st.integers(0, 9))
def test_events_with_any_part_replaced(answer, project, line, place, odd, ending, page):
    lines = _lines(ending)
    lines[line] = _set(lines[line], place, odd)
    path = project.runs("audio_vae") / "3f9c" / "events.jsonl"
    path.write_text("\n".join(map(json.dumps, lines)) + "\n")
    answer("why", "audio_vae")
    if page == 0:  # drawing takes its time
        answer("report", "audio_vae")


@examples(150)
@given(st.lists(st.tuples(st.integers(0), st.binary(max_size=5), st.integers(0, 9)), min_size=1,
                max_size=4))  # fmt: skip
def test_events_with_any_byte_changed(answer, project, changes):
    content = "\n".join(map(json.dumps, _lines(ENDINGS[0]))).encode() + b"\n"
    for where, inserted, num_cut in changes:
        at = where % (len(content) + 1)
        content = content[:at] + inserted + content[at + num_cut :]
    (project.runs("audio_vae") / "3f9c" / "events.jsonl").write_bytes(content)
    answer("why", "audio_vae")


@pytest.mark.parametrize(
    "line",
    ["", "null", "[]", "1", '"x"', "[" * 100_000, '{"a":' * 50_000, '{"kind": 1, "step": 1}',
     '{"kind": "eval", "step": "1"}', '{"kind": "eval", "step": -1}', '{"kind": "x", "step": true}',
     '{"kind": "x", "step": 1, "metrics": [1]}', '{"kind": "x", "step": 1, "facts": "f"}',
     '{"kind": "x", "step": 1, "time": NaN}', '{"kind": "x", "step": 1, "epoch": 1e999}',
     '{"kind": "x", "step": ' + "9" * 5_000 + "}", '{"kind": "x", "step": ' + "9" * 30 + "}",
     '{"kind": "x", "step": 1, "metrics": {"eval/a": "1"}}']
)  # fmt: skip
def test_a_line_of_another_form_is_no_event(line):
    assert parse_event(line) is None


@pytest.mark.parametrize(
    "path", ["/etc/passwd", "../../../params.toml", "javascript:alert(1)", "https://x.org/a", ""]
)
def test_a_sample_that_lies_elsewhere_is_not_shown(answer, run, path):
    lines = _lines(ENDINGS[0])
    lines[5]["facts"]["samples"] = [SAMPLE | {"path": path, "kind": kind}
                                    for kind in ("image", "audio", "title")]  # fmt: skip
    (run / "events.jsonl").write_text("\n".join(map(json.dumps, lines)) + "\n")
    answer("report", "audio_vae")
    page = (run / "report.html").read_text()
    assert not {f'src="{path}"', f'href="{path}"'} & set(page.replace(">", " ").split())


def test_words_of_strangers_are_escaped_on_the_page_and_in_the_terminal(answer, run, capsys):
    lines = _lines(ENDINGS[0])
    hostile = "<script>alert(1)</script>\x1b[2J\u202e"
    lines[-1]["facts"]["verdict"] = VERDICT | {"say": hostile}
    (run / "events.jsonl").write_text("\n".join(map(json.dumps, lines)) + "\n")
    answer("report", "audio_vae")
    answer("why", "audio_vae")
    printed = capsys.readouterr()
    assert "\\x1b[2J\\u202e" in printed.out
    assert not {"\x1b", "\u202e"} & set(printed.out + printed.err)
    assert "<script>alert" not in (run / "report.html").read_text()


JSONS = ["", "null", "[]", "1", '"x"', "[" * 100_000, '{"eval": [1]}', '{"eval": null}',
         '{"eval": {"rmse_db": "x"}}', '{"eval": {"rmse_db": ' + "9" * 400 + "}}",
         '{"eval": {"rmse_db": NaN}}', '{"evaluation_set": []}', '{"evaluation_set": {}}',
         '{"a":' * 900 + "1" + "}" * 900, '{"\\u001b[2J": "\\u202e"}']  # fmt: skip


@pytest.mark.parametrize("text", JSONS)
def test_metrics_of_another_form(answer, project, text, capsys):
    file = project.metrics("audio_vae")
    whole = file.read_text()
    file.write_text(text)
    try:
        answer("diff", "audio_vae", "audio_vae_plus")
        answer("refs")
    finally:
        file.write_text(whole)
    printed = capsys.readouterr()
    assert not {"\x1b", "\u202e"} & set(printed.out + printed.err)


@pytest.mark.parametrize("name", ["stash", "heads", "-x", "a b", "a..b", "x" * 200, "con.lock"])
def test_metrics_of_a_name_that_is_no_recipes(answer, project, name):
    file = project.metrics(name)
    file.write_text("{}")
    try:
        answer("refs")
    finally:
        file.unlink()


@pytest.mark.parametrize(
    "text",
    [*JSONS, '{"run_hash": 1, "recipe": "a", "metric": "m", "started": 1}',
     '{"run_hash": "h", "recipe": "a", "metric": "m", "started": "x"}',
     '{"run_hash": "h", "recipe": "a", "metric": "m", "started": 1, "offset": -1}',
     '{"run_hash": "h", "recipe": "a", "metric": "m", "started": 1, "more": 1}'],
)  # fmt: skip
def test_damaged_notes_of_what_aim_holds_are_as_none(tmp_path, text):
    (tmp_path / ".aim" / "cantus").mkdir(parents=True)
    (tmp_path / ".aim" / "cantus" / "key.json").write_text(text)
    assert read_states(repository_in(tmp_path)) == []
