import json


def test_the_reference_is_printed(project, cantus):
    assert cantus("schema").out.startswith("# Recipe reference\n")


def test_the_json_schema_is_printed(project, cantus):
    assert json.loads(cantus("schema", "--json").out)["title"] == "Cantus recipe"


def test_both_are_written_to_docs_and_pages_of_an_older_schema_go(project, cantus):
    pages = project / "docs" / "recipe-reference"
    pages.mkdir(parents=True)
    (pages / "gone.md").write_text("# System `gone`\n")
    assert cantus("schema", "--write").out == ""
    assert "codec.md" in {page.name for page in pages.iterdir()}
    assert not (pages / "gone.md").exists()
    assert cantus("schema").out.startswith((pages / "index.md").read_text())
    schema = project / "docs" / "recipe.schema.json"
    assert schema.read_text() == cantus("schema", "--json").out


def test_the_help_has_an_example(cantus):
    assert "Examples:\n    cantus schema | less\n" in cantus("schema", "--help").out
