import sys
from importlib.metadata import version

import numpy as np
import pytest
import torch
from attrs import evolve

from engine.errors import UserError
from engine.evaluation.unit_facts import unit_facts
from engine.recipe import load_params
from engine.recipe.judgement import Guard
from engine.recipe.judges import JUDGE_OF
from engine.systems.codec.recipe import Evaluation
from engine.systems.codec.system import build
from engine.training.step import check_turns
from tests.systems.codec.conftest import SMALL


def test_every_parameter_belongs_to_one_turn(make_codec):
    check_turns(make_codec())


def test_the_metrics_of_an_evaluation_are_those_that_the_recipe_declares(make_codec):
    from engine.recipe.metric_names import is_known

    system = make_codec()
    metrics = system.evaluate().metrics
    declared = type(system.recipe).metrics
    assert [name for name in metrics if not is_known(name, declared)] == []
    missing = [n for n in declared if n.startswith("eval/") and "<n>" not in n and n not in metrics]
    assert [n for n in missing if n.removeprefix("eval/") not in JUDGE_OF] == []


def test_whole_clips_are_measured_at_each_number_of_quantizers(make_codec):
    system = make_codec()
    evaluated = system.evaluate()
    for number in (1, 2, 3):
        assert evaluated.metrics[f"eval/quantizers_{number}/kbps"] == pytest.approx(4.0 * number)
    assert evaluated.metrics["eval/mel"] == evaluated.metrics["eval/quantizers_3/mel"]
    assert evaluated.metrics["eval/mel"] == pytest.approx(evaluated.per_clip["mel"].mean())
    frames = sum(-(-len(system.eval_clips.audio(i)) // 8) for i in range(4))
    assert evaluated.metrics["eval/frames"] == frames


def test_the_same_weights_give_the_same_figures(make_codec):
    system = make_codec()
    system.module.eval()
    assert system.evaluate().metrics == system.evaluate().metrics


def test_baselines_have_the_codecs_bitrate_and_are_measured_like_it(make_codec):
    system = make_codec()
    found = system.baselines()
    assert found.metrics["baseline/silence/snr_db"] == pytest.approx(0.0)
    for coder in ("mulaw_pcm", "transform"):
        assert found.metrics[f"baseline/{coder}/kbps"] <= 1.05 * 12.0
        assert found.metrics[f"baseline/{coder}/mel"] > 0.0
        assert len(found.per_clip[f"{coder}/mel"]) == len(system.eval_clips)


def test_the_evaluation_set_depends_on_clips_rate_and_level_alone(make_codec):
    one = make_codec().evaluation_set
    assert make_codec(model=evolve(SMALL, codebook_size=32)).evaluation_set == one
    assert make_codec(dataset={"num_eval_clips": 3}).evaluation_set != one
    from engine.systems.codec.recipe import Rms

    assert make_codec(dataset={"level": Rms()}).evaluation_set != one


def test_samples_are_players_with_pictures_for_every_bitrate_and_baseline(make_codec, tmp_path):
    samples = make_codec().samples(tmp_path / "final", 2)
    parts = {s.name.partition("/")[2] for s in samples}
    assert parts == {"original", "decoded_1", "decoded_2", "decoded_3", "mulaw_pcm", "transform"}
    assert {s.kind for s in samples} == {"audio", "image"}
    assert all(s.path.is_file() for s in samples)
    assert any("12 kbps (3 of 3 quantizers)" in s.caption for s in samples)


def test_judges_measure_at_every_bitrate_and_their_weights_are_part_of_the_unit(make_codec):
    system = make_codec(judges=("stoi", "resemblyzer"))
    if system.measures.missing:
        pytest.skip(str(system.measures.missing))
    metrics, units = system.evaluate().metrics, system.metric_units
    for figure in ("stoi", "resemblyzer"):
        assert metrics[f"eval/{figure}"] == metrics[f"eval/quantizers_3/{figure}"] <= 1.0
        assert units[figure] == units[f"quantizers_<n>/{figure}"]
    assert units["stoi"].programs == {"pystoi": version("pystoi")}
    assert units["stoi"].sample_rate_hz == 10_000
    assert len(units["resemblyzer"].weights) == 64
    assert "stoi" not in make_codec().metric_units


def test_every_figure_of_an_evaluation_says_how_it_was_measured(make_codec):
    system = make_codec()
    facts = unit_facts(system.evaluate().metrics, system.metric_units, "codec")
    assert {"si_sdr_db", "mel", "quantizers_1/mel", "codebook_2/usage"} <= facts["scales"].keys()
    assert facts["scales"]["mel"] != facts["scales"]["stft"]
    known = {unit.digest for unit in system.metric_units.values()}
    assert set(facts["scales"].values()) <= known


def test_a_figure_that_cannot_be_measured_is_named_and_nothing_may_rely_on_it(
    make_codec_recipe, speech, monkeypatch
):
    monkeypatch.setitem(sys.modules, "visqol", None)
    params = load_params(speech.params)
    recipe = evolve(make_codec_recipe(), evaluation=Evaluation(judges=("visqol",)))
    (note,) = build(recipe, speech, params).dataset_summary.notes
    assert note.startswith("1 of 1 judges: visqol is left out: the package 'visqol-python' is not")
    watching = evolve(recipe, guard={"eval/visqol": (Guard(at="step:5", above=3.0),)})
    with pytest.raises(
        UserError, match=r"on 'eval/visqol' \(guard\.eval/visqol\).*cannot be measured"
    ):
        build(watching, speech, params)


def test_too_few_clips_for_a_batch_are_refused(make_codec):
    with pytest.raises(UserError, match="fewer than a batch of 64"):
        make_codec(batch_size=64)


def test_published_weights_are_taken_over_and_the_dropout_stays_the_recipes(make_codec, tmp_path):
    torch.manual_seed(5)
    first = make_codec(model=evolve(SMALL, quantizer_dropout=0.0))
    with torch.no_grad():
        for parameter in first.module.network.parameters():
            parameter.add_(0.01)
    first.export(tmp_path)
    second = make_codec()
    said = second.load_published(tmp_path / "weights.pth")
    assert "discriminators" in said
    assert second.module.network.quantizer.dropout == 0.5
    clip = torch.from_numpy(first.eval_clips.audio(0))[None, None]
    codes = [s.module.eval().network.encode(clip) for s in (first, second)]
    assert torch.equal(*codes)


def test_a_batch_is_audio_and_what_it_should_be(make_codec):
    batch = make_codec().train_clips.batch([0, 1, 2], np.random.default_rng(0))
    assert {name: tuple(t.shape) for name, t in batch.items()} == {
        "audio": (3, 1, 512),
        "target": (3, 1, 512),
    }
