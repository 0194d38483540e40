"""What stands in for the actions of others: scripts that do what those do."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING

from tests.ci.real.workspace import TOP

if TYPE_CHECKING:
    from tests.ci.real.place import Place

__all__ = ["stand_ins"]

_STUBS = {
    "actions/checkout": """
inputs:
  ref: {default: ""}
  fetch-depth: {default: "1"}
  persist-credentials: {default: "true"}
runs:
  using: composite
  steps:
    - shell: bash
      env: {REF: "${{ inputs.ref || github.sha }}"}
      run: |
        cd "$GITHUB_WORKSPACE"
        find . -mindepth 1 -delete
        git clone --quiet "$TEST_REMOTE" .
        case "$REF" in
          refs/heads/*) git checkout --quiet -B "${REF#refs/heads/}" "origin/${REF#refs/heads/}" ;;
          *) git checkout --quiet --detach "$REF" ;;
        esac
""",
    "actions/setup-node": """
inputs:
  node-version: {default: ""}
  package-manager-cache: {default: ""}
runs:
  using: composite
  steps:
    - {shell: bash, run: node --version}
""",
    "astral-sh/setup-uv": """
inputs:
  version: {default: ""}
  enable-cache: {default: ""}
runs:
  using: composite
  steps:
    - {shell: bash, run: uv --version}
""",
    "actions/create-github-app-token": """
inputs:
  client-id: {required: true}
  private-key: {required: true}
  permission-contents: {default: ""}
outputs:
  token: {value: "${{ steps.token.outputs.token }}"}
runs:
  using: composite
  steps:
    - id: token
      shell: bash
      env: {ID: "${{ inputs.client-id }}", KEY: "${{ inputs.private-key }}"}
      run: |
        test "$ID" = app-id && test "$KEY" = app-key
        echo "::add-mask::$TEST_APP_TOKEN"
        echo "token=$TEST_APP_TOKEN" >> "$GITHUB_OUTPUT"
""",
    "actions/upload-artifact": """
inputs:
  name: {default: ""}
  path: {default: ""}
  include-hidden-files: {default: ""}
  if-no-files-found: {default: ""}
  retention-days: {default: ""}
outputs:
  artifact-id: {value: "${{ steps.keep.outputs.id }}"}
runs:
  using: composite
  steps:
    - id: keep
      shell: bash
      env: {FROM: "${{ inputs.path }}"}
      run: |
        cd "$GITHUB_WORKSPACE"
        rm -rf "$TEST_ARTIFACTS/7" && mkdir -p "$TEST_ARTIFACTS" && cp -R "$FROM" "$TEST_ARTIFACTS/7"
        echo "id=7" >> "$GITHUB_OUTPUT"
""",
    "actions/download-artifact": """
inputs:
  artifact-ids: {default: ""}
  path: {default: ""}
runs:
  using: composite
  steps:
    - shell: bash
      env: {ID: "${{ inputs.artifact-ids }}", TO: "${{ inputs.path }}"}
      run: cd "$GITHUB_WORKSPACE" && mkdir -p "$(dirname "$TO")" && cp -R "$TEST_ARTIFACTS/$ID" "$TO"
""",
}


def stand_ins(found: Place) -> list[str]:
    """Write them, and tell act to take them for the commits that the files name."""
    pins = tomllib.loads((TOP / "templates" / "pins.toml").read_text(encoding="utf-8"))["actions"]
    flags = []
    for pin in pins.values():
        folder = found.folder / "actions" / pin["name"]
        folder.mkdir(parents=True, exist_ok=True)
        text = f"name: stands in for {pin['name']}{_STUBS[pin['name']]}"
        (folder / "action.yml").write_text(text, encoding="utf-8")
        flags += ["--local-repository", f"{pin['name']}@{pin['commit']}={folder}"]
    return flags
