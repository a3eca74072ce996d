"""The site of docs/ is built without a warning, shows what the pages say, and asks nobody else."""

import os
import re
import subprocess
import sys
from collections import Counter

import pytest
from markdown_it import MarkdownIt

from tests.chromium import PHONE, opened, picture
from tests.docs.pages import ROOT, pages

_ELEMENTS = re.compile(r"<(li|table|tr|pre|h1|h2|h3|img|blockquote)[\s>]")
_LOADED = re.compile(r'<(?:script|link|img|iframe)\b[^>]*?\b(?:src|href)="([^"]+)"')


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)],
        cwd=ROOT,
        env=os.environ | {"NO_MKDOCS_2_WARNING": "1"},
        text=True,
        capture_output=True,
    )
    assert done.returncode == 0, done.stderr
    return folder


def test_a_page_of_the_site_has_the_parts_that_a_code_host_shows(site):
    """Lists and tables that only one of the two readers of Markdown takes for such differ here."""
    wrong = {}
    for page in pages():
        if page.is_relative_to(ROOT / "docs"):
            name = page.relative_to(ROOT / "docs").with_suffix(".html")
            html = (site / name).read_text(encoding="utf-8")
            shown = html.partition("<article")[2].partition("</article>")[0]
            plain = MarkdownIt("commonmark").enable("table").render(page.read_text())
            counts = [Counter(_ELEMENTS.findall(text)) for text in (plain, shown)]
            if counts[0] != counts[1]:
                wrong[str(name)] = [dict(counts[0] - counts[1]), dict(counts[1] - counts[0])]
    assert wrong == {}, "elements that the site lacks, and that it has besides"


def test_no_page_loads_anything_from_another_machine(site):
    for page in site.rglob("*.html"):
        loaded = _LOADED.findall(page.read_text(encoding="utf-8"))
        assert [one for one in loaded if re.match(r"[a-z]+:|//", one)] == []


def test_files_of_the_repository_that_pages_link_to_are_pages(site):
    shown = (site / "repository/recipes/audio_vae.toml.html").read_text(encoding="utf-8")
    assert "latent_dim" in shown
    assert "denoiser.toml" in (site / "repository/examples/denoiser.html").read_text()


@pytest.mark.parametrize("width", [PHONE, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_site_fits_its_window_in_both_schemes(site, width, scheme):
    problems = []
    path = site / "recipe-reference" / "codec.html"
    with opened(path, width=width, scheme=scheme, problems=problems) as page:
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
        background = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert (max(map(int, re.findall(r"\d+", background)[:3])) < 100) == (scheme == "dark")
        picture(page, f"site_{scheme}_{width}")
    assert not [one for one in problems if "request" in one]
