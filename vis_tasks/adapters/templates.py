"""Jinja2 with delimiters that clash with no forge's: ``<< value >>``, ``<% block %>``, ``<# comment #>``.

Every value is written as a quoted YAML scalar unless a filter of ours says how else; a template can't forget to quote. A team's
own templates in ``.vis/templates/`` come first under the same names; they reach ours as ``vis:github/release.yml.j2``.
"""

from __future__ import annotations

import tomllib
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vis_tasks.core.ci import quoting
from vis_tasks.errors import Failed, MissingExtra, UsageError

try:
    from jinja2 import BaseLoader, ChoiceLoader, FileSystemLoader, PrefixLoader, StrictUndefined, TemplateError
    from jinja2.sandbox import SandboxedEnvironment
    from markupsafe import Markup
except ImportError as missing:
    raise MissingExtra("what makes CI files", missing, extra="ci") from None

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from importlib.resources.abc import Traversable

    from vis_tasks.core.ci.context import CiFile, Context, Pin

__all__ = ["Templates", "read_pins"]

OWN = ".vis/templates"


def _folder() -> Path:
    """The templates: inside the package in a wheel, beside it in a checkout."""
    inside: Traversable = files("vis_tasks") / "_templates"
    place = Path(str(inside))
    return place if place.is_dir() else Path(__file__).parents[2] / "templates"


def read_pins() -> Mapping[str, Any]:
    """``pins.toml``: versions of actions, package managers and tools, and notes by version of the templates."""
    return tomllib.loads((_folder() / "pins.toml").read_text(encoding="utf-8"))


class Templates:
    """Renders CI files.

    Args:
        root: the workspace root, whose ``.vis/templates/`` wins.
    """

    def __init__(self, root: Path) -> None:
        ours = FileSystemLoader(_folder())
        self._loader: BaseLoader = ChoiceLoader(
            [FileSystemLoader(root / OWN), ours, PrefixLoader({"vis": ours}, delimiter=":")]
        )
        self._environments: dict[bool, SandboxedEnvironment] = {}

    def render(self, file: CiFile, context: Context) -> str:
        """One file, always the same text for the same values.

        Args:
            file: which.
            context: its values; ``ctx`` in the template.

        Raises:
            vis_tasks.errors.UsageError: a template of the team's own is wrong: file and line.
        """
        github = file.provider == "github"
        environment = self._environments.setdefault(github, _environment(self._loader, github=github))
        try:
            text = environment.get_template(file.template).render(ctx=context)
        except TemplateError as error:
            line = getattr(error, "lineno", None)
            where = f"{getattr(error, 'filename', None) or getattr(error, 'name', None) or file.template}"
            raise UsageError(
                f"{where}{f':{line}' if line else ''}: {error.message or type(error).__name__}",
                code="CI_TEMPLATE",
                hint=f"mend it, or take it out of {OWN} to use the one of vis-tasks",
            ) from error
        except OSError as error:
            raise Failed(f"a template can't be read: {error}", code="CI_TEMPLATE") from error
        lines = [line.rstrip() for line in text.split("\n")]
        return "\n".join(_single_blanks(lines)).strip("\n") + "\n"


def _single_blanks(lines: Iterable[str]) -> Iterable[str]:
    before = ""
    for line in lines:
        if line or before:
            yield line
        before = line


def _environment(loader: BaseLoader, *, github: bool) -> SandboxedEnvironment:
    def quote(value: object) -> object:
        if isinstance(value, Markup):
            return value
        return Markup(_yaml(value, quoting.expression_safe if github else str))  # noqa: S704  (quoted right here)

    environment = SandboxedEnvironment(
        loader=loader,
        variable_start_string="<<",
        variable_end_string=">>",
        block_start_string="<%",
        block_end_string="%>",
        comment_start_string="<#",
        comment_end_string="#>",
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=True,
        undefined=StrictUndefined,
        finalize=quote,
    )
    environment.filters |= {name: _marked(how) for name, how in _FILTERS.items()}
    environment.globals["branch_rule"] = quoting.branch_rule
    return environment


def _yaml(value: object, safe: Callable[[str], str]) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str):
        return quoting.yaml_scalar(safe(value))
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_yaml(item, safe) for item in value) + "]"
    msg = f"a {type(value).__name__} can't stand in a CI file"
    raise TemplateError(msg)


def _marked(how: Callable[..., str]) -> Callable[..., Markup]:
    def filter_(*args: Any) -> Markup:
        return Markup(how(*args))  # noqa: S704  (quoted by the function)

    return filter_


def _uses(pin: Pin) -> str:
    return f"{pin.name}@{pin.commit} # {pin.version}"


def _script(command: Iterable[str], indent: int) -> str:
    """One command as the script of a step."""
    return quoting.block(quoting.shell_words(command) + "\n", indent)


_FILTERS: Mapping[str, Callable[..., str]] = {
    "uses": _uses,
    "verbatim": str,  # of a template's own literal
    "branch": lambda branch: quoting.yaml_scalar(quoting.branch_filter(branch)),
    "shell": lambda word: quoting.shell_words([word]),
    "script": _script,
    "block": quoting.block,
}
