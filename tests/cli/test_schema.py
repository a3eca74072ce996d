import json


def test_the_reference_is_printed(project, cantus):
    assert cantus("schema").out.startswith("# Recipe reference\n")


def test_the_json_schema_is_printed(project, cantus):
    assert json.loads(cantus("schema", "--json").out)["title"] == "Cantus recipe"


def test_both_are_written_to_docs(project, cantus):
    assert cantus("schema", "--write").out == ""
    assert (project / "docs" / "recipe-reference.md").read_text() == cantus("schema").out
    assert (project / "docs" / "recipe.schema.json").read_text() == cantus("schema", "--json").out


def test_the_help_has_an_example(cantus):
    assert "Examples:\n    cantus schema | less\n" in cantus("schema", "--help").out
