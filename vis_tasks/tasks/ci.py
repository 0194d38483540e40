"""``ci.*``: CI files, and what the jobs in them need."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from invoke.collection import Collection
from invoke.tasks import Task

from vis_tasks.errors import Refused, UsageError
from vis_tasks.tasks.edge import session

if TYPE_CHECKING:
    from invoke.context import Context

    from vis_tasks.services.ci_files import CiTools, Generated
    from vis_tasks.tasks.edge import Session

__all__ = ["collection"]

_HELP = {"json": "Print one JSON document on stdout, all else on stderr.", "debug": "Show tracebacks."}
_PROVIDERS = {"": (), "all": ("github", "gitlab"), "github": ("github",), "gitlab": ("gitlab",)}


def collection() -> Collection:
    """The collection ``ci``."""
    ns = Collection("ci")
    generating = {
        **_HELP,
        "provider": "github, gitlab or all; without it those of vis.toml.",
        "layout": "split or single; without it that of vis.toml.",
        "stdout": "Print the files instead of writing them; edits aren't looked at.",
        "relock": "Resolve the requirements files with hashes anew, though they are current.",
        "force": "Write conflicts too, with markers, and replace files that vis-tasks didn't make.",
    }
    ns.add_task(Task(generate, name="generate", auto_shortflags=False, help=generating))
    ns.add_task(Task(check, name="check", auto_shortflags=False, help=_HELP))
    ns.add_task(Task(diff, name="diff", auto_shortflags=False, help=_HELP))
    ns.add_task(
        Task(
            outputs,
            name="outputs",
            auto_shortflags=False,
            help={**_HELP, "dotenv": "Write GitLab's dotenv report here."},
        )
    )
    ns.add_task(
        Task(verify, name="verify", auto_shortflags=False, help={**_HELP, "manifest": "SHA-256 of dist/manifest.json."})
    )
    ns.add_task(Task(comment, name="comment", auto_shortflags=False, help=_HELP))
    ns.add_task(
        Task(
            after,
            name="after",
            auto_shortflags=False,
            help={**_HELP, "tagged": "Whether the job before tagged something: true or false."},
        )
    )
    ns.add_task(
        Task(
            setup,
            name="setup",
            auto_shortflags=False,
            help={
                **_HELP,
                "provider": "github, gitlab or all; without it those of vis.toml.",
                "apply": "Do by API what the token allows.",
                "reviewers": "Who must agree before the publishing job starts: users, or organisation/team on GitHub; by commas.",
            },
        )
    )
    return ns


def _tools(opened: Session) -> CiTools:
    from vis_tasks.wiring import build_ci_tools

    return build_ci_tools(opened.root, opened.config)


def _generated(opened: Session, tools: CiTools, provider: str = "", layout: str = "", locking: str = "") -> Generated:
    from vis_tasks.services.ci_files import generate as look

    if provider not in _PROVIDERS:
        raise UsageError(f"--provider={provider} is unknown", hint="github, gitlab or all")
    if layout not in {"", "split", "single"}:
        raise UsageError(f"--layout={layout} is unknown", hint="split or single")
    workspace = opened.run(plan_only=True).workspace
    return look(opened.config, workspace, tools, providers=_PROVIDERS[provider], layout=layout, locking=locking)


def _document(found: Generated) -> dict[str, Any]:
    return {
        "files": [{"path": plan.path, "state": plan.fate.name.lower()} for plan in (*found.planned, *found.locks)],
        "notes": list(found.notes),
        "unlocked": found.unlocked,
    }


def generate(
    c: Context,
    provider: str = "",
    layout: str = "",
    stdout: bool = False,
    force: bool = False,
    relock: bool = False,
    json: bool = False,
    debug: bool = False,
) -> None:
    """Write the CI files that vis.toml asks for; edits that people made are kept.

    Example: invoke ci.generate --provider=all
    """
    with session(c, "ci.generate", json=json, debug=debug) as opened:
        from vis_tasks.services.ci_files import apply, include_lines, unlocked_note
        from vis_tasks.tasks.edge import dry

        tools = _tools(opened)
        looking = stdout or dry(c)
        found = _generated(opened, tools, provider, layout, "" if looking else "all" if relock else "missing")
        if stdout:
            texts = {plan.path: plan.fresh or plan.forced for plan in found.planned if plan.fresh or plan.forced}
            opened.result({"texts": texts})
            for path, text in texts.items() if not json else ():
                opened.console.line(f"# ==> {path}\n{text}")
            return
        changed = () if dry(c) else apply(found, tools, force=force)
        for plan in (*found.planned, *found.locks):
            opened.console.line(f"{plan.path}: {plan.fate.value}")
        if not found.planned:
            opened.console.line('nothing to write: no provider is named; `providers = ["github"]` under [ci] names one')
        elif found.unlocked:
            opened.console.warning(unlocked_note(found))
        for note in found.notes:
            opened.console.line(f"note: {note}")
        named = opened.config.ci.providers
        if provider and {*_PROVIDERS[provider]} != {*named}:
            wanted = ", ".join(f'"{each}"' for each in _PROVIDERS[provider])
            opened.console.warning(
                f"`ci.check` goes by vis.toml, which asks for {' and '.join(named) or 'none'}: it will object to these files\n"
                f"  write `providers = [{wanted}]` under [ci], and --provider is needless"
            )
        if unknown := list(c.config.get("vis_tasks", {}).get("targets", ())):
            opened.console.warning(
                f"CI doesn't run {', '.join(unknown)}: tasks.py declares it, and jobs read vis.toml alone\n"
                "  a target under [release.targets.<name>] runs in CI as well as here"
            )
        if found.include:
            opened.console.warning(".gitlab-ci.yml is your own; it has to include the release:")
            for line in include_lines():
                opened.console.line(f"  {line}")
        if changed:
            opened.console.line("`vis-tasks ci.setup` tells what the forge and the registry need to know.")
        opened.result({**_document(found), "changed": [plan.path for plan in changed], "onlyInTasks": unknown})


def check(c: Context, json: bool = False, debug: bool = False) -> None:
    """Fail, with a diff, when the committed CI files aren't what vis.toml gives.

    Example: invoke ci.check
    """
    with session(c, "ci.check", json=json, debug=debug) as opened:
        from vis_tasks.core.ci.keep import Fate
        from vis_tasks.services.ci_files import difference

        found = _generated(opened, _tools(opened))
        off = [plan for plan in (*found.planned, *found.locks) if plan.fate is not Fate.SAME]
        if off:
            text = difference(found)
            if not json:
                opened.console.line(text.rstrip("\n"))
            raise Refused(
                "these CI files aren't what vis.toml gives:\n"
                + "\n".join(f"  {plan.path}: {plan.fate.value}" for plan in off),
                code="CI_DRIFT",
                hint="vis-tasks ci.generate, then commit",
                details={"diff": text, **_document(found)},
            )
        opened.console.success("the CI files are what vis.toml gives")
        opened.result(_document(found))


def diff(c: Context, json: bool = False, debug: bool = False) -> None:
    """Show what ci.generate would change.

    Example: invoke ci.diff
    """
    with session(c, "ci.diff", json=json, debug=debug) as opened:
        from vis_tasks.services.ci_files import difference

        found = _generated(opened, _tools(opened))
        text = difference(found)
        opened.result({**_document(found), "diff": text})
        if not json:
            opened.console.line(text.rstrip("\n") or "nothing would change")


def outputs(c: Context, dotenv: str = "", json: bool = False, debug: bool = False) -> None:
    """Tell later jobs which commit to check out, whether anything is to be packed, and the hash of what is packed.

    Example: invoke ci.outputs --dotenv=vis.env
    """
    with session(c, "ci.outputs", json=json, debug=debug) as opened:
        from vis_tasks.services.hand_over import outputs as look
        from vis_tasks.wiring import write_ci_outputs

        values = look(opened.run())
        write_ci_outputs(values, dotenv)
        for name, value in values.items():
            opened.console.line(f"{name}={value}")
        opened.result(dict(values))


def verify(c: Context, manifest: str = "", json: bool = False, debug: bool = False) -> None:
    """See that dist/ holds the bytes that were packed; refuse them otherwise.

    Example: invoke ci.verify --manifest=<sha256>
    """
    with session(c, "ci.verify", json=json, debug=debug) as opened:
        from vis_tasks.services.hand_over import verify as look

        if not manifest.strip():
            raise UsageError("--manifest is empty", hint="pass what `ci.outputs` told after packing")
        lines = look(opened.run(), manifest)
        opened.console.success(f"{len(lines)} tarball(s) are the bytes that were packed")
        opened.result({"tarballs": [f"{line.name}@{line.version}" for line in lines]})


def comment(c: Context, json: bool = False, debug: bool = False) -> None:
    """Show what a release would do: on the terminal, in the job summary, and as one comment on the pull request.

    Where the token may not write (pull requests of forks) the comment is left out.

    Example: invoke ci.comment
    """
    with session(c, "ci.comment", json=json, debug=debug) as opened:
        from vis_tasks.adapters.ci_report import table
        from vis_tasks.services.ci_comment import MARKER, plan_markdown
        from vis_tasks.wiring import build_comments, write_ci_report

        plan = opened.run(plan_only=True).plan
        text = plan_markdown(plan, table)
        write_ci_report(text)
        if not json:
            opened.console.line(text.rstrip("\n"))
        comments = build_comments()
        how = "no pull request" if comments is None else comments.put(MARKER, text, only_update=not plan.releases)
        opened.console.detail(f"comment: {how}")
        opened.result({"comment": how, "markdown": text})


def after(c: Context, tagged: str = "", json: bool = False, debug: bool = False) -> None:
    """Run what vis.toml wants after a release, in a job that may not publish: the hook after-tag, and targets after `tag`.

    Example: invoke ci.after --tagged=true
    """
    with session(c, "ci.after", json=json, debug=debug) as opened:
        from vis_tasks.services.release import follow_up, graph_for

        if tagged not in {"true", "false"}:
            raise UsageError(f"--tagged={tagged} is unknown", hint="true or false, as the job that tagged has told")
        run = opened.run(handed_over=True)
        follow_up(run, graph_for(opened.config), tagged=tagged == "true")
        opened.result({"ran": list(run.report.ran)})


def setup(
    c: Context,
    provider: str = "",
    apply: bool = False,
    reviewers: str = "",
    json: bool = False,
    debug: bool = False,
) -> None:
    """List what the forge and the registry must be told once; with --apply do what a maintainer's token allows.

    The token is GH_TOKEN or GITHUB_TOKEN, or GITLAB_TOKEN. What it can't do is told in the forge's words and left to you.

    Example: invoke ci.setup --apply
    """
    with session(c, "ci.setup", json=json, debug=debug) as opened:
        from vis_tasks.core.remotes import parse_remote
        from vis_tasks.core.selection import managed
        from vis_tasks.services.ci_setup import apply as do
        from vis_tasks.services.ci_setup import steps_for
        from vis_tasks.wiring import build_settings

        if provider not in _PROVIDERS:
            raise UsageError(f"--provider={provider} is unknown", hint="github, gitlab or all")
        providers = _PROVIDERS[provider] or opened.config.ci.providers
        if not providers:
            raise UsageError(
                "no provider of CI is named",
                code="NO_PROVIDER",
                hint='write `providers = ["github"]` (or "gitlab", or both) under [ci], or give --provider',
            )
        run = opened.run(plan_only=True)
        remote = parse_remote(run.tools.git.remote_url(opened.config.release.remote) or "")
        packages = [each for each in managed(run.workspace, opened.config.release) if not each.private]
        people = tuple(name.strip() for name in reviewers.split(",") if name.strip())
        document = []
        for each in providers:
            secrets = {"NPM_TOKEN": run.tools.env.get("NPM_TOKEN", "")} if apply else {}
            steps = steps_for(each, opened.config, packages, remote, reviewers=people, secrets=secrets)
            api = build_settings(each, remote, opened.config) if apply and remote else None
            if apply and api is None:
                raise Refused(
                    f"{each}: there is no token or no remote to apply settings with",
                    code="NO_TOKEN",
                    hint="set GH_TOKEN or GITLAB_TOKEN to a maintainer's token, or go through the list by hand",
                )
            told = do(steps, api) if api else tuple((step, "") for step in steps)
            for number, (step, said) in enumerate(told, 1):
                opened.console.step(f"{each} {number}. {step.title}" + (f": {said}" if said else ""))
                opened.console.line(f"   {step.why}")
                for line in step.where.splitlines():
                    opened.console.line(f"   {line}")
            document += [
                {"provider": each, "title": step.title, "why": step.why, "where": step.where, "state": said or "to do"}
                for step, said in told
            ]
        opened.result({"steps": document})
