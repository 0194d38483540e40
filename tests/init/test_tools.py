"""Other release tools in real repositories: which is taken, what moves, what is told."""

from __future__ import annotations

import pytest

from tests.init.checkout import made
from vis_tasks.errors import UsageError, VisError


def changesets(repository, **config):
    repository.json(".changeset/config.json", {"fixed": [["@acme/core", "@acme/cli"]], "baseBranch": "main", **config})
    return repository.write(".changeset/brave.md", '---\n"@acme/core": minor\n---\n\nHello\n')


def test_change_files_of_changesets_stay_unless_asked(repository):
    plan = changesets(repository).plan(ci=False)
    assert plan.config.release.rules == "changesets"
    assert ".changeset/brave.md" not in made(plan)


def test_change_files_of_changesets_move_when_asked_and_its_configuration_goes(repository):
    changesets(repository).init(ci=False, move=True)
    assert not (repository.root / ".changeset/config.json").exists()
    assert repository.read(".vis/release/brave.md") == '---\n"@acme/core": minor\n---\n\nHello\n'
    assert repository.toml()["release"]["fixed"] == [["@acme/core", "@acme/cli"]]
    assert repository.plan(ci=False).empty


def test_moving_later_asks_for_the_engine_that_planned_until_now(repository):
    changesets(repository).init(ci=False)
    plan = repository.plan(ci=False, move=True)
    assert [(left.what, left.do) for left in plan.leftovers] == [
        ('rules = "changesets"', 'write rules = "changesets-2"')
    ]
    assert repository.read("vis.toml").count("rules") == 1


def test_change_files_of_beachball_become_ours(repository):
    repository.write("beachball.config.js", "module.exports = { branch: 'origin/main' };\n")
    repository.json("change/one.json", {"type": "minor", "comment": "Add x", "packageName": "@acme/core"})
    repository.json("change/two.json", {"type": "premajor", "comment": "y", "packageName": "@acme/core"})
    kept = repository.plan(ci=False)
    assert [left.do for left in kept.leftovers] == ["`--move-changes` moves them"]
    plan = repository.plan(ci=False, move=True)
    assert [left.where for left in plan.leftovers] == ["change/two.json"]
    repository.init(ci=False, move=True)
    assert repository.read(".vis/release/one.md") == '---\n"@acme/core": minor\n---\n\nAdd x\n'
    assert not (repository.root / "change/one.json").exists()
    assert (repository.root / "change/two.json").exists()


def test_a_change_file_about_nobody_we_know_stays_where_it_is(repository):
    repository.json(".bumpy/_config.json", {}).write(".bumpy/x.md", '---\n"gone": minor\n---\n\nx\n')
    plan = repository.plan(ci=False, move=True)
    assert [left.where for left in plan.leftovers] == [".bumpy/x.md"]
    assert ".bumpy/x.md" not in made(plan)


def test_of_several_tools_the_most_believable_is_taken_unless_told(repository):
    changesets(repository).json("lerna.json", {"version": "independent"})
    assert (repository.plan(ci=False).migration.tool, repository.plan(ci=False).others) == ("changesets", ("lerna",))
    assert repository.plan(ci=False, tool="lerna").migration.tool == "lerna"
    assert repository.plan(ci=False, tool="none").migration is None


@pytest.mark.parametrize(
    ("path", "text", "tool"),
    [
        ("vis.config.ts", "export default { release: { defaultManaged: true } };", "vis"),
        (".bumpy/_config.json", "{}", "bumpy"),
        ("beachball.config.js", "module.exports = {};", "beachball"),
        (".config/beachball.config.cjs", "module.exports = {};", "beachball"),
        ("release-please-config.json", '{"packages": {}}', "release-please"),
        (".releaserc", "branches:\n  - main\n", "semantic-release"),
        (".releaserc", '{"branches": ["main"]}', "semantic-release"),
        (".releaserc.yml", "branches: [main]\n", "semantic-release"),
        ("release.config.mjs", "export default { branches: ['main'] };", "semantic-release"),
        ("lerna.json", '{"version": "independent"}', "lerna"),
    ],
)
def test_every_tool_is_known_by_its_files(repository, path, text, tool):
    plan = repository.write(path, text).plan(ci=False)
    assert plan.migration.tool == tool
    assert plan.migration.files == (path,)


@pytest.mark.parametrize(("key", "tool"), [("release", "semantic-release"), ("beachball", "beachball")])
def test_keys_of_package_json_count_too_with_their_lines(repository, key, tool):
    manifest = {"name": "r", "private": True, "workspaces": ["packages/*"], key: {"odd": 1}}
    plan = repository.json("package.json", manifest).plan(ci=False)
    assert plan.migration.tool == tool
    assert "package.json:8" in [left.where for left in plan.leftovers if left.what == "odd"]


@pytest.mark.parametrize(
    ("path", "text", "where"),
    [
        (".changeset/config.json", '{\n "fixed": [\n', ".changeset/config.json:3:1"),
        (".releaserc", "branches: [\n", ".releaserc:2"),
        ("vis.config.ts", "export default {\n a: 'x\n};", "vis.config.ts:2:5"),
        ("lerna.json", "{\n version: one }", "lerna.json:2"),
    ],
)
def test_a_broken_configuration_is_told_with_its_place_and_can_be_passed_over(repository, path, text, where):
    repository.write(path, text)
    with pytest.raises(VisError) as caught:
        repository.plan(ci=False)
    assert caught.value.message.startswith(f"{where}:")
    assert repository.plan(ci=False, tool="none").migration is None


def test_values_that_the_loader_would_refuse_are_left_over(repository):
    changesets(repository, access="wide", ignore=["@acme/cli"])
    plan = repository.plan(ci=False)
    assert [(left.what, left.where) for left in plan.leftovers] == [
        ("release.publish.access", ".changeset/config.json:9"),
    ]
    assert plan.config.release.publish.access is None
    assert plan.config.release.ignore == ("@acme/cli",)


def test_jobs_that_release_by_the_old_tool_are_pointed_at(repository):
    changesets(repository).write(
        ".github/workflows/release.yml", "on: push\n# changeset publish\n - uses: changesets/action@v1\n"
    )
    (found,) = [left for left in repository.plan(ci=False).leftovers if "CI job" in left.what]
    assert found.where == ".github/workflows/release.yml:3"


def test_they_are_also_where_the_old_tool_left_no_configuration(repository):
    repository.write(".github/workflows/release.yml", "on: push\n - run: npx semantic-release\n")
    plan = repository.plan(ci=False)
    assert plan.migration is None
    assert [(left.what, left.where) for left in plan.leftovers] == [
        ("a CI job calls semantic-release", ".github/workflows/release.yml:2")
    ]


def test_an_unknown_tool_is_refused_with_the_nearest_name(repository):
    with pytest.raises(UsageError, match="--tool=changeset is unknown") as caught:
        repository.plan(tool="changeset")
    assert caught.value.hint == "did you mean changesets?"
    with pytest.raises(UsageError, match="there is no configuration of lerna here"):
        repository.plan(tool="lerna")
