"""Hooks of the documentation's build: add the results of the benchmarks in the repository as pages."""

from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"
SHOWN = (".md", ".svg", ".png")


def on_files(files: Files, *, config: MkDocsConfig) -> Files:
    """Add ``benchmarks/README.md`` and all that is in ``benchmarks/results`` under ``benchmarks/``."""
    for path in [BENCHMARKS / "README.md", *sorted((BENCHMARKS / "results").rglob("*"))]:
        if path.suffix in SHOWN:
            place = f"benchmarks/{path.relative_to(BENCHMARKS).as_posix()}"
            files.append(File.generated(config, place, abs_src_path=str(path)))
    return files
