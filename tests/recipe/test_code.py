"""Which code counts: real edits of a copy of the engine, and the digests that follow from them."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import engine

SYSTEMS = ("codec", "vqvae", "xtts")

DIGEST_AFTER_EACH_EDIT = '''
import json, sys
from pathlib import Path
from engine.corpus.code import ingesting_code, measuring_code
from engine.files.source_code import digest_of_code
from engine.recipe import code
from engine.system_support.discovery import recipe_classes

def digests():
    code._training_code.cache_clear()
    found = {name: code._training_code(system) for name, system in recipe_classes().items()}
    found |= {f"prepare {n}": code._closure(s, "prepare") for n, s in recipe_classes().items()}
    found |= {"measure": measuring_code(), "ingest": ingesting_code()}
    return {name: digest_of_code(modules) for name, modules in found.items()}

before, changed = digests(), {}
for file, edit in json.load(sys.stdin).items():
    path = Path("engine", file)
    text = path.read_text()
    path.write_text(text + edit if edit != "docstring" else text.replace('"""', '"""Edited. ', 1))
    assert path.read_text() != text
    changed[file] = [name for name, digest in digests().items() if digest != before[name]]
    path.write_text(text)
assert digests() == before
print(json.dumps(changed))
'''

CODE = "\nEDITED = 1\n"
CHANGES_NOTHING = (
    "systems/codec/samples.py",
    "systems/vqvae/pictures.py",
    "systems/xtts/speech/samples.py",
    "report/page.py",
    "corpus/account/summary.py",
    "cli/train.py",
    "cli/show/console.py",
    "training/watcher.py",
    "tracking/mirrors/aim_writer.py",
)
OF_EVERY_SYSTEM = (
    "training/schedules.py",
    "training/step.py",
    "training/optimizers.py",
    "training/order.py",
    "training/average.py",
    "split/rules.py",
    "corpus/audio/pcm.py",
)
OF_ONE_SYSTEM = {
    "systems/codec/training_module.py": "codec",
    "systems/vqvae/evaluate.py": "vqvae",
    "systems/xtts/network/gpt.py": "xtts",
    "nn/snake.py": "codec",
    "metrics/signal.py": "codec",
    "metrics/codes.py": "vqvae",
}
DOES_NOT_COUNT = {"nn/mel.py": "docstring", "nn/quantize.py": "# edited\n"}


@pytest.fixture(scope="module")
def changed(tmp_path_factory):
    """The digests that each edit changes, by the edited file."""
    root = tmp_path_factory.mktemp("edited")
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(Path(engine.__file__).parent, root / "engine", ignore=ignored)
    edits = dict.fromkeys([*CHANGES_NOTHING, *OF_EVERY_SYSTEM, *OF_ONE_SYSTEM], CODE)
    done = subprocess.run(
        [sys.executable, "-c", DIGEST_AFTER_EACH_EDIT],
        input=json.dumps(edits | DOES_NOT_COUNT),
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("file", CHANGES_NOTHING)
def test_an_edit_of_a_caption_a_page_or_a_command_changes_no_result(changed, file):
    assert [name for name in changed[file] if name != "ingest"] == []


@pytest.mark.parametrize("file", OF_EVERY_SYSTEM)
def test_an_edit_of_a_schedule_or_a_step_makes_another_run_of_every_system(changed, file):
    assert set(changed[file]) >= set(SYSTEMS)


@pytest.mark.parametrize("file", OF_ONE_SYSTEM)
def test_an_edit_of_a_loss_a_network_or_a_metric_makes_another_run_of_its_system(changed, file):
    assert OF_ONE_SYSTEM[file] in changed[file]
    assert not {"measure", "ingest"} & set(changed[file])


def test_an_edit_of_the_terminals_histogram_decodes_no_corpus_again(changed):
    assert changed["corpus/account/summary.py"] == []


def test_an_edit_of_what_decodes_measures_every_corpus_again(changed):
    assert {"measure", "ingest"} <= set(changed["corpus/audio/pcm.py"])


def test_an_edited_docstring_or_comment_does_not_count(changed):
    assert changed["nn/mel.py"] == changed["nn/quantize.py"] == []


def test_another_system_is_not_another_run(changed):
    assert changed["systems/xtts/network/gpt.py"] == ["xtts", "prepare xtts"]
