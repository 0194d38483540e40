"""tag: at the recorded commit, all together, never moved; staged.json drained only when all is done."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.services.builders import build_world, entry, integrity_of, package
from vis_tasks.adapters.files import RootFiles
from vis_tasks.config.model import ForgeConfig
from vis_tasks.core.pending import Pending
from vis_tasks.core.targets import Due, UpToDate
from vis_tasks.errors import Failed
from vis_tasks.ports import ForgeRelease, Live, PushRefused, PushStale
from vis_tasks.services import tag as service
from vis_tasks.services.guard import guard


class RecordingForge:
    name = "GitHub"

    def __init__(self, fails=0):
        self.made, self.asked, self.fails = {}, [], fails

    def ensure_release(self, *, tag, title, notes, prerelease):
        self.asked.append(tag)
        if self.fails:
            self.fails -= 1
            raise Failed("GitHub says 502", code="FORGE")
        created = tag not in self.made
        self.made.setdefault(tag, (title, notes, prerelease))
        return ForgeRelease(tag, f"http://forge/{tag}", created)


@pytest.fixture
def world(tmp_path):
    """Packages a and b live at the commit `world.built`; main has moved on since."""
    world = build_world(tmp_path, package("a", "1.1.0"), package("b", "1.1.0", deps={"a": "^1.1.0"}))
    world.repo.put("packages/a/CHANGELOG.md", "# a\n\n## 1.1.0\n\n- what is new\n\n## 1.0.0\n\n- old\n")
    world.repo.sh("add", "--all"), world.repo.sh("commit", "--quiet", "--message", "version")
    built = world.repo.git.head()
    world.repo.committed("later")
    world.repo.sh("push", "--quiet", "origin", "main")
    for name in ("a", "b"):
        world.registry.live_versions[name, "1.1.0"] = Live(integrity_of(name, "1.1.0"))
    world.hold(Pending().approve(entry("a", commit=built)).approve(entry("b", commit=built)))
    vars(world)["built"] = built
    return world


def with_forge(world, forge):
    world.tools = replace(world.tools, forge=lambda: forge)
    return forge


def _unreachable(*_args):
    raise Failed("git could not read origin", code="GIT_FETCH")


def make_tags(world):
    run = world.run(reach=("tag",))
    service.tag(run)
    return run


def remote_tags(world):
    return dict(world.repo.git.remote_refs("origin", "main").tags)


def test_tags_stand_at_the_recorded_commit_and_not_at_todays_head(world):
    run = make_tags(world)
    assert remote_tags(world) == {"a@1.1.0": world.built, "b@1.1.0": world.built}
    assert run.report.tags == ["a@1.1.0", "b@1.1.0"]
    assert [each.name for each in run.report.of("published")] == ["a", "b"]


def test_they_are_annotated_with_stage_and_bytes(world):
    make_tags(world)
    text = world.repo.sh("cat-file", "tag", "a@1.1.0")
    assert "Stage-Id: id-a" in text
    assert f"Integrity: {integrity_of('a', '1.1.0')}" in text


def test_afterwards_staged_json_is_drained_and_the_wave_recorded(world):
    make_tags(world)
    assert world.state.empty
    world.repo.sh("fetch", "--quiet", "origin")
    subjects = world.repo.sh("log", "-3", "--format=%s", "origin/main").splitlines()
    assert subjects[0] == "chore(release): record wave [skip ci]"
    changelog = world.repo.sh("show", "origin/main:CHANGELOG.md")
    assert changelog == "# Changelog\n\n## 2026-11-21\n\n- a@1.1.0\n- b@1.1.0"


def test_a_staged_json_in_git_is_cleared_with_its_own_commit(world):
    from vis_tasks.services.record import record

    record(world.run())
    make_tags(world)
    world.repo.sh("fetch", "--quiet", "origin")
    subjects = world.repo.sh("log", "-2", "--format=%s", "origin/main").splitlines()
    assert subjects[0] == "chore(release): clear pending stage registry [skip ci]"
    assert subjects[1] == "chore(release): record wave [skip ci]"


def test_the_pattern_of_the_config_names_the_tags(tmp_path):
    world = build_world(tmp_path, package("@s/a", "1.1.0"), tag_pattern="release/{name}/v{version}")
    world.hold(Pending().approve(entry("@s/a", commit=world.repo.git.head())))
    make_tags(world)
    assert set(remote_tags(world)) == {"release/@s/a/v1.1.0"}


def test_a_tag_that_exists_elsewhere_is_an_error_and_is_not_moved(world):
    world.repo.sh("push", "--quiet", "origin", "HEAD:refs/tags/a@1.1.0")
    elsewhere = world.repo.git.head()
    with pytest.raises(Failed) as caught:
        make_tags(world)
    assert caught.value.code == "TAG_EXISTS"
    assert elsewhere[:12] in caught.value.message
    assert world.built[:12] in caught.value.message
    assert remote_tags(world)["a@1.1.0"] == elsewhere
    assert {each.name for each in world.state.approved} == {"a"}


def test_a_tag_that_another_machine_made_for_the_same_bytes_is_taken_for_ours(world):
    elsewhere = world.repo.git.head()
    known = world.state.find_approved("a", "1.1.0")
    world.repo.git.tag("a@1.1.0", elsewhere, f"a@1.1.0\n\nIntegrity: {known.integrity}\n")
    world.repo.sh("push", "--quiet", "origin", "refs/tags/a@1.1.0")
    world.repo.git.delete_tag("a@1.1.0")
    make_tags(world)
    assert remote_tags(world) == {"a@1.1.0": elsewhere, "b@1.1.0": world.built}
    assert world.state.empty


class TestOneThatCanNotBeTagged:
    """It stops its own package only; what needs it is installable, and so is tagged."""

    def test_the_others_are_tagged_and_the_run_says_so_at_its_end(self, world):
        elsewhere = world.repo.git.head()
        world.repo.sh("push", "--quiet", "origin", f"{elsewhere}:refs/tags/a@1.1.0")
        run = world.run(reach=("tag",))
        with pytest.raises(Failed) as caught:
            service.tag(run)
        assert caught.value.code == "TAG_EXISTS"
        assert remote_tags(world) == {"a@1.1.0": elsewhere, "b@1.1.0": world.built}
        assert [each.name for each in run.report.of("published")] == ["b"]
        assert [each.name for each in run.report.of("failed")] == ["a"]

    def test_a_tag_that_is_wrong_only_here_stops_its_package_only_too(self, world):
        world.repo.git.tag("a@1.1.0", world.repo.git.head(), "mine")
        with pytest.raises(Failed) as caught:
            make_tags(world)
        assert caught.value.code == "TAG_EXISTS"
        assert set(remote_tags(world)) == {"b@1.1.0"}

    def test_several_are_all_named(self, world):
        world.hold(world.state.approve(entry("gone", "1.0.0")).approve(entry("lost", "1.0.0")))
        with pytest.raises(Failed) as caught:
            make_tags(world)
        assert caught.value.code == "COMMIT_MISSING"
        assert "gone@1.0.0" in caught.value.message
        assert "lost@1.0.0" in caught.value.message
        assert set(remote_tags(world)) == {"a@1.1.0", "b@1.1.0"}
        assert {each.name for each in world.state.approved} == {"gone", "lost"}

    def test_once_mended_the_next_run_tags_it(self, world):
        world.repo.sh("push", "--quiet", "origin", "HEAD:refs/tags/a@1.1.0")
        with pytest.raises(Failed):
            make_tags(world)
        world.repo.sh("push", "--quiet", "origin", ":refs/tags/a@1.1.0")
        make_tags(world)
        assert set(remote_tags(world)) == {"a@1.1.0", "b@1.1.0"}
        assert world.state.empty


def test_a_tag_that_stands_there_already_is_done(world):
    world.repo.git.tag("a@1.1.0", world.built, "before")
    world.repo.sh("push", "--quiet", "origin", "a@1.1.0")
    run = make_tags(world)
    assert run.report.tags == ["b@1.1.0"]
    assert world.state.empty


def test_a_local_tag_that_never_arrived_is_pushed(world):
    world.repo.git.tag("a@1.1.0", world.built, "before")
    make_tags(world)
    assert remote_tags(world)["a@1.1.0"] == world.built


def test_a_remote_that_takes_no_tags_is_an_error_and_all_keep_their_place(world):
    hook = world.repo.top.parent / "origin.git/hooks/pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho 'tags are protected' >&2\nexit 1\n")
    hook.chmod(0o755)
    with pytest.raises(Failed) as caught:
        make_tags(world)
    assert caught.value.code == "PUSH_REFUSED"
    assert "tags are protected" in caught.value.message
    assert {each.name for each in world.state.approved} == {"a", "b"}
    hook.unlink()
    make_tags(world)
    assert set(remote_tags(world)) == {"a@1.1.0", "b@1.1.0"}


def test_a_commit_that_is_not_recorded_is_the_one_that_brought_the_version(tmp_path):
    world = build_world(tmp_path, package("a", "1.1.0"))
    brought = world.repo.git.head()
    world.repo.committed("later")
    world.repo.sh("push", "--quiet", "origin", "main")
    world.hold(Pending().approve(entry("a")))
    make_tags(world)
    assert remote_tags(world) == {"a@1.1.0": brought}


def test_a_commit_nobody_knows_is_an_error_with_the_way_out(world):
    world.hold(Pending().approve(entry("gone-package", "1.0.0")))
    with pytest.raises(Failed) as caught:
        make_tags(world)
    assert caught.value.code == "COMMIT_MISSING"
    assert "git tag -a gone-package@1.0.0" in caught.value.hint


def test_a_commit_neither_here_nor_there_is_an_error(world):
    world.hold(Pending().approve(entry("a", commit="0" * 39 + "1")))
    with pytest.raises(Failed) as caught:
        make_tags(world)
    assert caught.value.code == "COMMIT_MISSING"


def test_a_version_whose_package_has_moved_on_is_tagged_all_the_same(world):
    world.hold(Pending().approve(entry("a", "1.0.5", commit=world.built)))
    make_tags(world)
    assert remote_tags(world)["a@1.0.5"] == world.built


class TestHeld:
    def test_a_dependent_waits_for_a_dependency_that_is_not_live(self, world):
        world.hold(Pending().put(entry("a", reason="timeout")).approve(entry("b", commit=world.built)))
        run = make_tags(world)
        assert remote_tags(world) == {}
        assert [each.why for each in run.report.of("held")] == ["held: needs a@1.1.0 (timeout)"]
        assert [each.name for each in world.state.approved] == ["b"]

    def test_it_goes_once_the_dependency_is_live(self, world):
        self.test_a_dependent_waits_for_a_dependency_that_is_not_live(world)
        world.hold(world.state.approve(entry("a", commit=world.built)))
        make_tags(world)
        assert set(remote_tags(world)) == {"a@1.1.0", "b@1.1.0"}

    def test_an_older_live_version_that_fits_the_range_is_enough(self, world):
        world.hold(Pending().put(entry("a", "1.2.0", reason="timeout")).approve(entry("b", commit=world.built)))
        world.repo.git.tag("a@1.1.0", world.built, "before")
        world.repo.sh("push", "--quiet", "origin", "a@1.1.0")
        make_tags(world)
        assert set(remote_tags(world)) == {"a@1.1.0", "b@1.1.0"}


class TestForge:
    def test_each_tag_gets_its_release_with_the_notes_of_its_commit(self, world):
        forge = with_forge(world, RecordingForge())
        run = make_tags(world)
        assert set(forge.made) == {"a@1.1.0", "b@1.1.0"}
        title, notes, prerelease = forge.made["a@1.1.0"]
        assert (title, prerelease) == ("a@1.1.0", False)
        assert "what is new" in notes
        assert "old" not in notes
        assert run.report.releases == ["http://forge/a@1.1.0", "http://forge/b@1.1.0"]

    def test_a_prerelease_is_one(self, world):
        forge = with_forge(world, RecordingForge())
        world.hold(Pending().approve(entry("a", "2.0.0-next.0", commit=world.built)))
        make_tags(world)
        assert forge.made["a@2.0.0-next.0"][2] is True

    def test_a_branch_that_takes_no_pushes_gets_its_releases_with_the_tags(self, world):
        forge = with_forge(world, RecordingForge())
        hook = world.repo.top.parent / "origin.git/hooks/update"
        hook.parent.mkdir(exist_ok=True)
        hook.write_text('#!/bin/sh\ncase "$1" in refs/heads/*) echo protected >&2; exit 1 ;; esac\n')
        hook.chmod(0o755)
        with pytest.raises(Failed) as caught:
            make_tags(world)
        assert caught.value.code == "PUSH_REFUSED"
        assert set(remote_tags(world)) == set(forge.made) == {"a@1.1.0", "b@1.1.0"}

    @pytest.mark.parametrize("code", ["PUSH_FAILED", "GIT_FETCH"])
    def test_where_the_remote_is_not_reached_no_tag_goes_alone(self, world, monkeypatch, code):
        forge, git = with_forge(world, RecordingForge()), world.repo.git
        stale = PushStale("main has moved on") if code == "GIT_FETCH" else PushRefused("no route", network=True)
        first, push = iter([stale]), git.push
        with monkeypatch.context() as patched:
            patched.setattr(git, "push", lambda *args, **how: next(first, None) or push(*args, **how))
            patched.setattr(git, "fetch", _unreachable)
            with pytest.raises(Failed) as caught:
                make_tags(world)
        assert (caught.value.code, remote_tags(world), forge.made) == (code, {}, {})
        make_tags(world)
        assert set(remote_tags(world)) == set(forge.made) == {"a@1.1.0", "b@1.1.0"}

    def test_a_forge_that_fails_keeps_everything_in_place_and_the_next_run_goes_on(self, world):
        forge = with_forge(world, RecordingForge(fails=1))
        with pytest.raises(Failed, match="502"):
            make_tags(world)
        assert {each.name for each in world.state.approved} == {"a", "b"}
        assert set(remote_tags(world)) == {"a@1.1.0", "b@1.1.0"}
        make_tags(world)
        assert set(forge.made) == {"a@1.1.0", "b@1.1.0"}
        assert world.state.empty

    def test_lost_after_the_push_another_machine_makes_the_releases(self, world):
        forge = with_forge(world, RecordingForge(fails=1))
        with pytest.raises(Failed, match="502"):
            make_tags(world)
        lost, elsewhere = world.repo.root, world.repo.clone("elsewhere")
        world.tools = replace(world.tools, git=elsewhere.git, files=RootFiles(elsewhere.root), root=elsewhere.root)
        elsewhere.committed("somebody-works-on")
        assert lost != elsewhere.root
        assert {each.name for each in world.state.approved} == {"a", "b"}
        make_tags(world)
        assert set(forge.made) == {"a@1.1.0", "b@1.1.0"}
        assert world.state.empty

    def test_one_release_may_speak_for_the_whole_wave(self, world):
        forge = with_forge(world, RecordingForge(fails=1))
        world.config = replace(world.config, release=replace(world.config.release, forge=ForgeConfig(per="wave")))
        with pytest.raises(Failed, match="502"):
            make_tags(world)
        make_tags(world)
        make_tags(world)
        ((tag, (title, notes, prerelease)),) = forge.made.items()
        assert (tag, title, prerelease) == ("b@1.1.0", "2026-11-21", False)
        assert notes.startswith("## a@1.1.0\n\n- what is new\n\n## b@1.1.0")
        assert forge.asked == ["b@1.1.0", "b@1.1.0"], "once more after the failure, and never again"

    def test_titles_and_notes_may_have_forms_of_their_own(self, world):
        forge = with_forge(world, RecordingForge())
        form = ForgeConfig(
            title="{name} {version}", notes="Out on {date}: `npm i {name}@{version}` {{x}} {y}\n\n{changelog}"
        )
        world.config = replace(world.config, release=replace(world.config.release, forge=form))
        make_tags(world)
        title, notes, _ = forge.made["a@1.1.0"]
        assert title == "a 1.1.0"
        assert notes == "Out on 2026-11-21: `npm i a@1.1.0` {{x}} {y}\n\n- what is new"

    def test_a_release_that_is_made_is_not_asked_for_again(self, world):
        forge = with_forge(world, RecordingForge())
        forge.ensure_release(tag="x", title="x", notes="", prerelease=False)
        world.run().state.note(lambda journal: journal.add("released", "a@1.1.0"))
        make_tags(world)
        assert forge.asked == ["x", "b@1.1.0"]


def test_nothing_owed_is_up_to_date(tmp_path):
    world = build_world(tmp_path, package("a"))
    assert isinstance(service.look(world.run()), UpToDate)


def test_what_is_owed_is_told(world):
    assert service.look(world.run()) == Due("2 version(s) to tag", ("tag a@1.1.0", "tag b@1.1.0"))


class Killed(BaseException):
    pass


def push_tags_elsewhere(world):
    """As another machine does, whose commit main did not take."""
    for name in ("a", "b"):
        world.repo.git.tag(f"{name}@1.1.0", world.built, "theirs")
    world.repo.sh("push", "--quiet", "origin", "--tags")
    world.repo.sh("tag", "--delete", "a@1.1.0", "b@1.1.0")


def killed_in_commit(world, monkeypatch):
    def dying(*_args):
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(world.repo.git, "commit", dying)
        with pytest.raises(Killed):
            make_tags(world)
    assert "CHANGELOG.md" in world.repo.git.dirty()


class TestAllTagsAreThereAlready:
    def test_killed_after_the_changelog_is_written_the_next_run_commits_it(self, world, monkeypatch):
        push_tags_elsewhere(world)
        killed_in_commit(world, monkeypatch)
        guard(world.run(reach=("guard", "version", "tag")))
        make_tags(world)
        assert "- a@1.1.0" in world.repo.sh("show", "origin/main:CHANGELOG.md")
        assert "CHANGELOG.md" not in world.repo.git.dirty()

    @pytest.mark.parametrize("before", ["", "# Changelog\n\n## 2026-11-01\n\n- a@1.0.0\n"])
    def test_with_the_state_branch_switched_on_meanwhile_it_is_taken_back(self, world, monkeypatch, before):
        if before:
            world.repo.committed("CHANGELOG.md", before)
            world.repo.sh("push", "--quiet", "origin", "main")
        push_tags_elsewhere(world)
        killed_in_commit(world, monkeypatch)
        switched = replace(world.config, release=replace(world.config.release, state_branch="vis-release-state"))
        world = replace(world, config=switched)
        guard(world.run(reach=("guard", "version", "tag")))
        assert "CHANGELOG.md" not in world.repo.git.dirty()
        make_tags(world)
        world.repo.sh("fetch", "--quiet", "origin", "vis-release-state")
        assert "- a@1.1.0" in world.repo.sh("show", "FETCH_HEAD:main/CHANGELOG.md")

    def test_but_never_what_somebody_has_edited_since(self, world, monkeypatch):
        push_tags_elsewhere(world)
        killed_in_commit(world, monkeypatch)
        world.repo.put("CHANGELOG.md", (world.repo.root / "CHANGELOG.md").read_text() + "\nBy hand.\n")
        switched = replace(world.config, release=replace(world.config.release, state_branch="vis-release-state"))
        guard(replace(world, config=switched).run(reach=("guard", "version", "tag")))
        assert "By hand." in (world.repo.root / "CHANGELOG.md").read_text()


@pytest.mark.parametrize("moment", ["tag:1", "tag:2", "push:1", "pushed:1", "commit:1", "forge:2"])
def test_killed_anywhere_the_next_run_ends_as_if_nothing_had_happened(world, monkeypatch, moment):
    forge = with_forge(world, RecordingForge())
    where, _, number = moment.partition(":")
    after = where == "pushed"
    target, name = (forge, "ensure_release") if where == "forge" else (world.repo.git, where.removesuffix("ed"))
    real, calls = getattr(target, name), []

    def dying(*args, **more):
        calls.append(1)
        if len(calls) < int(number):
            return real(*args, **more)
        if after:
            real(*args, **more)
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(target, name, dying)
        with pytest.raises(Killed):
            make_tags(world)
    guard(world.run(reach=("guard", "version", "tag")))
    make_tags(world)
    assert remote_tags(world) == {"a@1.1.0": world.built, "b@1.1.0": world.built}
    assert set(forge.made) == {"a@1.1.0", "b@1.1.0"}
    assert world.state.empty
    world.repo.sh("fetch", "--quiet", "origin")
    assert world.repo.sh("show", "origin/main:CHANGELOG.md").count("a@1.1.0") == 1
    assert world.repo.git.dirty() == ()
