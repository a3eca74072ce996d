"""The page of `dvc plots` with its scripts inside, which draws without a network.

DVC's own page loads Vega from a server in the web, and stays blank without it. The scripts are in a
Python wheel that repackages them; the page is written beside DVC's settings, for this checkout
alone.
"""

import hashlib
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path

from engine.files.atomic import write_atomically
from engine.project import Project

_WHEEL = "js_lib_vega_embed"
_SCRIPTS = {
    "vega5.js": "6a6c1e9978bd78435dfbb51344d1d536319262e70f2c569ca9764ce5acc203da",
    "vega-lite5.js": "594f554cecafe6b992d51b7c00f4c0e5fc5f92114c7e1a641d2cf150f21cc60d",
    "vega-embed6.js": "dbd49aff8999dfb12983cbcefeefb355ae72af68d7556ddcec12193a0eb46450",
}
"""SHA-256 of the minified builds of vega 5.33.0, vega-lite 5.23.0 and vega-embed 6.29.0, all under
the BSD licence, as on npm, except for the line that names a source map."""
_SECTION, _KEY, _OURS = "[plots]", "html_template", "cantus/plots.html"
_PAGE = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
{refresh_tag}
<title>Curves</title>
<style>
body { font: 1rem system-ui, sans-serif; display: flex; flex-wrap: wrap; gap: 2rem; }
table { border-spacing: 15px; }
</style>
SCRIPTS
</head>
<body>
{plot_divs}
</body>
</html>
"""
"""The page. DVC replaces the words in braces."""


def draw_offline(project: Project) -> str | None:
    """Let DVC use the page with its scripts inside; return a note where the scripts changed.

    Does nothing where that is set already, where the user has set another page, where DVC has no
    settings, and where the wheel is not installed.
    """
    settings = project.checkout / ".dvc"
    page, own = settings / _OURS, settings / "config.local"
    chosen = [line for file in (settings / "config", own) for line in _lines(file) if _KEY in line]
    ours = [line for line in chosen if _OURS in line]
    if not settings.is_dir() or chosen != ours or (ours and page.is_file()):
        return None
    if find_spec(_WHEEL) is None:
        return None
    scripts = [(files(_WHEEL) / "static" / _WHEEL / name).read_bytes() for name in _SCRIPTS]
    if [hashlib.sha256(one).hexdigest() for one in scripts] != [*_SCRIPTS.values()]:
        return f"note: pages of `dvc plots` need a network: the scripts of {_WHEEL} were changed"
    inside = "".join(f"<script>{one.decode()}</script>\n" for one in scripts)
    write_atomically(page.with_name(".gitignore"), "*\n")
    write_atomically(page, _PAGE.replace("SCRIPTS\n", inside))
    if not ours:
        write_atomically(own, _with_setting(_lines(own)))
    return None


def _with_setting(lines: list[str]) -> str:
    """DVC's own settings of this checkout, with the page's."""
    lines = lines if _SECTION in lines else [*lines, _SECTION]
    place = lines.index(_SECTION) + 1
    return "\n".join([*lines[:place], f"    {_KEY} = {_OURS}", *lines[place:], ""])


def _lines(file: Path) -> list[str]:
    return file.read_text("utf-8").splitlines() if file.is_file() else []
