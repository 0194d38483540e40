"""The manifest that npm sends with a tarball. Source: ``@npmcli/package-json`` (``prepareSteps``) inside npm 11.19. Pure.

npm does not send a tarball's package.json as it stands: it fills in the readme, bins, types and repository address.
Registries and websites are used to that, so an upload of ours carries the same.
"""

from __future__ import annotations

import copy
import posixpath
import re
from typing import TYPE_CHECKING, Any

from vis_tasks.adapters.npm.hosted import hosted_repository
from vis_tasks.patterns import regex

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

__all__ = ["NO_README", "is_sent_along", "prepared_manifest", "wanted_files"]

NO_README = "ERROR: No README data found!"
_README = regex(r"readme(\..*)?", re.IGNORECASE)
_MARKDOWN = regex(r"\.m?a?r?k?d?o?w?n?$", re.IGNORECASE)
_LOCAL_BIN = regex(r"^(\./|\.\\)?node_modules[/\\].bin[\\/]")
_URL = regex(r"(?:(?:https?|ftp|wss?):/*[^\s/?#]|(?!(?:https?|ftp|wss?):)[A-Za-z][A-Za-z0-9+.-]*:)")


def is_sent_along(name: str) -> bool:
    """Whether a file may be one of `wanted_files`."""
    return name == "AUTHORS" or _README.fullmatch(name) is not None


def wanted_files(files: Sequence[str]) -> tuple[str, ...]:
    """The files whose content `prepared_manifest` asks for: a readme and AUTHORS."""
    readme = _readme_of(files)
    return tuple(name for name in files if name in {readme, "AUTHORS"})


def prepared_manifest(
    manifest: Mapping[str, Any], files: Sequence[str], read: Callable[[str], str | None]
) -> dict[str, Any]:
    """What npm makes of a package.json.

    Args:
        manifest: the package.json inside the tarball.
        files: paths inside, without the leading folder.
        read: the text of one of them (only those of `wanted_files` are asked for).
    """
    data: dict[str, Any] = copy.deepcopy(dict(manifest))
    _from_files(data, files, read)
    _directories(data, files)
    _fill_types(data, files)
    for key in [key for key in data if key.startswith("_")]:
        del data[key]
    _bundled(data)
    _scripts(data)
    _repository(data)
    _dependencies(data)
    _normalize(data)
    return data


def _from_files(data: dict[str, Any], files: Sequence[str], read: Callable[[str], str | None]) -> None:
    scripts = data["scripts"] if isinstance(data.get("scripts"), dict) else {}
    lost = bool(data.get("scripts")) and not scripts  # a text or a list of scripts: npm writes into it in vain
    gyp = any(name.endswith(".gyp") and "/" not in name and not name.startswith(".") for name in files)
    if gyp and not scripts.get("install") and not scripts.get("preinstall") and data.get("gypfile") is not False:
        scripts["install"] = "node-gyp rebuild"
        data["gypfile"] = True
    if "server.js" in files and not scripts.get("start"):
        scripts["start"] = "node server.js"
    if scripts and not lost:
        data["scripts"] = scripts
    if "AUTHORS" in files and not data.get("contributors"):
        lines = (re.sub(r"^\s*#.*$", "", line).strip() for line in re.split(r"\r?\n", read("AUTHORS") or ""))
        data["contributors"] = [line for line in lines if line]
    if not data.get("readme"):
        name = _readme_of(files)
        text = read(name) if name else None
        if name is not None and text is not None:
            data["readme"], data["readmeFilename"] = text, name
        if not data.get("readme"):
            data["readme"] = NO_README


def _readme_of(files: Sequence[str]) -> str | None:
    candidates = [name for name in files if _README.fullmatch(name)]
    markdown = [name for name in candidates if _MARKDOWN.search(name)]
    plain = [name for name in candidates if name.endswith("README")]
    return next(iter([*markdown, *plain[-1:]]), None)


def _directories(data: dict[str, Any], files: Sequence[str]) -> None:
    found = data.get("directories")
    directories = found if isinstance(found, dict) else {}
    if directories.get("man") and not data.get("man"):
        folder = _secure(str(directories["man"])).rstrip("/")
        below = (name for name in files if name.startswith(f"{folder}/") and re.search(r"\.[0-9]$", name))
        data["man"] = sorted(name for name in below if not _hidden(name.removeprefix(f"{folder}/")))
    _man(data)
    if directories.get("bin") and not data.get("bin"):
        folder = _secure(str(directories["bin"]))
        start = f"{folder.rstrip('/')}/"
        inside = [name.removeprefix(start) for name in files if name.startswith(start)]
        steps = {"/".join(name.split("/")[: n + 1]) for name in inside for n in range(name.count("/") + 1)}
        data["bin"] = {
            posixpath.basename(name): f"{folder}/{_secure(name)}" for name in sorted(steps) if not _hidden(name)
        }
    else:
        _bin(data)


def _hidden(path: str) -> bool:
    return any(step.startswith(".") for step in path.split("/"))


def _man(data: dict[str, Any]) -> None:
    found = data.pop("man", None)
    listed = found if isinstance(found, list) else [found]
    kept = [_secure(each) for each in listed if isinstance(each, str)]
    if found and kept:
        data["man"] = kept


def _bin(data: dict[str, Any]) -> None:
    found, name = data.pop("bin", None), data.get("name")
    if isinstance(found, str) and found and name:
        found = {name: found}
    elif isinstance(found, list):
        found = {posixpath.basename(each): each for each in found if isinstance(each, str)}
    if not isinstance(found, dict):
        return
    bins = {}
    for key, value in found.items():
        base, target = posixpath.basename(_secure(key)), _secure(value) if isinstance(value, str) else ""
        if base and target:
            bins[base] = target
    if bins:
        data["bin"] = bins


def _secure(path: str) -> str:
    """A path that can't leave the package, with forward slashes."""
    path = re.sub(r"[\\:]", "/", path)
    inner = posixpath.normpath("/" + path).lstrip("/")
    return f"{inner}/" if inner and path.endswith("/") else inner


def _fill_types(data: dict[str, Any], files: Sequence[str]) -> None:
    main = data.get("main") or "index.js"
    if not isinstance(main, str) or "types" in data or "typings" in data:
        return
    folder, base = posixpath.split(main)
    stem = posixpath.splitext(base)[0] if base.strip(".") else base
    declared = posixpath.normpath(posixpath.join(folder, f"{stem}.d.ts"))
    if declared in files:
        data["types"] = f"./{declared}"


def _bundled(data: dict[str, Any]) -> None:
    if data.get("bundleDependencies") is None and "bundledDependencies" in data and "bundleDependencies" not in data:
        data["bundleDependencies"] = data["bundledDependencies"]
    data.pop("bundledDependencies", None)
    if "bundleDependencies" not in data:
        return
    bundled, dependencies = data["bundleDependencies"], data.get("dependencies") or {}
    dependencies = dependencies if isinstance(dependencies, dict | list | str) else {}
    if bundled is True:
        bundled = list(dependencies) if isinstance(dependencies, dict) else [str(n) for n in range(len(dependencies))]
    elif isinstance(bundled, dict):
        bundled = list(bundled)
    if not isinstance(bundled, list):
        del data["bundleDependencies"]
        return
    data["bundleDependencies"] = [name for name in bundled if isinstance(name, str) and name]


def _scripts(data: dict[str, Any]) -> None:
    if "scripts" not in data:
        return
    if not isinstance(data["scripts"], dict):
        if not isinstance(data["scripts"], list) and data["scripts"] is not None:
            del data["scripts"]
        return
    data["scripts"] = {
        name: _LOCAL_BIN.sub("", line) for name, line in data["scripts"].items() if isinstance(line, str)
    }


def _repository(data: dict[str, Any]) -> None:
    if isinstance(data.get("repositories"), list) and data["repositories"]:
        data["repository"] = data["repositories"][0]
    found = data.get("repository")
    if isinstance(found, str) and found:
        found = data["repository"] = {"type": "git", "url": found}
    if isinstance(found, dict) and (hosted := hosted_repository(found.get("url"))):
        found["url"] = hosted.url


def _dependencies(data: dict[str, Any]) -> None:
    for kind in ("dependencies", "devDependencies", "optionalDependencies"):
        found = data.get(kind)
        if isinstance(found, str) and found:
            found = re.split(r"[\n\r\s\t ,]+", found.strip())
        if isinstance(found, list):
            data[kind] = dict(_split_dependency(each) for each in found if isinstance(each, str))
    for kind in ("dependencies", "devDependencies"):
        if kind not in data:
            continue
        if not data[kind] or not isinstance(data[kind], dict):
            if not isinstance(data[kind], dict):
                del data[kind]
            continue
        kept = {name: spec for name, spec in data[kind].items() if isinstance(spec, str)}
        data[kind] = {
            name: hosted.dependency if (hosted := hosted_repository(spec)) else spec for name, spec in kept.items()
        }


def _split_dependency(text: str) -> tuple[str, str]:
    parts = re.split(r"(:?[@\s><=])", text.strip())
    return parts[0], "".join(parts[1:]).removeprefix("@").strip()


def _normalize(data: dict[str, Any]) -> None:
    data["name"], data["version"] = str(data["name"]).strip(), re.sub(r"^[=v\s]+", "", str(data["version"]).strip())
    _description(data)
    if data.get("modules"):
        del data["modules"]
    for key in ("files", "keywords"):
        found = data.get(key)
        if key == "keywords" and isinstance(found, str):
            found = data[key] = re.split(r",\s+", found)
        if isinstance(found, list):
            data[key] = [each for each in found if isinstance(each, str) and each]
        elif found:
            del data[key]
    _bugs(data)
    for name in data.get("bundleDependencies") or ():
        data.setdefault("dependencies", {}).setdefault(name, "*")
    _homepage(data)
    if data.get("author"):
        data["author"] = _person(data["author"])
    for key in ("maintainers", "contributors"):
        if isinstance(data.get(key), list):
            data[key] = [_person(each) for each in data[key]]


def _description(data: dict[str, Any]) -> None:
    if data.get("description") and not isinstance(data["description"], str):
        del data["description"]
    if data.get("description") or data["readme"] == NO_README:
        return
    lines = str(data["readme"]).strip().split("\n")
    start = 0
    while start < len(lines) and re.match(r"(#|$)", lines[start].strip()):
        start += 1
    end = start + 1
    while end < len(lines) and lines[end].strip():
        end += 1
    data["description"] = " ".join(lines[start:end]).strip()


def _bugs(data: dict[str, Any]) -> None:
    found, repository = data.get("bugs"), data.get("repository")
    if not found and found != {}:
        hosted = hosted_repository(repository.get("url")) if isinstance(repository, dict) else None
        if hosted and hosted.bugs:
            data["bugs"] = {"url": hosted.bugs}
        return
    if isinstance(found, str):
        if _is_mail(found):
            found = {"email": found}
        elif _URL.match(found):
            found = {"url": found}
        else:
            del data["bugs"]
            return
        data["bugs"] = found
        return
    if not isinstance(found, dict):
        del data["bugs"]
        return
    url = next((found[key] for key in reversed(found) if key in {"web", "name"}), found.get("url"))
    mail = found.get("email")
    kept = {"url": url} if isinstance(url, str) and _URL.match(url) else {}
    kept |= {"email": mail} if isinstance(mail, str) and _is_mail(mail) else {}
    if kept:
        data["bugs"] = kept
    else:
        del data["bugs"]


def _is_mail(text: str) -> bool:
    return "@" in text and text.index("@") < text.rfind(".")


def _homepage(data: dict[str, Any]) -> None:
    repository = data.get("repository")
    if (
        not data.get("homepage")
        and isinstance(repository, dict)
        and (hosted := hosted_repository(repository.get("url")))
    ):
        data["homepage"] = hosted.docs
    found = data.get("homepage")
    if not found:
        return
    if not isinstance(found, str):
        del data["homepage"]
    elif not _URL.match(found):
        data["homepage"] = f"http://{found}"


def _person(person: Any) -> dict[str, str]:
    if isinstance(person, dict):
        url, mail = person.get("url") or person.get("web"), person.get("email") or person.get("mail")
        person = (person.get("name") or "") + (f" <{mail}>" if mail else "") + (f" ({url})" if url else "")
    text = str(person)
    parsed = {}
    if (name := re.match(r"[^(<]+", text)) and name.group().strip():
        parsed["name"] = name.group().strip()
    if mail := re.search(r"<([^<>]+)>", text):
        parsed["email"] = mail.group(1)
    if url := re.search(r"\(([^()]+)\)", text):
        parsed["url"] = url.group(1)
    return parsed
