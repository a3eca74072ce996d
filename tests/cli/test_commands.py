"""Commands are found by name: the engine's own, those of systems, and those under an old name."""

import pytest

from tests.packages import install, run_python, site  # noqa: F401 (fixtures)

CANTUS = "import sys; from engine.cli import main; main(sys.argv[1:])"
RECIPE = """\
from attrs import frozen
from engine.recipe.schema import Recipe

@frozen(kw_only=True)
class Bells(Recipe):
    turns = ("bells",)
"""
COMMANDS = """\
from engine.system_support.commands import Command
COMMANDS = (Command("{name}", "Ring the bells.", "{package}.{module}"),)
"""
RING = """\
import click

@click.command()
def command():
    click.echo("ding dong")
"""


@pytest.fixture
def add_command(install):  # noqa: F811
    """Install a package with a system that has a command: add_command(package, name)."""

    def add(package, name):
        commands = COMMANDS.format(name=name, package=package, module="ring")
        entry_point = f"{package} = {package}.recipe:Bells"
        install(package, entry_point, recipe=RECIPE, commands=commands, ring=RING)

    return add


def sections(help_text):
    """The commands of each section of the help."""
    found = {}
    for block in help_text.split("\n\n")[-5:]:
        title, *lines = block.splitlines()
        found[title.rstrip(":")] = {line.split()[0] for line in lines if line.strip()}
    return found


def test_without_words_and_with_help_commands_are_listed_by_what_they_are_for(cantus):
    bare = cantus()
    assert (bare.code, bare.error) == (0, "")
    assert bare.out == cantus("--help").out == cantus("-h").out
    found = sections(bare.out)
    assert {"adopt", "check", "new"} <= found["Getting started"]
    assert {"estimate", "train"} <= found["Training"]
    assert {"compare", "diff", "report"} <= found["Results"]
    of_systems = {"clone", "convert", "decode", "encode", "reconstruct", "speak"}
    assert found["Using a model"] == of_systems
    assert {"prepare", "refs", "resolve"} <= found["Called by DVC, and for scripts"]


def test_every_command_has_a_help_with_an_example(cantus):
    names = set().union(*sections(cantus("--help").out).values())
    assert len(names) >= 15
    for name in names:
        answer = cantus(name, "--help")
        assert answer.code == 0
        assert f"cantus {name}" in answer.out.partition("Examples:")[2], name


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("trian",), "There is no command 'trian'. Did you mean 'train'? 'cantus --help' lists"),
        (("xyz",), "There is no command 'xyz'. 'cantus --help' lists all commands."),
        (
            ("train", "--agian", "a"),
            "'cantus train' has no option '--agian'. Did you mean '--again'",
        ),
        (("train",), "'cantus train' needs RECIPE. Usage: cantus train [OPTIONS] RECIPE. See"),
        (("decode", "a.dac"), "'cantus decode' needs --model. Usage: cantus decode [OPTIONS]"),
        (("completion", "bsh"), "SHELL: 'bsh' is not one of 'bash', 'zsh', 'fish'. Did you mean"),
        (("listen", "--clips", "many"), "--clips: 'many' is not a valid integer range. See"),
        (("train", "a", "b"), "Got unexpected extra argument (b). See 'cantus train --help'."),
        (("ingest",), "Give the NAME of one corpus, or --all. See 'cantus ingest --help'."),
    ],
)
def test_what_click_refuses_is_an_error_like_any_other(cantus, words, said):
    answer = cantus(*words)
    assert (answer.code, answer.out) == (2, "")
    assert answer.error.startswith(f"error: {said}")
    assert answer.error.count("\n") == 1


@pytest.mark.parametrize(
    ("old", "new"), [("plan", "estimate"), ("phases", "refs"), ("freeze", "pin-eval")]
)
def test_a_command_under_its_old_name_is_told_the_new_one(cantus, old, new):
    answer = cantus(old, "words")
    assert (answer.code, answer.out) == (2, "")
    assert answer.error == f"error: 'cantus {old}' has another name now. Call 'cantus {new}'.\n"


def test_the_help_imports_no_torch_and_no_recipe_class(run_python):  # noqa: F811
    program = (
        "import sys\nfrom engine.cli import main\ntry: main(['--help'])\nexcept SystemExit: pass\n"
        "print({'torch', 'numpy', 'cattrs', 'engine.systems.xtts.recipe'} & sys.modules.keys())"
    )
    assert run_python(program).stdout.splitlines()[-1] == "set()"


def test_a_package_adds_a_command(add_command, run_python):  # noqa: F811
    add_command("bells", "ring")
    helped = run_python(CANTUS, "--help").stdout.split()
    assert " ".join(("ring", "Ring the bells. (bells)")) in " ".join(helped)
    assert run_python(CANTUS, "ring").stdout == "ding dong\n"


def test_two_systems_with_one_command_are_both_named(add_command, run_python):  # noqa: F811
    add_command("bells", "ring")
    add_command("gongs", "ring")
    done = run_python(CANTUS, "ring")
    assert (done.returncode, done.stdout) == (2, "")
    assert "'bells'" in done.stderr
    assert "'gongs' both add the command 'cantus ring'" in done.stderr


@pytest.mark.parametrize("name", ["train", "refs", "plan"])
def test_a_system_cannot_hide_a_built_in_command(add_command, run_python, name):  # noqa: F811
    add_command("bells", name)
    done = run_python(CANTUS, "--help")
    assert done.returncode == 2
    said = f"The system 'bells' adds the command 'cantus {name}', which is built in"
    assert said in done.stderr
    assert "bells" not in run_python(CANTUS, "train", "--help").stdout
