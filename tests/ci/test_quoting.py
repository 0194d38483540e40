"""Whatever comes in comes out as data: through YAML, workflow expressions, shells, filters and rules."""

from __future__ import annotations

import re
import subprocess
from fnmatch import fnmatchcase

import pytest
from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st

from tests.ci.builders import Repo, load
from vis_tasks.core.ci import quoting
from vis_tasks.core.ci.context import Install
from vis_tasks.errors import UsageError

CHECK = ".github/workflows/vis-check.yml"
_NASTY = [
    "${{ github.token }}", "$[[ inputs.x ]]", "'", '"', "\\", "\n", "\r", "\t", "`id`", "$(id)", "#", ": ", "- ", "!", "&",
    "*", "|", ">", "%", "@", "{", "}", "[", "]", ",", "?", "~", "null", "yes", "0x1", "é", "\u2028", "\x85", "\ufeff", "\x07",
    "🦊", " ",
]  # fmt: skip
_CHARS = st.characters(codec="utf-8", exclude_characters="\0")
_TEXT = st.lists(st.one_of(st.sampled_from(_NASTY), st.text(_CHARS, max_size=4)), max_size=8).map("".join)
_LITERAL = re.compile(r"\$\{\{ '((?:[^']|'')*)' \}\}")


def _evaluated(text: str) -> str:
    """As GitHub evaluates a field: literals are what is between the quotes, and there may be no other expression."""
    found = _LITERAL.sub(lambda match: match[1].replace("''", "'"), text)
    assert "${{" not in _LITERAL.sub("", text), "an expression that is no literal"
    return found


@given(_TEXT)
def test_a_yaml_scalar_holds_any_text(text: str) -> None:
    written = quoting.yaml_scalar(text)
    assert "\n" not in written
    assert load(f"key: {written}\nnext: 1\n") == {"key": text, "next": 1}


@given(_TEXT)
def test_a_workflow_field_evaluates_to_the_text_itself(text: str) -> None:
    assert _evaluated(quoting.expression_safe(text)) == text


@settings(deadline=None, max_examples=50)
@given(st.lists(_TEXT, min_size=1, max_size=4))
@example(["${{ secrets.X }}", "a'b${{'", "$", "{{"])
def test_a_command_reaches_the_program_word_by_word(words: list[str]) -> None:
    script = quoting.shell_words(["printf", r"%s\0", *words]) + "\n"
    assert "${{" not in script
    assert "$[[" not in script
    document = f"steps:\n  - run: {quoting.block(script, 6)}\n    name: x\n"
    (step,) = load(document)["steps"]
    assert step == {"run": script, "name": "x"}

    for shell in ("sh", "bash"):
        done = subprocess.run([shell, "-euc", step["run"]], capture_output=True, check=True)
        assert done.stdout == "".join(f"{word}\0" for word in words).encode()


@given(_TEXT)
def test_a_block_survives_what_the_renderer_does_to_line_ends(text: str) -> None:
    written = quoting.block(quoting.shell_words(["x", text]) + "\n", 4)
    assert all(line == line.rstrip() for line in written.split("\n")), "trailing blanks are cut when a file is written"
    assert "\n\n" not in written, "runs of empty lines are made one"


@given(_TEXT.filter(bool))
def test_a_branch_filter_matches_that_branch_alone(branch: str) -> None:
    pattern = quoting.branch_filter(branch)
    assert "${{" not in pattern
    # The same pattern for Python's matcher: a backslash takes the next character's meaning away.
    python = re.sub(
        r"\\(.)", lambda match: f"[{match[1]}]" if match[1] in "*?[" else match[1], pattern, flags=re.DOTALL
    )
    assert fnmatchcase(branch, python)
    assert not fnmatchcase(branch + "x", python)


@given(_TEXT.filter(bool))
def test_a_rule_of_gitlab_is_true_for_that_branch_alone(branch: str) -> None:
    term = quoting.ref_test("$CI_COMMIT_BRANCH", branch)
    if literal := re.fullmatch(r'\$CI_COMMIT_BRANCH == "([^"]*)"', term):
        assert literal[1] == branch
        return
    pattern = re.fullmatch(r"\$CI_COMMIT_BRANCH =~ /\^([A-Za-z0-9]|\\x\{[0-9a-f]+\})*\$/", term)
    assert pattern, "nothing but letters, digits and codes"
    coded = term[term.index("^") + 1 : -2]
    assert re.sub(r"\\x\{([0-9a-f]+)\}", lambda match: chr(int(match[1], 16)), coded) == branch


@pytest.mark.parametrize("text", ["a\0b", "\ud800"])
def test_what_no_file_can_hold_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        quoting.yaml_scalar(text)
    with pytest.raises(UsageError):
        quoting.shell_words([text])


@pytest.mark.parametrize("path", ["a*", "a$b", "a\nb", "[x]", "a\\b", "!a", "a;b", "${{x}}"])
def test_a_folder_that_would_be_a_pattern_is_refused(path: str) -> None:
    with pytest.raises(UsageError) as caught:
        quoting.plain_folder(path)
    assert "rename" in caught.value.hint


# Each example renders and reads all files: too slow to be made smaller.
@settings(deadline=None, max_examples=25, phases=(Phase.explicit, Phase.reuse, Phase.generate))
@given(
    branch=_TEXT.filter(bool),
    command=st.lists(_TEXT, min_size=1, max_size=3),
    requirement=_TEXT.filter(bool),
    manager=_TEXT,
    remote=_TEXT.filter(lambda text: text not in {"", "origin"}),
    goal=_TEXT.filter(bool),
)
def test_a_whole_file_with_hostile_values_says_what_was_meant(
    tmp_path_factory: pytest.TempPathFactory,
    branch: str,
    command: list[str],
    requirement: str,
    manager: str,
    remote: str,
    goal: str,
) -> None:
    from dataclasses import replace

    repo = Repo(tmp_path_factory.mktemp("repo"))
    context = repo.context()
    tool = replace(context.manager, package=f"pnpm@{manager}")
    hostile = replace(
        context,
        branches=("main", branch),
        build=tuple(command),
        tool=Install(requirement),
        check_tool=Install(file=requirement),
        manager=tool,
        detached=True,
        remote=remote,
        goals=(goal,),
        after=True,
    )
    for layout in ("split", "single"):
        context = replace(hostile, layout=layout)
        files = {path: load(text) for path, text in repo.files(context).items()}

        release = files[".github/workflows/vis-release.yml"]
        assert release[True]["push"]["branches"] == ["main", quoting.branch_filter(branch)]
        steps = release["jobs"]["pack" if layout == "split" else "release"]["steps"]
        (build,) = [step for step in steps if step.get("name") == "Build"]
        assert build["run"] == quoting.shell_words(command) + "\n"
        (install,) = [step for step in steps if step.get("name", "").startswith("Install vis-tasks")]
        assert _evaluated(install["env"]["REQUIREMENT"]) == requirement
        assert _evaluated(install["env"]["MANAGER"]) == tool.package
        for job in release["jobs"].values():
            assert all("${{" not in step.get("run", "") for step in job["steps"])
        packing = [step["run"] for step in steps if step.get("name") == "Pack"]
        assert packing == ([quoting.shell_words(["vis-tasks", "pack", goal]) + "\n"] if layout == "split" else [])
        (naming,) = [step for step in steps if step.get("name", "").startswith("Call the remote")]
        assert _evaluated(naming["env"]["REMOTE"]) == remote
        follow_up = files[".github/workflows/vis-reconcile.yml"]["jobs"]
        group = follow_up["reconcile-2"]["concurrency"]["group"]
        assert _evaluated(group) == f"vis-release-refs/heads/{branch}"
        for name in ("reconcile-2", "after-reconcile-2"):
            (checkout,) = [step for step in follow_up[name]["steps"] if step["name"] == "Check out"]
            assert _evaluated(checkout["with"]["ref"]) == f"refs/heads/{branch}"
        (install,) = [step for step in files[CHECK]["jobs"]["check"]["steps"] if "REQUIREMENTS" in step.get("env", {})]
        assert _evaluated(install["env"]["REQUIREMENTS"]) == requirement

        jobs = files[".gitlab/vis-release-jobs.yml"] if layout == "split" else files[".gitlab/vis-release.yml"]
        variables = jobs[".vis-job"]["variables"]
        assert variables["VIS_REQUIREMENT"] == {"value": requirement, "expand": False}
        assert variables["VIS_MANAGER"] == {"value": tool.package, "expand": False}
        assert variables["VIS_REMOTE"] == {"value": remote, "expand": False}
        checking = files[".gitlab/vis-release.yml"]["vis-check"]["variables"]
        assert checking["VIS_REQUIREMENTS"] == {"value": requirement, "expand": False}
        script = jobs["pack" if layout == "split" else "vis-release"]["script"]
        assert quoting.shell_words(command) + "\n" in script
