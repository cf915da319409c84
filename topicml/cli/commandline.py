"""The command that is running, as text that can be typed again."""

import shlex
from enum import Enum
from typing import Any

import typer

_WITHOUT_EFFECT_ON_RESULT = {"out", "overwrite", "resume", "quiet", "verbose", "report", "words", "documents"}


def command_text(context: typer.Context) -> str:
    """The command with the arguments that decide its result.

    Parameters
    ----------
    context : typer.Context
        The context of the command.

    Returns
    -------
    str
        Quoted for a shell; without options that only decide where output goes and what is printed.
    """
    words = ["topicml"]
    for module in (context.parent.params.get("import_") if context.parent else None) or ():
        words += ["--import", module]
    words.append(context.info_name or "")
    for parameter in context.command.params:
        value = context.params.get(parameter.name or "")
        source = context.get_parameter_source(parameter.name or "")
        from_user = getattr(source, "name", "") == "COMMANDLINE"
        if value is None or not from_user or parameter.name in _WITHOUT_EFFECT_ON_RESULT:
            continue
        if parameter.param_type_name == "argument":
            words.append(_text(value))
        elif isinstance(value, bool):
            words.append(parameter.opts[0] if value else parameter.secondary_opts[0])
        else:
            for each in value if isinstance(value, (list, tuple)) else [value]:
                words += [parameter.opts[0], _text(each)]
    return shlex.join(words)


def _text(value: Any) -> str:
    return str(value.value if isinstance(value, Enum) else value)
