import json
from pathlib import Path

from engine.recipe.json_schema import json_schema
from engine.recipe.params import Params
from engine.recipe.reference import reference_pages
from engine.recipe.tables import keys_of, tables_in, toml_key, type_words, walk
from engine.system_support.discovery import recipe_classes

DOCS = Path(__file__).parents[2] / "docs"


def test_the_written_reference_is_up_to_date():
    files = (DOCS / "recipe-reference").iterdir()
    written = {file.name: file.read_text(encoding="utf-8") for file in files}
    assert written == reference_pages(recipe_classes()), "run: cantus schema --write"


def test_the_written_json_schema_is_up_to_date():
    written = (DOCS / "recipe.schema.json").read_text(encoding="utf-8")
    assert json.loads(written) == json_schema(recipe_classes()), "run: cantus schema --write"


def test_every_plain_setting_and_every_metric_is_listed():
    text = "".join(reference_pages(recipe_classes()).values())
    for root in (*recipe_classes().values(), Params):
        for section in walk(root):
            assert not section.path or f"`[{section.path}]`" in text
            plain = [key for key in keys_of(section.table) if not tables_in(key.type)]
            assert all(f"| `{toml_key(key)}` | {type_words(key.type)} |" in text for key in plain)
    for system in recipe_classes().values():
        assert all(f"- `{metric}`: {what}" in text for metric, what in system.metrics.items())
        for metric in system.directions:
            lines = [one for one in text.splitlines() if one.startswith(f"- `{metric}`: ")]
            assert max(one.count("er is better") for one in lines) == 1


def test_a_setting_that_does_not_count_says_so():
    text = "".join(reference_pages(recipe_classes()).values())
    assert "| `log_every_steps` | whole number | `10` | no |" in text
    assert "| `learning_rate` | number | **required** | yes |" in text
    assert "| `num_clips` | whole number | `4` | no |" in text
