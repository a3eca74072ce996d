"""Real shells ask the real program what to complete."""

import shutil
import subprocess
import sys
from pathlib import Path

import click
import pytest

from engine.cli import commands

CANTUS = Path(sys.executable).with_name("cantus")
ASK = """\
compopt() { open=1; }
ask() {
    COMP_LINE="$1" COMP_POINT=${#1} open=0
    _cantus_completion cantus
    echo "$1=> ${COMPREPLY[*]}|$open"
}
"""


@pytest.fixture
def bash(project, monkeypatch):
    """What bash is offered for lines, and whether the word goes on: {line: (words, is_open)}."""
    monkeypatch.setenv("PATH", f"{CANTUS.parent}:/usr/bin:/bin")

    def ask(*lines):
        asked = "\n".join(f"ask {line!r}" for line in lines)
        script = f"source <(cantus completion bash)\n{ASK}{asked}\n"
        words = ["bash", "--norc", "-c", script]
        done = subprocess.run(words, capture_output=True, text=True, check=True, cwd=project)
        assert done.stderr == ""
        answers = dict(line.split("=> ") for line in done.stdout.splitlines())
        return [(one.split("|")[0].split(), one[-1] == "1") for one in answers.values()]

    return ask


def test_bash_completes_commands_options_names_and_settings(bash, project):
    (project / "models/trained").mkdir(parents=True)
    (project / "models/trained/recipe.toml").write_text('system = "codec"\n')
    offered = bash(
        "cantus tr",
        "cantus train --ag",
        "cantus train ",
        "cantus ingest ",
        "cantus why ",
        "cantus encode a.wav --model ",
        "cantus train words -S training.b",
        "cantus train words -S training.precision=b",
    )
    assert offered == [
        (["train"], False),
        (["--again"], False),
        (["trained", "words"], False),
        (["words"], False),
        (["trained"], False),
        (["trained"], False),
        (
            ["training.batch_size=", "training.best=", "training.best_is=", "training.best_by="],
            True,
        ),
        (["bf16"], False),
    ]


def test_faults_and_folders_without_a_project_complete_nothing(bash, project):
    (project / "params.toml").write_text("[corpora\n")
    (project / "recipes/words.toml").write_text("system = [")
    assert bash("cantus ingest ", "cantus train words -S tr") == [([], False), ([], False)]
    shutil.rmtree(project / "recipes")
    assert bash("cantus train ") == [([], False)]


@pytest.mark.parametrize("name", commands.list_commands(click.Context(commands)))
def test_every_word_of_a_command_is_a_name_a_choice_a_file_or_free(name):
    free = {("new", "name"), ("speak", "text")}
    command = commands.get_command(click.Context(commands), name)
    options = [one for parameter in command.params for one in parameter.opts]
    assert sorted(set(options)) == sorted(options)
    for argument in command.params:
        if isinstance(argument, click.Argument) and (name, argument.name) not in free:
            known = isinstance(argument.type, click.Path | click.Choice)
            assert known or argument._custom_shell_complete, argument.name
        if argument.name in ("overrides", "model", "checkpoint"):
            assert argument._custom_shell_complete


@pytest.mark.skipif(shutil.which("fish") is None, reason="needs fish")
def test_fish_completes_settings(project, monkeypatch):
    monkeypatch.setenv("PATH", f"{CANTUS.parent}:/usr/bin:/bin")
    script = 'cantus completion fish | source; complete -C "cantus train words -S training.ba"'
    words = ["fish", "--no-config", "-c", script]
    done = subprocess.run(words, capture_output=True, text=True, check=True, cwd=project)
    assert done.stdout.split("\t")[0] == "training.batch_size="


def test_the_scripts_of_bash_and_zsh_are_sound(cantus):
    for shell in ("bash", "zsh"):
        script = cantus("completion", shell).out
        if shutil.which(shell):
            subprocess.run([shell, "-n", "-c", script], check=True)
