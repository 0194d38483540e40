"""Make ``docs/reference/errors.md``: every code an error of ours can carry, from where it is raised.

Run it from a checkout: ``python docs/make_errors.py``. Reads the source; starts nothing.
"""  # noqa: INP001  (a script, not a package)

from __future__ import annotations

import ast
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from vis_tasks import errors

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

TOP = Path(__file__).resolve().parents[1]
PAGE = TOP / "docs/reference/errors.md"
_KINDS = {name: kind for name in errors.__all__ if issubclass(kind := getattr(errors, name), errors.VisError)}
_HEAD = """# Error codes

Made by `docs/make_errors.py` from the source.

Every way for a command to end badly has a code that stays the same while words change; with `--json` it is `error.code`. The exit
code tells the kind: 1 a refusal (nothing was changed), 2 input that can't be read as written, 3 something that was tried and
failed, 4 another release at work, 130, 143 and 129 a signal (`INTERRUPTED`). `NO_<EXTRA>_EXTRA` (2) says which extra to install;
`INTERNAL` (3) is a defect of ours. A code that isn't listed is npm's own, such as `E403`. `…` stands for what the message names.

| code | exit | what happened | the way out |
|---|--:|---|---|
"""


class Said(NamedTuple):
    """One place that raises: exit code, message and hint, with ``…`` for what is only known at run time."""

    exit_code: int
    message: str
    hint: str


def page() -> str:
    """The page's text."""
    found: dict[str, set[Said]] = defaultdict(set)
    for path in sorted((TOP / "vis_tasks").rglob("*.py")):
        for codes, said in _raised(ast.parse(path.read_text(encoding="utf-8"))):
            for code in codes:
                found[code].add(said)
    rows = [_row(code, said) for code in sorted(found) for said in _tellable(found[code])]
    return _HEAD + "\n".join(rows) + "\n"


def _raised(tree: ast.AST) -> Iterator[tuple[list[str], Said]]:
    for function in ast.walk(tree):
        if not isinstance(function, ast.FunctionDef):
            continue
        local = {
            node.targets[0].id: node.value
            for node in ast.walk(function)
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
        }
        for node in ast.walk(function):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _KINDS and node.args:
                yield _read(node, _KINDS[node.func.id], local)


def _read(call: ast.Call, kind: type[errors.VisError], local: Mapping[str, ast.expr]) -> tuple[list[str], Said]:
    """The codes it may carry, and what it says."""
    named = {keyword.arg: keyword.value for keyword in call.keywords}
    codes = _texts(named["code"], local) if "code" in named else [kind.default_code]
    hints = " / ".join(_texts(named["hint"], local)) if "hint" in named else ""
    known = [code for code in codes if code.isidentifier()]
    return known, Said(kind.exit_code, " / ".join(_texts(call.args[0], local)), hints)


def _texts(node: ast.expr, local: Mapping[str, ast.expr]) -> list[str]:
    """The texts an expression may give; both sides of a choice."""
    match node:
        case ast.Constant(str(text)):
            return [text]
        case ast.Name(name) if name in local:
            return _texts(local[name], {})
        case ast.IfExp(body=body, orelse=orelse):
            return [text for side in (body, orelse) for text in _texts(side, local) if text]
        case ast.BinOp(left=left, right=right):
            return [first + second for first in _texts(left, local) for second in _texts(right, local)]
        case ast.JoinedStr(values=values):
            return ["".join(str(value.value) if isinstance(value, ast.Constant) else "…" for value in values)]
        case _:
            return ["…"]


def _tellable(places: set[Said]) -> list[Said]:
    """Those that say something; one that is all made at run time only if there is no other."""
    telling = sorted(said for said in places if said.message.strip("…: \n"))
    return telling or sorted(places)[:1]


def _row(code: str, said: Said) -> str:
    cells = (
        " ".join(text.replace("|", "\\|").split()) for text in (said.message, said.hint if said.hint != "…" else "")
    )
    return f"| `{code}` | {said.exit_code} | {' | '.join(cells)} |"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
