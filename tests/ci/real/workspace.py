"""The example workspace, as its maintainers would have it: with their package manager, vis.toml, a build, and CI files."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from tests.ci.real.case import MANAGERS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.ci.real.case import Case

__all__ = ["EXAMPLE", "configure", "copy_example", "manifests"]

TOP = Path(__file__).parents[3]
EXAMPLE = TOP / "examples" / "monorepo"
_CONFIG = """\
[release]
base-branch = "main"
remote = {remote}
[release.publish]
provenance = "false"
[release.publish.stage]
timeout = "5m"
poll-interval = "1s"
settle = "1s"
mode = "{mode}"
[release.forge]
provider = "{provider}"
url = "{api}"
{own}[ci]
providers = ["{provider}"]
layout = "{layout}"
vis-tasks = {wheel}
build = "node ran.js built"
app = {app}
"""
_OWN = """\
[release.hooks]
after-tag = "node ran.js hooked"
[release.targets.smoke]
needs = ["pack"]
before = ["stage"]
run = "node ran.js smoked"
[release.targets.deploy]
needs = ["tag"]
before = ["release"]
run = "node ran.js deployed"
"""
# What ran, and which credentials its environment held: there should be none. (Id tokens reach every job here, not so on GitHub.)
_RAN = """\
const found = process.env.GITLAB_CI ? [] : ["GITHUB_TOKEN", "NPM_TOKEN"].filter((name) => process.env[name])
require("fs").appendFileSync(process.env.TEST_RAN, process.argv[2] + found.map((name) => " " + name).join("") + "\\n")
"""


def copy_example(root: Path, case: Case, env: Mapping[str, str], registry: str) -> None:
    """Copy it, and make it a workspace of the case's package manager, with that manager's own lock file."""
    shutil.copytree(EXAMPLE, root)
    (root / ".npmrc").write_text(f"registry={registry}\n", encoding="utf-8")
    (root / "ran.js").write_text(_RAN, encoding="utf-8")
    if case.manager == "npm":
        return
    (root / "package-lock.json").unlink()
    top = json.loads((root / "package.json").read_text(encoding="utf-8"))
    top["packageManager"] = MANAGERS[case.manager]
    if case.manager == "pnpm":
        del top["workspaces"]
        (root / "pnpm-workspace.yaml").write_text("packages:\n  - packages/*\n", encoding="utf-8")
    if case.manager == "yarn":
        # What yarn talks to: plain http is allowed for this machine alone.
        settings = f'npmRegistryServer: "{registry}"\nunsafeHttpWhitelist: ["127.0.0.1"]\nnodeLinker: node-modules\n'
        (root / ".yarnrc.yml").write_text(f"{settings}enableTelemetry: false\n", encoding="utf-8")
        with (root / ".gitignore").open("a", encoding="utf-8") as file:
            file.write(".yarn/\n")
    (root / "package.json").write_text(json.dumps(top, indent=2) + "\n", encoding="utf-8")
    for path in manifests(root):
        text = path.read_text(encoding="utf-8")
        data = json.loads(text)
        for name, wanted in data.get("dependencies", {}).items():
            text = text.replace(f'"{name}": "{wanted}"', f'"{name}": "workspace:{wanted[0]}"')
        path.write_text(text, encoding="utf-8")
    name, _, version = MANAGERS[case.manager].partition("@")
    package = f"@yarnpkg/cli-dist@{version}" if name == "yarn" else f"{name}@{version}"
    install = {"pnpm": ["--lockfile-only"], "yarn": ["--mode=update-lockfile"], "bun": ["--lockfile-only"]}[name]
    # npx asks the registry that npm would ask outside of this workspace.
    prefix = [
        "npx",
        "--yes",
        f"--package={package}",
        "--",
        "sh",
        "-c",
        'cd "$1" && shift && exec "$@"',
        "sh",
        str(root),
    ]
    subprocess.run(
        [*prefix, name, "install", *install], cwd=root.parent, env=dict(env), check=True, capture_output=True
    )


def manifests(root: Path) -> list[Path]:
    """The members' package.json files."""
    return sorted(root.glob("packages/*/package.json"))


def configure(root: Path, case: Case, *, wheel: Path, api: str) -> None:
    """Write vis.toml."""
    text = _CONFIG.format(
        provider=case.provider,
        layout=case.layout,
        remote=json.dumps(case.remote),
        mode="detached" if case.story == "detached" else "wait",
        wheel=json.dumps(str(wheel)),
        api=api,
        own=_OWN if case.own else "",
        app="true" if case.app else "false",
    )
    (root / "vis.toml").write_text(text, encoding="utf-8")
