"""Every file of every combination of options, before every linter that knows such files. Run by ``nox -s ci-files``.

Programs come from PyPI (zizmor, actionlint, check-jsonschema, yamllint) and, for GitHub's own parser, from npm.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from tests.ci.builders import Repo, every_combination

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["YAMLLINT", "check_files", "main", "write_files"]

YAMLLINT = (
    "{extends: default, rules: {line-length: {max: 180}, document-start: disable, truthy: {check-keys: false}, "
    "comments: {min-spaces-from-content: 1}}}"
)
_PARSER = ("@actions/workflow-parser@0.3.61", "esbuild@0.28.1")


def write_files(folder: Path, combinations: Iterable[tuple[str, dict[str, str]]]) -> tuple[list[Path], list[Path]]:
    """Write what differs; workflows of GitHub and files of GitLab."""
    seen: dict[str, Path] = {}
    for number, (_, options) in enumerate(combinations):
        manager, _, version = options["manager"].partition("@")
        repo = Repo(folder / f"repo-{number}", folder=options["folder"])
        repo.manager(manager, version).configure(options["toml"])
        for path, text in repo.files().items():
            key = path + hashlib.sha256(text.encode()).hexdigest()
            if key not in seen:
                seen[key] = folder / f"repo-{number}" / path
                seen[key].parent.mkdir(parents=True, exist_ok=True)
                seen[key].write_text(text, encoding="utf-8")
    files = list(seen.values())
    return [path for path in files if ".github" in path.parts], [path for path in files if ".github" not in path.parts]


def check_files(workflows: Sequence[Path], gitlab: Sequence[Path]) -> dict[str, list[str]]:
    """Command lines, by name, that are all to end with 0."""
    github_files, gitlab_files = [str(path) for path in workflows], [str(path) for path in gitlab]
    schema = ["check-jsonschema", "--builtin-schema"]
    return {
        "zizmor": ["zizmor", "--offline", "--strict-collection", "--persona=auditor", "--quiet", *github_files],
        "GitHub's schema": [*schema, "vendor.github-workflows", *github_files],
        "GitLab's schema": [*schema, "vendor.gitlab-ci", *gitlab_files],
        "actionlint": ["actionlint", *github_files],
        "yamllint": ["yamllint", "--strict", "-d", YAMLLINT, *github_files, *gitlab_files],
    }


def _parser(folder: Path) -> list[str]:
    """GitHub's own parser, bundled: as published it imports JSON in a way that Node no longer takes."""
    shutil.copy(Path(__file__).with_name("parse_workflows.mjs"), folder)
    (folder / "package.json").write_text('{"private": true}', encoding="utf-8")
    subprocess.run(["npm", "install", "--silent", "--no-audit", "--no-fund", *_PARSER], cwd=folder, check=True)
    bundle = folder / "parse.mjs"
    subprocess.run(
        [
            "npx", "esbuild", "parse_workflows.mjs", "--bundle", "--platform=node", "--format=esm", "--log-level=error",
            f"--outfile={bundle}",
            "--banner:js=import {createRequire} from 'node:module'; const require = createRequire(import.meta.url);",
        ],
        cwd=folder,
        check=True,
    )  # fmt: skip
    return ["node", str(bundle)]


def main() -> int:
    """Run them all; the number of those that complain."""
    failed = 0
    with tempfile.TemporaryDirectory(prefix="vis-tasks-") as name:
        folder = Path(name)
        combinations = list(every_combination())
        workflows, gitlab = write_files(folder, combinations)
        files = len(workflows) + len(gitlab)
        sys.stdout.write(f"{len(combinations)} combinations, {files} different files\n")
        (folder / "parser").mkdir()
        commands = check_files(workflows, gitlab)
        commands["GitHub's parser"] = [*_parser(folder / "parser"), *(str(path) for path in workflows)]
        for tool, argv in commands.items():
            done = subprocess.run(argv, capture_output=True, text=True, check=False)
            failed += done.returncode != 0
            sys.stdout.write(f"{tool}: {'clean' if done.returncode == 0 else done.stdout + done.stderr}\n")
    return failed


if __name__ == "__main__":
    sys.exit(main())
