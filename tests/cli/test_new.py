import pytest
import tomli
import yaml

DEMO = 'extends = "../base.toml"\n\n[training]\nepochs = 1     # seconds\n'
VERDICT = """
[verdict]
metric = "eval/rmse_db"
cuts = [5.0]
keep = ["base", "uniform_grid"]
say = ["good", "bad"]
"""


@pytest.fixture
def base(project, recipe):
    """The project's one recipe, called base, with a demo and a verdict that names it."""
    (project / "recipes/words.toml").rename(project / "recipes/base.toml")
    for demo in (project / "recipes").glob("*/words.toml"):
        demo.unlink()
    text = (project / "recipes/base.toml").read_text().replace('name = "words"\n', "")
    (project / "recipes/base.toml").write_text(text + VERDICT)
    (project / "recipes/demo").mkdir(exist_ok=True)
    (project / "recipes/demo/base.toml").write_text(DEMO)
    upstream = project / "upstream"
    upstream.mkdir(exist_ok=True)
    if not [*upstream.iterdir()]:
        (upstream / "audio_puzzle_vae.toml").write_text(text.replace("upstream =", "# upstream ="))
    return project


def test_a_new_recipe_extends_another_runs_in_its_demo_and_has_a_stage(base, cantus):
    answer = cantus("new", "mine", "--from", "base")
    assert answer.code == 0, answer.error
    assert "dvc repro mine" in answer.out
    stages = yaml.safe_load((base / "dvc.yaml").read_text())["stages"]
    assert stages["mine"]["cmd"] == "cantus train mine"
    demo = (base / "recipes/demo/mine.toml").read_text()
    summary = '"../mine.toml"\nsummary = "Variant of base (demo)"'
    assert demo == DEMO.replace('"../base.toml"', summary)
    checked = cantus("check")
    assert checked.code == 0, checked.error
    assert "mine" in checked.out


def test_values_of_a_run_are_written_into_both_files_in_place_of_what_they_replace(base, cantus):
    answer = cantus("new", "mine", "--from", "base", "-S", "training.steps=9")
    assert answer.code == 0, answer.error
    for file in ("recipes/mine.toml", "recipes/demo/mine.toml"):
        assert tomli.loads((base / file).read_text())["training"] == {"steps": 9}
    assert "steps = 9" in cantus("check", "mine", "-v").out


def test_nothing_that_it_inherits_names_the_other(base, cantus):
    cantus("new", "mine", "--from", "base", "--summary", "my own")
    written = tomli.loads((base / "recipes/mine.toml").read_text())
    assert written["verdict"] == {"keep": ["mine", "uniform_grid"]}
    assert written["summary"] == "my own"
    shown = cantus("check", "mine", "-v").out
    assert '"base"' not in shown


def test_the_recipe_as_written_gives_the_verdict_and_the_demo_only_its_own(base, cantus):
    demo = base / "recipes/demo/base.toml"
    demo.write_text(f'{DEMO}\n[verdict]\nkeep = ["uniform_grid", "base"]\n')
    assert cantus("new", "mine", "--from", "base").code == 0
    written = tomli.loads((base / "recipes/mine.toml").read_text())
    assert written["verdict"] == {"keep": ["mine", "uniform_grid"]}
    varied = tomli.loads((base / "recipes/demo/mine.toml").read_text())
    assert varied["verdict"]["keep"] == ["uniform_grid", "mine"]
    assert cantus("check").code == 0


def test_a_demo_has_a_summary_of_its_own_and_what_the_demo_sets_is_said(base, cantus):
    demo = base / "recipes/demo/base.toml"
    demo.write_text('summary = "the parent\'s"\n' + DEMO)
    answer = cantus("new", "mine", "--from", "base", "--summary", "my own")
    assert "recipes/demo/mine.toml take precedence; it sets training.epochs." in answer.out
    assert 'summary = "my own (demo)"' in cantus("check", "mine", "-v").out


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("base", "recipes/base.toml exists already"),
        ("a b", "NAME must be a word"),
        ("stash", "git uses refs/stash itself"),
    ],
)
def test_a_name_that_is_taken_or_none_is_refused_and_nothing_written(base, cantus, name, said):
    before = sorted(path for path in base.rglob("*") if ".git" not in path.parts)
    answer = cantus("new", name, "--from", "base")
    assert (answer.code, said in answer.error) == (2, True), answer.error
    assert sorted(path for path in base.rglob("*") if ".git" not in path.parts) == before


def test_where_dvc_yaml_cannot_be_written_no_recipe_is_left(base, cantus):
    (base / "dvc.yaml").write_text("stages:\n  mine:\n    cmd: mine\n")
    answer = cantus("new", "mine", "--from", "base")
    assert (answer.code, "a stage 'mine' outside the generated part" in answer.error) == (2, True)
    assert not [*base.glob("recipes/**/mine.toml")]


def test_the_help_has_an_example(cantus):
    assert "Examples:\n    cantus new my_vae" in cantus("new", "--help").out


def test_a_stale_dvc_yaml_is_named_by_check_with_the_way_out(base, cantus):
    cantus("new", "mine", "--from", "base")
    for path in base.glob("recipes/**/mine.toml"):
        path.unlink()
    answer = cantus("check")
    assert answer.code == 2
    assert "it still has the stage mine" in answer.error
    assert "cantus pipeline --write" in answer.error
    assert cantus("pipeline", "--write").out == (
        "dvc.yaml is written: stage mine deleted; refs changed\n"
    )
    assert cantus("pipeline", "--write").out == "dvc.yaml was up to date\n"
    assert cantus("check").code == 0


def test_recipes_of_a_rate_that_is_not_packed_share_a_line_and_a_named_one_has_its_own(
    base, cantus
):
    cantus("new", "mine", "--from", "base")
    assert "no stage" not in cantus("check").out + cantus("check", "mine").out
    params = base / "params.toml"
    params.write_text(params.read_text().replace("[16_000]", "[8_000]"))
    notes = [line for line in cantus("check").out.splitlines() if "no stage" in line]
    assert notes == [
        "note: 2 recipes have no stage in dvc.yaml, because their corpus is not packed at their "
        "rate: `cantus check RECIPE` says what to add: base, mine"
    ]
    named = cantus("check", "mine").out
    assert "note: mine has no stage in dvc.yaml: corpus 'words' is not packed at 16,000" in named
    (base / "recipes/bad.toml").write_text("a = \n")
    assert "because other recipes have faults" in cantus("check", "mine").out


def test_a_corpus_that_is_not_there_is_named_with_what_brings_it(base, cantus):
    answer = cantus("new", "mine", "--from", "base", "--for", "words")
    assert answer.code == 2
    assert "cantus ingest words" in answer.error
    assert not (base / "recipes/mine.toml").exists()
    assert "nowhere" in cantus("new", "mine", "--from", "base", "--for", "nowhere").error


def test_a_language_goes_with_a_corpus(base, cantus):
    assert "--for" in cantus("new", "mine", "--from", "base", "--language", "hu").error
