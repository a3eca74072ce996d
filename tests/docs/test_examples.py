"""What the pages show is so: their examples are run, each page in a project of its own."""

import re

import pytest

from tests.docs.examples import Examples, matches, transcript
from tests.docs.pages import ROOT, blocks, pages

WITH_EXAMPLES = [str(page.relative_to(ROOT)) for page in pages() if any(blocks(page))]


@pytest.mark.slow
@pytest.mark.parametrize("name", WITH_EXAMPLES)
def test_the_examples_of_a_page_run(name, tmp_path):
    Examples(ROOT / name, tmp_path).run()


PAGE = """\
```sh
cd data && export WORD=hello
```
```console
$ echo $WORD from ${PWD##*/}
hello ... data
```
<!-- run first: mkdir letters -->
```console
$ ls
builtin
letters
```
```toml
# recipes/mine.toml
extends = "audio_vae.toml"
summary = "a page's own"
```
<!-- part of: params.toml -->
```toml
[hardware]
num_threads = 4
```
```python
word = "hello"
```
```python
from pathlib import Path
Path("word").write_text(word)
```
<!-- not compared: the file holds something else -->
```console
$ cat word ../recipes/mine.toml
something else
```
"""


def test_blocks_are_run_in_order_in_one_project(tmp_path):
    page = tmp_path / "page.md"
    page.write_text(PAGE)
    Examples(page, tmp_path).run()


@pytest.mark.parametrize(
    ("block", "problem"),
    [
        ("```\ncantus check\n```\n", "page.md:1: a block of '' is neither run nor shown"),
        ("```sh\nfalse\ntrue\n```\n", "page.md:1: exit code 1"),
        ("```console\n$ echo a\nb\n```\n", "printed\na\n"),
        ("```toml\n# recipes/a.toml\nextends = 'audio_vae.toml'\nx = 1\n```\n", "recipes/a.toml"),
        ("<!-- part of: params.toml -->\n```toml\n[hardware]\nx = 1\n```\n", "hardware.x"),
        ("```toml\n[hardware]\n```\n", "say which file it is"),
        ("<!-- excerpt of: params.toml -->\n```toml\nx = 1\n```\n", "does not hold this text"),
    ],
)
def test_a_block_that_does_not_hold_is_named_with_its_line(tmp_path, block, problem):
    page = tmp_path / "page.md"
    page.write_text(block)
    with pytest.raises(AssertionError, match=re.escape(problem)):
        Examples(page, tmp_path).run()


def test_a_note_without_a_block_is_named(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("<!-- not run: slow -->\n\nText.\n")
    with pytest.raises(AssertionError, match="no block follows the note"):
        list(blocks(page))


def test_a_transcript_is_commands_with_their_output():
    text = "$ cantus new a \\\n    --from b\nwritten\n\n$ true\n$ echo c\nc\nd\n"
    assert transcript(text) == [
        ("cantus new a \\\n    --from b", "written"),
        ("true", ""),
        ("echo c", "c\nd"),
    ]


@pytest.mark.parametrize(
    ("shown", "printed", "so"),
    [
        ("a ... dB\n...\nend", "a 5.1 dB\nx\ny\nend\n", True),
        ("a ... dB", "a 5.1 dB\nend\n", False),
        ("a.b", "aXb\n", False),
        ("...\nend", "end\n", True),
    ],
)
def test_shown_output_matches_what_is_printed_but_for_its_dots(shown, printed, so):
    assert matches(shown, printed) == so
