"""What click refuses on a command line, in the words of Cantus: what is allowed, what to do."""

from collections.abc import Sequence

import click

from engine.files.nearest import suggestion


def usage_in_words(error: click.ClickException) -> str:
    """An error of click as sentences."""
    context = getattr(error, "ctx", None)
    command = context.command_path if context else "cantus"
    return f"{_what(error, command, context)} See '{command} --help'."


def choices_of(error: click.ClickException) -> Sequence[str]:
    """Allowed words, where they can be listed: choices of a value, options of a command."""
    if isinstance(error, click.NoSuchOption):
        return _options(getattr(error, "ctx", None))
    kind = getattr(getattr(error, "param", None), "type", None)
    return [str(one) for one in kind.choices] if isinstance(kind, click.Choice) else []


def _what(error: click.ClickException, command: str, context: click.Context | None) -> str:
    if isinstance(error, click.NoSuchOption):
        near = suggestion(error.option_name, _options(context))
        return f"'{command}' has no option '{error.option_name}'.{near}"
    if isinstance(error, click.MissingParameter):
        return _missing(error, command, context)
    if isinstance(error, click.BadParameter) and error.param is not None:
        return f"{_name(error.param)}: {_ended(error.message)}{_near(error)}"
    said = _ended(error.format_message())
    return f"{said[:1].upper()}{said[1:]}"


def _missing(error: click.MissingParameter, command: str, context: click.Context | None) -> str:
    name = _name(error.param) if error.param else "a value"
    usage = f" Usage: {_ended(' '.join(_usage(context)))}" if context else ""
    return f"'{command}' needs {name}.{usage}"


def _usage(context: click.Context) -> list[str]:
    return [context.command_path, *context.command.collect_usage_pieces(context)]


def _name(parameter: click.Parameter) -> str:
    """An option by its longest name, an argument as the help writes it."""
    if isinstance(parameter, click.Option):
        return max(parameter.opts, key=len)
    return parameter.human_readable_name.strip("[].")


def _options(context: click.Context | None) -> list[str]:
    if context is None:
        return []
    return [name for one in context.command.get_params(context) for name in one.opts]


def _near(error: click.BadParameter) -> str:
    """A suggestion of the choice most similar to a wrong one."""
    kind, said = getattr(error.param, "type", None), error.message.split("'")
    return suggestion(said[1], kind.choices) if isinstance(kind, click.Choice) and said[1:] else ""


def _ended(text: str) -> str:
    text = text.strip()
    return text if text.endswith((".", "?", "!")) else f"{text}."
