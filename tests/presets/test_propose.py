"""Simulated corpora of all sizes: what each system proposes is a sound recipe with reasons."""

import math
from pathlib import Path

import pytest
from attrs import asdict, evolve

from engine.corpus.table.manifest import Clip
from engine.errors import UserError
from engine.presets.amount import amount_of
from engine.presets.propose import Preset, _with
from engine.presets.rates import require_recorded
from engine.presets.sets import sets_of
from engine.presets.written import with_values
from engine.recipe import load_recipe
from engine.system_support.discovery import part_of, recipe_classes
from engine.system_support.preset import Sets

RECIPES = Path(__file__).parents[2] / "recipes"
ALL = ["xtts_phase1", "rvc_v2_40k", "codec_dac_fixed", "higgs_zero_shot", "audio_vae_plus"]
HOUR = 3600.0


def clips(seconds, length=6.0, speakers=20, **facts):
    """A corpus of so many seconds, in clips of one length."""
    known = {"sample_rate_hz": 44_100, "text": "words {} and more", "language": "hu"} | facts
    rate = known.pop("sample_rate_hz")
    for number in range(round(seconds / length)):
        text = known["text"] and known["text"].format(number)
        yield Clip(
            id=f"clip{number}",
            path=f"clip{number}.wav",
            sha256=f"{number:064x}",
            num_frames=round(length * rate),
            sample_rate_hz=rate,
            num_channels=1,
            peak=0.5,
            rms_dbfs=-20.0,
            speaker=f"voice{number % speakers}" if speakers else None,
            language=known["language"],
            text=text,
        )


def proposed(name, corpus, small=False, **sets):
    """What a recipe's system proposes for clips, by key; the recipe that it makes is sound."""
    path = RECIPES / ("demo" if small else "") / f"{name}.toml"
    recipe = load_recipe(path, classes=recipe_classes())
    module = part_of(type(recipe), "preset")
    amount = amount_of(recipe, corpus, module.why_unusable, small=small)
    amount = evolve(amount, sets=Sets(**sets) if sets else None)
    values = tuple(module.propose(recipe, amount))
    preset = Preset(amount, values, values)
    _with(path, preset.values)
    return {one.key: one for one in preset.values}, preset, path


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("small", [False, True])
def test_every_amount_of_audio_makes_a_sound_recipe_with_a_reason_for_each_value(name, small):
    if small and name == "rvc_v2_40k":
        pytest.skip("the demo names voices of the built-in corpus")
    length = 1.5 if small or name == "audio_vae_plus" else 6.0
    sizes = [clips(hours * HOUR, length) for hours in (1 / 12, 1, 10)]
    found = [proposed(name, corpus, small=small)[0] for corpus in sizes]
    assert all(len(one.because) > 10 for values in found for one in values.values())
    steps = [values["training.steps"].value for values in found]
    assert steps == sorted(steps)


def test_a_demo_never_gets_longer_than_it_is():
    values, _, _ = proposed("codec_dac_fixed", clips(HOUR), small=True)
    assert values["training.steps"].value == 680
    assert "the demo's own length" in values["training.steps"].because
    assert not [key for key in values if key.startswith(("training.evaluate", "guard"))]


def test_guards_of_a_shorter_demo_look_at_evaluations_that_there_are():
    values, _, path = proposed("xtts_phase1", clips(120, 3.0, speakers=1), small=True)
    recipe = _with(path, values.values())
    every = int(recipe.training.evaluate_every.removeprefix("step:"))
    moments = [one.at.rpartition("step:")[2] for all_ in recipe.guard.values() for one in all_]
    steps = [int(step) for step in moments if step.isdigit()]
    assert recipe.training.steps < load_recipe(path, classes=recipe_classes()).training.steps
    within = [step for step in steps if step <= recipe.training.steps]
    assert within
    assert all(step % every == 0 for step in within)


@pytest.mark.parametrize("name", ALL)
def test_no_batch_is_larger_than_the_training_clips(name):
    sets = {"training": 7, "evaluation": 93, "voices_held_out": 4}
    values, _, _ = proposed(name, clips(60 * HOUR, 1.5), **sets)
    assert values["training.batch_size"].value <= 7


def test_few_voices_are_held_out_as_proposed_and_the_clips_of_each_set_are_counted():
    corpus = [*clips(HOUR, speakers=7)]
    values, _, path = proposed("codec_dac_paper", corpus)
    sets = sets_of(_with(path, values.values()), corpus)
    assert 1 <= sets.voices_held_out <= 2
    values, _, _ = proposed("codec_dac_paper", corpus, **asdict(sets))
    said = values["dataset.eval_share"].because
    assert f"{sets.voices_held_out} of 7 voices are held out whole" in said
    assert f"{sets.training} clips for training, {sets.evaluation} for evaluation" in said


def test_guards_wait_for_as_many_evaluations_whatever_the_length():
    values, _, _ = proposed("xtts_phase1", clips(HOUR / 4, speakers=1))
    every = int(values["training.evaluate_every"].value.removeprefix("step:"))
    plateau, gap = values["guard.eval/mel_ce"].value
    assert (plateau["plateau_steps"], gap["gap_steps"]) == (5 * every, 3 * every)


@pytest.mark.parametrize(("speakers", "action"), [(None, "warn"), (1, "warn"), (2, "stop")])
def test_a_demo_of_one_voice_is_not_stopped_for_not_telling_it_from_another(speakers, action):
    name = "guard.eval/mel_ce_increase_wrong_voice"
    values, _, path = proposed("xtts_phase1", clips(HOUR, 3.0, speakers), small=True)
    recipe = _with(path, values.values())
    guards = recipe.guard[name.removeprefix("guard.")]
    assert {one.action for one in guards} == {action}
    assert (name in values) == (action == "warn")


def test_at_least_thirty_clips_are_held_out_where_there_are_enough():
    values, preset, _ = proposed("xtts_phase1", clips(HOUR, speakers=1))
    assert values["dataset.eval_share"].value * preset.amount.num_clips == pytest.approx(30, abs=1)


@pytest.mark.parametrize(
    ("name", "corpus", "why"),
    [
        ("xtts_phase1", clips(600, text=None), "no clip of corpus 'voice' has a transcript"),
        ("xtts_phase1", clips(600, language="te"), "100 of another or an unknown language"),
        ("xtts_phase1", clips(18), "can use 3 of the 3 clips"),
        ("higgs_zero_shot", clips(600, speakers=1), "has 1 speakers"),
        ("higgs_zero_shot", clips(600, speakers=None), "--speakers folder"),
        ("rvc_v2_40k", clips(600, length=600.0), "segment = 'silence'"),
    ],
)
def test_what_a_recipe_cannot_use_is_refused_with_what_would_mend_it(name, corpus, why):
    with pytest.raises(UserError, match=why):
        proposed(name, corpus)


@pytest.mark.parametrize(
    ("recorded", "advice"),
    [
        (16_000, r"most of them at 16,000 Hz: .* Take --from codec_dac_16khz\."),
        (32_000, r"Take --from codec_dac_24khz or codec_tokens\."),
        (8_000, "No recipe of the system codec reads so low a rate"),
    ],
)
def test_audio_of_a_lower_rate_is_refused_with_the_recipe_that_fits(recorded, advice):
    path = RECIPES / "codec_dac_paper.toml"
    recipe = load_recipe(path, classes=recipe_classes())
    require_recorded(path, recipe, "voice", clips(60))
    with pytest.raises(UserError, match=advice):
        require_recorded(path, recipe, "voice", clips(60, sample_rate_hz=recorded))


def test_limits_measured_on_another_corpus_lose_that_reason():
    text = (RECIPES / "demo/codec_dac_fixed.toml").read_text()
    assert "measured: 5.9 dB on the built-in corpus" in text
    written = with_values(text, [])
    assert '"eval/snr_db" = { at = "step:340" }' in written
    assert "measured" not in written


def test_what_is_written_is_what_was_proposed_and_drops_what_was_measured_elsewhere(tmp_path):
    values, preset, path = proposed("xtts_phase1", clips(300, 3.0, speakers=1), small=True)
    (tmp_path / "recipes/demo").mkdir(parents=True)
    written = tmp_path / "recipes/demo/xtts_phase1.toml"
    written.write_text(with_values(path.read_text(), preset.values))
    plain = (RECIPES / "xtts_phase1.toml").read_text()
    (tmp_path / "recipes/xtts_phase1.toml").write_text(plain)
    recipe = load_recipe(written, classes=recipe_classes())
    assert recipe.training.steps == values["training.steps"].value
    assert math.isclose(recipe.dataset.eval_share, values["dataset.eval_share"].value)
    assert "measured: 1.81" not in written.read_text()
    assert f"# {values['training.steps'].because}\nsteps" in written.read_text()
