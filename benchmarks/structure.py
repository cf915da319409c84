"""Topics with structure: seeds, and other parts that a story can have.

    python benchmarks/structure.py --part seeds                      # continues after a kill
    python benchmarks/structure.py --part seeds --finished           # only finished runs, without any fit
    python benchmarks/structure.py --part against

Writes a section of structure.md; the sections of other parts stay. Corpora are read from ../shared/corpora, or from
$TOPICML_CORPORA. Peers are run by the interpreter in $TOPICML_PEERS, or by that of .peers, if it exists.
"""

import argparse
import os
import re
from pathlib import Path

import structure_against
import structure_covariates
import structure_languages
import structure_response
import structure_seeds
import structure_time
import structure_trees
from machine import ROOT

from topicml.files import atomic_file

HERE = Path(__file__).resolve().parent
FOLDER = Path(os.environ.get("TOPICML_CORPORA", ROOT.parent / "shared" / "corpora"))
PARTS = {  # a part has OURS, PEERS and section()
    "seeds": structure_seeds,
    "covariates": structure_covariates,
    "against": structure_against,
    "languages": structure_languages,
    "response": structure_response,
    "time": structure_time,
    "trees": structure_trees,
}
TITLE = "# Topics with structure\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    add = parser.add_argument
    add("--part", choices=PARTS, required=True)
    add("--seeds", nargs="+", type=int, default=[0], metavar="SEED")
    add("--systems", nargs="+", metavar="SYSTEM", help="by default all of the part")
    add("--finished", action="store_true", help="fit nothing: report finished runs")
    add("--runs", type=Path, default=ROOT / "runs" / "structure", help="folder of finished runs")
    add("--out", type=Path, default=HERE / "results" / "structure.md")
    arguments = parser.parse_args()
    part = PARTS[arguments.part]
    known = [*part.OURS, *part.PEERS]
    systems = arguments.systems or known
    if unknown := {*systems} - {*known}:
        parser.error(f"unknown systems {', '.join(sorted(unknown))}; use some of {', '.join(known)}")
    runs = arguments.runs / arguments.part
    text = part.section(FOLDER, runs, arguments.seeds, systems, finished=arguments.finished)
    page = arguments.out.read_text("utf-8") if arguments.out.exists() else TITLE
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    with atomic_file(arguments.out) as temporary:
        temporary.write_text(with_section(page, text), "utf-8")


def with_section(page: str, text: str) -> str:
    """The page with a section in place of the one with the same heading, or at the end."""
    heading = text.splitlines()[0]
    sections = re.split(r"(?m)^(?=## )", page)
    kept = [each.rstrip() for each in sections if each.splitlines()[:1] != [heading]]
    return "\n\n".join([*kept, text.rstrip()]) + "\n"


if __name__ == "__main__":
    main()
