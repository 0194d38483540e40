"""npmrc files and ``npm_config_*`` variables, read the way npm reads them.

npm prints its configuration without the credentials, so these are read again here. Source: ``node_modules/ini/lib/ini.js``
and ``node_modules/@npmcli/config/lib/{index,parse-field,env-replace}.js`` of npm 11.19. Pure: no file is opened here.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from vis_tasks.patterns import regex

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["env_layer", "file_layer", "replace_env", "unset_variables"]

_SECTION = regex(r"^\[([^\]]*)\]\s*$")
_PAIR = regex(r"^([^=]+)(=(.*))?$")
# `${NAME}` or `${NAME?}`; an odd number of backslashes in front makes it text. There is no `${NAME-default}` in npm.
_VARIABLE = regex(r"(?<!\\)(\\*)\$\{([^${}?]+)(\?)?\}")
_WORDS: Mapping[str, Any] = {"true": True, "false": False, "null": None, "undefined": None}
_ENV_PREFIX = "npm_config_"


def replace_env(text: str, env: Mapping[str, str]) -> str:
    """``${NAME}`` becomes the variable's value, or stays as it is when there is none; ``${NAME?}`` becomes empty then."""

    def value(match: re.Match[str]) -> str:
        escapes, name, optional = match.group(1), match.group(2), match.group(3)
        if len(escapes) % 2:
            return match.group(0)[(len(escapes) + 1) // 2 :]
        fallback = "" if optional else f"${{{name}}}"
        return escapes[len(escapes) // 2 :] + env.get(name, fallback)

    return _VARIABLE.sub(value, text)


def unset_variables(text: str) -> tuple[str, ...]:
    """Names of the variables that a value still mentions: npm would send the text ``${NAME}`` itself."""
    return tuple(match.group(2) for match in _VARIABLE.finditer(text))


def file_layer(text: str, env: Mapping[str, str]) -> dict[str, Any]:
    """The top-level keys of an npmrc file.

    Args:
        text: the file's content.
        env: variables for ``${NAME}``, which npm replaces in keys as well as in values.

    Returns:
        Key to string, bool, None, or a list of these (``key[] = value``). Keys inside ``[sections]`` mean nothing to npm.
    """
    layer: dict[str, Any] = {}
    for line in re.split(r"[\r\n]+", text):
        if not line.strip() or line.lstrip()[0] in ";#":
            continue
        if _SECTION.match(line):
            break  # a section ends only where the next one begins
        if match := _PAIR.match(line):
            _add(layer, _unquote(match.group(1)), _unquote(match.group(3) or "") if match.group(2) else True)
    return {replace_env(key, env): _field(value, env) for key, value in layer.items()}


def env_layer(env: Mapping[str, str]) -> dict[str, Any]:
    """What ``npm_config_*`` variables set; empty ones count for nothing. Keys that begin with ``//`` keep their spelling."""
    layer = {}
    for name, value in env.items():
        if not name.lower().startswith(_ENV_PREFIX) or value == "":
            continue
        key = name[len(_ENV_PREFIX) :]
        if not key.startswith("//"):
            key = (key[:1] + key[1:].replace("_", "-")).lower()
        layer[replace_env(key, env)] = _field(value, env)
    return layer


def _add(layer: dict[str, Any], key: str, value: Any) -> None:
    is_list = len(key) > len("[]") and key.endswith("[]")
    key = key.removesuffix("[]") if is_list else key
    if is_list and not isinstance(layer.get(key), list):
        layer[key] = [layer[key]] if key in layer else []
    if isinstance(layer.get(key), list):
        layer[key].append(value)
    else:
        layer[key] = value


def _unquote(raw: str) -> str:
    text = raw.strip()
    if text[:1] == text[-1:] and text[:1] in {'"', "'"} and text:
        inner = text[1:-1] if text[0] == "'" else text
        try:
            parsed = json.loads(inner)
        except ValueError:
            return inner
        return parsed if isinstance(parsed, str) else inner
    return _uncomment(text)


def _uncomment(text: str) -> str:
    out, escaped = "", False
    for char in text:
        if escaped:
            out += char if char in "\\;#" else "\\" + char
            escaped = False
        elif char in ";#":
            break
        elif char == "\\":
            escaped = True
        else:
            out += char
    return (out + "\\" * escaped).strip()


def _field(value: Any, env: Mapping[str, str]) -> Any:
    if isinstance(value, list):
        return [_field(item, env) for item in value]
    if not isinstance(value, str):
        return value
    text = value.strip()
    return _WORDS[text] if text in _WORDS else replace_env(text, env)
