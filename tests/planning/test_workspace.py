"""Reading workspaces from disk."""

from __future__ import annotations

import json

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from tests.planning.builders import package, write_workspace
from vis_tasks.adapters.workspace import _plain_packages, read_workspace
from vis_tasks.errors import UsageError


def names(root):
    return [each.name for each in read_workspace(root).packages]


def put(root, path, **manifest):
    folder = root / path
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "package.json").write_text(json.dumps({"name": path.rpartition("/")[2], "version": "1.0.0", **manifest}))


def test_npm_members_come_in_path_order_with_their_manifests(tmp_path):
    root = write_workspace(tmp_path, package("@acme/b", "2.0.0"), package("a"))
    found = read_workspace(root)
    assert [(each.name, each.version, each.path) for each in found.packages] == [
        ("a", "1.0.0", "packages/a"),
        ("@acme/b", "2.0.0", "packages/b"),
    ]
    assert found.manager == "npm"
    assert found.root_package is not None
    assert found.root_package.name == "root"


def test_pnpm_s_own_file_names_the_members(tmp_path):
    root = write_workspace(tmp_path, package("a"), package("b"), manager="pnpm", patterns=["packages/*", "!packages/b"])
    assert (names(root), read_workspace(root).manager) == (["a"], "pnpm")


def test_yarn_s_object_form_is_read(tmp_path):
    write_workspace(tmp_path, package("a"))
    top = {"name": "root", "workspaces": {"packages": ["packages/*"], "nohoist": ["x"]}, "packageManager": "yarn@4.1.0"}
    (tmp_path / "package.json").write_text(json.dumps(top))
    assert (names(tmp_path), read_workspace(tmp_path).manager) == (["a"], "yarn")


@pytest.mark.parametrize(
    ("lock", "manager"), [("bun.lock", "bun"), ("yarn.lock", "yarn"), ("package-lock.json", "npm")]
)
def test_the_lock_file_tells_the_manager(tmp_path, lock, manager):
    root = write_workspace(tmp_path, package("a"))
    (root / lock).write_text("")
    assert read_workspace(root).manager == manager


def test_two_stars_reach_any_depth_but_not_node_modules_or_hidden_folders(tmp_path):
    root = write_workspace(tmp_path, patterns=["packages/**"])
    for path in ("packages/a", "packages/a/nested/b", "packages/a/node_modules/c", "packages/.hidden/d"):
        put(root, path)
    assert names(root) == ["a", "b"]


def test_a_later_pattern_takes_back_what_an_earlier_one_took_away(tmp_path):
    root = write_workspace(tmp_path, patterns=["packages/**", "!packages/b/**", "packages/b/kept"])
    for path in ("packages/a", "packages/b/gone", "packages/b/kept"):
        put(root, path)
    assert names(root) == ["a", "kept"]


def test_the_root_can_be_a_member_itself(tmp_path):
    root = write_workspace(tmp_path, package("a"), patterns=[".", "packages/*"])
    found = read_workspace(root)
    assert [each.path for each in found.packages] == [".", "packages/a"]
    assert found.root_package is None


def test_without_workspaces_the_root_is_the_only_package(tmp_path):
    put(tmp_path, ".", name="solo")
    assert names(tmp_path) == ["solo"]


def test_a_link_to_a_member_is_no_second_member(tmp_path):
    root = write_workspace(tmp_path, package("a"))
    put(root, "elsewhere/z")
    (root / "packages/again").symlink_to(root / "packages/a")
    (root / "packages/z").symlink_to(root / "elsewhere/z")
    (root / "packages/loop").symlink_to(root / "packages")
    assert [each.path for each in read_workspace(root).packages] == ["packages/a", "packages/z"]


@pytest.mark.parametrize(
    "content",
    [
        b'\xef\xbb\xbf{"name": "odd", "version": "1.0.0"}',
        b'{\r\n\t"name": "odd",\r\n\t"version": "1.0.0"\r\n}\r\n',
        b'{"version":"1.0.0","name":"odd"}',
    ],
)
def test_marks_line_ends_and_tabs_do_not_matter(tmp_path, content):
    root = write_workspace(tmp_path, package("a"))
    (root / "packages/a/package.json").write_bytes(content)
    assert names(root) == ["odd"]


@pytest.mark.parametrize(
    ("content", "where", "what"),
    [
        (b'{\n  "name": "a", // no\n  "version": "1.0.0"\n}', "2:16", "comments are not allowed"),
        (b'{\n  /* no */\n  "name": "a"\n}', "2:3", "comments are not allowed"),
        (b'{\n  "name": "a",\n}', ":3:1:", "not JSON"),
        (b'{"name": "\xff"}', ":1:", "not UTF-8"),
        (b"[]", ":1:", "must be an object"),
        (b'{"name": NaN}', ":1:", "NaN"),
        (b"[" * 100_000, ":1:", "not JSON"),
    ],
)
def test_a_broken_package_json_is_refused_with_its_place(tmp_path, content, where, what):
    root = write_workspace(tmp_path, package("a"))
    (root / "packages/a/package.json").write_bytes(content)
    with pytest.raises(UsageError, match=r"packages/a/package.json") as caught:
        read_workspace(root)
    assert where in caught.value.message
    assert what in caught.value.message
    assert caught.value.code == "WORKSPACE"


def test_a_name_used_twice_is_refused_with_both_files(tmp_path):
    root = write_workspace(tmp_path, package("a"), package("a", path="packages/b"))
    with pytest.raises(UsageError, match=r"packages/a/package.json and packages/b/package.json"):
        read_workspace(root)


def test_pnpm_may_have_private_packages_of_one_name_and_the_public_one_counts(tmp_path):
    fixtures = [package("a", private=True, path=f"fixtures/{number}") for number in "12"]
    root = write_workspace(tmp_path, *fixtures, package("a"), package("b"))
    (root / "pnpm-workspace.yaml").write_text("packages: ['fixtures/*', 'packages/*']\n")
    assert [each.path for each in read_workspace(root).packages] == ["packages/a", "packages/b"]


def test_of_two_public_packages_of_one_name_pnpm_takes_none_either(tmp_path):
    root = write_workspace(tmp_path, package("a"), package("a", path="packages/b"))
    (root / "pnpm-workspace.yaml").write_text("packages: ['packages/*']\n")
    with pytest.raises(UsageError, match='two packages are called "a"'):
        read_workspace(root)


@pytest.mark.parametrize(("key", "value"), [("name", 5), ("version", 1.0), ("version", ["1.0.0"])])
def test_a_name_or_version_that_is_no_text_is_refused_with_its_file(tmp_path, key, value):
    root = write_workspace(tmp_path)
    put(root, "packages/a", **{key: value})
    with pytest.raises(UsageError, match=rf'packages/a/package.json: "{key}" must be a string'):
        read_workspace(root)


def test_missing_names_are_refused_with_all_files(tmp_path):
    root = write_workspace(tmp_path)
    for path in ("packages/a", "packages/b"):
        put(root, path, name=None)
    with pytest.raises(UsageError, match=r"packages/a/package.json, packages/b/package.json"):
        read_workspace(root)


def test_a_version_that_is_none_is_refused_with_file_and_line(tmp_path):
    root = write_workspace(tmp_path, package("a", "1.0"))
    with pytest.raises(UsageError, match=r'packages/a/package.json:3: "1.0" is not a version'):
        read_workspace(root)


def test_a_range_between_members_that_is_none_is_refused_with_file_and_line(tmp_path):
    root = write_workspace(tmp_path, package("a"), package("b", deps={"other": "^^1", "a": "^^1"}))
    with pytest.raises(UsageError, match=r'packages/b/package.json:6: "\^\^1" is not a version range for "a"'):
        read_workspace(root)


def test_no_workspace_is_refused_with_the_way_out(tmp_path):
    with pytest.raises(UsageError, match=r"there is no package.json"):
        read_workspace(tmp_path)
    (tmp_path / "package.json").write_text("{}")
    with pytest.raises(UsageError, match="neither workspaces nor a name") as caught:
        read_workspace(tmp_path)
    assert "pnpm-workspace.yaml" in caught.value.hint
    (tmp_path / "package.json").write_text('{"workspaces": ["nothing/*"]}')
    with pytest.raises(UsageError, match=r"nothing/\*"):
        read_workspace(tmp_path)


@pytest.mark.parametrize("workspaces", ["packages/*", [1], {"packages": "x"}])
def test_workspaces_of_another_shape_are_refused(tmp_path, workspaces):
    (tmp_path / "package.json").write_text(json.dumps({"workspaces": workspaces}))
    with pytest.raises(UsageError, match="must be a list of patterns"):
        read_workspace(tmp_path)


def test_a_pattern_that_leaves_the_root_is_refused(tmp_path):
    (tmp_path / "package.json").write_text('{"workspaces": ["../*"]}')
    with pytest.raises(UsageError, match="leaves the workspace root"):
        read_workspace(tmp_path)


PLAIN = [
    "packages:\n  - packages/*\n",
    "# all of them\npackages: # here\n- 'packages/*' # these\n\n  # and not\n- '!**/test/**'\n",
    'packages:\r\n    - "apps/**"\r\n    - "."\r\n    - "tools/{a,b}"\n\n',
]
LEFT_TO_YAML = [
    "packages: [a/*]\n",
    "packages:\n  - a/*\ncatalog:\n  x: 1\n",
    "packages:\n  - *anchor\n",
    "packages:\n  - a/*\n    - b/*\n",
    "packages:\n  - a/* b\n",
    "packages:\n  - 'it''s/*'\n",
    'packages:\n  - "a\\x2f*"\n',
    "packages:\n  - 1.0\n",
    "packages:\n  - true\n",
    "packages:\n  - 2026-11-22\n",
    "packages:\n  - a/*: b\n",
    "packages:\n  - ünï/*\n",
    "packages:\n",
    "---\npackages:\n  - a/*\n",
    "packages:\n\t- a/*\n",
    "",
]


@pytest.mark.parametrize("text", PLAIN)
def test_a_plain_file_of_pnpm_says_what_yaml_would_read(text):
    assert _plain_packages(text.encode()) == yaml.safe_load(text)["packages"]


@pytest.mark.parametrize("text", LEFT_TO_YAML)
def test_anything_else_is_left_to_yaml(text):
    assert _plain_packages(text.encode()) is None


@given(
    st.lists(st.text(alphabet="ab1/*.-!'\"# :{}&~,\\", max_size=8), max_size=3), st.sampled_from(["- ", "  - ", "-  "])
)
def test_what_is_read_without_yaml_is_never_anything_else_than_yaml_reads(items, mark):
    text = "packages:\n" + "".join(f"{mark}{item}\n" for item in items)
    plain = _plain_packages(text.encode())
    if plain is not None:
        assert plain == yaml.safe_load(text)["packages"]
