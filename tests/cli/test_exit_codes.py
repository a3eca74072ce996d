"""The exit codes: one table in docs/command-line.md, one enumeration, and no number elsewhere."""

import re
from pathlib import Path

from engine.exit_codes import Exit

ROOT = Path(__file__).parents[2]
_ROW = re.compile(r"^\| (\d+) \|", re.MULTILINE)
_NUMBER = re.compile(r"sys\.exit\(\d+\)|exit_code=\d")


def test_the_table_of_the_docs_has_every_code():
    page = (ROOT / "docs" / "command-line.md").read_text(encoding="utf-8")
    section = page.partition("## Exit codes")[2].partition("\n## ")[0]
    assert [int(code) for code in _ROW.findall(section)] == [code.value for code in Exit]
    assert "| 128 + N |" in section


def test_no_command_leaves_with_a_number_of_its_own():
    files = [*(ROOT / "engine" / "cli").rglob("*.py"), *(ROOT / "engine" / "runs").rglob("*.py")]
    assert [str(file) for file in files if _NUMBER.search(file.read_text("utf-8"))] == []


def test_an_answer_a_refusal_and_an_error_of_cantus_itself(project, cantus, monkeypatch):
    assert cantus("check", "words").code == Exit.DONE
    assert cantus("check", "nothing").code == Exit.REFUSED
    monkeypatch.setattr("engine.cli.check.find_project", None)
    answer = cantus("check", "words")
    assert answer.code == Exit.INTERNAL
    assert "TypeError" in answer.error
