"""The manifest we send, held against what the npm on this machine makes of the same packages (one Node process for all)."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from vis_tasks.adapters.npm.hosted import hosted_repository
from vis_tasks.adapters.npm.manifest import NO_README, prepared_manifest, wanted_files

_PREPARE = """
const PackageJson = require(process.argv[1] + '/node_modules/@npmcli/package-json')
const { readFileSync } = require('node:fs')
;(async () => {
  const found = []
  for (const folder of JSON.parse(readFileSync(0, 'utf8'))) {
    found.push(await PackageJson.prepare(folder).then(p => p.content, () => null))
  }
  console.log(JSON.stringify(found))
})()
"""
_ADDRESSES = [
    "acme/tools", "acme/tools#next", "acme/tools/", "./acme/tools", "@acme/tools", "acme", "a b/c",
    "github:acme/tools", "gitlab:acme/group/tools", "bitbucket:acme/tools#v1", "gist:11081aaa281", "sourcehut:~acme/tools",
    "github:token@acme/tools", "https://github.com/acme/tools", "https://github.com/acme/tools.git", "https://www.github.com/acme/tools",
    "https://github.com/acme/tools/tree/main/packages/a", "https://github.com/acme/tools/issues", "https://github.com/acme",
    "git+https://github.com/acme/tools.git#semver:^1.0.0", "https://user:secret@github.com/acme/tools.git", "git://github.com/acme/tools.git",
    "git@github.com:acme/tools.git", "git@github.com:acme/tools", "git+ssh://git@github.com/acme/tools.git", "ssh://git@github.com/acme/tools",
    "git+ssh://git@github.com:acme/tools.git", "http://github.com/acme/tools", "HTTPS://GitHub.com/acme/tools",
    "https://gitlab.com/acme/group/tools.git", "https://gitlab.com/acme/tools/-/tree/main", "git@gitlab.com:acme/tools.git",
    "https://bitbucket.org/acme/tools", "https://bitbucket.org/acme/tools/get/1.zip", "https://gist.github.com/acme/11081aaa281",
    "https://gist.github.com/11081aaa281.git", "https://git.sr.ht/~acme/tools", "git+ssh://git@git.sr.ht/~acme/tools",
    "https://git.example.org/acme/tools.git", "git@git.example.org:acme/tools.git", "svn://example.org/tools", "not a url",
    "https://github.com/acme/to%6fls", "https://github.com/acme/to%ols", "", "https://github.com/acme/tools#feature/x y",
]  # fmt: skip
_PEOPLE: list[Any] = [
    "Ann <ann@example.org> (https://ann.example.org)", "Ann", "<ann@example.org>", "(https://x.example.org)", "Ann (x) <y>",
    {"name": "Bob", "email": "bob@example.org"}, {"name": "Bob", "web": "https://b.example.org", "mail": "b@example.org"},
    {"email": "c@example.org"}, {"name": "With (brackets)"},
]  # fmt: skip
_VALUES: dict[str, list[Any]] = {
    "description": ["A package.", "", 7, None],
    "keywords": ["a, b,c", ["a", "", 3, "b"], {"a": 1}, []],
    "bugs": ["https://bugs.example.org", "bugs@example.org", "nonsense", {"web": "https://b.example.org"},
             {"url": "no", "email": "no"},
             {"url": "https://b.example.org", "email": "b@example.org"}, {}],
    "homepage": ["https://example.org", "example.org/home", "localhost:8080", 3, ""],
    "author": _PEOPLE,
    "contributors": [[person] for person in _PEOPLE],
    "maintainers": [_PEOPLE, "Ann"],
    "bin": ["cli.js", "./cli.js", {"tool": "./bin/a.js", "../up": "x.js", "gone": 3}, ["a/b.js", 4], {}, "", "../../etc/passwd"],
    "man": ["./man/a.1", ["man/a.1", 3], [], "../a.1"],
    "directories": [{"bin": "bin"}, {"bin": "./bin/"}, {"man": "man"}, {"lib": "lib"}],
    "files": [["lib", "", 3], "lib", []],
    "main": ["lib/index.js", "./lib/index.mjs", "index", "lib", "./index.js", ""],
    "types": ["x.d.ts"],
    "scripts": [{"test": "node_modules/.bin/mocha", "x": 3}, {"start": "x"}, {"install": "x"}, "text", {}],
    "dependencies": [{"a": "^1.0.0", "b": "acme/tools", "c": "git@github.com:acme/tools.git", "d": 3},
                     {}, "a@1 b", ["a@^1", "b>2", 3], 7],
    "devDependencies": [{"x": "github:acme/x#main", "y": "https://github.com/acme/y"}, None],
    "optionalDependencies": [{"o": "1"}, ["o@1"]],
    "peerDependencies": [{"p": "acme/tools"}],
    "bundleDependencies": [True, False, ["a", "zz", ""], {"a": 1}, 3, None],
    "bundledDependencies": [["a"], True],
    "license": ["MIT", {"type": "MIT"}, "no such"],
    "publishConfig": [{"access": "public", "tag": "next"}],
    "modules": [{"a": "b"}],
    "funding": ["https://fund.example.org"],
    "_hidden": ["x"],
    "gypfile": [False],
    "exports": [{".": {"types": "./x.d.ts", "default": "./x.js"}}],
    "readme": ["# Own\n\nText of its own.\n", ""],
}  # fmt: skip
_FILES = (
    "README.md", "readme.markdown", "README", "README.txt", "Readme.MD", "lib/index.d.ts", "lib/index.js", "index.d.ts",
    "bin/a.js", "bin/.hidden", "bin/sub/b.js", "man/a.1", "man/sub/b.2", "man/c.txt", "server.js", "binding.gyp", "AUTHORS",
)  # fmt: skip
_TEXTS = {
    "AUTHORS": "# people\nAnn <ann@example.org>\n\n  Bob  # the builder\n",
    "README.md": "# Title\n\nWhat it is,\nin two lines.\n\nMore.\n",
}


def packages(count: int) -> list[tuple[dict[str, Any], dict[str, str]]]:
    """Packages with every address, and random mixtures of everything else; always the same ones."""
    draw = random.Random(11)  # noqa: S311  (always the same packages)
    found: list[tuple[dict[str, Any], dict[str, str]]] = []
    for number in range(count):
        manifest: dict[str, Any] = {"name": draw.choice(["demo", "@acme/demo"]), "version": "1.2.3"}
        if number < 2 * len(_ADDRESSES):
            address = _ADDRESSES[number // 2]
            manifest["repository"] = (
                address if number % 2 else {"type": "git", "url": address, "directory": "packages/a"}
            )
            manifest["dependencies"] = {"d": address}
        else:
            for key in draw.sample(sorted(_VALUES), draw.randrange(1, 8)):
                manifest[key] = draw.choice(_VALUES[key])
        readme = draw.choice(
            [(), ("README.md",), ("README",), ("README.txt",), ("Readme.MD",), ("README", "README.md")]
        )
        others = [name for name in _FILES if "readme" not in name.lower()]
        files = [*readme, *(draw.sample(others, draw.randrange(0, 6)))]
        found.append((manifest, {name: _TEXTS.get(name, f"text of {name}\n") for name in files}))
    return found


@pytest.mark.e2e
def test_the_manifest_is_what_npm_would_send(tmp_path):
    cases, folders = packages(600), []
    for number, (manifest, files) in enumerate(cases):
        folder = tmp_path / str(number)
        for name, text in files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text)
        folder.mkdir(exist_ok=True)
        (folder / "package.json").write_text(json.dumps(manifest))
        folders.append(str(folder))
    npm = Path(shutil.which("npm") or "").resolve().parent.parent
    done = subprocess.run(
        ["node", "-e", _PREPARE, str(npm)], input=json.dumps(folders), capture_output=True, text=True, check=True
    )
    theirs = json.loads(done.stdout)
    assert sum(each is None for each in theirs) < 60, "npm takes most of these packages"
    for (manifest, files), wanted in zip(cases, theirs, strict=True):
        if wanted is None:
            continue
        mine = prepared_manifest(manifest, ["package.json", *files], files.get)
        assert mine | {"_id": wanted["_id"]} == wanted, manifest


def test_only_the_readme_and_the_authors_are_read():
    files = ["package.json", "README.md", "lib/README.md", "AUTHORS", "readme-maker.js", "README"]
    assert wanted_files(files) == ("README.md", "AUTHORS")


def test_a_package_without_a_readme_says_so():
    assert prepared_manifest({"name": "a", "version": "1.0.0"}, ["package.json"], lambda _: None)["readme"] == NO_README


@pytest.mark.parametrize(
    "address", ["https://github.com/acme/t%6", "https://[github.com/acme/tools", 3, None, "https://"]
)
def test_an_address_that_cannot_be_read_is_nobodys(address):
    assert hosted_repository(address) is None
