"""The stages that follow from the shipped recipes, and from others."""

from pathlib import Path

import pytest
import yaml
from attrs import evolve, fields, frozen

from engine.errors import UserError
from engine.pipeline.dvc_yaml import staleness, write_pipeline
from engine.pipeline.load import load_pipeline
from engine.pipeline.stages import Pipeline, PipelineRecipe, derive_pipeline
from engine.project import Project
from engine.recipe import Recipe, load_params, load_recipe
from engine.recipe.training import Start
from engine.system_support.discovery import recipe_classes

ROOT = Project(Path(__file__).parents[2])
PARAMS = load_params(ROOT.params)
RECIPES = sorted(path.stem for path in ROOT.recipes.glob("*.toml"))


@pytest.fixture(scope="module")
def pipeline():
    return load_pipeline(ROOT, PARAMS)


def test_the_projects_own_dvc_yaml_is_the_derived_one(pipeline):
    assert staleness(ROOT.dvc_yaml, pipeline) is None


def test_every_recipe_is_a_stage_of_its_name_or_left_out_with_a_way_in(pipeline):
    trained = {n for n, s in pipeline.stages.items() if s.get("cmd") == f"cantus train {n}"}
    assert sorted(trained | pipeline.left_out.keys()) == RECIPES
    assert not trained & pipeline.left_out.keys()
    assert "add 24000 to corpora.speech" in pipeline.left_out["codec_dac_24khz"]


def test_no_stage_lists_code(pipeline):
    text = yaml.safe_dump({name: dict(stage) for name, stage in pipeline.stages.items()})
    assert "engine/" not in text


def test_a_corpus_packed_at_a_recipes_rate_gives_the_recipe_its_stage():
    speech = evolve(PARAMS.corpora["speech"], sample_rates_hz=(8_000, 24_000))
    params = evolve(PARAMS, corpora=PARAMS.corpora | {"speech": speech})
    assert "codec_dac_24khz" in load_pipeline(ROOT, params).stages


def test_under_full_recipes_are_taken_as_written_and_phases_follow_what_they_continue():
    pipeline = load_pipeline(ROOT, evolve(PARAMS, profile="full"))
    assert [*pipeline.params] == ["params.toml"]  # recipes would flood `dvc exp show`
    assert "models/xtts_phase1" in pipeline.stages["xtts_phase2"]["deps"]
    assert "codec_dac_paper" in pipeline.left_out


def test_a_phase_of_a_recipe_that_is_left_out_is_left_out_too():
    voice = evolve(PARAMS.corpora["voice"], sample_rates_hz=(16_000,))
    params = evolve(PARAMS, corpora=PARAMS.corpora | {"voice": voice})
    left_out = load_pipeline(ROOT, params).left_out
    assert "not packed at 22,050 Hz" in left_out["xtts_phase1"]
    assert left_out.keys() >= {"xtts_phase1", "xtts_phase2"}


def test_the_metric_that_picks_the_best_is_drawn_and_recipes_of_a_system_side_by_side(pipeline):
    (train, evaluated) = pipeline.stages["audio_vae"]["plots"]
    assert train == {"plots/audio_vae/train.csv": {"cache": False, "x": "step", "y": "loss"}}
    assert evaluated["plots/audio_vae/eval.csv"]["y"] == "rmse_db"
    assert set(pipeline.plots["codec_quantizers_mel"]["y"]) == {
        "plots/codec_dac_fixed/quantizers.csv",
        "plots/codec_dac_paper/quantizers.csv",
        "plots/codec_tokens/quantizers.csv",
    }


def test_features_are_prepared_for_systems_that_have_some_after_what_holds_clips_out(pipeline):
    prepared = pipeline.stages["prepare"]["foreach"]
    assert {"rvc_v2_40k", "xtts_phase1", "xtts_phase2"} <= set(prepared)
    inherited = "models/xtts_phase1/evaluation/clips.tsv"
    assert prepared["xtts_phase2"]["corpus"] == "voice"
    assert prepared["xtts_phase2"]["evaluated_on"] == inherited
    assert "build/prepared/xtts_phase2" in pipeline.stages["xtts_phase2"]["deps"]


def test_a_recipe_with_the_name_of_a_corpus_is_refused():
    params = evolve(PARAMS, corpora=PARAMS.corpora | {"audio_vae": PARAMS.corpora["words"]})
    with pytest.raises(UserError, match=r"audio_vae.toml has the name of a corpus"):
        load_pipeline(ROOT, params)


# ---- recipes that read the models of others ----


@frozen(kw_only=True)
class Reader(Recipe):
    """A recipe that reads whatever models it is given the names of."""

    reads: tuple[str, ...] = ()

    @property
    def models_read(self):
        return self.reads


def reader(name, *reads, start=None):
    """A recipe on the corpus `words`, which prepares features."""
    plain = load_recipe(ROOT.recipe("audio_vae"), classes=recipe_classes())
    values = {field.name: getattr(plain, field.name) for field in fields(Recipe)}
    start = None if start is None else Start(from_=start)
    recipe = Reader(**values | {"name": name, "start": start}, reads=reads)
    return PipelineRecipe(recipe, f"recipes/{name}.toml", True)


def test_both_stages_of_a_recipe_follow_the_export_of_the_model_that_it_reads():
    stages = derive_pipeline([reader("lm", "coder"), reader("coder")], PARAMS).stages
    assert "models/coder/export" in stages["lm"]["deps"]
    assert stages["prepare"]["foreach"]["lm"]["model_1"] == "models/coder/export"
    assert "${item.model_1}" in stages["prepare"]["do"]["deps"]


def test_recipes_that_read_fewer_models_depend_on_nothing_more():
    known = [reader("lm", "coder", "vocoder"), reader("coder"), reader("vocoder")]
    foreach = derive_pipeline(known, PARAMS).stages["prepare"]["foreach"]
    assert foreach["lm"]["model_2"] == "models/vocoder/export"
    assert set(foreach["coder"].values()) == {"words", "evaluation"}


def test_without_models_that_are_read_the_stages_are_as_before():
    stages = derive_pipeline([reader("coder")], PARAMS).stages
    assert stages["prepare"]["foreach"] == {
        "coder": {"corpus": "words", "evaluated_on": "evaluation"}
    }
    assert len(stages["prepare"]["do"]["deps"]) == 3


def test_a_recipe_that_reads_the_model_of_none_is_left_out_with_the_reason():
    left_out = derive_pipeline([reader("lm", "coder")], PARAMS).left_out
    assert left_out["lm"] == ("it reads the model of coder, but recipes/coder.toml does not exist")


def test_what_reads_or_continues_a_recipe_that_is_left_out_is_left_out_too():
    known = [reader("phase", start="lm"), reader("lm", "coder"), reader("coder", "gone")]
    left_out = derive_pipeline(known, PARAMS).left_out
    assert left_out["lm"] == "it reads the model of coder, which has no stage either"
    assert left_out["phase"] == "it continues lm, which has no stage either"


@pytest.mark.parametrize(
    "circle",
    [
        [reader("a", "b"), reader("b", "a")],
        [reader("a", "b"), reader("b", start="a")],
        [reader("a", start="b"), reader("b", start="a")],
    ],
    ids=["both read", "one reads", "both continue"],
)
def test_recipes_that_need_each_other_are_refused_with_the_way_round(circle):
    with pytest.raises(UserError, match=r"need each other's models .*: (a -> b -> a|b -> a -> b)"):
        derive_pipeline(circle, PARAMS)


def test_a_recipe_cannot_read_its_own_model():
    faults = dict(reader("a", "a").recipe.cross_checks())
    assert faults["name"] == "a recipe cannot read its own model"


OWN = """\
# my own file
vars:
  - mine.yaml
stages:
    # what I listen to
    listen:
        cmd: play models/audio_vae   # loudly
        deps: [models/audio_vae]
params:
- mine.toml
- recipes/mine.json
plots:
  - mine:
      x: step
      y: {plots/audio_vae/train.csv: loss, plots/audio_vae_plus/train.csv: loss}
"""


def test_a_users_own_stages_comments_and_keys_survive_two_rewrites(pipeline, tmp_path):
    path = tmp_path / "dvc.yaml"
    path.write_text(OWN)
    assert write_pipeline(path, pipeline)
    assert not write_pipeline(path, pipeline)
    text, there, own = path.read_text(), yaml.safe_load(path.read_text()), yaml.safe_load(OWN)
    assert set(OWN.splitlines()) <= set(text.splitlines())
    assert there["stages"] == {**pipeline.stages, **own["stages"]}
    assert there["params"] == [*pipeline.params, *own["params"]]
    assert there["plots"][-1] == own["plots"][0]
    assert len(there["plots"]) == len(pipeline.plots) + 1
    assert there["vars"] == ["mine.yaml"]
    assert staleness(path, pipeline) is None


def test_a_users_lines_are_those_of_before_when_the_last_recipe_is_gone(pipeline, tmp_path):
    path = tmp_path / "dvc.yaml"
    path.write_text(OWN)
    write_pipeline(path, pipeline)
    write_pipeline(path, Pipeline({}, [], {}, {}))
    assert path.read_text() == OWN


def test_a_section_that_would_say_nothing_goes_for_dvc_refuses_it(pipeline, tmp_path):
    path = tmp_path / "dvc.yaml"
    write_pipeline(path, pipeline)
    write_pipeline(path, Pipeline({"refs": {"cmd": "cantus refs"}}, [], {}, {}))
    assert yaml.safe_load(path.read_text()) == {"stages": {"refs": {"cmd": "cantus refs"}}}


@pytest.mark.parametrize(
    "empty", ["", "stages:\n", "stages: # mine\nparams:\nplots:\n", "vars: []\n"]
)
def test_empty_sections_are_filled(pipeline, tmp_path, empty):
    path = tmp_path / "dvc.yaml"
    path.write_text(empty)
    write_pipeline(path, pipeline)
    assert staleness(path, pipeline) is None
    assert yaml.safe_load(path.read_text())["stages"] == dict(pipeline.stages)


def test_a_summary_is_no_template(pipeline, tmp_path):
    recipe = load_recipe(ROOT.recipe("audio_vae"), classes=recipe_classes())
    known = [PipelineRecipe(evolve(recipe, summary="costs ${x}"), "recipes/audio_vae.toml", False)]
    stage = derive_pipeline(known, PARAMS).stages["audio_vae"]
    assert stage["desc"] == "costs \\${x}"


def marked(there):
    """A file that holds these sections as generated ones."""
    begin, end = (
        "# >>> cantus pipeline (the lines between these marks are generated)",
        ("# <<< cantus pipeline"),
    )
    return "".join(
        f"{key}:\n{begin}\n{yaml.safe_dump(content, sort_keys=False)}{end}\n".replace(
            "\n", "\n  "
        ).rstrip()
        + "\n"
        for key, content in there.items()
    )


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (lambda y: y["stages"].pop("audio_vae"), "it lacks the stage audio_vae"),
        (lambda y: y["stages"]["words"].update(cmd="true"), "it differs in words"),
        (lambda y: y["params"].remove("params.toml"), "its params, plots or artifacts differ"),
        (
            lambda y: y["stages"].update(gone=y["stages"]["audio_vae"]),
            "it still has the stage gone",
        ),
    ],
)
def test_what_is_stale_is_named_and_a_description_is_not(pipeline, tmp_path, edit, said):
    path = tmp_path / "dvc.yaml"
    write_pipeline(path, pipeline)
    there = yaml.safe_load(path.read_text())
    there["stages"]["audio_vae"]["desc"] = "another"
    path.write_text(marked(there))
    assert staleness(path, pipeline) is None
    edit(there)
    path.write_text(marked(there))
    found = staleness(path, pipeline)
    assert said in found
    assert found.endswith("Update it: cantus pipeline --write")


def test_a_users_stage_with_a_recipes_name_is_never_overwritten(pipeline, tmp_path):
    path = tmp_path / "dvc.yaml"
    path.write_text("stages:\n  audio_vae:\n    cmd: mine\n")
    with pytest.raises(UserError, match=r"a stage 'audio_vae' outside the generated part"):
        write_pipeline(path, pipeline)
    assert "cmd: mine" in path.read_text()


@pytest.mark.parametrize(
    "text", ["stages: [", "- a list\n", "\0", "stages: [a]\n", "plots: {mine: {x: a}}\n"]
)
def test_a_file_that_is_no_yaml_is_named_and_left_alone(pipeline, tmp_path, text):
    path = tmp_path / "dvc.yaml"
    path.write_text(text)
    for act in (staleness, write_pipeline):
        with pytest.raises(UserError, match="cannot be read by DVC"):
            act(path, pipeline)
    assert path.read_text() == text
