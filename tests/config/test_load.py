"""Reading the configuration: sources, strictness, provenance."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
import tomlkit
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from vis_tasks.config.durations import format_duration
from vis_tasks.config.load import load_config
from vis_tasks.config.model import ChannelConfig, Config, PackageConfig, StageConfig, TargetConfig


def test_without_a_file_everything_has_its_default(workspace):
    loaded = workspace.load()
    assert loaded.config == Config()
    assert loaded.path is None
    assert {str(origin) for origin in loaded.origins.values()} == {"default"}


def test_vis_toml_is_read(workspace):
    loaded = workspace.vis(
        """\
        [release]
        base-branch = "trunk"
        fixed = [["a", "b"]]
        [release.publish]
        provenance = true
        [release.publish.stage]
        timeout = "4h"
        [release.packages."@acme/internal"]
        stage = false
        [release.channels.next]
        tag = "next"
        prerelease = "next"
        [release.targets.build]
        run = ["npm", "run", "build"]
        needs = ["version"]
        env = {NODE_ENV = "production"}
        """
    ).load()
    release = loaded.config.release
    assert release.base_branch == "trunk"
    assert release.fixed == (("a", "b"),)
    assert release.publish.provenance == "true"
    assert release.publish.stage == StageConfig(timeout=timedelta(hours=4))
    assert release.packages == {"@acme/internal": PackageConfig(stage=False)}
    assert release.channels == {"next": ChannelConfig(tag="next", prerelease="next")}
    assert release.targets["build"] == TargetConfig(
        run=("npm", "run", "build"), needs=("version",), env={"NODE_ENV": "production"}
    )
    assert loaded.path == workspace.root / "vis.toml"


def test_tool_vis_in_pyproject_is_read(workspace):
    loaded = workspace.pyproject(
        """\
        [project]
        name = "x"
        [tool.vis.release]
        base-branch = "trunk"
        """
    ).load()
    assert loaded.config.release.base_branch == "trunk"
    assert str(loaded.origins["release.base-branch"]) == "pyproject.toml:4"


def test_a_pyproject_of_others_is_not_ours(workspace):
    assert workspace.pyproject('[tool.other]\nvis = "visual"\n').load().path is None


def test_both_places_at_once_are_refused_by_name(workspace):
    error = workspace.vis("[release]\n").pyproject("\n[tool.vis.release]\n").refusal()
    assert error.code == "CONFIG_TWICE"
    assert "vis.toml" in error.message
    assert "pyproject.toml:2" in error.message


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("[release]\nbase-branch = main\n", "vis.toml:2:15: not valid TOML"),
        ("[release\n", "vis.toml:1:9: not valid TOML"),
        ("[release]\na = 1\na = 2\n", "vis.toml:3:6: not valid TOML"),
        ('[release]\na = "x', "vis.toml:2:7: not valid TOML"),
    ],
)
def test_broken_toml_is_shown_with_line_and_column(workspace, text, place):
    assert place in workspace.vis(text).refusal().message


def test_broken_pyproject_is_named(workspace):
    assert workspace.pyproject("[tool.vis\n").refusal().message.startswith("pyproject.toml:1:10:")


def test_a_broken_pyproject_does_not_matter_beside_vis_toml(workspace):
    assert workspace.vis("").pyproject("[tool.vis\n").load().config == Config()


def test_a_file_that_is_not_utf8_is_refused_with_its_line(workspace):
    (workspace.root / "vis.toml").write_bytes(b"[release]\nbase-branch = '\xff'\n")
    assert workspace.refusal().message == "vis.toml:2: is not UTF-8 text"


def test_a_byte_order_mark_is_no_trouble(workspace):
    (workspace.root / "vis.toml").write_bytes(b"\xef\xbb\xbf[release]\nbase-branch = 'x'\n")
    assert workspace.load().config.release.base_branch == "x"


def test_a_folder_in_place_of_the_file_is_refused(workspace):
    (workspace.root / "vis.toml").mkdir()
    assert "can't be read" in workspace.refusal().message


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("true", StageConfig()),
        ("false", StageConfig(enabled=False)),
        ('{mode = "detached"}', StageConfig(mode="detached")),
        ('{enabled = false, settle = "0s"}', StageConfig(enabled=False, settle=timedelta())),
    ],
)
def test_stage_is_true_false_or_a_table(workspace, value, expected):
    loaded = workspace.vis(f"[release.publish]\nstage = {value}\n").load()
    assert loaded.config.release.publish.stage == expected


@pytest.mark.parametrize("cron", ["*/15 * * * *", "0,30 9-17 1 JAN-Jun/2 mon-FRI", "59 23 31 12 6", "20/15 0 * * sun"])
def test_a_schedule_is_whatever_cron_takes(workspace, cron):
    assert workspace.vis(f"[ci]\nschedule = '{cron}'\n").load().config.ci.schedule == cron


WRONG = [
    ("[release]\nbasebranch = 'x'", "release.basebranch", "did you mean base-branch?"),
    ("[release]\nbase_branch = 'x'", "release.base_branch", "did you mean base-branch?"),
    ("[relaese]", "relaese", "did you mean release?"),
    ("[release]\nconcurrency = 2", "release.concurrency", "did you mean release.publish.concurrency?"),
    ("[release]\nzzz = 1", "release.zzz", "is unknown; allowed: in [release]: base-branch,"),
    ("[release]\nbase-branch = 3", "release.base-branch", "is a whole number; allowed: a string"),
    ("[release]\nbase-branch = ''", "release.base-branch", "a name git accepts"),
    ("[release]\nbase-branch = 'a..b'", "release.base-branch", "a name git accepts"),
    ("[release]\nremote = '--upload-pack=x'", "release.remote", "a name git accepts"),
    ("[release]\nprivate-packages = 'yes'", "release.private-packages", "is a string; allowed: true or false"),
    ("[release]\ninclude = 'a'", "release.include", "a list of strings"),
    ("[release]\ninclude = [1]", "release.include[0]", "is a whole number; allowed: a string"),
    ("[release]\ninclude = ['']", "release.include[0]", "isn't empty"),
    ("[release]\nfixed = ['a']", "release.fixed", 'is one list; allowed: a list of lists of strings, such as [["a", "…"]]'),
    ("[release]\nfixed = [['a'], 'b']", "release.fixed[1]", "is a string; allowed: a list of strings"),
    ("[release.packages]\n'@a/b' = false", 'release.packages."@a/b"', 'allowed: a table: [release.packages."@a/b"]'),
    ("[release]\nconcurency = 2", "release.concurency", "did you mean release.publish.concurrency?"),
    ("[release]\nchanges-dir = './.git/x'", "release.changes-dir", "stays inside the workspace"),
    ("[release]\nchanges-dir = 'a/.GIT'", "release.changes-dir", "stays inside the workspace"),
    ("[ci]\nnode = '22.1.0'", "ci.node", "22.14 or newer"),
    ("[ci]\nbuild = 'a && b'", "ci.build", "holds &&, which only a shell understands"),
    ("[release.hooks]\nbefore-pack = 'echo $HOME'", "release.hooks.before-pack", 'a list with a shell in front, ["sh", "-c"'),
    ("[ci]\nschedule = '61 * * * *'", "ci.schedule", "minute 0-59"),
    ("[ci]\nschedule = '0 9 * * mond'", "ci.schedule", "weekday 0-6 or SUN-SAT"),
    ("[ci]\nschedule = '0 24 * * *'", "ci.schedule", "hour 0-23"),
    ("[ci]\nschedule = '*/0 * * * *'", "ci.schedule", "five fields of cron"),
    ("[ci]\nschedule = '0 0 * *'", "ci.schedule", "five fields of cron"),
    ("[release.forge]\ntitle = '{nme}'", "release.forge.title", "no other placeholders than {tag}, {name}, {version}"),
    ("[release.publish]\nreview-url = 'https://a.test/{stage}'", "release.publish.review-url", "{name}, {version}, {id}"),
    ("[release]\nrules = 'changeset'", "release.rules", 'did you mean "changesets"?'),
    ("[release]\nchanges-dir = '../up'", "release.changes-dir", "inside the workspace"),
    ("[release]\nchanges-dir = 'C:/x'", "release.changes-dir", "inside the workspace"),
    ('[release]\nchanges-dir = "a\\u0000b"', "release.changes-dir", "inside the workspace"),
    ("[release]\nchanges-dir = '.git/x'", "release.changes-dir", "inside the workspace"),
    ("[release]\nchanges-dir = 'a\\\\b'", "release.changes-dir", "inside the workspace") ,
    ("[release]\ntag-pattern = 'v1'", "release.tag-pattern", "{version}"),
    ("[release]\ntag-pattern = '{nam}@{version}'", "release.tag-pattern", "{version}"),
    ("[release]\ntag-pattern = 'a b {version}'", "release.tag-pattern", "git accepts"),
    ("[release]\npublish = 1", "release.publish", "is a whole number; allowed: a table"),
    ("[release.publish]\nconcurrency = 0", "release.publish.concurrency", "is 0; allowed: 1 to 32"),
    ("[release.publish]\nconcurrency = 33", "release.publish.concurrency", "is 33; allowed: 1 to 32"),
    ("[release.publish]\nconcurrency = true", "release.publish.concurrency", "is a boolean; allowed: a whole number"),
    ("[release.publish]\nconcurrency = 1.5", "release.publish.concurrency", "is a decimal number"),
    ("[release.publish]\naccess = true", "release.publish.access", 'is a boolean; allowed: "public", "restricted"'),
    ("[release.publish]\ntag = '1.x'", "release.publish.tag", "not a version range"),
    ("[release.publish]\ntag = 'v1'", "release.publish.tag", "not a version range"),
    ("[release.publish]\nregistry = 'host'", "release.publish.registry", "http:// or https://"),
    ("[release.publish]\nregistry = 'https://h:x/'", "release.publish.registry", "http:// or https://"),
    ("[release.publish]\nstage = 'yes'", "release.publish.stage", "is a string; allowed: true, false or a table"),
    ("[release.publish.stage]\ntimeout = 30", "release.publish.stage.timeout", "is a whole number; allowed: a duration"),
    ("[release.publish.stage]\ntimeout = '30'", "release.publish.stage.timeout", '"30" is no duration'),
    ("[release.publish.stage]\ntimeout = '0s'", "release.publish.stage.timeout", "is 0s; allowed: 1s or more"),
    ("[release.publish.stage]\npoll-interval = '999ms'", "release.publish.stage.poll-interval", "is 999ms; allowed: 1s or more"),
    ("[release.publish.stage]\nsettle = '-1s'", "release.publish.stage.settle", "no duration"),
    ("[release.publish.stage]\nmode = 'detach'", "release.publish.stage.mode", 'did you mean "detached"?'),
    ("[release.publish.stage]\nmode = 2026-01-01", "release.publish.stage.mode", "is a date or time"),
    ("[release.packages.a]\nstag = true", "release.packages.a.stag", "did you mean stage?"),
    ("[release.packages]\na = 1", "release.packages.a", "is a whole number; allowed: a table"),
    ("[[release.packages]]\na = 1", "release.packages", "is a list; allowed: a table of tables"),
    ("[release.channels.next]\nprerelease = '1'", "release.channels.next.prerelease", "an identifier"),
    ("[release.targets.x]", "release.targets.x", "does nothing"),
    ("[release.targets.pack]\nrun = 'x'", "release.targets.pack", "has the name of a built-in target"),
    ("[release.targets.'a b']\nrun = 'x'", 'release.targets."a b"', "can't be typed"),
    ("[release.targets.x]\nrun = \"a 'b\"", "release.targets.x.run", "can't be split into words"),
    ("[release.targets.x]\nrun = ['']", "release.targets.x.run", "has no program"),
    ("[release.targets.x]\nrun = ['a']\nshell = true", "release.targets.x.shell", "run is a list"),
    ("[release.targets.x]\nrun = 'a'\nenv = {A = 1}", "release.targets.x.env.A", "put quotes around it"),
    ("[release.targets.x]\nrun = 'a'\nenv = 'A=1'", "release.targets.x.env", "is a string; allowed: a table of strings"),
    ("[release.targets.x]\nrun = 'a'\ncwd = '/etc'", "release.targets.x.cwd", "inside the workspace"),
    ("[release.hooks]\nbefore-pack = \"npm 'x\"", "release.hooks.before-pack", "can't be split into words"),
    ("[release.notify]\nslack = 'https://hooks.example/T0/secret'", "release.notify.slack", "name of an environment variable"),
    ("[ci]\nproviders = ['gitlb']", "ci.providers[0]", 'did you mean "gitlab"?'),
    ("[ci]\nnode = '20'", "ci.node", "22.14 or newer"),
    ("[ci]\nnpm = '11.14.9'", "ci.npm", "11.15.0 or newer"),
    ("[ci]\nnpm = '12'", "ci.npm", "exact"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "key", "said"), WRONG, ids=[f"{key}-{said[:20]}" for _, key, said in WRONG])
def test_what_is_wrong_is_told_with_line_key_and_way_out(workspace, text, key, said):
    error = workspace.vis(f"# a first line\n{text}\n").refusal()
    assert error.exit_code == 2
    assert error.message.count("\n") == 0
    line = 3 if "=" in key or "\n" in text else 2
    if "run = 'a'\n" in text or "run = ['a']\n" in text:
        line = 4
    if error.details["problems"][0]["what"].startswith(("has the name", "can't be typed")) or key.endswith(".packages"):
        line = 2
    assert error.message.startswith(f"vis.toml:{line}: {key} ")
    assert said in error.message


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("release.publish.concurrency", 1),
        ("release.publish.concurrency", 32),
        ("release.publish.stage.poll-interval", "1s"),
        ("release.publish.stage.timeout", "1s"),
        ("release.publish.stage.settle", "0s"),
        ("release.tag-pattern", "v{version}"),
        ("release.publish.registry", "http://127.0.0.1:4873/npm/"),
        ("ci.npm", "11.15.0"),
        ("ci.node", "22"),
    ],
)
def test_what_is_just_allowed_is_taken(workspace, key, value):
    text = f'{key} = "{value}"' if isinstance(value, str) else f"{key} = {value}"
    workspace.vis(text).load()


def test_what_was_wrong_with_a_secret_value_is_told_without_it(workspace):
    error = workspace.vis(
        """\
        [release.publish]
        registry = "https://user:hunter22@host.example/"
        [release.notify]
        slack = "https://hooks.example/T0/hunter22"
        """
    ).refusal(VIS_RELEASE__FORGE__URL="https://x:hunter22@git.example")
    assert len(error.details["problems"]) == 3
    assert "hunter22" not in error.message + str(error.details)


def test_all_problems_are_told_at_once_in_the_order_of_the_file(workspace):
    where = workspace.vis(
        """\
        [release]
        basebranch = "x"
        include = [
          "a",
          3,
        ]
        [release.publish.stage]
        timeout = "5x"
        [ci]
        layout = "triple"
        """
    ).problems(VIS_CI__NODE="abc")
    assert where == [
        ("env VIS_CI__NODE", "ci.node"),
        ("vis.toml:2", "release.basebranch"),
        ("vis.toml:5", "release.include[1]"),
        ("vis.toml:8", "release.publish.stage.timeout"),
        ("vis.toml:10", "ci.layout"),
    ]
    assert workspace.refusal().message.startswith("the configuration has 4 problems:\n  vis.toml:2: ")


@pytest.mark.parametrize(
    ("fixed", "linked", "shared"),
    [
        ([["a", "b"], ["b", "c"]], [], "b"),
        ([["a"]], [["a"]], "a"),
        ([["@acme/*"]], [["@acme/ui", "x"]], "@acme/ui"),
        ([], [["x", "ui"], ["u*"]], "ui"),
    ],
)
def test_groups_may_not_overlap(workspace, fixed, linked, shared):
    error = workspace.vis(f"[release]\nfixed = {fixed}\nlinked = {linked}\n").refusal()
    assert f"overlaps release.{'fixed' if fixed else 'linked'}[0]: {shared}; allowed" in error.message


@pytest.mark.parametrize("branch", ["main", "next"])
def test_the_state_branch_is_none_of_the_release_branches(workspace, branch):
    error = workspace.vis(f"[release]\nstate-branch = '{branch}'\n[release.channels.next]\ntag = 'next'\n").refusal()
    assert "release.state-branch" in error.message
    assert "is a release branch" in error.message


def test_groups_that_do_not_overlap_are_fine(workspace):
    workspace.vis("[release]\nfixed = [['@a/*', 'b']]\nlinked = [['@b/*', 'a']]\n").load()


def test_origins_say_default_line_or_variable(workspace):
    loaded = workspace.vis(
        """\
        [release]
        base-branch = "trunk"
        publish.stage = true

        [release.packages."@acme/ui"]
        stage = false
        """
    ).load(VIS_RELEASE__PUBLISH__STAGE__TIMEOUT="4h")
    origins = {key: str(origin) for key, origin in loaded.origins.items()}
    assert origins["release.base-branch"] == "vis.toml:2"
    assert origins["release.remote"] == "default"
    assert origins["release.publish.stage.enabled"] == "vis.toml:3"
    assert origins["release.publish.stage.settle"] == "default"
    assert origins["release.publish.stage.timeout"] == "env VIS_RELEASE__PUBLISH__STAGE__TIMEOUT"
    assert origins['release.packages."@acme/ui".stage'] == "vis.toml:6"
    assert origins['release.packages."@acme/ui".tag'] == "default"
    assert set(origins) == set(loaded.values)
    assert loaded.values["release.base-branch"] == "trunk"


names = st.text("abcdefgh-", min_size=1, max_size=5).filter(lambda name: name[0] != "-")
seconds = st.timedeltas(min_value=timedelta(seconds=1), max_value=timedelta(days=999))
configs = st.builds(
    lambda stage, publish, release: Config(
        release=replace(Config().release, **release, publish=replace(Config().release.publish, **publish, stage=stage))
    ),
    st.builds(
        StageConfig,
        enabled=st.booleans(),
        timeout=seconds,
        poll_interval=seconds,
        settle=st.timedeltas(min_value=timedelta(), max_value=timedelta(days=9)),
        mode=st.sampled_from(["wait", "detached"]),
    ),
    st.fixed_dictionaries(
        {
            "access": st.sampled_from([None, "public", "restricted"]),
            "provenance": st.sampled_from(["auto", "true", "false"]),
            "concurrency": st.integers(1, 32),
        }
    ),
    st.fixed_dictionaries(
        {
            "include": st.lists(st.text(min_size=1).filter(str.strip), max_size=3).map(tuple),
            "private_packages": st.booleans(),
            "packages": st.dictionaries(
                st.text(max_size=8), st.builds(PackageConfig, stage=st.sampled_from([None, False]))
            ),
            "channels": st.dictionaries(names, st.builds(ChannelConfig, prerelease=st.sampled_from([None, "next"]))),
        }
    ),
)


def _toml(value):
    if isinstance(value, timedelta):
        return format_duration(value)
    if isinstance(value, tuple):
        return [_toml(item) for item in value]
    if isinstance(value, dict):
        return {key: _toml(item) for key, item in value.items()}
    if hasattr(value, "__dataclass_fields__"):
        found = {name.replace("_", "-"): _toml(getattr(value, name)) for name in value.__dataclass_fields__}
        return {key: item for key, item in found.items() if item not in (None, "")}
    return value


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], max_examples=60)
@given(configs)
def test_a_written_configuration_is_read_back_whole(tmp_path, config):
    (tmp_path / "vis.toml").write_text(tomlkit.dumps(_toml(config)), encoding="utf-8", newline="")
    loaded = load_config(tmp_path, {})
    assert loaded.config == config
    assert all(
        str(origin) != "default" for key, origin in loaded.origins.items() if loaded.values[key] not in (None, "")
    )
