"""The code blocks of a Markdown page."""

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
LANGUAGES = {"python", "bash", "toml", "text", "json"}

_FENCE = re.compile(r"^( *)```(.*)$")


@dataclass(frozen=True)
class Block:
    """A fenced block: its language ("" where none is named), its code, and the line of the page that it begins at."""

    language: str
    code: str
    line: int


def blocks_of(page: Path) -> list[Block]:
    """Return the fenced blocks of a page, in order."""
    found, inside, language, begin = [], None, "", 0
    for number, line in enumerate(page.read_text("utf-8").splitlines(), start=1):
        fence = _FENCE.match(line)
        if fence and inside is None:
            inside, language, begin = [], fence[2].split(" ")[0].strip(), number + 1
        elif fence:
            found.append(Block(language, "\n".join(inside or ()), begin))
            inside = None
        elif inside is not None:
            inside.append(line)
    assert inside is None, f"{page}:{begin - 1}: the block is not closed"
    return found


def commands_of(block: Block) -> list[str]:
    """Return the commands of a shell block: continued lines joined, comments and blank lines left out."""
    joined = re.sub(r" *\\\n *", " ", block.code)
    bare = (re.sub(r"(^|\s)#.*$", "", line).strip() for line in joined.splitlines())
    return [line for line in bare if line]
