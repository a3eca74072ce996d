"""What the XTTS path does not need is not imported: `transformers` alone takes ten seconds."""

import subprocess
import sys

_EVERYTHING = """
import importlib, pkgutil, sys
import engine.cli.prepare, engine.cli.train, engine.system_support.speech_judges, engine.runs.run
import engine.systems.xtts as room
for module in pkgutil.iter_modules(room.__path__, room.__name__ + "."):
    importlib.import_module(module.name)
print(*sorted({"transformers", "TTS", "librosa", "torch"} & sys.modules.keys()))
"""


def test_no_part_of_the_xtts_path_imports_transformers_or_upstream():
    found = subprocess.run(
        [sys.executable, "-c", _EVERYTHING], capture_output=True, text=True, check=True
    )
    assert found.stdout.split() == ["torch"]
