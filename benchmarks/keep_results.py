"""Where a benchmark's results are kept, for reading and for comparing."""

import json
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "results"


def keep(
    file: str, part: str, facts: Mapping[str, Any], parts: Collection[str] | None = None
) -> None:
    """Print the results of one part of a benchmark, and put them beside those of the others.

    What the file has besides `parts` is dropped.
    """
    print(json.dumps(facts, indent=2))
    path = FOLDER / file
    known = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    known = {name: one for name, one in known.items() if parts is None or name in parts}
    path.write_text(json.dumps({**known, part: facts}, indent=2) + "\n", encoding="utf-8")
