"""A git repository on disk that init is to set up."""

from __future__ import annotations

import json
import subprocess
import tomllib
from dataclasses import replace

from vis_tasks.errors import Failed
from vis_tasks.services.init.plan import apply, make_plan
from vis_tasks.wiring import build_init_tools

__all__ = ["Checkout", "hashes", "made", "no_index"]


def hashes(requirement):
    """What uv would find."""
    return f"{requirement} --hash=sha256:{'0' * 64}\n"


def no_index(requirement):
    raise Failed(f"uv can't lock {requirement}: the index can't be reached", code="CI_LOCK")


class Checkout:
    """A git repository with a workspace in it."""

    def __init__(
        self, root, *, remote="https://github.com/acme/widgets.git", folder="", packages=("@acme/core", "@acme/cli")
    ):
        self.top = root
        self.root = root / folder if folder else root
        self.root.mkdir(parents=True, exist_ok=True)
        self.git("init", "--quiet", "--initial-branch=main")
        if remote:
            self.git("remote", "add", "origin", remote)
            self.git("update-ref", "refs/remotes/origin/main", self.empty_commit())
            self.git("symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/main")
        if packages == (".",):
            self.json("package.json", {"name": "acme", "version": "1.0.0"})
            return
        self.json("package.json", {"name": "root", "private": True, "workspaces": ["packages/*"]})
        for name in packages:
            self.json(f"packages/{name.rpartition('/')[2]}/package.json", {"name": name, "version": "1.0.0"})

    def git(self, *argv, text=None):
        who = ["-c", "user.name=T", "-c", "user.email=t@localhost"]
        done = subprocess.run(
            ["git", *who, *argv], cwd=self.top, check=True, capture_output=True, text=True, input=text
        )
        return done.stdout.strip()

    def empty_commit(self):
        tree = self.git("mktree", text="")
        return self.git("commit-tree", tree, "-m", "first")

    def write(self, path, text):
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text.encode())
        return self

    def json(self, path, value):
        return self.write(path, json.dumps(value, indent=2) + "\n")

    def read(self, path):
        return (self.root / path).read_bytes().decode()

    def tools(self, lock=hashes):
        """The real ones, but for what asks the Python index."""
        tools = build_init_tools(self.root)
        return replace(tools, ci=lambda config: replace(tools.ci(config), lock=lock))

    def plan(self, *, lock=hashes, **options):
        return make_plan(self.tools(lock), **options)

    def init(self, **options):
        plan = self.plan(**options)
        return apply(plan, self.tools(), ci=True)

    def toml(self):
        return tomllib.loads(self.read("vis.toml"))


def made(plan):
    """What a plan does with each file, by path."""
    return {change.path: change.state for change in plan.files}
