"""Versions of the software that a run uses, before the run starts."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version

from topicml import __version__
from topicml.experiment.entries import ModelEntry

_QUERY = """
import json, sys
from importlib.metadata import PackageNotFoundError, version
versions = {}
for package in sys.argv[1:]:
    try:
        versions[package] = version(package)
    except PackageNotFoundError:
        pass
print(json.dumps(versions))
"""


def package_versions(packages: Sequence[str], python: str | None = None) -> dict[str, str]:
    """Versions of installed packages.

    Parameters
    ----------
    packages : sequence of str
        Names of distributions, such as "scikit-learn".
    python : str, optional
        The interpreter to ask; by default the current one.

    Returns
    -------
    dict
        Package to version. Packages that are not installed are left out, and all if the interpreter does not answer.
    """
    if not packages:
        return {}
    if python is None or os.path.abspath(python) == os.path.abspath(sys.executable):
        return _installed_here(packages)
    try:
        answer = subprocess.run([python, "-c", _QUERY, *packages], capture_output=True, text=True, check=True).stdout
        versions: dict[str, str] = json.loads(answer)
    except (OSError, subprocess.CalledProcessError, ValueError):
        return {}  # the run itself fails, and reports the error of the interpreter
    return versions


def versions_of(entry: ModelEntry) -> dict[str, str]:
    """Versions that belong to the identity of a model's runs.

    Parameters
    ----------
    entry : ModelEntry
        A model of a grid.

    Returns
    -------
    dict
        topicml's version for a topicml model, and those of the entry's `packages` that are installed where it runs.
    """
    topicml_version = {} if entry.model is None else {"topicml": __version__}
    return {**topicml_version, **package_versions(entry.packages, entry.python)}


def in_words(versions: dict[str, str]) -> str | None:
    """Versions as one string, "topicml 0.1.0, torch 2.11.0"; None if there are none."""
    return ", ".join(f"{package} {number}" for package, number in versions.items()) or None


def _installed_here(packages: Sequence[str]) -> dict[str, str]:
    versions = {}
    for package in packages:
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            continue
    return versions
