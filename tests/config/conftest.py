"""Builders of configured workspaces."""

from __future__ import annotations

from textwrap import dedent

import pytest

from vis_tasks.config.load import load_config
from vis_tasks.errors import ConfigError


class Workspace:
    """A folder with configuration files; `load` reads it, `refusal` expects it to be refused."""

    def __init__(self, root):
        self.root = root

    def vis(self, text):
        (self.root / "vis.toml").write_text(dedent(text), encoding="utf-8")
        return self

    def pyproject(self, text):
        (self.root / "pyproject.toml").write_text(dedent(text), encoding="utf-8")
        return self

    def load(self, **env):
        return load_config(self.root, env)

    def refusal(self, **env):
        with pytest.raises(ConfigError) as caught:
            load_config(self.root, env)
        return caught.value

    def problems(self, **env):
        return [(each["where"], each["key"]) for each in self.refusal(**env).details["problems"]]


@pytest.fixture
def workspace(tmp_path):
    return Workspace(tmp_path)
