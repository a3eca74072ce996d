"""`cantus completion`: the script by which a shell completes the command line."""

import click
from click.shell_completion import get_completion_class

from engine.cli import COMPLETING, commands
from engine.cli.shells import register


@click.command()
@click.argument("shell", metavar="SHELL", type=click.Choice(["bash", "zsh", "fish"]))
def command(shell: str) -> None:
    """Print the script that lets SHELL complete commands, options, recipes, runs and -S keys.

    SHELL is bash, zsh or fish. Write the script where your shell looks for completions, then open a
    new shell. Zsh looks in the folders of $fpath, and needs `autoload -U compinit && compinit` in
    ~/.zshrc.

    \b
    Examples:
      cantus completion bash > ~/.local/share/bash-completion/completions/cantus
      cantus completion bash >> ~/.bashrc
      cantus completion zsh > ~/.zfunc/_cantus
      cantus completion fish > ~/.config/fish/completions/cantus.fish
    """
    register()
    script = get_completion_class(shell)
    assert script is not None
    click.echo(script(commands, {}, "cantus", COMPLETING).source(), nl=False)
