"""The configuration in force, written out."""

from __future__ import annotations

from vis_tasks.adapters.redact import looks_secret
from vis_tasks.config.load import load_config
from vis_tasks.config.show import document, lines

FILE = """\
[release]
include = ["@acme/*", "!x"]
fixed = [["a", "b"], ["c"]]
[release.publish.stage]
timeout = "90m"
[release.packages."@acme/ui"]
stage = false
[release.targets.build]
run = ["npm", "run", "build"]
env = {NODE_ENV = "production", "odd name" = "1"}
"""


def test_what_is_shown_reads_back_to_the_same(workspace):
    shown = workspace.vis(FILE).load()
    text = "\n".join(lines(shown, origin=True, hide=looks_secret))
    assert load_config(workspace.vis(text).root, {}).config == shown.config


def test_strings_are_escaped_as_toml_has_it(workspace):
    loaded = workspace.vis('[release.targets.x]\nrun = "a"\ndoc = "\\u007f \\"q\\" \\\\ \\u001b"\n').load()
    text = "\n".join(lines(loaded, origin=False, hide=looks_secret))
    assert "\x7f" not in text
    assert workspace.vis(text).load().config == loaded.config


def test_origins_stand_behind_their_values(workspace):
    shown = lines(workspace.vis('[release]\nremote = "up"\n').load(), origin=True, hide=looks_secret)
    assert shown[0] == "# from vis.toml"
    assert 'release.remote = "up"  # vis.toml:2' in shown
    assert 'release.base-branch = "main"  # default' in shown
    assert "# release.publish.tag is not set" in shown


def test_without_a_file_the_head_says_so(workspace):
    assert lines(workspace.load(), origin=False, hide=looks_secret)[0] == "# no vis.toml and no [tool.vis]: defaults"


def test_secrets_in_a_targets_environment_are_not_shown(workspace):
    loaded = workspace.vis('[release.targets.x]\nrun = "a"\nenv = {API_TOKEN = "hunter22", MODE = "ci"}\n').load()
    text = "\n".join(lines(loaded, origin=False, hide=looks_secret)) + str(document(loaded, hide=looks_secret))
    assert "hunter22" not in text
    assert "MODE" in text


def test_the_document_has_values_and_origins_by_the_same_keys(workspace):
    shown = document(workspace.load(VIS_RELEASE__PUBLISH__STAGE__TIMEOUT="4h"), hide=looks_secret)
    assert shown["values"].keys() == shown["origins"].keys()
    assert shown["values"]["release.publish.stage.timeout"] == "4h"
    assert shown["origins"]["release.publish.stage.timeout"] == "env VIS_RELEASE__PUBLISH__STAGE__TIMEOUT"
    assert shown["path"] is None
