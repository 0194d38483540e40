"""Ranges, held against npm's own reading of them."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
from pathlib import Path

import pytest

from vis_tasks.core.ranges import is_any, is_range, is_registry_range, is_spec, parse_range, satisfies


@pytest.mark.parametrize(
    ("version", "range_", "fits"),
    [
        ("1.2.3", "1.0.0 - 2.0.0", True),
        ("1.2.3", "^1.2.3+build", True),
        ("1.9.9", "^ 1", True),
        ("1.2.9", "~> 1.2.3", True),
        ("1.3.0", "~>1.2", False),
        ("2.0.0", ">  1 <3 || 5.x", True),
        ("5.9.0", ">1 <3||5.x", True),
        ("0.2.4", "^0.2.3", True),
        ("0.3.0", "^0.2.3", False),
        ("0.0.4", "^0.0.3", False),
        ("1.0.0", "", True),
        ("1.0.0", "x", True),
        ("2.0.0-next.1", "^2.0.0-next.0", True),
        ("2.1.0-next.1", "^2.0.0-next.0", False),
        ("1.5.0-next.0", "^1.0.0", False),
        ("1.0.0-next.0", "*", False),
        ("1.2.3", ">*", False),
        ("1.2.9", "~  >= 1.2.3", True),
        ("1.3.0", "~  >= 1.2.3", False),
        ("3.0.1", "~ >\t3", True),
        ("1.2.0", "~= 1.2", True),
        ("7.0.0", "^= *.2", True),
        ("1.2.3", "1.2.3>*", True),
        ("1.2.4", "1.2.3*", False),
        ("1.0.0", "<9007199254740991.x", True),
        ("1.2.3", "1 - 1.x.9007199254740992-a", True),
        ("1.2.3", "1.2\u00a0||\ufeff9", True),
        ("1.2.3", "latest", False),
        ("next", "*", False),
    ],
)
def test_npm_would_install_it(version, range_, fits):
    assert satisfies(version, range_) is fits


def test_prereleases_can_be_let_in():
    assert satisfies("1.5.0-next.0", "^1.0.0", include_prerelease=True)
    assert satisfies("1.0.0-next.0", "*", include_prerelease=True)
    assert not satisfies("2.0.0-next.0", "^1.0.0", include_prerelease=True)
    assert satisfies("1.2.0-0", "1.2.x", include_prerelease=True)


@pytest.mark.parametrize(
    "text",
    [
        "^^1",
        "1.2.3.4",
        ">>1",
        "1.x.3",
        "latest",
        "workspace:^",
        "==1.2.3",
        "a - b",
        "1 -2",
        "> = 1",
        "~1.2.3*",
        "file:../x",
    ],
)
def test_what_npm_cannot_read_is_no_range(text):
    assert not is_range(text)
    assert not is_registry_range(text)
    with pytest.raises(ValueError, match="not a version range"):
        parse_range(text)


@pytest.mark.parametrize(
    ("text", "whole"), [("*", True), ("", True), (">=0.0.0", True), ("1 || x", True), (">=0.0.1", False)]
)
def test_a_range_that_takes_everything_is_known(text, whole):
    assert is_any(text) is whole


@pytest.mark.parametrize(
    ("spec", "fine"),
    [
        ("^1", True),
        ("next", True),
        ("git+ssh://x", True),
        ("me/x#main", True),
        ("catalog:", True),
        ("^^1", False),
        ("a b", False),
    ],
)
def test_a_spec_npm_could_not_read_at_all_is_known(spec, fine):
    assert is_spec(spec) is fine


# --- against the npm client's own code ------------------------------------------------------------------------------

PARTS = [
    "1",
    "0",
    "2",
    "x",
    "*",
    "X",
    "01",
    "1.2",
    "0.0",
    "1.2.3",
    "0.1.2",
    "0.0.3",
    "1.x",
    "1.x.3",
    "1.2.x",
    "1.2.3-a",
    "1.2.3-0",
    "2.0.0-next.1",
    "1.2-a",
    "1.2.3+b",
    "1.2.3-a.1+b.c",
    "v1.2.3",
    "=1.2",
    "1.2.3.4",
    "latest",
    "9007199254740991.0.0",
    "9007199254740992",
    "9007199254740991.x",
    "1.x.9007199254740992-a",
    "1.2.3-01",
    "1.2.3*",
    "*.2",
    "vv1.2",
]
OPERATORS = ["", "", "^", "~", "~>", ">", ">=", "<", "<=", "=", "> ", ">= ", "^ ", "~ ", "~> ", "<  "]
OPERATORS += ["~  >= ", "~ >", "^= ", "~=", "> = ", ">=\t", "=v", "^v "]
BETWEEN = [" ", " ", "||", " || ", " - ", "  ", " -", "|"]
VERSIONS = [
    "1.2.3",
    "0.0.3",
    "0.1.2",
    "1.2.3-a",
    "1.2.3-a.1",
    "1.2.3-0",
    "2.0.0-next.1",
    "2.0.0-next.2",
    "2.0.0",
    "0.0.0",
    "1.0.0",
    "1.2.4-b",
    "3.1.4",
    "0.0.0-0",
    "0.2.0",
    "1.3.0-x",
    "2.0.0-0",
]
ASK_NPM = """
const semver = require(process.argv[1]), [ranges, versions] = JSON.parse(require('fs').readFileSync(process.argv[2], 'utf8'));
const known = versions.map(v => new semver.SemVer(v));
const read = (r, options) => { try { return new semver.Range(r, options) } catch { return { test: () => false } } };
const ask = r => {
  const plain = read(r, {}), pre = read(r, {includePrerelease: true});
  return known.map(v => [plain.test(v), pre.test(v)]);
};
process.stdout.write(JSON.stringify(ranges.map(r => [semver.validRange(r), ask(r)])));
"""


def npm_semver() -> Path:
    npm = shutil.which("npm")
    assert npm is not None
    return (
        next(each for each in Path(npm).resolve().parents if (each / "node_modules/semver").is_dir())
        / "node_modules/semver"
    )


@pytest.mark.e2e
def test_four_thousand_random_ranges_read_as_the_npm_client_reads_them(tmp_path):
    rnd = random.Random(20261121)  # noqa: S311
    ranges = sorted(
        {
            "".join(
                (rnd.choice(BETWEEN) if at else "") + rnd.choice(OPERATORS) + rnd.choice(PARTS)
                for at in range(rnd.choice([1, 1, 2, 2, 3]))
            )
            for _ in range(4000)
        }
    )
    asked = tmp_path / "asked.json"
    asked.write_text(json.dumps([ranges, VERSIONS]))
    argv = ["node", "-e", ASK_NPM, str(npm_semver()), str(asked)]
    answer = json.loads(subprocess.run(argv, capture_output=True, text=True, check=True).stdout)
    assert sum(valid is not None for valid, _ in answer) > 500
    for range_, (valid, fits) in zip(ranges, answer, strict=True):
        assert is_range(range_) is (valid is not None), range_
        if valid is not None:
            ours = [[satisfies(v, range_), satisfies(v, range_, include_prerelease=True)] for v in VERSIONS]
            assert ours == fits, range_
