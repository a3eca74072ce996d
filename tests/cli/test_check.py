import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import tomli


def test_a_sound_recipe_is_a_line(project, cantus):
    answer = cantus("check", "words")
    assert answer.code == 0
    name, system, profile, identity = answer.out.split()
    assert (name, system, profile, len(identity)) == ("words", "vqvae", "demo", 12)


def test_verbose_prints_the_resolved_recipe(project, cantus):
    line, _, toml = cantus("check", "words", "-v").out.partition("\n")
    assert line.startswith("words")
    resolved = tomli.loads(toml)
    assert resolved["training"]["epochs"] == 1
    assert resolved["model"]["latent_dim"] == 64


def test_an_override_changes_the_identity(project, cantus):
    plain = cantus("check", "words").out.split()[-1]
    assert cantus("check", "words", "-S", "training.epochs=2").out.split()[-1] != plain
    assert cantus("check", "words", "-S", "training.log_every_steps=2").out.split()[-1] == plain


def test_a_recipe_may_be_named_or_given_by_path(project, cantus):
    named, demo, written = (
        cantus("check", recipe).out.split()
        for recipe in ("words", "recipes/demo/words.toml", "recipes/words.toml")
    )
    assert named == demo
    assert (written[2], written[3] != demo[3]) == ("full", True)


def test_all_faults_of_all_files_are_told_at_once(project, cantus, recipe):
    params = (project / "params.toml").read_text()
    (project / "params.toml").write_text(params.replace("seed = 1", "seed = -1"))
    other = recipe.replace('"words"', '"other"', 1).replace("batch_size = 64", "")
    (project / "recipes" / "other.toml").write_text(other)
    (project / "recipes" / "third.toml").write_text("a = \n")
    answer = cantus("check")
    assert answer.code == 2
    assert [line.partition("  ")[0] for line in answer.error.splitlines()] == [
        "error: 3 faults",
        "params.toml:2",
        "recipes/other.toml:21",
        "recipes/third.toml:1",
    ]
    assert answer.out.startswith("words  vqvae")


def test_every_profile_is_checked_not_only_the_chosen_one(project, cantus):
    folder = project / "recipes" / "tiny"
    folder.mkdir()
    text = 'extends = "../words.toml"\n[training]\nbatch_size = "1"\n'
    (folder / "words.toml").write_text(text)
    for words in (["check"], ["check", "words"]):
        answer = cantus(*words)
        assert answer.code == 2
        assert answer.error == (
            "error: recipes/tiny/words.toml:3  training.batch_size: expected a whole number, got "
            "'1'\n"
        )


def test_a_recipe_without_a_file_for_the_profile_runs_as_written_and_a_note_says_so(
    project, cantus, recipe
):
    for name in ("my_vae", "other"):
        text = recipe.replace('"words"', f'"{name}"', 1)
        (project / "recipes" / f"{name}.toml").write_text(text)
    answer = cantus("check", "my_vae")
    assert answer.code == 0
    assert answer.out.splitlines()[0].split()[:3] == ["my_vae", "vqvae", "full"]
    assert answer.out.endswith("note: recipes/demo has no my_vae.toml: my_vae runs as written\n")
    said = "\nnote: 2 recipes have no file in recipes/demo and run as written ('full' above)\n"
    assert said in cantus("check").out
    params = (project / "params.toml").read_text()
    (project / "params.toml").write_text(params.replace('"demo"', '"full"'))
    assert "recipes/demo" not in cantus("check").out


def test_a_profile_without_a_folder_is_a_fault_of_params(project, cantus):
    params = (project / "params.toml").read_text()
    (project / "params.toml").write_text(params.replace('"demo"', '"dmo"'))
    answer = cantus("check")
    assert answer.code == 2
    assert answer.error.startswith("error: params.toml  profile: There is no profile 'dmo': ")
    assert "the folder recipes/dmo does not exist (there are: full, demo)" in answer.error
    for words in (["train", "words"], ["resolve", "words"], ["diff", "words", "--upstream"]):
        answer = cantus(*words)
        assert (answer.code, answer.out) == (2, "")
        assert answer.error.startswith("error: There is no profile 'dmo'")
    assert not (project / "build").exists()


def test_a_folder_called_full_is_a_fault(project, cantus):
    (project / "recipes" / "full").mkdir()
    answer = cantus("check")
    assert answer.code == 2
    assert "recipes/full is never read: that profile uses recipes as written" in answer.error


def test_a_demo_without_its_recipe_is_a_fault(project, cantus):
    demo = project / "recipes" / "demo"
    (demo / "word.toml").write_text('extends = "../word.toml"\n')
    answer = cantus("check")
    assert answer.code == 2
    assert answer.error.startswith(
        "error: recipes/demo/word.toml:1  extends: no such file; did you"
    )


def test_a_published_setup_is_checked_like_a_recipe(project, cantus):
    path = project / "upstream" / "audio_puzzle_vae.toml"
    path.write_text(path.read_text().replace("batch_size = 64", "batch_size = 0"))
    answer = cantus("check")
    assert answer.code == 2
    assert answer.error.startswith("error: upstream/audio_puzzle_vae.toml:")
    assert answer.error.endswith("training.batch_size: must be at least 1\n")


def test_a_published_setup_that_is_not_there_is_named_with_the_nearest(project, cantus, recipe):
    text = recipe.replace("audio_puzzle_vae", "audio_puzzle_vea")
    (project / "recipes" / "words.toml").write_text(text)
    for words in (["check"], ["diff", "words", "--upstream"], ["train", "words"]):
        answer = cantus(*words)
        assert answer.code == 2
        assert (
            "recipes/words.toml:5  upstream: there is no upstream/audio_puzzle_vea.toml; did you "
            "mean 'audio_puzzle_vae'? (there are: audio_puzzle_vae)"
        ) in answer.error


@pytest.mark.parametrize(
    ("file", "text", "said"),
    [
        ("words", "schema = 1\n", "recipes/words.toml:1  schema: this Cantus reads schema 2"),
        ("child", 'extends = "demo/words.toml"\n', "extends: a recipe may not extend a demo"),
        ("demo/words", 'extends = "words.toml"\n', "extends: a recipe of recipes/demo extends its"),
        ("child", 'extends = "../child.toml"\n', "extends: ../child.toml lies outside recipes/"),
    ],
)
def test_what_may_not_be_extended_is_refused_by_every_command_and_nothing_is_written(
    project, cantus, file, text, said
):
    (project / "recipes" / f"{file}.toml").write_text(text)
    name = file.rpartition("/")[2]
    before = sorted(project.rglob("*"))
    for words in (["check"], ["resolve", name], ["train", name], ["diff", name, "--upstream"]):
        answer = cantus(*words)
        assert answer.code == 2
        assert said in answer.error
        assert "Traceback" not in answer.error
    assert sorted(project.rglob("*")) == before


def test_a_corpus_that_params_lack_is_blamed_on_its_line(project, cantus, recipe):
    (project / "recipes" / "words.toml").write_text(recipe.replace('s = "words"', 's = "word"'))
    answer = cantus("check")
    assert answer.code == 2
    assert answer.error.startswith(
        "error: recipes/words.toml:8  dataset.corpus: params.toml has no [corpora.word]; did you "
        "mean 'words'? (there are: words)."
    )


def test_an_unknown_recipe_names_those_there_are(project, cantus):
    answer = cantus("check", "word")
    assert answer.code == 2
    assert "recipes/word.toml  no such file; did you mean 'words.toml'?" in answer.error


def test_a_project_without_recipes_says_so(project, cantus):
    (project / "recipes" / "words.toml").unlink()
    answer = cantus("check")
    assert answer.code == 2
    assert "holds no recipe" in answer.error


def test_a_copy_that_is_no_checkout_is_refused(project, cantus):
    shutil.rmtree(project / ".git")
    answer = cantus("check")
    assert answer.code == 2
    assert "is not a git checkout" in answer.error


def test_the_help_has_an_example(cantus):
    assert "Examples:\n    cantus check  " in cantus("check", "--help").out


def test_the_command_imports_no_torch_and_leaves_with_2(project):
    code = (
        "import sys; from engine.cli import main\n"
        "try: main(['check', '-S', 'x=1'])\n"
        "finally: print(sorted({'torch', 'numpy', 'aim', 'matplotlib'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert done.returncode == 2
    assert done.stdout == "[]\n"
    assert "Traceback" not in done.stderr
    assert "-S x=1  x: no such setting" in done.stderr


@pytest.fixture
def cloning(project):
    """A project with the recipe of a language model that reads another recipe's codec."""
    root = Path(__file__).parents[2]
    for name in ("higgs_zero_shot.toml", "demo/higgs_zero_shot.toml"):
        shutil.copy(root / "recipes" / name, project / "recipes" / name)
    shutil.copytree(root / "upstream", project / "upstream", dirs_exist_ok=True)
    corpus = '\n[corpora.cloning]\nsource = "builtin"\nsample_rates_hz = [8_000]\n'
    params = project / "params.toml"
    params.write_text(params.read_text() + corpus)
    return project


def test_a_model_that_is_read_and_that_no_recipe_trains_is_noted(cloning, cantus):
    answer = cantus("check", "higgs_zero_shot")
    assert answer.code == 0, answer.error
    note = "reads the model of codec_tokens, and there is no recipe codec_tokens in recipes/"
    assert note in answer.out


def test_a_model_that_is_read_and_not_trained_yet_is_noted_until_it_is(cloning, cantus):
    (cloning / "recipes" / "codec_tokens.toml").touch()
    answer = cantus("check", "higgs_zero_shot")
    assert "codec_tokens is not trained yet: dvc repro higgs_zero_shot trains it" in answer.out
    (cloning / "models" / "codec_tokens" / "export").mkdir(parents=True)
    assert "codec_tokens" not in cantus("check", "higgs_zero_shot").out
