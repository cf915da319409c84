"""``topicml doctor``: the packages that are installed, those that are missing, and how to install them."""

import configparser
import os
import re
import sys
from collections.abc import Iterator
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from platform import platform, python_implementation, python_version
from typing import Any

from topicml import __version__
from topicml.cli import printing
from topicml.cli.options import AsFormat, Format
from topicml.json_text import json_text

_CORE = (
    *("numpy", "scipy", "scikit-learn", "torch", "pyro-ppl", "gensim", "spacy", "spacy-lookups-data", "pyarrow"),
    *("safetensors", "typer", "rich"),
)
_FOR = {
    "frames": "tables as pandas or polars frames; show, search and docs",
    "datasets": "Hugging Face datasets",
    "pareto": "TorchJD's balances (--balance mgda, upgrad, …)",
    "plots": "interactive plots",
    "clouds": "word clouds",
    "maps": "UMAP maps (report --umap)",
    "pyldavis": "pyLDAvis",
    "embeddings": "sentence encoders (topicml encode)",
    "report": "topicml report, and report.html of a fit",
    "serve": "topicml serve",
    "tune": "topicml tune",
    "excel": "Excel files, read and written",
    "chinese": "Chinese split into words (jieba)",
    "cluster": "topicml transform --cluster (Dask)",
    "covariates": "formulas of fields that explain topics (formulaic)",
    "languages": "languages of single texts (topicml check)",
    "labels": "labels of topics by a language model on a server",
    "all": "all of the above",
}
_NOT_ADVISED = ("all", "embeddings")  # the encoders are large, and of use to those who ask for one
_ENVIRONMENT = ("TOPICML_HOME", "SCIKIT_LEARN_DATA", "CUDA_VISIBLE_DEVICES", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
_NAMED = re.compile(r"^([A-Za-z0-9._-]+)(?:\[([^\]]*)\])?")
_OF_EXTRA = re.compile(r"""extra\s*==\s*['"]([\w-]+)['"]""")


def doctor(as_format: AsFormat = Format.table) -> None:
    """Show versions, devices, and missing optional packages with the command that installs them.

    It changes, downloads and sends nothing. Include its output in a bug report.

    \b
    Examples:
      topicml doctor
      topicml doctor --format json
    """  # noqa: D301 - \b keeps the lines as they are
    facts = installation()
    if as_format is Format.json:
        print(json_text(facts))
        return
    for title, columns in (
        ("Versions", ("package", "version")),
        ("Computing", ("item", "value")),
        ("Optional parts", ("extra", "state", "provides", "missing", "install with")),
        ("Files", ("item", "path")),
    ):
        printing.heading(title)
        rows = facts[title.lower().replace(" ", "_")]
        printing.table(columns, [tuple(row.values()) for row in rows])
        print()
    missing = [row["package"] for row in facts["versions"] if row["version"] is None]
    if missing:
        print(f"The installation is incomplete: {', '.join(missing)} missing. To repair it: pip install topicml")
    wanted = [row for row in facts["optional_parts"] if row["missing"] and row["extra"] not in _NOT_ADVISED]
    if missing_extras := [row["extra"] for row in wanted]:
        print(f"To install all missing packages: pip install 'topicml[{','.join(missing_extras)}]'")


def installation() -> dict[str, list[dict[str, Any]]]:
    """The installation as JSON-able values; a broken package is an entry, not an exception."""
    return {
        "versions": [
            {"package": "topicml", "version": __version__},
            {"package": "Python", "version": f"{python_version()} ({python_implementation()}, {platform()})"},
            *({"package": name, "version": version_of(name)} for name in _CORE),
        ],
        "computing": [{"what": what, "found": value} for what, value in _computing()],
        "optional_parts": [_part(extra, packages) for extra, packages in extras().items()],
        "files": [{"what": what, "where": path} for what, path in _files()],
    }


def version_of(package: str) -> str | None:
    """Version of a package; None if it is not installed."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def extras() -> dict[str, list[str]]:
    """Packages of each extra for users, including the extras that it contains; empty without metadata."""
    direct: dict[str, list[str]] = {}
    within: dict[str, list[str]] = {}
    for extra, requirement in _requirements():
        match = _NAMED.match(requirement)
        if match is None:
            continue
        if match[1] == "topicml":
            within.setdefault(extra, []).extend(each.strip() for each in (match[2] or "").split(","))
        else:
            direct.setdefault(extra, []).append(match[1])

    def packages(extra: str) -> list[str]:
        inner = [package for each in within.get(extra, ()) for package in packages(each)]
        return list(dict.fromkeys([*direct.get(extra, ()), *inner]))

    return {extra: packages(extra) for extra in _FOR if extra in direct or extra in within}


def _requirements() -> Iterator[tuple[str, str]]:
    """Pairs of an extra and a requirement, from the source tree if this is one, or else from the installed package."""
    tree = Path(__file__).parents[2] / "setup.cfg"
    settings = configparser.ConfigParser()
    # The metadata of an editable installation is as old as the installation.
    if tree.is_file() and settings.read(tree, "utf-8") and settings.get("metadata", "name", fallback="") == "topicml":
        for extra, requirement_lines in settings.items("options.extras_require"):
            yield from ((extra, requirement) for requirement in requirement_lines.split("\n") if requirement)
        return
    try:
        requirements = metadata.requires("topicml") or []
    except metadata.PackageNotFoundError:
        return
    for requirement in requirements:
        if (extra_of := _OF_EXTRA.search(requirement)) is not None:
            yield extra_of[1], requirement


def _part(extra: str, packages: list[str]) -> dict[str, str | None]:
    missing = [name for name in packages if version_of(name) is None]
    return {
        "extra": extra,
        "state": "present" if not missing else "missing" if len(missing) == len(packages) else "in part",
        "brings": _FOR[extra],
        "missing": ", ".join(missing) or None,
        "to_get_it": f"pip install 'topicml[{extra}]'" if missing else None,
    }


def _computing() -> Iterator[tuple[str, str]]:
    yield "processors", f"{os.cpu_count()} in all, {_allowed()} for this process"
    try:
        import torch
    except Exception as error:
        # Any error (a missing library, an unsupported processor) is the diagnosis.
        yield "torch", f"cannot be imported: {type(error).__name__}: {error}"
    else:
        yield "threads of torch", str(torch.get_num_threads())
        if torch.cuda.is_available():
            for i in range(torch.cuda.device_count()):
                memory = torch.cuda.get_device_properties(i).total_memory / 1e9
                yield f"cuda:{i}", f"{torch.cuda.get_device_name(i)}, {memory:.0f} GB"
        else:
            built = "torch is built without CUDA" if torch.version.cuda is None else "no GPU found"
            yield "cuda", f"none ({built})"
        yield "mps", "present" if torch.backends.mps.is_available() else "none"
        from topicml.training import choose_device

        yield "device of a fit", str(choose_device("auto"))
    for name in _ENVIRONMENT:
        if name in os.environ:
            yield name, os.environ[name]


def _allowed() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _files() -> Iterator[tuple[str, str]]:
    yield "topicml", str(Path(__file__).parents[1])
    yield "Python", sys.executable
    from topicml.corpus.named import home

    yield "fetched corpora", _place(home() / "corpora")
    news = Path(os.environ.get("SCIKIT_LEARN_DATA") or "~/scikit_learn_data").expanduser()
    yield "20newsgroups", _place(news / "20news_home")
    yield "lookup lemmas of spaCy", _lookups()


def _place(folder: Path) -> str:
    if not folder.is_dir():
        return f"{folder} (nothing fetched yet)"
    names = sorted(each.name for each in folder.iterdir() if each.is_dir())
    return f"{folder} ({', '.join(names)})" if names else str(folder)


def _lookups() -> str:
    spec = find_spec("spacy_lookups_data")
    if spec is None or not spec.submodule_search_locations:
        return "none: inflected forms count as different words; pip install spacy-lookups-data"
    data = Path(next(iter(spec.submodule_search_locations))) / "data"
    languages = sorted({file.name.split("_")[0] for file in data.glob("*_lemma_lookup.json*")})
    return f"{data} ({len(languages)} languages: {', '.join(languages)})"
