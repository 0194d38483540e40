"""npm's own modules and npm's own command, asked side by side: the quick way must give the very same answer, or none."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from tests.adapters.npm.support import NpmHome
from vis_tasks.adapters.npm.ask import CONFIG_ENV, CONFIG_WORDS, ways_to_ask
from vis_tasks.adapters.npm.config import NpmConfig
from vis_tasks.adapters.npm.node import find_npm
from vis_tasks.adapters.process import SubprocessRunner
from vis_tasks.errors import Refused

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.e2e


@dataclass(frozen=True)
class Setting:
    """What is configured where."""

    name: str
    project: str = ""
    user: str = ""
    env: dict[str, str] = field(default_factory=dict)
    manifest: str = "{}"
    folder: str = "."


SETTINGS = (
    Setting("nothing"),
    Setting(
        "registries and credentials",
        project="registry=http://localhost:4/\n@a:registry=http://localhost:5/x\n//localhost:4/:_authToken=${TOKEN}\n",
        user="//localhost:5/:_password=cGFzcw==\n//localhost:5/:username=me\nemail=a@b.test\n//localhost:4/:certfile=c.pem\n",
        env={"TOKEN": "0123456789"},
    ),
    Setting(
        "what npm redacts",
        project="registry=http://me:word@localhost:4/\nmine=8814c851-1732-4885-8bbf-9c3aab52da3f\n",
    ),
    Setting(
        "proxies and authorities",
        project="strict-ssl=false\nnoproxy=a,b\nca[]=one\nca[]=two\n",
        env={"HTTPS_PROXY": "http://localhost:9", "NO_PROXY": "c", "npm_config_cafile": "none.pem"},
    ),
    Setting("values of a wrong type", project="strict-ssl=perhaps\naccess=all\nfetch-retries=many\nunknown=1\n"),
    Setting(
        "publishing",
        project="access=restricted\ntag=next\nprovenance=true\n",
        env={"npm_config_otp": "123456", "CI": "true", "GITHUB_ACTIONS": "true"},
    ),
    Setting(
        "a user agent, a prefix, a cache",
        user="user-agent=me\nprefix=${HOME}/p\n",
        env={"npm_config_loglevel": "silent"},
    ),
    Setting("global", env={"npm_config_global": "true"}, project="registry=http://localhost:4/\n"),
    Setting("the root of a workspace", manifest='{"workspaces": ["a"]}', project="registry=http://localhost:4/\n"),
    Setting("a folder below", folder="below", project="registry=http://localhost:4/\n"),
)


def answers(home: NpmHome, folder: Path) -> list[tuple[int, str]]:
    npm = find_npm(home.runner(), home.root, home.env).argv
    ways = ways_to_ask(npm, home.env)
    assert len(ways) == 2
    done = [home.runner().run(way, cwd=folder, env=CONFIG_ENV, check=False) for way in ways]
    return [(each.code, each.stdout) for each in done]


def prepared(setting: Setting, root: Path) -> tuple[NpmHome, Path]:
    home = NpmHome(root)
    home.env.update(setting.env)
    home.project_npmrc.write_text(setting.project)
    home.user_npmrc.write_text(setting.user)
    (home.root / "package.json").write_text(setting.manifest)
    folder = home.root / setting.folder
    folder.mkdir(exist_ok=True)
    return home, folder


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda each: each.name)
def test_both_ways_give_the_same_answer(setting, tmp_path):
    (quick, by_modules), (code, by_command) = answers(*prepared(setting, tmp_path))
    assert (quick, code) == (0, 0)
    assert json.loads(by_modules) == json.loads(by_command)


def test_inside_a_member_of_a_workspace_both_refuse(tmp_path):
    home, _ = prepared(Setting("a workspace", manifest='{"workspaces": ["a"]}'), tmp_path)
    member = home.root / "a"
    member.mkdir()
    (member / "package.json").write_text('{"name": "a", "version": "1.0.0"}')
    assert [code for code, _ in answers(home, member)] == [1, 1]


def test_what_npm_refuses_is_told_in_the_words_of_its_command(tmp_path):
    home, folder = prepared(Setting("a circle", env={"npm_config_prefix": "x", "npm_config_usage": "true"}), tmp_path)
    with pytest.raises(Refused) as caught:
        NpmConfig.load(home.runner(), folder, home.env)
    assert "npm config" in str(caught.value)


def test_an_npm_with_other_modules_is_asked_by_its_command(tmp_path):
    home, folder = prepared(Setting("another npm", project="registry=http://localhost:4/\n"), tmp_path)
    real = find_npm(home.runner(), home.root, home.env).argv[-1]
    strange = tmp_path / "npm" / "bin" / "npm-cli.js"
    strange.parent.mkdir(parents=True)
    (tmp_path / "npm" / "package.json").write_text('{"name": "npm", "version": "99.0.0"}')
    strange.write_text(f'#!/bin/sh\nexec {real} "$@"\n')
    strange.chmod(0o755)
    started: list[str] = []
    runner = SubprocessRunner(base_env=home.env, trace=started.append)
    config = NpmConfig.load(runner, folder, home.env, npm=(str(strange),))
    assert config.registry == "http://localhost:4/"
    assert started[1:] == [f"{strange} {' '.join(CONFIG_WORDS)}"]
