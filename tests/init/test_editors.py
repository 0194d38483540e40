"""Editors check what init writes: Taplo, of which Even Better TOML is made, reads the schema that the first line names."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from vis_tasks.config.schema import schema_text
from vis_tasks.core.migrate.mapping import Setting
from vis_tasks.services.init.document import SCHEMA_PATH, new_document

TAPLO = Path(sys.executable).with_name("taplo")
SETTINGS = (
    Setting(("release", "base-branch"), "main"),
    Setting(("release", "publish", "provenance"), value=True),
    Setting(("release", "publish", "stage", "timeout"), "1h30m"),
    Setting(("release", "packages", "@acme/x", "stage"), value=False),
    Setting(("ci", "build"), ["npm", "run", "build"]),
)


@pytest.fixture
def check(tmp_path):
    """Lets Taplo look at a vis.toml beside the schema; what it found wrong, or nothing."""
    (tmp_path / SCHEMA_PATH).parent.mkdir()
    (tmp_path / SCHEMA_PATH).write_text(schema_text(), encoding="utf-8")

    def run(more=""):
        (tmp_path / "vis.toml").write_text(new_document(SETTINGS) + more, encoding="utf-8")
        done = subprocess.run([TAPLO, "check", "vis.toml"], cwd=tmp_path, capture_output=True, text=True, check=False)
        return done.stderr if done.returncode else ""

    return run


def test_what_is_written_is_valid(check):
    assert check() == ""


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("tests = 1\n", "'tests' was unexpected"),
        ("[release.hooks]\nbefore-pack = 3\n", "3 is not valid"),
        ('[release.forge]\nprovider = "bitbucket"\n', "bitbucket"),
        ('[release.channels.next]\ntags = "x"\n', "'tags' was unexpected"),
    ],
)
def test_what_is_wrong_is_underlined(check, line, said):
    assert said in check(line)
