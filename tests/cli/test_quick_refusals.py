"""What can be refused without torch is refused before torch loads, which takes seconds."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.run_folders import resolved_recipe, shipped_project

ROOT = Path(__file__).parents[2]
PROGRAM = """\
import contextlib, io, json, sys
sys.modules["torch"] = None  # whoever imports it fails
from engine.cli import main

def answer(words):
    out, error = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(error):
        try:
            main(words)
        except SystemExit as left:
            return left.code, error.getvalue() or out.getvalue()
        except ImportError as loaded:
            return "torch", str(loaded)

json.dump([answer(words) for words in json.load(sys.stdin)], sys.stdout)
"""
"""One real process for all command lines: each by itself would take half a second."""
TRAINED = {"codec_dac_fixed": "weights.pth", "xtts_phase2": "model.pth", "rvc_v2_40k": "a.pth"}
CASES = {
    "-V": "torch ",
    "train nope": "Neither a recipe nor a finished run is called 'nope'",
    "train audio_vae": "Corpus 'words' has not been ingested",
    "prepare xtts_phase1": "has not been ingested",
    "estimate audio_vae": "Corpus 'words' has not been ingested",
    "identity audio_vae": "Corpus 'words' has not been ingested",
    "pin-eval audio_vae": "Corpus 'words' has not been ingested",
    "ingest wrods": "params.toml has no [corpora.wrods]; did you mean 'words'?",
    "adopt missing": "no .dvc folder",
    "new audio_vae --from audio_vae_plus": "recipes/audio_vae.toml exists already",
    "new mine --from audio_vea": "Did you mean 'audio_vae'?",
    "check audio_vae -S training.epohs=3": "did you mean 'epochs'?",
    "train audio_vae --seed -1": "-1 is not in the range 0<=x<=4294967295",
    "seeds audio_vea": "Did you mean 'audio_vae'?",
    "seeds nope": "Recipes: audio_vae, audio_vae_plus, ",
    "diff audio_vae audio_vae_plus --borrow nope": "There is no recipe called 'nope'",
    "seeds audio_vae": "Corpus 'words' has not been ingested",
    "seeds audio_vae --n 1": "1 is not in the range 2<=x<=100",
    "seeds recipes/audio_vae.toml": "is not what the stage audio_vae trains",
    "diff audio_vae audio_vae_plus --borrow codec_tokens": "no finished seeds are kept in",
    "diff audio_vae --last --borrow audio_vae": "--borrow needs a second recipe",
    "diff audio_vae audio_vea": "Did you mean 'audio_vae'?",
    "bisect audio_vae audio_vea": "Did you mean 'audio_vae'?",
    "bisect audio_vae codec_dac_fixed": "of the system 'vqvae' and codec_dac_fixed of 'codec'",
    "bisect audio_vae audio_vae": "No value that affects training differs",
    "bisect audio_vae audio_vae_plus": "Corpus 'words' has not been ingested",
    "diff audio_vae audio_vea --json": "Did you mean 'audio_vae'?",
    "resolve audio_vea": "Did you mean 'audio_vae'?",
    "fetch xtts_v1": "There is no published model 'xtts_v1'. Did you mean 'xtts_v2'?",
    "why codec_dac_fixd": "Did you mean 'codec_dac_fixed'? Name a finished run: ",
    "report codec_dac_fixd": "Did you mean 'codec_dac_fixed'? Name a finished run: ",
    "ui codec_dac_fixd": "Did you mean 'codec_dac_fixed'? Name a finished run: ",
    "compare codec_dac_fixd x": "Did you mean 'codec_dac_fixed'? Name a finished run: ",
    "measure codec_dac_fixd": "Did you mean 'codec_dac_fixed'?",
    "promote codec_dac_fixd": "Did you mean 'codec_dac_fixed'?",
    "listen codec_dac_fixed x": "Neither a recipe nor a finished run is called 'x'",
    "listen --results x": "There is no listening test 'x'",
    "encode in.wav --model codec_dac_fixed": "in.dac exists already: --force overwrites it.",
    "encode none.wav --model codec_dac_fixed": "There is no file none.wav.",
    "encode new.wav --model codec_dac_fixd": "Did you mean 'codec_dac_fixed'?",
    "encode new.wav --model xtts_phase2": "'xtts_phase2' is not a codec",
    "encode new.wav --model none.pth": "There are no weights at none.pth.",
    "encode empty --model codec_dac_fixed": "The folder empty holds no audio files.",
    "decode in.dac --model codec_dac_fixed": "in.wav exists already",
    "reconstruct in.wav --model codec_dac_paper": "'codec_dac_paper' is not trained",
    "reconstruct audio --model codec_dac_fixed": "The output would lie in audio",
    "convert rvc_v2_40k in.wav out.wav": "out.wav exists already",
    "convert rvc_v2_40k none.wav new.wav": "There is no file none.wav.",
    "convert rvc_v2_40 in.wav new.wav": "Did you mean 'rvc_v2_40k'?",
    "convert rvc_v2_40k in.wav new.wav new2.wav": "new2.wav is one file for 2 sources",
    "speak xtts_phase2 Hello": "speech.wav exists already",
    "speak xtts_phase3 Hello --output made.wav": "Did you mean 'xtts_phase",
    "speak xtts_phase2 Hello --output made.wav": "give --voice",
    "speak xtts_phase2 Hello --output made.wav --voice none.wav": "There is no file none.wav",
    "speak xtts_phase2 --text-file none.txt": "There is no file none.txt.",
    "speak xtts_phase2 Hello --output new.mp3": "--output new.mp3 must end in .wav",
    "clone higgs_zero_shot --reference in.wav --text Hi": "clone.wav exists already",
    "clone higgs_zero_shot --reference in.wav --text Hi --output made.wav": "is not trained",
}


@pytest.fixture(scope="module")
def answers(tmp_path_factory):
    """What each command line answers: exit code, and what it printed."""
    project = shipped_project(tmp_path_factory.mktemp("project"))
    for name, weights in TRAINED.items():
        export = project / "models" / name / "export"
        export.mkdir(parents=True)
        (export / weights).touch()
        (export.parent / "recipe.toml").write_text(resolved_recipe(name))
        (export.parent / "metrics.json").write_text("{}")
    (project / "empty").mkdir()
    (project / "audio").mkdir()
    for name in ("in.wav", "new.wav", "audio/a.wav"):
        soundfile.write(project / name, np.zeros(160), 16_000)
    for name in ("in.dac", "out.wav", "speech.wav", "clone.wav"):
        (project / name).touch()
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        input=json.dumps([line.split() for line in CASES]),
        capture_output=True,
        text=True,
        cwd=project,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT)},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return dict(zip(CASES, json.loads(done.stdout), strict=True))


@pytest.mark.parametrize("line", CASES)
def test_torch_is_not_loaded_for(line, answers):
    code, said = answers[line]
    assert CASES[line] in said
    assert code == (0 if line == "-V" else 2)
    assert code == 0 or said.startswith("error: ")
