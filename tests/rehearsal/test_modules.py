"""What is installed comes along, can be written to, and leads back to nothing of the user's."""

from __future__ import annotations

import json

import pytest

from vis_tasks.adapters.process import SubprocessRunner
from vis_tasks.adapters.workspace import read_workspace
from vis_tasks.services.rehearsal.modules import copy_modules, installed, move_modules, unresolvable, without_modules


@pytest.fixture
def root(tmp_path):
    """A workspace whose package `a` is linked into the root's node_modules, once with an absolute link."""
    root = tmp_path / "real" / "work"
    folder = root / "packages" / "a"
    folder.mkdir(parents=True)
    (root / "package.json").write_text(json.dumps({"name": "w", "private": True, "workspaces": ["packages/*"]}))
    manifest = {"name": "a", "version": "1.0.0", "dependencies": {"left": "^1"}, "scripts": {"prepack": "build"}}
    (folder / "package.json").write_text(json.dumps(manifest))
    return root


def install(root):
    modules = root / "node_modules"
    (modules / "left").mkdir(parents=True)
    (modules / "left" / "index.js").write_text("one")
    (modules / "@scope").mkdir()
    (modules / "@scope" / "a").symlink_to(root / "packages" / "a")
    (modules / "a").symlink_to("../packages/a")


def copy(root, target):
    target.mkdir(parents=True)
    (target / "packages" / "a").mkdir(parents=True)
    paths = installed(read_workspace(root))
    copy_modules(SubprocessRunner(), root, paths, target)
    return paths


def test_a_build_writes_into_the_copy_alone(root, tmp_path):
    install(root)
    target = tmp_path / "copy" / "work"
    assert copy(root, target) == ("node_modules",)

    (target / "node_modules" / "left" / "index.js").write_text("two")

    assert (root / "node_modules" / "left" / "index.js").read_text() == "one"


def test_links_to_members_lead_to_the_copys(root, tmp_path):
    install(root)
    target = tmp_path / "copy" / "work"
    copy(root, target)

    for link in ("a", "@scope/a"):
        assert (target / "node_modules" / link).resolve() == target / "packages" / "a", link


def test_moving_takes_them_to_the_next_machine(root, tmp_path):
    install(root)
    target, other = tmp_path / "copy" / "work", tmp_path / "other"
    paths = copy(root, target)
    (other / "packages" / "a").mkdir(parents=True)

    move_modules(target, other, paths)

    assert not (target / "node_modules").exists()
    assert (other / "node_modules" / "@scope" / "a").resolve() == other / "packages" / "a"


def test_yarns_map_finds_a_global_cache_from_its_new_place(root, tmp_path):
    (root / "yarn.lock").touch()
    cache = tmp_path / "cache"
    cache.mkdir()
    (cache / "left.zip").touch()
    inside, outside = (
        '"packageLocation": "./packages/a/"',
        '"packageLocation": "../../cache/left.zip/node_modules/left/"',
    )
    (root / ".pnp.cjs").write_text(f"{inside},\\\n{outside},\\\nconst up = '../'.repeat(2)\n")
    target = tmp_path / "much" / "deeper" / "copy"

    copy(root, target)

    text = (target / ".pnp.cjs").read_text()
    assert inside in text
    assert '"packageLocation": "../../../cache/left.zip/node_modules/left/"' in text
    assert "'../'.repeat(2)" in text


def test_packages_that_would_be_built_without_dependencies_are_named(root):
    assert without_modules(read_workspace(root)) == ("a",)
    install(root)
    assert without_modules(read_workspace(root)) == ()


def test_pnpm_packs_no_workspace_range_before_it_has_installed(tmp_path):
    write(tmp_path / "package.json", '{"name": "root", "private": true}')
    write(tmp_path / "pnpm-workspace.yaml", "packages:\n  - packages/*\n")
    write(tmp_path / "packages/a/package.json", '{"name": "a", "version": "1.0.0"}')
    write(
        tmp_path / "packages/b/package.json",
        '{"name": "b", "version": "1.0.0", "dependencies": {"a": "workspace:^"}}',
    )
    assert unresolvable(read_workspace(tmp_path)) == ("b",)
    (tmp_path / "packages/b/node_modules").mkdir()
    assert unresolvable(read_workspace(tmp_path)) == ()


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
