"""Questions about the next release, and writing change files."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest

from tests.fakes import RecordingConsole
from tests.planning.builders import change, change_text, package, workspace
from vis_tasks.adapters.console import aligned
from vis_tasks.adapters.files import RootFiles
from vis_tasks.config.model import ReleaseConfig
from vis_tasks.core.changes import parse_change
from vis_tasks.core.conventional import parse_header, without_reverted
from vis_tasks.core.model import ChangeEntry, Level
from vis_tasks.core.notes import Links, links_from
from vis_tasks.core.ownership import owners_of
from vis_tasks.core.plan import make_plan
from vis_tasks.core.snapshots import snapshot_suffix
from vis_tasks.errors import Interrupted, Refused, UsageError
from vis_tasks.ports.history import Commit
from vis_tasks.services.planning.add import parse_packages, write_change_file
from vis_tasks.services.planning.ask import ask_change, fuzzy
from vis_tasks.services.planning.check import cover, demand
from vis_tasks.services.planning.document import PLAN_HEAD, plan_document, plan_rows, why_lines
from vis_tasks.services.planning.generate import drafts, since_when, write_drafts

CONFIG = ReleaseConfig()
DIRS = (".vis/release",)
MEMBERS = workspace(package("@acme/core"), package("cli", deps={"@acme/core": "~1.0.0"}), package("app", private=True))


@dataclass
class FakeHistory:
    """What git would say."""

    files: tuple[str, ...] = ()
    commits: tuple[Commit, ...] = ()
    fork: str | None = "fork"
    tag: str | None = None
    asked: list = field(default_factory=list)

    def base(self):
        return self.fork

    def changed_since(self, ref):
        self.asked.append(ref)
        return self.files

    def commits_since(self, ref):
        self.asked.append(ref)
        return self.commits

    def last_tag(self):
        return self.tag


# --- status ------------------------------------------------------------------------------------------------------------


def core_moves():
    return make_plan(MEMBERS, [change_text("x", '---\n"@acme/core": minor\n---\n\nText\n')], CONFIG)


def test_the_table_is_aligned_and_says_why():
    assert aligned([PLAN_HEAD, *plan_rows(core_moves())]) == [
        "package     now    next   level  because",
        'cli         1.0.0  1.0.1  patch  @acme/core becomes 1.1.0, which leaves "~1.0.0"',
        "@acme/core  1.0.0  1.1.0  minor  x asks for minor",
    ]


def test_the_chain_of_reasons_goes_back_to_the_change_file():
    assert why_lines(core_moves(), ["cli"]) == (
        "cli 1.0.0 → 1.0.1 (patch)",
        '  @acme/core becomes 1.1.0, which leaves "~1.0.0"',
        "    x asks for minor",
    )


def test_the_chain_of_a_ring_ends():
    ring = workspace(package("a", deps={"b": "1.0.0"}), package("b", deps={"a": "1.0.0"}))
    lines = why_lines(make_plan(ring, [change("x", a="patch")], CONFIG), ["b"])
    assert lines[-1].strip() in {"x asks for patch", "b: see above"}
    assert len(lines) < 8


def test_the_document_has_a_schema_version_and_everything_the_plan_says():
    document = plan_document(core_moves(), MEMBERS)
    assert document["schemaVersion"] == 1
    assert [each["name"] for each in document["releases"]] == ["cli", "@acme/core"]
    assert document["releases"][0]["reasons"][0]["source"] == "@acme/core"
    assert document["ranges"] == {"cli": {"dependencies": {"@acme/core": "~1.1.0"}}}
    assert document["changes"][0]["packages"] == {"@acme/core": "minor"}


# --- add ---------------------------------------------------------------------------------------------------------------


def test_packages_are_read_from_one_text():
    names = ("@acme/core", "cli")
    assert parse_packages(" @acme/core:minor , cli:none,", names) == (
        ChangeEntry("@acme/core", Level.MINOR),
        ChangeEntry("cli", Level.NONE),
    )


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("@acme/cor:minor", 'did you mean "@acme/core"?'),
        ("cli:mnor", "did you mean cli:minor?"),
        ("cli", "write it as name:patch"),
        ("cli:patch,cli:minor", "keep one"),
        ("", "--empty"),
    ],
)
def test_packages_that_cannot_be_read_are_refused_with_the_way_out(text, hint):
    with pytest.raises(UsageError) as caught:
        parse_packages(text, ("@acme/core", "cli"))
    assert hint in caught.value.hint


def test_a_change_file_is_written_under_a_free_name_and_reads_back(tmp_path):
    files = RootFiles(tmp_path)
    entries = (ChangeEntry("@acme/core", Level.MINOR),)
    first = write_change_file(files, ".vis/release", entries, "Text")
    second = write_change_file(files, ".vis/release", entries, "Text")
    assert first != second
    found = parse_change("x", first, (tmp_path / first).read_text())
    assert (found.entries, found.summary) == (entries, "Text")


def test_an_existing_change_file_is_never_overwritten(tmp_path):
    files = RootFiles(tmp_path)
    write_change_file(files, "c", (), "", name="mine")
    with pytest.raises(UsageError, match=r"c/mine\.md exists already"):
        write_change_file(files, "c", (), "", name="mine")
    for bad in ("../x", "", "README", ".hidden"):
        with pytest.raises(UsageError, match="file name"):
            write_change_file(files, "c", (), "", name=bad)


def test_a_release_without_a_text_is_refused(tmp_path):
    with pytest.raises(UsageError, match="no text"):
        write_change_file(RootFiles(tmp_path), "c", (ChangeEntry("a", Level.PATCH),), "  ")
    assert list(tmp_path.iterdir()) == []


def test_letters_find_names_the_closest_first():
    names = ["@acme/router", "@acme/core", "score", "cli"]
    assert fuzzy("core", names) == ["score", "@acme/core"]
    assert fuzzy("acr", names) == ["@acme/router", "@acme/core"]
    assert fuzzy("zz", names) == []


def told(*answers, names=("a", "b", "core-js", "core-ui"), changed=("b",)):
    """What comes out when somebody answers so; each answer must be asked for."""
    left = list(answers)

    def answer(_prompt):
        if not left:
            raise EOFError
        return left.pop(0)

    console = RecordingConsole()
    result = ask_change(names, changed, answer, console)
    assert left == []
    return result, console.text


def test_changed_packages_come_first_and_an_empty_answer_takes_them():
    (entries, message), shown = told("", "minor", "One", "Two", "")
    assert entries == (ChangeEntry("b", Level.MINOR),)
    assert message == "One\nTwo"
    assert shown.index("b  (changed)") < shown.index("  a")


def test_letters_narrow_the_list_numbers_choose_and_choose_away():
    (entries, _), _ = told("coreu", "1", "a", "a", "", "", "Text", "")
    assert entries == (ChangeEntry("core-ui", Level.PATCH),)


def test_wrong_answers_are_asked_again_and_none_needs_no_text():
    (entries, message), shown = told("a", "", "huge", "n", "")
    assert (entries, message) == ((ChangeEntry("a", Level.NONE),), "")
    assert "Answer patch, minor, major or none." in shown


def test_an_input_that_ends_is_an_interruption():
    with pytest.raises(Interrupted):
        told("a")


# --- check -------------------------------------------------------------------------------------------------------------


def covered(*changes, files, since=None, history=None):
    history = history or FakeHistory(files)
    return cover(MEMBERS, changes, CONFIG, history, since=since, change_dirs=DIRS)


def test_a_changed_package_without_a_change_file_is_refused_with_the_command_that_writes_one():
    found = covered(files=("packages/core/index.js", "README.md", "packages/app/x.js"))
    assert (found.changed, found.missing) == (("@acme/core",), ("@acme/core",))
    with pytest.raises(Refused, match="1 changed package has no change file") as caught:
        demand(found)
    assert "--packages '@acme/core:patch'" in caught.value.hint


def test_a_change_file_of_this_branch_covers_the_packages_it_names_whatever_the_level():
    mine = change_text("x", '---\n"@acme/core": none\n---\n')
    found = covered(mine, files=("packages/core/index.js", "packages/cli/a.js", ".vis/release/x.md"))
    assert (found.covered, found.missing, found.changes) == (("@acme/core",), ("cli",), ("x",))


def test_a_change_file_from_before_this_branch_covers_nothing():
    older = change_text("x", '---\n"@acme/core": minor\n---\n')
    assert covered(older, files=("packages/core/index.js",)).missing == ("@acme/core",)


def test_an_empty_change_file_of_this_branch_covers_everything():
    empty = change_text("x", "---\n---\n\nTests only\n")
    demand(covered(empty, files=("packages/core/index.js", ".vis/release/x.md")))


def test_without_a_base_branch_check_asks_for_a_ref():
    with pytest.raises(UsageError, match="no base branch") as caught:
        covered(files=(), history=FakeHistory(fork=None))
    assert "--since" in caught.value.hint


def test_the_innermost_package_owns_a_file():
    nested = workspace(package("root", path="."), package("outer", path="p"), package("inner", path="p/q"))
    assert owners_of(nested, ["p/q/r/x", "p/y", "z", "pp/x"]) == {
        "inner": ("p/q/r/x",),
        "outer": ("p/y",),
        "root": ("z", "pp/x"),
    }


# --- generate ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("subject", "body", "level"),
    [
        ("feat: x", "", Level.MINOR),
        ("fix(core): x", "", Level.PATCH),
        ("feat!: x", "", Level.MAJOR),
        ("chore(core)!: x", "", Level.MAJOR),
        ("fix: x", "text\n\nBREAKING CHANGE: y", Level.MAJOR),
        ("docs: x", "", Level.NONE),
        (":rocket: feat: x", "", Level.MINOR),
        ("\N{ROCKET} fix: x", "", Level.PATCH),
    ],
)
def test_a_conventional_commit_asks_for_a_level(subject, body, level):
    header = parse_header(subject, body)
    assert header is not None
    assert (header.level, header.text) == (level, "x")


@pytest.mark.parametrize("subject", ["Merge branch x", "feat x", "feat:x", "feat: ", "feat(: x"])
def test_other_messages_ask_for_nothing(subject):
    assert parse_header(subject) is None


def test_a_revert_cancels_and_the_revert_of_a_revert_gives_back():
    feat, fix = ("a1", "feat: one", ""), ("b2", "fix: two", "")
    undo = ("c3", 'Revert "feat: one"', "This reverts commit a1.")
    assert without_reverted([feat, fix, undo]) == ["b2"]
    redo = ("d4", 'Revert "Revert "feat: one""', "")
    assert without_reverted([feat, fix, undo, redo]) == ["a1", "b2"]
    assert without_reverted([fix, ("e5", "revert: feat: shipped", "")]) == ["b2"]


def test_a_revert_is_matched_by_its_id_when_subjects_repeat():
    first, second = ("a" * 40, "fix: x", ""), ("b" * 40, "fix: x", "")
    undo = ("c" * 40, 'Revert "fix: x"', f"This reverts commit {'a' * 40}.")
    assert without_reverted([first, second, undo]) == ["b" * 40]


def commit(sha, subject, *files, body=""):
    return Commit(sha * 40, subject, body, files)


def test_each_commit_that_releases_something_becomes_one_change_file(tmp_path):
    commits = [
        commit("a", "feat: both", "packages/core/a.js", "packages/cli/b.js"),
        commit("b", "docs: nothing", "packages/core/README.md"),
        commit("c", "fix: private", "packages/app/a.js"),
        commit("d", "fix(core): by scope", "scripts/x.js"),
        commit("e", "fix: told already", "packages/cli/a.js", ".vis/release/x.md"),
    ]
    found = drafts(commits, MEMBERS, CONFIG, folder=".vis/release", change_dirs=DIRS)
    assert [(draft.path, [(each.name, each.level) for each in draft.entries]) for draft in found] == [
        (".vis/release/commit-aaaaaaaaaa.md", [("cli", Level.MINOR), ("@acme/core", Level.MINOR)]),
        (".vis/release/commit-dddddddddd.md", [("@acme/core", Level.PATCH)]),
    ]
    files = RootFiles(tmp_path)
    assert len(write_drafts(files, found)) == 2
    assert write_drafts(files, found) == ()
    written = parse_change("x", found[0].path, (tmp_path / found[0].path).read_text())
    assert (written.summary, written.links) == ("both", {"commit": "a" * 40})
    assert (
        drafts(commits, MEMBERS, CONFIG, folder="c", change_dirs=DIRS, existing=[written])[0].entries
        == found[1].entries
    )


def test_commits_are_read_from_where_the_branch_left_or_from_the_last_tag():
    assert since_when(FakeHistory(), "v1") == "v1"
    assert since_when(FakeHistory(commits=(commit("a", "x"),)), None) == "fork"
    assert since_when(FakeHistory(tag="v2"), None) == "v2"
    assert since_when(FakeHistory(fork=None), None) is None


# --- names -------------------------------------------------------------------------------------------------------------


def test_snapshots_are_named_after_tag_and_commit():
    now = datetime(2026, 11, 21, 12, 30, 1, tzinfo=UTC)
    assert snapshot_suffix("feat/new thing", "abcdef1234567", now) == "feat-new-thing-abcdef1"
    assert snapshot_suffix("x", "abc", now, "{tag}.{datetime}") == "x.20261121123001"
    with pytest.raises(UsageError, match=r"\{sha\}"):
        snapshot_suffix("x", "abc", now, "{sha}")
    with pytest.raises(UsageError, match="not a version"):
        snapshot_suffix("x", "abc", now, "{tag}_{commit}")


@pytest.mark.parametrize(
    ("remote", "links"),
    [
        ("git@forge.test:me/x.git", Links("https://forge.test/me/x")),
        ("https://user:secret@forge.test/me/x.git", Links("https://forge.test/me/x")),
        ("ssh://git@gitlab.test:2222/group/sub/x.git", Links("https://gitlab.test/group/sub/x", gitlab=True)),
        ("/srv/git/x.git", None),
        ("file:///srv/x", None),
    ],
)
def test_links_are_made_from_the_remote_without_credentials(remote, links):
    assert links_from(remote) == links
