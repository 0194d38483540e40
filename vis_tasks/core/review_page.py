"""Where people look at a stage in a browser."""

from __future__ import annotations

from urllib.parse import quote, urlsplit

__all__ = ["own_page", "page_from"]

_PATH = "/settings/~/staged-packages/?page=0&perPage=10&filterPackage="
_REGISTRY = "registry."


def own_page(registry: str, name: str) -> str | None:
    """The npm registry's own page for a package: its website stands at ``www.`` beside ``registry.``.

    Only right for the registry that npm uses when nothing is configured; whoever calls this knows that it is that one.

    Args:
        registry: its address.
        name: npm name.
    """
    parts = urlsplit(registry)
    host = parts.hostname or ""
    if parts.scheme != "https" or not host.startswith(_REGISTRY):
        return None
    return f"https://www.{host.removeprefix(_REGISTRY)}{_PATH}{quote(name, safe='')}"


def page_from(template: str, *, name: str, version: str, stage_id: str | None) -> str | None:
    """A ``review-url`` filled in; None when it wants an id that isn't known.

    Args:
        template: text with ``{name}``, ``{version}`` and ``{id}``.
        name: npm name.
        version: exact version.
        stage_id: the stage's id, when known.
    """
    if "{id}" in template and stage_id is None:
        return None
    values = {"{name}": name, "{version}": version, "{id}": stage_id or ""}
    for field, value in values.items():
        template = template.replace(field, quote(value, safe=""))
    return template
