from __future__ import annotations

from typing import Any

import pytest

from vis_tasks.core.tarball_checks import Problem, Severity, problems


def check(manifest: dict[str, Any] | None = None, *files: str, **more: Any) -> tuple[Problem, ...]:
    full = {"name": "demo", "version": "1.0.0"} | (manifest or {})
    options: dict[str, Any] = {"name": "demo", "version": "1.0.0", "unpacked_size": 100} | more
    return problems(manifest=full, files=("package.json", *files), **options)


def found(*args: Any, **more: Any) -> list[tuple[str, str]]:
    return [(problem.severity.value, problem.code) for problem in check(*args, **more)]


def test_a_sound_package_has_no_problems():
    manifest = {
        "main": "./dist/index.js",
        "module": "dist/index.mjs",
        "types": "dist/index.d.ts",
        "bin": {"demo": "./bin/demo.js"},
        "browser": {"./dist/index.js": "./dist/browser.js", "fs": False},
        "exports": {
            ".": {"types": "./dist/index.d.ts", "default": "./dist/index.js"},
            "./*": "./dist/*.js",
            "./internal/*": None,
            "./package.json": "./package.json",
        },
        "dependencies": {"other": "^1.0.0", "alias": "npm:real@1", "from-git": "github:a/b"},
        "devDependencies": {"tool": "1"},
    }
    files = ("dist/index.js", "dist/index.mjs", "dist/index.d.ts", "dist/browser.js", "bin/demo.js")
    assert check(manifest, *files) == ()


@pytest.mark.parametrize(
    "wanted", ["workspace:^", "workspace:*", "catalog:", "catalog:react", "link:../x", "file:../x"]
)
@pytest.mark.parametrize("table", ["dependencies", "peerDependencies", "optionalDependencies"])
def test_a_range_that_nobody_can_install_is_an_error(table, wanted):
    (problem,) = check({table: {"@acme/core": wanted}})
    assert (problem.severity, problem.code) == (Severity.ERROR, "UNRESOLVED_RANGE")
    assert problem.text == f"{table}: @acme/core is still {wanted!r}, which nobody can install"
    assert wanted.partition(":")[0] in problem.hint


def test_in_dev_dependencies_it_is_a_warning():
    assert found({"devDependencies": {"core": "workspace:*"}}) == [("warning", "UNRESOLVED_RANGE")]


def test_tables_that_are_no_tables_are_left_alone():
    assert check({"dependencies": [], "peerDependencies": None, "optionalDependencies": {"a": 1}}) == ()


@pytest.mark.parametrize(
    ("manifest", "severity"),
    [
        ({"main": "dist/index.js"}, "error"),
        ({"main": "dist"}, "error"),
        ({"bin": "cli.js"}, "error"),
        ({"bin": {"demo": "./cli.js"}}, "error"),
        ({"exports": "./dist/index.js"}, "error"),
        ({"exports": {".": {"import": {"default": "./gone.js"}}}}, "error"),
        ({"exports": {".": ["./gone.js"]}}, "error"),
        ({"exports": {"./old/": "./gone/"}}, "error"),
        ({"module": "gone.mjs"}, "warning"),
        ({"types": "gone.d.ts"}, "warning"),
        ({"typings": "gone.d.ts"}, "warning"),
        ({"browser": "gone.js"}, "warning"),
        ({"browser": {"./a.js": "./gone.js"}}, "warning"),
        ({"exports": {"./*": "./gone/*.js"}}, "warning"),
    ],
)
def test_a_file_that_is_named_but_missing_is_found(manifest, severity):
    (problem,) = check(manifest, "index.mjs")
    assert (problem.severity.value, problem.code) == (severity, "MISSING_FILE")
    assert next(iter(manifest)) in problem.text


@pytest.mark.parametrize(
    ("manifest", "file"),
    [
        ({"main": "lib"}, "lib/index.js"),
        ({"main": "lib/"}, "lib/index.js"),
        ({"main": "./lib/main"}, "lib/main.js"),
        ({"main": "."}, "index.js"),
        ({"types": "./lib/main"}, "lib/main.d.ts"),
        ({"exports": {"./old/": "./lib/"}}, "lib/a.js"),
        ({"exports": {"./*": "./lib/*/index.js"}}, "lib/a/index.js"),
        ({"exports": {".": [None, "./a.js"]}}, "a.js"),
        ({"browser": {"fs": "browserify-fs"}}, "a.js"),
    ],
)
def test_a_file_is_found_the_way_node_finds_it(manifest, file):
    assert check(manifest, file) == ()


def test_exports_are_not_completed_with_endings():
    assert found({"exports": "./lib/main"}, "lib/main.js") == [("error", "MISSING_FILE")]


def test_a_missing_main_beside_an_index_is_a_warning():
    assert found({"main": "dist/index.js"}, "index.js") == [("warning", "MISSING_FILE")]


@pytest.mark.parametrize(
    "path", [".env", "config/.env.production", "prod.env", ".npmrc", "deep/er/id_rsa", "store.p12", ".NETRC"]
)
def test_files_that_hold_secrets_are_errors(path):
    (problem,) = check({}, path)
    assert (problem.severity, problem.code) == (Severity.ERROR, "SECRET_FILE")
    assert path in problem.text


@pytest.mark.parametrize("path", [".env.example", ".env.sample", "env.js", ".env.d.ts", "id_rsa.md", "environment"])
def test_files_that_only_sound_like_it_are_fine(path):
    assert check({}, path) == ()


def test_secrets_seen_in_files_are_errors():
    (problem,) = check({}, "a.js", secrets=[("a.js", "npm token")])
    assert problem.code == "SECRET"
    assert problem.text == "a.js holds what looks like a secret: npm token"


@pytest.mark.parametrize("manifest", [{"name": "other"}, {"version": "1.0.1"}])
def test_another_package_than_planned_is_an_error(manifest):
    assert found(manifest) == [("error", "WRONG_PACKAGE")]


def test_a_private_package_is_an_error():
    assert found({"private": True}) == [("error", "PRIVATE")]


@pytest.mark.parametrize(
    ("size", "last", "expected"),
    [
        (10_000_000, 2_000_000, [("warning", "GREW")]),
        (10_000_000, 4_000_000, []),
        (900_000, 1_000, []),
        (10_000_000, None, []),
        (10_000_000, 0, []),
        (1_000, 10_000_000, []),
    ],
)
def test_a_package_that_grew_a_lot_is_a_warning(size, last, expected):
    assert found({}, unpacked_size=size, last_unpacked_size=last) == expected


def test_errors_come_first():
    codes = [problem.code for problem in check({"module": "gone.mjs"}, ".env")]
    assert codes == ["SECRET_FILE", "MISSING_FILE"]
