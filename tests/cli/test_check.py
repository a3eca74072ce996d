import os
import shutil
import subprocess
import sys

import tomli


def test_a_sound_recipe_is_a_line(project, cantus):
    answer = cantus("check")
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
    plain = cantus("check").out.split()[-1]
    assert cantus("check", "-S", "training.epochs=2").out.split()[-1] != plain
    assert cantus("check", "-S", "training.log_every_steps=2").out.split()[-1] == plain


def test_a_recipe_may_be_named_or_given_by_path(project, cantus):
    assert cantus("check", "words").out == cantus("check", "recipes/words.toml").out


def test_all_faults_of_all_files_are_told_at_once(project, cantus, recipe):
    params = (project / "params.toml").read_text()
    (project / "params.toml").write_text(params.replace("seed = 1", "seed = -1"))
    (project / "recipes" / "other.toml").write_text(recipe.replace("batch_size = 64", ""))
    (project / "recipes" / "third.toml").write_text("a = \n")
    answer = cantus("check")
    assert answer.code == 2
    assert [line.partition("  ")[0] for line in answer.error.splitlines()] == [
        "error: 4 faults",
        "params.toml:2",
        "recipes/other.toml:2",
        "recipes/other.toml:21",
        "recipes/third.toml:1",
    ]
    assert answer.out.startswith("words  vqvae")


def test_every_profile_is_checked_not_only_the_chosen_one(project, cantus, recipe):
    text = recipe + '\n[profile.tiny.training]\nbatch_size = "1"\n'
    (project / "recipes" / "words.toml").write_text(text)
    line = len(text.splitlines())
    answer = cantus("check")
    assert answer.code == 2
    assert answer.error == (
        f"error: recipes/words.toml:{line}  training.batch_size: expected a whole number, got '1'\n"
    )


def test_a_profile_that_the_recipe_lacks_is_a_fault(project, cantus, recipe):
    (project / "recipes" / "words.toml").write_text(recipe.partition("[profile")[0])
    answer = cantus("check")
    assert answer.code == 2
    assert "no profile 'demo' (there are: full)" in answer.error


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
    assert "is no git checkout" in answer.error


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
