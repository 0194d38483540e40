"""The pages of the documentation, and what stands in them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

__all__ = ["PAGES", "TOP", "Block", "Page"]

TOP = Path(__file__).resolve().parents[2]
_FENCE = re.compile(r"^(?P<fence>`{3,})(?P<language>[^\n`]*)\n(?P<text>.*?)^(?P=fence)$", re.MULTILINE | re.DOTALL)
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)


@dataclass(frozen=True)
class Block:
    """A fenced block.

    Attributes:
        line: of its first line within the fence, counted from 1.
    """

    language: str
    text: str
    line: int


@dataclass(frozen=True)
class Page:
    """One Markdown file."""

    path: Path

    @property
    def name(self) -> str:
        return self.path.relative_to(TOP).as_posix()

    @cached_property
    def text(self) -> str:
        return self.path.read_text(encoding="utf-8")

    @property
    def blocks(self) -> list[Block]:
        """The fenced blocks, in order."""
        found = _FENCE.finditer(self.text)
        return [
            Block(each["language"].strip(), each["text"], self.text[: each.start()].count("\n") + 2) for each in found
        ]

    @cached_property
    def prose(self) -> str:
        """Without fenced blocks and comments."""
        return _COMMENT.sub("", _FENCE.sub("", self.text))

    @property
    def links(self) -> list[str]:
        """Where links and pictures lead; what stands in code isn't one."""
        return re.findall(
            r"\]\(([^()\s]+(?:\([^()]*\))?)\)", re.sub(r"(`+)(?!`).+?\1", "", self.prose, flags=re.DOTALL)
        )

    @property
    def spans(self) -> list[str]:
        """Code within the text, without breaks."""
        return [" ".join(each.split()) for each in re.findall(r"(?<!`)`([^`]+)`(?!`)", self.prose)]

    @cached_property
    def anchors(self) -> set[str]:
        """What ``#…`` may lead to, as GitHub makes it of headings: letters, digits, dashes and underscores in lower case."""
        found: dict[str, int] = {}
        for heading in re.findall(r"^#{1,6} +(.*?) *#*$", self.prose, flags=re.MULTILINE):
            plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
            slug = re.sub(r"[^\w\- ]", "", plain.lower()).replace(" ", "-")
            found[slug] = found.get(slug, -1) + 1
        return {
            slug if not number else f"{slug}-{number}" for slug, most in found.items() for number in range(most + 1)
        }


PAGES = [
    Page(path)
    for path in sorted(
        [*TOP.glob("*.md"), *(TOP / "docs").rglob("*.md"), *(TOP / "examples").glob("*/README.md")],
        key=lambda path: path.as_posix(),
    )
]
