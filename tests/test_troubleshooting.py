"""docs/troubleshooting.md quotes messages that the engine really prints."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
OF_OTHERS = re.compile(r'(DVC|pip|CUDA): "[^"]*"')
"""Messages of other programs, which the page quotes too."""


def spoken_by_engine() -> list[str]:
    """Every string of the engine, with a bar where a value is put in, and the set-up script."""
    strings = [(ROOT / "bin" / "setup").read_text(encoding="utf-8")]
    for path in (ROOT / "engine").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.JoinedStr):
                parts = (n.value if isinstance(n, ast.Constant) else "|" for n in node.values)
                strings.append("".join(map(str, parts)))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                strings.append(node.value)
    return strings


def quoted() -> list[str]:
    """The messages in the first two columns of the page's tables."""
    page = (ROOT / "docs" / "troubleshooting.md").read_text(encoding="utf-8")
    rows = [re.split(r"(?<!\\)\|", line) for line in page.splitlines() if line.startswith("| ")]
    cells = [cell.strip() for row in rows for cell in row[1:3]]
    own = (OF_OTHERS.sub("", cell) for cell in cells)
    return [said for cell in own for said in re.findall(r'"([^"]{12,})"', cell)]


def test_every_quoted_message_exists() -> None:
    strings = spoken_by_engine()
    messages = quoted()
    assert len(messages) > 25
    unknown = [said for said in messages if not any(_says(one, said) for one in strings)]
    assert not unknown, f"docs/troubleshooting.md quotes what nothing prints: {unknown}"


def _says(string: str, quoted: str) -> bool:
    """Whether the fragments of a quotation stand in a string, one after the other."""
    place = 0
    for fragment in filter(None, (part.strip() for part in quoted.split("..."))):
        place = string.find(fragment, place)
        if place < 0:
            return False
        place += len(fragment)
    return True
