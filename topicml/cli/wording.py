"""Messages of the library in the words of the command line: options instead of Python's arguments."""

import inspect
import re
import sys

_OPTIONS = {
    "n_topics": "--topics",
    "max_epochs": "--epochs",
    "random_state": "--seed",
    "device": "--device",
    "contrast": "--contrast",
    "balance": "--balance",
    "set_size": "--set-size",
    "parents": "--parents",
    "prevalence": "--prevalence",
    "response": "--response",
    "time": "--time",
    "by": "--by",
    "content": "--content",
    "translations": "--translations",
    "dictionary": "--dictionary",
    "text_column": "--text-column",
    "label_column": "--label-column",
    "encoding": "--encoding",
    "tokenized": "--tokenized",
    "overwrite": "--overwrite",
    "language": "--language",
    "min_df": "--min-df",
    "max_df": "--max-df",
    "max_features": "--max-features",
    "stop_words": "--stop-words",
    "phrases": "--phrases",
    "n_jobs": "--jobs",
    "keep_other_versions": "--keep-other-versions",
}
_VALUE = r"(?:'[^']*'|\"[^\"]*\"|\[[^\]]*\]|\{[^}]*\}|…|[\w+-]+(?:\.\d+)?)"
_ARGUMENT = re.compile(rf"(?<![\w./-])(?<!--set )(?<!--preprocess )([a-z]\w*)=({_VALUE})")
_NAME = re.compile(r"(?<![\w'\"/.-])([a-z]+(?:_[a-z]+)+)(?![\w'\"/=(])")
_QUOTED = re.compile(r"`([a-z]\w*)`")
_TWICE = re.compile(r"(--[a-z-]+)((?: [^()\s]+)?) \(\1[^()]*\)")


def in_options(message: str) -> str:
    """Name the options of the command line where a message names arguments of Python.

    Parameters
    ----------
    message : str
        Of an error or a warning: "text_column='titel' is unknown", "Use a smaller n_topics."

    Returns
    -------
    str
        "--text-column titel is unknown", "Use a smaller --topics."
    """
    known = _model_parameters(), _preprocessor_options()
    message = _ARGUMENT.sub(lambda found: _option(found, *known), message)
    message = _NAME.sub(lambda found: _OPTIONS.get(found[1], found[1]), message)
    message = _QUOTED.sub(lambda found: _OPTIONS.get(found[1], found[0]), message)
    message = message.replace("preprocessor had no effect", "the options of preprocessing had no effect")
    return _TWICE.sub(r"\1\2", message)


def _option(found: re.Match[str], parameters: set[str], preprocessing: set[str]) -> str:
    name, value = found[1], found[2]
    plain = value[1:-1] if value[0] in "'\"" else value.lower() if value in ("True", "False") else value
    if name == "parents":  # a list in Python, numbers with commas on the command line
        plain = plain.strip("[]").replace(" ", "")
        return f"--parents {plain}"
    if name in _OPTIONS and value == "True":
        return _OPTIONS[name]
    if name in _OPTIONS and value != "False" and value[0] not in "[{":
        return f"{_OPTIONS[name]} {plain}"
    if name in preprocessing:
        return f"--preprocess {name}={plain}"
    if name in parameters:
        return f"--set {name}={plain}"
    return found[0]


def _model_parameters() -> set[str]:
    """Parameters of all models, if models are loaded: otherwise no message is about them."""
    if "topicml.models" not in sys.modules:
        return set()
    from topicml.models.registry import model_class, model_names

    return {name for model in model_names() for name in inspect.signature(model_class(model)).parameters}


def _preprocessor_options() -> set[str]:
    if "topicml.corpus" not in sys.modules:
        return set()
    from topicml.corpus.preprocessing import Preprocessor

    return set(inspect.signature(Preprocessor).parameters)
