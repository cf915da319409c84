"""Peak resident memory: of fitting 20NG beyond the bare imports, and of an epoch over a million documents on disk.

    python benchmarks/memory.py --out benchmarks/results/memory.md

Each measurement has its own process: this script, started again with ``--step``.
"""

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path

from machine import ROOT, peak_megabytes, provenance

IMPORTS_LIMIT_MB = 250
MILLION_LIMIT_MB = 2048
MILLION = {"n_docs": 1_000_000, "n_topics": 50, "n_words": 50_000, "mean_length": 50, "random_state": 0}
STEPS = ("imports", "fit", "generate", "open", "epoch")


def main() -> None:
    arguments = parse_arguments()
    if arguments.step:
        begin = time.perf_counter()
        STEP[arguments.step](arguments)
        print(json.dumps({"peak_mb": peak_megabytes(), "seconds": time.perf_counter() - begin}))
        return
    text = report(
        {step: measure_step(step, arguments) for step in STEPS if arguments.million or step in ("imports", "fit")}
    )
    print(text)
    if arguments.out:
        from topicml.files import atomic_file

        with atomic_file(arguments.out) as temporary:
            temporary.write_text(text, encoding="utf-8")


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("--corpora", type=Path, default=ROOT.parent / "shared" / "corpora", help="folder of the corpora")
    add("--work", type=Path, default=ROOT / "runs" / "memory", help="folder of the synthetic corpus (about 1 GB)")
    add("--no-million", action="store_false", dest="million", help="20NG only")
    add("--out", type=Path, help="write the table here too (Markdown)")
    add("--step", choices=STEPS, help=argparse.SUPPRESS)
    return parser.parse_args()


def measure_step(step: str, arguments: argparse.Namespace) -> dict[str, float]:
    """peak_mb and seconds of a step, run in its own process."""
    paths = ["--corpora", str(arguments.corpora), "--work", str(arguments.work)]
    command = [sys.executable, str(Path(__file__).resolve()), "--step", step, *paths]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    result = json.loads(done.stdout.splitlines()[-1])
    print(f"{step}: {result['peak_mb']:.0f} MB, {result['seconds']:.0f} s", file=sys.stderr, flush=True)
    return result


def imports(arguments: argparse.Namespace) -> None:
    """Import what a fit needs, and nothing else."""
    from topicml import Corpus, ProdLDA  # noqa: F401


def fit(arguments: argparse.Namespace) -> None:
    """Read 20NG and fit ProdLDA with its defaults."""
    from topicml import Corpus, ProdLDA

    ProdLDA(n_topics=50, random_state=0).fit(Corpus.read(arguments.corpora / "20NG"))


def generate(arguments: argparse.Namespace) -> None:
    """Draw a million documents from LDA, chunk by chunk, into a folder; an existing folder is kept."""
    from topicml.corpus.synthetic import lda

    if not million_folder(arguments).exists():
        lda(**MILLION, folder=million_folder(arguments))


def open_(arguments: argparse.Namespace) -> None:
    """Open the million documents."""
    from topicml import Corpus, ProdLDA  # noqa: F401

    Corpus.open(million_folder(arguments))


def epoch(arguments: argparse.Namespace) -> None:
    """Open the million documents and train ProdLDA for one epoch."""
    from topicml import Corpus, ProdLDA

    ProdLDA(n_topics=50, max_epochs=1, random_state=0).fit(Corpus.open(million_folder(arguments)))


STEP = {"imports": imports, "fit": fit, "generate": generate, "open": open_, "epoch": epoch}


def million_folder(arguments: argparse.Namespace) -> Path:
    """Folder of the synthetic corpus."""
    return arguments.work / "million"


def report(steps: dict[str, dict[str, float]]) -> str:
    """The table, and whether the limits hold, in Markdown."""
    names = {
        "imports": "bare imports (`from topicml import Corpus, ProdLDA`)",
        "fit": "ProdLDA fitted to 20NG (11,314 documents, 5,000 words)",
        "generate": "1,000,000 documents over 50,000 words drawn into a folder",
        "open": "those opened",
        "epoch": "those opened, and one epoch of ProdLDA",
    }
    rows = ["| process | peak MB | seconds |", "|---|---|---|"]
    rows += [f"| {names[step]} | {r['peak_mb']:.0f} | {r['seconds']:.1f} |" for step, r in steps.items()]
    above = steps["fit"]["peak_mb"] - steps["imports"]["peak_mb"]
    verdicts = [f"Fitting 20NG above the imports: {above:.0f} MB ({verdict(above, IMPORTS_LIMIT_MB)})."]
    if "epoch" in steps:
        peak = steps["epoch"]["peak_mb"]
        verdicts.append(f"An epoch over a million documents: {peak:.0f} MB ({verdict(peak, MILLION_LIMIT_MB)}).")
    return "\n\n".join(["# Peak memory", provenance(), "\n".join(rows), "\n".join(f"- {v}" for v in verdicts)]) + "\n"


def verdict(megabytes: float, limit: int) -> str:
    """Say whether a value is within its limit."""
    return f"limit {limit:,}: {'pass' if megabytes <= limit else 'FAIL'}"


if __name__ == "__main__":
    main()
