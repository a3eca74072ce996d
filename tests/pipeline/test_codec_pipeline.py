"""The codec's stages on a fresh checkout: what a user types, and what other tools make of it."""

import csv
import json

import numpy as np
import pytest
import soundfile

from tests.pipeline.checkout import Checkout
from tests.pipeline.test_pipeline import ran

pytestmark = pytest.mark.slow

RECIPES = ("codec_dac_fixed", "codec_dac_paper")


def make_short(checkout, name):
    """Leave a recipe's demo a few steps and a few clips, its late adversary included."""
    path = checkout.root / "recipes" / "demo" / f"{name}.toml"
    before, demo, after = path.read_text().partition("[training]\n")
    table, blank, rest = after.partition("\n\n")
    kept = [line for line in table.splitlines() if not line.startswith(("steps", "evaluate"))]
    short = ["steps = 6", 'evaluate_every = "step:3"', "log_every_steps = 1"]
    text = "".join([before, demo, "\n".join([*short, *kept]), blank, rest])
    text = text.replace("starts_at_step = 408", "starts_at_step = 3")
    text = text.replace("warmup_steps = 30", "warmup_steps = 1")
    text = text.replace("num_eval_clips = 24", "num_eval_clips = 3")
    text = text.replace("[evaluation]", "[evaluation]\njudges = []")
    path.write_text(text)


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    made = Checkout(tmp_path_factory.mktemp("codec"))
    for name in RECIPES:
        make_short(made, name)
    made.edit("params.toml", 'mirrors = ["aim"]', "mirrors = []")
    made.commit()
    made.first = made.run("dvc", "repro", *RECIPES)
    return made


def metrics(checkout, name="codec_dac_fixed"):
    return json.loads((checkout.root / f"models/{name}/metrics.json").read_text())


def test_one_command_packs_the_corpus_at_the_codecs_rate_and_trains(checkout):
    assert {"speech", *RECIPES} <= set(ran(checkout.first))
    assert (checkout.root / "build/corpus/speech/audio/8000").is_dir()
    assert ran(checkout.run("dvc", "repro", *RECIPES)) == []


def test_the_quality_of_each_bitrate_is_a_curve_that_dvc_draws(checkout):
    with (checkout.root / "plots/codec_dac_fixed/quantizers.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [float(row["kbps"]) for row in rows] == [1.25, 2.5, 5.0, 10.0]
    found = metrics(checkout)["eval"]
    assert [float(row["si_sdr_db"]) for row in rows] == [
        found[f"quantizers_{n}"]["si_sdr_db"] for n in (1, 2, 4, 8)
    ]
    checkout.run("dvc", "plots", "show", "--out", "drawn")
    drawn = (checkout.root / "drawn/index.html").read_text()
    assert "SI-SDR in dB by bitrate in kbit/s" in drawn


def test_both_recipes_are_compared_on_one_evaluation_set(checkout):
    assert len({metrics(checkout, name)["evaluation_set"] for name in RECIPES}) == 1
    compared = checkout.run("dvc", "metrics", "diff", *RECIPES)
    assert "mel" in compared
    told = checkout.run("cantus", "diff", *RECIPES)
    assert "losses.waveform" in told
    upstream = checkout.run("cantus", "diff", "codec_dac_fixed", "--upstream")
    assert "losses.mel" in upstream


def test_the_report_has_players_tables_and_what_costs_nothing(checkout):
    page = (checkout.root / "models/codec_dac_fixed/report.html").read_text()
    assert "By quantizers" in page
    assert "mulaw pcm" in page
    assert "<audio" in page
    assert (checkout.root / "models/codec_dac_fixed/export/transformers/config.json").is_file()


def test_any_file_goes_through_the_codec_and_back(checkout, tmp_path):
    random = np.random.default_rng(0)
    stereo = random.normal(0, 0.1, (30_001, 2))
    soundfile.write(tmp_path / "music.flac", stereo, 22_050)
    model = ("--model", "codec_dac_fixed")
    checkout.run("cantus", "encode", str(tmp_path / "music.flac"), *model)
    checkout.run("cantus", "decode", str(tmp_path / "music.dac"), *model)
    decoded, rate = soundfile.read(tmp_path / "music.wav")
    assert (decoded.shape, rate) == ((30_001, 2), 22_050)
