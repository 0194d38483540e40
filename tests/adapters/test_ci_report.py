"""What CI keeps of a run."""

from __future__ import annotations

import json

import pytest

from vis_tasks.adapters.ci_report import append_summary, set_outputs, table, write_annotations, write_dotenv
from vis_tasks.errors import Failed, UsageError


def read_outputs(text):
    """Read a GITHUB_OUTPUT file as the runner does (actions/runner, FileCommandManager.cs)."""
    found, lines = {}, text.split("\n")
    while lines and lines != [""]:
        name, _, delimiter = lines.pop(0).partition("<<")
        end = lines.index(delimiter)
        found[name] = "\n".join(lines[:end])
        del lines[: end + 1]
    return found


@pytest.fixture
def summary(tmp_path):
    return tmp_path / "summary.md"


def test_a_summary_is_appended_to_what_stands_there(summary):
    summary.write_text("before\n")
    assert append_summary({"GITHUB_STEP_SUMMARY": str(summary)}, "### Release\n\nüber")
    assert summary.read_text(encoding="utf-8") == "before\n### Release\n\nüber\n"


def test_without_a_job_summary_nothing_is_written():
    assert append_summary({}, "x") is False


def test_a_summary_that_cannot_be_written_fails_nothing(tmp_path):
    assert append_summary({"GITHUB_STEP_SUMMARY": str(tmp_path)}, "x") is False


def test_a_summary_holds_no_secret_and_no_escape(summary):
    token = "npm_" + "b" * 36
    append_summary({"GITHUB_STEP_SUMMARY": str(summary)}, f"{token} \x1b[0m")
    assert token not in summary.read_text()
    assert "\x1b" not in summary.read_text()


def test_a_summary_stays_below_what_github_takes(summary):
    env = {"GITHUB_STEP_SUMMARY": str(summary)}
    row = "| " + "ü" * 500 + " |\n"
    append_summary(env, row * 600)
    append_summary(env, row * 600)
    append_summary(env, row * 600)
    assert summary.stat().st_size <= 1024 * 1024
    text = summary.read_text(encoding="utf-8")
    assert text.endswith(row + "\n… (shortened)\n")


def test_outputs_are_read_back_by_the_runner(tmp_path):
    file = tmp_path / "out"
    values = {"published": ["a@1"], "notes": "one\ntwo\n", "empty": "", "tricky": "x<<EOF\nghadelimiter_\nother=1"}
    assert set_outputs({"GITHUB_OUTPUT": str(file)}, values)
    set_outputs({"GITHUB_OUTPUT": str(file)}, {"later": True})
    assert read_outputs(file.read_text(encoding="utf-8")) == {
        **values,
        "published": json.dumps(["a@1"]),
        "later": "true",
    }


def test_without_github_there_are_no_outputs():
    assert set_outputs({}, {"a": "b"}) is False


@pytest.mark.parametrize("name", ["", "a b", "a\nb", "a<<b", "a=b"])
def test_an_output_that_would_set_another_is_refused(tmp_path, name):
    with pytest.raises(UsageError, match="can't be the name of a step output"):
        set_outputs({"GITHUB_OUTPUT": str(tmp_path / "out")}, {name: "x"})
    assert not (tmp_path / "out").exists()


def test_outputs_that_cannot_be_written_are_an_error(tmp_path):
    with pytest.raises(Failed, match="can't be written"):
        set_outputs({"GITHUB_OUTPUT": str(tmp_path)}, {"a": "b"})


def test_a_dotenv_report_has_a_line_each(tmp_path):
    write_dotenv(tmp_path / "vis.env", {"PUBLISHED": ["a@1", "b@2"], "COUNT": 2, "TEXT": "a=b c"})
    assert (tmp_path / "vis.env").read_text() == 'PUBLISHED=["a@1", "b@2"]\nCOUNT=2\nTEXT=a=b c\n'


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"a-b": "x"}, "can't be the name of a variable"),
        ({"A": "x\nB=y"}, "has several lines"),
        ({"A": "x\rB=y"}, "has several lines"),
        ({"A": "x" * 6000}, "are too much"),
    ],
)
def test_what_gitlab_does_not_take_is_refused(tmp_path, values, said):
    with pytest.raises(UsageError, match=said):
        write_dotenv(tmp_path / "vis.env", values)
    assert not (tmp_path / "vis.env").exists()


def test_a_dotenv_report_that_cannot_be_written_is_an_error(tmp_path):
    with pytest.raises(Failed, match="can't be written"):
        write_dotenv(tmp_path, {"A": "x"})


def test_annotations_are_links_as_gitlab_documents_them(tmp_path):
    path, token = tmp_path / "annotations.json", "npm_" + "a" * 36
    links = [("a@1.0.0 → latest", "https://review.example.org/a"), (f"\x1b{token}", "javascript:alert(1)")]
    assert write_annotations(path, {"Approve": links, "Nothing": []})
    assert json.loads(path.read_text(encoding="utf-8")) == {
        "Approve": [{"external_link": {"label": "a@1.0.0 → latest", "url": "https://review.example.org/a"}}],
        "Nothing": [],
    }


def test_annotations_that_cannot_be_written_fail_nothing(tmp_path):
    assert write_annotations(tmp_path / "gone" / "annotations.json", {}) is False


def test_a_table_takes_its_cells_as_text():
    text = table(["package", "why"], [["@acme/ui", "a|b <img src=x> *x*\n[l](u) \x1b[2J"], ["`b`", ""]])
    assert text == (
        "| package | why |\n"
        "| --- | --- |\n"
        "| @acme/ui | a\\|b &lt;img src=x&gt; \\*x\\*<br>\\[l\\](u) \\\\x1b\\[2J |\n"
        "| \\`b\\` |  |\n"
    )
