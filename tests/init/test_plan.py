"""What init finds in real repositories, and what it writes there."""

from __future__ import annotations

import subprocess

import pytest

from tests.init.checkout import Checkout, made, no_index
from vis_tasks.config.load import load_config
from vis_tasks.core.ci.keep import Fate
from vis_tasks.core.ci.lock import CHECK_LOCK, LOCK
from vis_tasks.errors import ConfigError, Refused, UsageError, VisError
from vis_tasks.services.ci_files import generate
from vis_tasks.services.init.plan import apply, make_plan
from vis_tasks.wiring import build_init_tools


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
    repository = Checkout(tmp_path / "repository", folder="web/app")
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
    repository = Checkout(tmp_path / "repository", remote="git@gitlab.acme.test:web/widgets.git")
    mine = '# mine\n[release]\nbase-branch   = "develop" # ours\n'
    repository.write("vis.toml", mine)
    repository.init(ci=False)
    assert repository.read("vis.toml").startswith(mine)
    assert repository.toml() == {"release": {"base-branch": "develop"}, "ci": {"providers": ["gitlab"]}}
    assert repository.plan(ci=False).empty


def test_a_table_in_pyproject_is_used_and_no_second_file_made(tmp_path):
    repository = Checkout(tmp_path / "repository", remote="git@gitlab.acme.test:web/widgets.git")
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


def test_what_was_written_before_a_file_could_not_be_is_told(repository):
    plan = repository.plan(ci=False)
    assert plan.files[1].path == ".vis/vis.schema.json"
    repository.write(".vis", "a file where a folder should be")
    with pytest.raises(VisError) as caught:
        apply(plan, build_init_tools(repository.root), ci=False)
    assert caught.value.hint.startswith(f"written already: {plan.files[0].path}; init goes on from there. ")


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
    repository = Checkout(tmp_path / "repository", remote=remote)
    for path in files:
        repository.write(path, "# empty\n")
    plan = repository.plan(ci=False)
    assert plan.facts.forge == forge
    assert plan.config.ci.providers == ((forge,) if forge else ())
    assert plan.config.release.forge.provider == (provider or "auto")


def test_the_default_branch_is_asked_of_a_remote_that_was_never_cloned(tmp_path):
    repository = Checkout(tmp_path / "repository", remote="")
    subprocess.run(["git", "init", "-q", "--bare", "--initial-branch=trunk", tmp_path / "remote"], check=True)
    repository.git("remote", "add", "origin", str(tmp_path / "remote"))
    repository.git("push", "--quiet", "origin", f"{repository.empty_commit()}:refs/heads/trunk")
    assert repository.plan(ci=False).config.release.base_branch == "trunk"


def test_without_a_remote_the_branch_checked_out_counts_and_a_note_says_so(tmp_path):
    repository = Checkout(tmp_path / "repository", remote="")
    repository.git("symbolic-ref", "HEAD", "refs/heads/work")
    plan = repository.plan(ci=False)
    assert plan.config.release.base_branch == "work"
    assert any("no git remote yet" in note for note in plan.notes)


def test_the_only_remote_counts_whatever_its_name(tmp_path):
    repository = Checkout(tmp_path / "repository", remote="")
    repository.git("remote", "add", "upstream", "https://github.com/acme/widgets.git")
    assert repository.plan(ci=False).config.release.remote == "upstream"


def test_tags_that_exist_say_how_tags_look(tmp_path):
    alone = Checkout(tmp_path / "alone", packages=(".",))
    alone.git("tag", "v0.9.0", alone.empty_commit())
    assert alone.plan(ci=False).config.release.tag_pattern == "v{version}"
    several = Checkout(tmp_path / "several")
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
