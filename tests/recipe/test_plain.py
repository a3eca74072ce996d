import tomli

from engine.recipe import load_recipe, to_plain, to_toml, write_recipe
from engine.system_support.discovery import recipe_classes


def test_defaults_and_kinds_are_filled_in_and_none_is_left_out(load):
    plain = to_plain(load())
    assert plain["model"]["quantizer"] == {"kind": "gradient", "num_codes": 10}
    assert plain["optimizer"]["autoencoder"]["betas"] == [0.9, 0.999]
    assert "steps" not in plain["training"]
    assert "start" not in plain


def test_a_renamed_key_is_written_by_its_name_in_the_file(load, minimal):
    plain = to_plain(load(f"{minimal}\n[start]\nfrom = 'parent'\n"))
    assert plain["start"] == {
        "from": "parent",
        "pick": "best",
        "carry": ["weights"],
        "evaluation": "inherited",
    }


def test_tables_keep_the_schemas_order(load):
    keys = list(to_plain(load()))
    assert keys[:4] == ["schema", "name", "system", "summary"]
    assert keys.index("dataset") < keys.index("model") < keys.index("training")


def test_a_written_recipe_reads_back_the_same(load, folder):
    recipe = load()
    path = folder / "resolved" / "words.toml"
    write_recipe(recipe, path)
    assert load_recipe(path, classes=recipe_classes()) == recipe


def test_the_identity_view_holds_only_what_counts(load, minimal):
    recipe = load(minimal + "\n[guard]\n'eval/loss' = { below = 9.0 }\n[samples]\nnum_clips = 2\n")
    view = to_plain(recipe, identity_only=True)
    assert not {"summary", "guard", "samples", "upstream"} & set(view)
    assert "log_every_steps" not in view["training"]
    assert view["system_version"] == type(recipe).version


def test_one_guard_of_a_metric_is_a_table_and_several_are_a_list(load, minimal):
    text = """
[guard]
"eval/loss" = [{ below = 9.0 }, { plateau_steps = 5 }]
"eval/order" = [{ above = 0.0 }]
"""
    plain = to_plain(load(minimal + text))["guard"]
    assert [guard.get("below") for guard in plain["eval/loss"]] == [9.0, None]
    assert plain["eval/order"]["above"] == 0.0


def test_the_toml_holds_the_plain_values(load):
    assert tomli.loads(to_toml(load())) == to_plain(load())


def test_a_file_that_is_up_to_date_is_left_alone(load, minimal, folder):
    path = folder / "resolved.toml"
    write_recipe(load(), path)
    before = path.stat().st_mtime_ns, path.stat().st_ino
    write_recipe(load(), path)
    assert (path.stat().st_mtime_ns, path.stat().st_ino) == before
    write_recipe(load(minimal, "training.epochs=6"), path)
    assert tomli.loads(path.read_text())["training"]["epochs"] == 6
