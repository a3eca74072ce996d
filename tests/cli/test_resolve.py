import hashlib

import tomli

from engine.evaluation.clip_table import ClipTable, write_clip_table
from engine.evaluation.digests import as_digests
from engine.project import Project


def resolved(project):
    return project / "build" / "recipes" / "words.toml"


def test_the_resolved_recipe_is_written_under_the_profile(project, cantus):
    answer = cantus("resolve", "words")
    assert (answer.code, answer.out) == (0, "build/recipes/words.toml\n")
    values = tomli.loads(resolved(project).read_text())
    assert values["training"]["epochs"] == 1
    assert values["dataset"]["window"] == "first"
    assert "summary" not in values


def test_a_change_that_does_not_count_leaves_the_file_alone(project, cantus, recipe):
    cantus("resolve", "words")
    before = resolved(project).stat()
    changed = f"# new\n{recipe}\n[samples]\nnum_clips = 1\n"
    (project / "recipes" / "other").mkdir()
    other = 'extends = "../words.toml"\n[training]\nepochs = 9\n'
    (project / "recipes" / "other" / "words.toml").write_text(other)
    (project / "recipes" / "words.toml").write_text(changed)
    cantus("resolve", "words")
    after = resolved(project).stat()
    assert (after.st_mtime_ns, after.st_ino) == (before.st_mtime_ns, before.st_ino)


def test_an_inherited_change_reaches_the_file(project, cantus, recipe):
    parent = project / "recipes" / "parent.toml"
    parent.write_text(recipe.replace('name = "words"', 'name = "parent"'))
    child = 'extends = "parent.toml"\nname = "words"\n'
    (project / "recipes" / "words.toml").write_text(child)
    cantus("resolve", "words")
    before = resolved(project).read_text()
    parent.write_text(parent.read_text().replace("1e-3", "2e-3"))
    cantus("resolve", "words")
    assert resolved(project).read_text() == before.replace("0.001", "0.002")


def freeze(project, *names):
    digests = as_digests(hashlib.sha256(name.encode()).hexdigest() for name in names)
    write_clip_table(Project(project).frozen_evaluation("kept"), ClipTable(names, digests))


def test_a_frozen_clip_that_changed_reaches_the_file_and_their_order_does_not(
    project, cantus, recipe
):
    text = recipe.replace('corpus = "words"', 'corpus = "words"\nevaluation = "kept"')
    (project / "recipes" / "words.toml").write_text(text)
    freeze(project, "a", "b")
    assert cantus("resolve", "words").code == 0
    before = resolved(project).read_text()
    assert len(tomli.loads(before)["frozen_evaluation"]["clips_sha256"]) == 64
    freeze(project, "b", "a")
    cantus("resolve", "words")
    assert resolved(project).read_text() == before
    freeze(project, "a", "c")
    cantus("resolve", "words")
    assert resolved(project).read_text() != before


def test_a_frozen_set_that_does_not_exist_says_how_to_write_it(project, cantus, recipe):
    text = recipe.replace('corpus = "words"', 'corpus = "words"\nevaluation = "kept"')
    (project / "recipes" / "words.toml").write_text(text)
    answer = cantus("resolve", "words")
    assert (answer.code, "cantus pin-eval RECIPE --as kept" in answer.error) == (2, True)


def test_what_decides_the_clips_stands_apart_and_another_rate_does_not_reach_it(
    project, cantus, recipe
):
    cantus("resolve", "words")
    path = Project(project).resolved_data("words")
    before, text = path.stat(), path.read_text()
    tables = {"system_version", "system", "dataset", "model"}
    assert set(tomli.loads(text)) == tables
    changed = recipe.replace("1e-3", "2e-3").replace("batch_size = 64", "batch_size = 32")
    (project / "recipes" / "words.toml").write_text(changed)
    cantus("resolve", "words")
    after = path.stat()
    assert (after.st_mtime_ns, after.st_ino) == (before.st_mtime_ns, before.st_ino)
    changed = recipe.replace('corpus = "words"', 'corpus = "words"\nwindow = "loudest"')
    (project / "recipes" / "words.toml").write_text(changed)
    assert cantus("resolve", "words").code == 0
    assert path.read_text() != text


def test_nothing_is_written_of_a_faulty_recipe(project, cantus, recipe):
    (project / "recipes" / "words.toml").write_text(recipe.replace("1e-3", "0.0"))
    assert cantus("resolve", "words").code == 2
    assert not (project / "build").exists()


def test_the_code_that_trains_and_measures_is_written_module_by_module(project, cantus):
    cantus("resolve", "words")
    code = tomli.loads(resolved(project).read_text())["code"]
    assert {"engine.training.schedules", "engine.systems.vqvae.evaluate", "torch"} <= code.keys()
    assert "engine.systems.vqvae.samples" not in code


def test_without_a_name_all_recipes_and_corpora_are_written_and_those_that_are_gone_deleted(
    project, cantus, recipe
):
    other = project / "recipes" / "other.toml"
    other.write_text(recipe.replace('name = "words"', 'name = "other"'))
    assert cantus("resolve").code == 0
    written = sorted(path.name for path in resolved(project).parent.iterdir())
    assert written == ["other.data.toml", "other.toml", "words.data.toml", "words.toml"]
    corpus = tomli.loads(Project(project).resolved_corpus("words").read_text())
    assert corpus["source"]["sample_rates_hz"] == [16_000]
    assert "engine.corpus.audio.decode" in corpus["code"]
    assert "engine.corpus.account.summary" not in corpus["code"]
    other.unlink()
    cantus("resolve")
    written = sorted(path.name for path in resolved(project).parent.iterdir())
    assert written == ["words.data.toml", "words.toml"]


def test_a_faulty_recipe_keeps_the_others_from_nothing_and_loses_its_own_file(
    project, cantus, recipe
):
    other = project / "recipes" / "other.toml"
    other.write_text(recipe.replace('name = "words"', 'name = "other"'))
    cantus("resolve")
    other.write_text(other.read_text().replace("1e-3", "0.0"))
    answer = cantus("resolve")
    assert answer.code == 0
    assert "other cannot be trained: recipes/other.toml:" in answer.out
    assert resolved(project).is_file()
    assert not resolved(project).with_name("other.toml").exists()


def test_a_recipe_whose_corpus_is_not_packed_at_its_rate_has_no_files_and_says_nothing(
    project, cantus
):
    cantus("resolve")
    params = project / "params.toml"
    params.write_text(
        params.read_text().replace("[16_000]", "[8_000]").replace("[16000]", "[8000]")
    )
    answer = cantus("resolve")
    assert (answer.code, "words" in answer.out) == (0, False)
    assert not resolved(project).exists()
    assert not Project(project).resolved_data("words").exists()


def test_the_published_weights_that_a_recipe_starts_from_reach_the_file(project, cantus, recipe):
    text = f'{recipe}\n[start]\nweights = "published/some.pth"\n'
    (project / "recipes" / "words.toml").write_text(text)
    answer = cantus("resolve", "words")
    lacking = "words reads published/some.pth, which is missing: put published/some.pth there"
    assert (answer.code, lacking in answer.error) == (2, True)
    assert cantus("resolve").code == 0  # the stage starts, and its command says what is lacking
    assert lacking in tomli.loads(resolved(project).read_text())["lacking"]
    assert lacking in cantus("check", "words").out
    (project / "published").mkdir(exist_ok=True)
    (project / "published" / "some.pth").write_bytes(b"weights")
    assert cantus("resolve", "words").code == 0
    digests = tomli.loads(resolved(project).read_text())["published_weights"]["sha256"]
    assert digests == [hashlib.sha256(b"weights").hexdigest()]


def test_the_help_has_an_example(cantus):
    assert "Examples:\n    cantus resolve\n" in cantus("resolve", "--help").out
