"""What init finds in real repositories, and what it writes there."""

from __future__ import annotations

import json
import subprocess
import tomllib
from dataclasses import replace

import pytest

from vis_tasks.config.load import load_config
from vis_tasks.core.ci.keep import Fate
from vis_tasks.core.ci.lock import CHECK_LOCK, LOCK
from vis_tasks.errors import ConfigError, Failed, Refused, UsageError, VisError
from vis_tasks.services.ci_files import generate
from vis_tasks.services.init.plan import apply, make_plan
from vis_tasks.wiring import build_init_tools


def hashes(requirement):
    """What uv would find."""
    return f"{requirement} --hash=sha256:{'0' * 64}\n"


def no_index(requirement):
    raise Failed(f"uv can't lock {requirement}: the index can't be reached", code="CI_LOCK")


class Repository:
    """A git repository with a workspace in it."""

    def __init__(
        self, root, *, remote="https://github.com/acme/widgets.git", folder="", packages=("@acme/core", "@acme/cli")
    ):
        self.top = root
        self.root = root / folder if folder else root
        self.root.mkdir(parents=True, exist_ok=True)
        self.git("init", "--quiet", "--initial-branch=main")
        if remote:
            self.git("remote", "add", "origin", remote)
            self.git("update-ref", "refs/remotes/origin/main", self.empty_commit())
            self.git("symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/main")
        if packages == (".",):
            self.json("package.json", {"name": "acme", "version": "1.0.0"})
            return
        self.json("package.json", {"name": "root", "private": True, "workspaces": ["packages/*"]})
        for name in packages:
            self.json(f"packages/{name.rpartition('/')[2]}/package.json", {"name": name, "version": "1.0.0"})

    def git(self, *argv, text=None):
        who = ["-c", "user.name=T", "-c", "user.email=t@localhost"]
        done = subprocess.run(
            ["git", *who, *argv], cwd=self.top, check=True, capture_output=True, text=True, input=text
        )
        return done.stdout.strip()

    def empty_commit(self):
        tree = self.git("mktree", text="")
        return self.git("commit-tree", tree, "-m", "first")

    def write(self, path, text):
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text.encode())
        return self

    def json(self, path, value):
        return self.write(path, json.dumps(value, indent=2) + "\n")

    def read(self, path):
        return (self.root / path).read_bytes().decode()

    def tools(self, lock=hashes):
        """The real ones, but for what asks the Python index."""
        tools = build_init_tools(self.root)
        return replace(tools, ci=lambda config: replace(tools.ci(config), lock=lock))

    def plan(self, *, lock=hashes, **options):
        return make_plan(self.tools(lock), **options)

    def init(self, **options):
        plan = self.plan(**options)
        return apply(plan, self.tools(), ci=True)

    def toml(self):
        return tomllib.loads(self.read("vis.toml"))


@pytest.fixture
def repository(tmp_path):
    return Repository(tmp_path / "repository")


def made(plan):
    return {change.path: change.state for change in plan.files}


def test_a_fresh_repository_gets_everything_and_the_second_time_nothing(repository):
    written = repository.init()
    assert set(written) == {
        "vis.toml",
        ".vis/vis.schema.json",
        "tasks.py",
        ".gitignore",
        ".github/workflows/vis-release.yml",
        ".github/workflows/vis-check.yml",
        LOCK,
        CHECK_LOCK,
    }
    assert repository.toml() == {
        "release": {"base-branch": "main", "publish": {"stage": {"timeout": "30m"}}},
        "ci": {"providers": ["github"]},
    }
    assert load_config(repository.root, {}).config.release.base_branch == "main"
    assert repository.plan().empty
    assert repository.init() == ()


def ci_check(repository):
    """How the CI files stand to the configuration: the states that `ci.check` goes by."""
    plan = repository.plan(ci=False)
    found = generate(plan.config, plan.facts.workspace, repository.tools(no_index).ci(plan.config))
    return {each.fate for each in (*found.planned, *found.locks)}


def test_ci_files_are_those_that_generating_gives_with_hashes(repository):
    assert not any("without hashes" in note for note in repository.plan().notes)
    repository.init()
    assert f'REQUIREMENTS: "{LOCK}"' in repository.read(".github/workflows/vis-release.yml")
    assert "--hash=sha256:" in repository.read(LOCK)
    assert ci_check(repository) == {Fate.SAME}


def test_where_the_index_is_out_of_reach_jobs_install_by_version_and_a_note_says_so(repository):
    (note,) = [note for note in repository.plan(lock=no_index).notes if "without hashes" in note]
    assert "the index can't be reached" in note
    assert "vis-tasks ci.generate" in note
    written = repository.init(lock=no_index)
    assert LOCK not in written
    assert 'REQUIREMENT: "vis-tasks==' in repository.read(".github/workflows/vis-release.yml")
    assert ci_check(repository) == {Fate.SAME}


def test_a_plan_touches_nothing(repository):
    before = repository.git("status", "--porcelain", "--untracked-files=all", "--ignored")
    assert not repository.plan().empty
    assert repository.git("status", "--porcelain", "--untracked-files=all", "--ignored") == before


def test_outside_a_repository_it_refuses(tmp_path):
    (tmp_path / "package.json").write_text('{"name": "x"}')
    with pytest.raises(Refused, match="is not inside a git repository") as caught:
        make_plan(build_init_tools(tmp_path))
    assert caught.value.code == "NO_REPOSITORY"


def test_a_broken_manifest_is_told_with_its_line(repository):
    repository.write("packages/core/package.json", '{\n  "name": "@acme/core",\n  version: 1\n}')
    with pytest.raises(UsageError, match=r"^packages/core/package\.json:3:3:"):
        repository.plan()


def test_in_a_folder_of_a_repository_the_ci_files_go_to_its_top(tmp_path):
    repository = Repository(tmp_path / "repository", folder="web/app")
    written = repository.init()
    assert ".github/workflows/vis-release.yml" in written
    assert (repository.top / ".github/workflows/vis-release.yml").is_file()
    assert (repository.root / "vis.toml").is_file()
    assert repository.plan().empty


def test_what_git_ignores_already_is_not_added_and_line_ends_stay(repository):
    repository.write(".gitignore", "node_modules\r\ndist/\r\n.lock\r\n")
    repository.init(ci=False)
    assert repository.read(".gitignore") == (
        "node_modules\r\ndist/\r\n.lock\r\n\r\n"
        "# The journal, the lock and the tarballs of a release\r\n.vis/release/.state.json\r\n"
    )


def test_a_last_line_without_an_end_stays_a_line_of_its_own(repository):
    repository.write(".gitignore", "node_modules")
    repository.init(ci=False)
    assert repository.read(".gitignore").splitlines()[:2] == ["node_modules", ""]


def test_ignoring_what_must_be_committed_is_warned_about(repository):
    repository.write(".gitignore", ".vis/\n")
    plan = repository.plan(ci=False)
    assert ".gitignore" not in made(plan)
    assert any("staged.json, which has to be committed" in note for note in plan.notes)


def test_an_existing_configuration_keeps_its_lines_and_gets_what_is_missing(tmp_path):
    repository = Repository(tmp_path / "repository", remote="git@gitlab.acme.test:web/widgets.git")
    mine = '# mine\n[release]\nbase-branch   = "develop" # ours\n'
    repository.write("vis.toml", mine)
    repository.init(ci=False)
    assert repository.read("vis.toml").startswith(mine)
    assert repository.toml() == {"release": {"base-branch": "develop"}, "ci": {"providers": ["gitlab"]}}
    assert repository.plan(ci=False).empty


def test_a_table_in_pyproject_is_used_and_no_second_file_made(tmp_path):
    repository = Repository(tmp_path / "repository", remote="git@gitlab.acme.test:web/widgets.git")
    repository.write("pyproject.toml", '[tool.vis.release]\nbase-branch = "main"\n')
    plan = repository.plan(ci=False)
    assert made(plan)["pyproject.toml"] == "changed"
    assert "vis.toml" not in made(plan)
    repository.init(ci=False)
    assert load_config(repository.root, {}).config.ci.providers == ("gitlab",)


def test_a_broken_configuration_of_ours_stops_it(repository):
    repository.write("vis.toml", "[release]\nbasebranch = 1\n")
    with pytest.raises(
        ConfigError, match=r"^vis\.toml:2: release\.basebranch is unknown \(did you mean base-branch\?\)"
    ):
        repository.plan()


def test_an_existing_tasks_file_is_left_alone_and_the_lines_shown(repository):
    repository.write("tasks.py", "from invoke import task\n\n@task\ndef lint(c):\n    pass\n")
    plan = repository.plan(ci=False)
    assert "tasks.py" not in made(plan)
    assert plan.task_lines == (
        "from vis_tasks import release_namespace",
        "ns = release_namespace()",
        "ns.add_task(lint)",
    )


def test_a_package_of_tasks_counts_as_one(repository):
    repository.write("tasks/__init__.py", "from invoke import Collection\n\nns = Collection()\n")
    plan = repository.plan(ci=False)
    assert "tasks.py" not in made(plan)
    assert plan.task_lines[1] == 'ns.add_collection(release_namespace(name="vis"))  # invoke vis.release'


def test_a_workflow_of_the_same_name_is_never_replaced(repository):
    repository.write(".github/workflows/vis-release.yml", "on: push\n")
    plan = repository.plan()
    assert plan.ci_paths == ()
    assert any("vis-release.yml would clash" in note for note in plan.notes)
    repository.init()
    assert repository.read(".github/workflows/vis-release.yml") == "on: push\n"


def test_a_file_that_changed_since_it_was_shown_is_not_overwritten(repository):
    plan = repository.plan(ci=False)
    repository.write(".gitignore", "mine\n")
    with pytest.raises(Refused, match=r"\.gitignore changed meanwhile; nothing was written"):
        apply(plan, build_init_tools(repository.root), ci=False)
    assert not (repository.root / "vis.toml").exists()


@pytest.mark.parametrize(
    ("remote", "files", "forge", "provider"),
    [
        ("git@github.com:acme/widgets.git", (), "github", None),
        ("https://acme.ghe.com/acme/widgets", (), "github", None),
        ("ssh://git@gitlab.acme.test:2222/group/sub/widgets.git", (), "gitlab", None),
        ("https://git.acme.test/acme/widgets.git", (".github/workflows/ci.yml",), "github", "github"),
        ("https://git.acme.test/acme/widgets.git", (".gitlab-ci.yml",), "gitlab", "gitlab"),
        ("https://git.acme.test/acme/widgets.git", (), "", None),
        ("/srv/git/widgets.git", (), "", None),
    ],
)
def test_the_forge_is_known_by_its_host_or_by_its_files(tmp_path, remote, files, forge, provider):
    repository = Repository(tmp_path / "repository", remote=remote)
    for path in files:
        repository.write(path, "# empty\n")
    plan = repository.plan(ci=False)
    assert plan.facts.forge == forge
    assert plan.config.ci.providers == ((forge,) if forge else ())
    assert plan.config.release.forge.provider == (provider or "auto")


def test_the_default_branch_is_asked_of_a_remote_that_was_never_cloned(tmp_path):
    repository = Repository(tmp_path / "repository", remote="")
    subprocess.run(["git", "init", "-q", "--bare", "--initial-branch=trunk", tmp_path / "remote"], check=True)
    repository.git("remote", "add", "origin", str(tmp_path / "remote"))
    repository.git("push", "--quiet", "origin", f"{repository.empty_commit()}:refs/heads/trunk")
    assert repository.plan(ci=False).config.release.base_branch == "trunk"


def test_without_a_remote_the_branch_checked_out_counts_and_a_note_says_so(tmp_path):
    repository = Repository(tmp_path / "repository", remote="")
    repository.git("symbolic-ref", "HEAD", "refs/heads/work")
    plan = repository.plan(ci=False)
    assert plan.config.release.base_branch == "work"
    assert any("no git remote yet" in note for note in plan.notes)


def test_the_only_remote_counts_whatever_its_name(tmp_path):
    repository = Repository(tmp_path / "repository", remote="")
    repository.git("remote", "add", "upstream", "https://github.com/acme/widgets.git")
    assert repository.plan(ci=False).config.release.remote == "upstream"


def test_tags_that_exist_say_how_tags_look(tmp_path):
    alone = Repository(tmp_path / "alone", packages=(".",))
    alone.git("tag", "v0.9.0", alone.empty_commit())
    assert alone.plan(ci=False).config.release.tag_pattern == "v{version}"
    several = Repository(tmp_path / "several")
    several.git("tag", "@acme/core-v1.0.0", several.empty_commit())
    assert several.plan(ci=False).config.release.tag_pattern == "{name}-v{version}"


def test_a_build_script_is_run_before_packing(repository):
    repository.json(
        "package.json", {"name": "r", "private": True, "workspaces": ["packages/*"], "scripts": {"build": "x"}}
    )
    repository.write("yarn.lock", "")
    assert repository.plan(ci=False).config.ci.build == "yarn run build"


def test_yarns_registries_reach_npms_side_and_its_tokens_do_not(repository):
    repository.write("yarn.lock", "").write(
        ".yarnrc.yml",
        "npmRegistryServer: https://npm.acme.test\nnpmAuthToken: hunter22\n"
        "npmScopes:\n  acme:\n    npmPublishRegistry: https://scope.acme.test\n",
    )
    plan = repository.plan(ci=False)
    assert plan.config.release.publish.registry == "https://npm.acme.test"
    assert plan.config.release.packages["@acme/core"].registry == "https://scope.acme.test"
    assert [left.what for left in plan.leftovers] == ["credentials"]
    assert "hunter22" not in str(plan)


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("pnpm-workspace.yaml", "packages: ['packages/*']\nregistries:\n  default: https://npm.acme.test\n"),
        ("bunfig.toml", '[install]\nregistry = { url = "https://npm.acme.test", token = "hunter22" }\n'),
    ],
)
def test_other_managers_registries_too_unless_npm_is_told_itself(repository, path, text):
    repository.write(path, text)
    if path == "bunfig.toml":
        repository.write("bun.lock", "")
    assert repository.plan(ci=False).config.release.publish.registry == "https://npm.acme.test"
    repository.write(".npmrc", "registry=https://else.acme.test\n")
    assert repository.plan(ci=False).config.release.publish.registry is None


# --- other tools -----------------------------------------------------------------------------------------------------


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
