"""Every way a release goes, and goes wrong, as a script for the director. What must have come of it is said at each one's end."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from vis_tasks.services.rehearsal.promises import OURS
from vis_tasks.services.rehearsal.scenario import Scenario
from vis_tasks.services.rehearsal.setting import MAINTAINER, STRANGER

if TYPE_CHECKING:
    from vis_tasks.services.rehearsal.director import Director
    from vis_tasks.services.rehearsal.tools import Program

__all__ = ["SCENES"]

_SHORT = 2.0
"""Seconds a release waits when nobody is going to decide."""
_NOTE = {"REHEARSAL.md": "Somebody's next commit.\n"}


def _approve(d: Director) -> None:
    d.release(meanwhile=lambda program: d.approve(d.staged(program), by_npm=1))
    for _ in [each for each in d.wave if each.spec not in d.approved() and each.spec not in _plain(d)]:
        d.release()  # what is published plainly waits for the approvals it needs, layer by layer
        if not {each.spec for each in d.wave} - {*d.approved(), *_plain(d)}:
            break
    d.expect_end(live=[planned.spec for planned in d.wave])


def _reject(d: Director) -> None:
    d.release(meanwhile=lambda program: d.reject(d.staged(program), by_npm=1))
    staged = _staged(d)
    d.expect_end(live=_plain(d), pending=dict.fromkeys(staged, "rejected"), rejected=staged)


def _timeout(d: Director) -> None:
    d.release(timeout=_SHORT)
    d.expect_end(live=_plain(d), pending=dict.fromkeys(_staged(d), "timeout"))


def _mixed(d: Director) -> None:
    staged = _staged(d)
    some = max(1, len(staged) * 3 // 5)
    d.release(meanwhile=lambda program: d.approve(d.staged(program)[:some]), timeout=8)
    live = [*staged[:some], *_plain(d)]
    d.expect_end(live=live, pending=dict.fromkeys(staged[some:], "timeout"))


def _late_approval(d: Director) -> None:
    d.release(timeout=_SHORT)
    d.push("docs: main moves on", _NOTE)
    d.approve(d.registry.stages())
    d.pull()
    d.release(timeout=_SHORT)
    facts = d.expect_end(live=_all(d))
    moved = d.others[0]
    d.expect(
        "tags at the commit before main moved on", moved in {tag.commit for tag in facts.tags.values()}, wanted=False
    )


def _new_commits(d: Director) -> None:
    first = next(each for each in d.wave if each.staged)

    def somebody_works_on(program: Program) -> None:
        d.staged(program)
        d.push("docs: somebody works on", _NOTE)
        d.push("fix: one more change", d.change_file(first))

    d.release(meanwhile=somebody_works_on, timeout=8)
    d.expect_end(live=_plain(d), pending=dict.fromkeys(_staged(d), "timeout"))
    d.pull()
    refused = d.release(timeout=_SHORT, exits=(1,))
    d.expect("the refusal", (refused.get("error") or {}).get("code"), "STAGE_PENDING")
    d.approve(d.registry.stages())
    d.release(meanwhile=lambda program: d.approve(d.staged(program, count=1)))
    d.expect_end(live=d.approved() + _plain(d))
    d.expect("versions of the changed package", len([spec for spec in d.approved() if _name(spec) == first.name]), 2)


def _behind_our_back(d: Director) -> None:
    d.release(timeout=_SHORT)
    staged = d.staged()
    d.registry.approve(staged[0].id, MAINTAINER)
    for item in staged[1:]:
        d.registry.reject(item.id, MAINTAINER)
    d.setting.say("  ☞ decided on the registry's page: one approved, the others rejected; the schedule looks after it")
    rejected = [f"{item.name}@{item.version}" for item in staged[1:]]
    d.release("reconcile", "tag")
    d.release("reconcile", "tag")  # a rejection is believed only when it was seen twice
    live = [f"{staged[0].name}@{staged[0].version}", *_plain(d)]
    d.expect_end(live=live, pending=dict.fromkeys(rejected, "rejected"), rejected=rejected)


def _network(d: Director) -> None:
    d.fault(route="stage.publish", reset="after", times=1)
    d.fault(route="stage.publish", first=2, reset="before", times=1)
    d.fault(route="stage.publish", first=3, status=503, times=1)
    # The first look at the list is the guard's, which refuses to begin without an answer.
    d.fault(route="stage.list", first=3, times=1, status=503)
    d.fault(route="stage.list", first=5, times=1, truncate=7)
    d.fault(route="stage.list", first=7, times=1, status=429, retry_after=1)
    d.fault(route="stage.list", first=9, times=1, reset="before")
    d.fault(route="version.document", status=502, times=1)
    d.fault(route="version.status", status=500, times=2)
    d.release(meanwhile=lambda program: d.approve(d.staged(program)), timeout=60)
    d.expect("trouble was met", any(fault.hits for fault in d.registry.faults.all()), wanted=True)
    d.expect_end(live=_all(d))


def _killed(d: Director) -> None:
    d.release(meanwhile=lambda program: _kill_while_staging(d, program), exits=(-9, 1))
    d.registry.faults.clear()
    d.release(meanwhile=lambda program: d.approve(d.staged(program)))
    d.expect_end(live=_all(d))


def _lost_runner(d: Director) -> None:
    d.release(meanwhile=lambda program: _kill_while_staging(d, program), exits=(-9, 1))
    d.registry.faults.clear()
    d.lose("work")
    d.release(on="another", meanwhile=lambda program: d.approve(d.staged(program)))
    d.expect_end(live=_all(d))


def _cancelled(d: Director) -> None:
    def cancel(program: Program) -> None:
        d.staged(program)
        program.interrupt()

    d.release(meanwhile=cancel, exits=(143,))
    d.release(on="another", meanwhile=lambda program: d.approve(d.staged(program)))
    d.expect_end(live=_all(d))


def _two_machines(d: Director) -> None:
    one_at_a_time = threading.Lock()

    def approve_what_is_left(program: Program) -> None:
        d.staged(program)
        with one_at_a_time:
            d.approve(d.registry.stages())

    d.setting.new_machine("second")
    runs = [d.start(on=machine, meanwhile=approve_what_is_left) for machine in ("work", "second")]
    for run in runs:
        run.finish((0, 1, 3))
    d.expect("one of them did it", 0 in d.exits, wanted=True)
    d.pull("second")
    d.release(on="second")
    d.expect_end(live=_all(d))


def _other_bytes_staged(d: Director) -> None:
    first = next(each for each in d.wave if each.staged)
    d.setting.stage_by_stranger(first.name, first.new)
    held = {first.name}
    for planned in d.wave:  # dependencies come first, so one pass finds everything that hangs on it
        held |= {planned.name} if planned.needs & held else set()
    free = [planned for planned in d.wave if planned.name not in held]
    count = len([planned for planned in free if planned.staged])

    def approve_ours(program: Program) -> None:
        d.approve([item for item in d.staged(program, count + 1) if item.actor in OURS])

    done = d.release(meanwhile=approve_ours, exits=(3,))
    d.expect("what failed", [each["name"] for each in done.get("failed", ())], [first.name])
    d.expect_end(live=sorted({*(planned.spec for planned in free if planned.staged), *_plain(d)}))


def _other_bytes_live(d: Director) -> None:
    last = [each for each in d.wave if each.staged][-1]

    def swap(program: Program) -> None:
        items = d.staged(program)
        mine = next(item for item in items if item.name == last.name)
        d.approve([item for item in items if item is not mine])
        d.registry.reject(mine.id, MAINTAINER)
        d.registry.seed(last.name, last.new, files={"index.js": "other bytes\n"}, maintainers=(STRANGER,))
        d.setting.say(f"  ☞ {STRANGER} published other bytes as {last.spec}")

    done = d.release(meanwhile=swap, settle=30, exits=(3,))
    d.expect("what failed", [each["name"] for each in done.get("failed", ())], [last.name])
    others = [spec for spec in _all(d) if spec != last.spec]
    facts = d.facts()
    pending = {spec: str(entry.get("reason")) for spec, entry in facts.entries("pending").items()}
    d.expect_end(live=others, untagged=[last.spec], pending=pending)
    d.expect("entries of others", set(pending) <= {last.spec}, wanted=True)


def _oidc(d: Director) -> None:
    d.extra |= d.setting.trusted()
    d.fault(route="stage.publish", reset="after", times=1)  # this upload's id never arrives
    done = d.release(meanwhile=lambda program: d.approve(d.staged(program)), exits=(0, 1))
    refused = (done.get("error") or {}).get("code")
    if refused:
        d.expect("the refusal", refused, "OIDC_RESTRICTED")
        d.expect_end()
        return
    asked = [
        each
        for each in d.registry.requests
        if each.route == "stage.list" and each.user in OURS - {"ci"} and each.status == 200
    ]
    d.expect("lists read with the job's identity", len(asked), 0)
    d.expect_end(live=_all(d))


def _slow_scan(d: Director) -> None:
    d.registry.settings.stage_scan_delay = 2
    d.registry.settings.scan_delay = 5
    d.release(meanwhile=lambda program: d.approve(d.staged(program)), settle=30)
    d.expect_end(live=_all(d))


def _stale(d: Director) -> None:
    d.registry.settings.edge_lag = 6
    d.registry.settings.document_lag = 3
    d.registry.settings.tarball_lag = 3
    d.release(meanwhile=lambda program: d.approve(d.staged(program)), settle=30)
    d.expect_end(live=_all(d))


def _blocked(d: Director) -> None:
    last = [each for each in d.wave if each.staged][-1]
    d.registry.settings.blocked.add(last.name)
    d.release(meanwhile=lambda program: d.approve(d.staged(program)), settle=30)
    d.expect_end(live=[spec for spec in _all(d) if spec != last.spec], pending={last.spec: "blocked"})


def _kill_while_staging(d: Director, program: Program) -> None:
    """SIGKILL while the second upload (of one package: the only one) is on its way."""
    count = len(_staged(d))
    held = d.fault(route="stage.publish", first=min(2, count), delay=3)
    d.until(lambda: held.hits > 0 or not program.running)
    program.kill()
    d.setting.say("  ☞ kill -9, in the middle of staging")


def _all(d: Director) -> list[str]:
    return [*_staged(d), *_plain(d)]


def _staged(d: Director) -> list[str]:
    return [planned.spec for planned in d.wave if planned.staged]


def _plain(d: Director) -> list[str]:
    """What was published plainly so far: what needs an undecided version is published by a later run."""
    return sorted({f"{line.name}@{line.version}" for line in d.registry.audit() if line.action == "published"})


def _name(spec: str) -> str:
    return spec.rpartition("@")[0]


SCENES = {
    each.name: each
    for each in (
        Scenario("approve", "every version is approved in time", _approve, client="npm"),
        Scenario("reject", "every version is rejected", _reject),
        Scenario("timeout", "nobody decides before the deadline", _timeout),
        Scenario("mixed", "some versions are approved, the others time out", _mixed),
        Scenario(
            "late-approval",
            "nobody decides in time; all is approved while main moves on; it runs again",
            _late_approval,
        ),
        Scenario(
            "new-commits",
            "while versions wait, commits and a change file for one of them are pushed: refused, then healed",
            _new_commits,
        ),
        Scenario(
            "behind-our-back",
            "decided on the registry's page after the run has ended; the scheduled job finds out",
            _behind_our_back,
        ),
        Scenario("network", "resets, 5xx, 429 and broken answers around every step", _network, client="npm"),
        Scenario(
            "killed", "kill -9 in the middle of staging; it runs again on the same machine", _killed, client="npm"
        ),
        Scenario(
            "lost-runner",
            "kill -9 in the middle of staging, the disk is gone; another machine takes over",
            _lost_runner,
        ),
        Scenario("cancelled", "the job is cancelled while it waits; another machine takes over", _cancelled),
        Scenario("two-machines", "two machines release at the same time", _two_machines),
        Scenario("other-bytes-staged", "somebody has staged other bytes under one of the numbers", _other_bytes_staged),
        Scenario("other-bytes-live", "other bytes go live than were staged", _other_bytes_live),
        Scenario(
            "oidc", "trusted publishing, stage only: no list can be read, and one id is lost", _oidc, client="npm"
        ),
        Scenario("slow-scan", "the registry takes its time to scan what was staged and approved", _slow_scan),
        Scenario("stale", "packuments, documents and tarballs lag behind", _stale),
        Scenario("blocked", "the registry's scan blocks a version after its approval", _blocked),
    )
}
