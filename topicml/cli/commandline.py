"""The command that is running, as one could type it again."""

import shlex
from enum import Enum
from typing import Any

import typer

_NOT_OF_THE_RESULT = {"out", "overwrite", "resume", "quiet", "verbose", "report", "words"}


def told(context: typer.Context) -> str:
    """The program, the command, and the arguments that were given; without those that only say where output goes."""
    words = ["topicml", context.info_name or ""]
    for parameter in context.command.params:
        value = context.params.get(parameter.name or "")
        source = context.get_parameter_source(parameter.name or "")
        if value is None or getattr(source, "name", "") != "COMMANDLINE" or parameter.name in _NOT_OF_THE_RESULT:
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
