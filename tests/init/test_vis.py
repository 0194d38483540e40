"""The configuration of vis in ours."""

from __future__ import annotations

from dataclasses import replace

from tests.init.builders import js, left, repository, written
from tests.planning.builders import package
from vis_tasks.config.durations import format_duration
from vis_tasks.core.migrate.vis import migrate

CONFIG = """
    import { defineConfig } from "@visulima/vis/config";

    export default defineConfig({
        release: {
            defaultManaged: true,
            acknowledgeUnstable: true,
            baseBranch: "trunk",
            changelog: "keep-a-changelog",
            workspaceChangelog: false,
            fixed: [["a", "b"], { name: "x", packages: ["c"], changelog: { mode: "shared" } }],
            bumpMinorPreMajor: true,
            channels: {
                trunk: { tag: "latest", mode: "auto-publish" },
                next: { tag: "branch-name", prerelease: "rc", mode: "version-pr" },
                "release/*": { range: "match" },
            },
            githubHost: "git.acme.test",
            preVersionCommand: "npm run check",
            publish: {
                stage: { timeoutMs: 4 * 60 * 60 * 1000, pollIntervalMs: 30_000 },
                publishArgs: ["--provenance", "--otp=1"],
                guards: { audit: "high" },
                cleanPackageJson: true,
            },
            packages: { d: { managed: false } },
            notifications: { slack: { webhook: "${SLACK_URL}" }, discord: { webhook: "https://secret.test/x" } },
            signing: { mode: "ssh" },
        },
    });
"""


def mapped(text=CONFIG, *packages):
    document = js(text, "vis.config.ts").below("release")
    return migrate(document, repository(*(packages or map(package, "abcd"))), format_duration)


def test_every_key_with_a_counterpart_is_taken_over():
    assert written(mapped()) == {
        "release": {
            "base-branch": "trunk",
            "ignore": ["d"],
            "fixed": [["a", "b"], ["c"]],
            "major-before-1-is-minor": True,
            "changelog": "keep-a-changelog",
            "workspace-changelog": False,
            "publish": {"provenance": True, "stage": {"timeout": "4h", "poll-interval": "30s"}},
            "channels": {"next": {"tag": "next", "prerelease": "rc"}},
            "hooks": {"before-version": "npm run check"},
            "forge": {"provider": "github", "url": "https://git.acme.test/api/v3"},
            "notify": {"slack": "SLACK_URL"},
        }
    }


def test_the_rest_is_left_over_and_no_address_repeated():
    found = mapped()
    assert left(found) == [
        "fixed.changelog",
        "channels.next.mode",
        "channels.release/*",
        "publish.publishArgs",
        "publish.cleanPackageJson",
        "notifications.discord",
        "signing",
    ]
    assert "secret.test" not in str(found.leftovers)


def test_without_default_managed_only_chosen_packages_are_included():
    text = "export default { release: { packages: { a: { managed: true } } } }"
    marked = package("b")
    marked = replace(marked, manifest={**marked.manifest, "vis-release": {"managed": True}})
    found = mapped(text, package("a"), marked, package("c"))
    assert written(found)["release"]["include"] == ["a", "b"]


def test_stage_on_and_off_are_kept():
    on = mapped("export default { release: { defaultManaged: true, publish: { stage: true } } }")
    off = mapped("export default { release: { defaultManaged: true, publish: { stage: false } } }")
    assert (written(on)["release"]["publish"], written(off)["release"]["publish"]) == (
        {"stage": True},
        {"stage": False},
    )
