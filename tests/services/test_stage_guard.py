"""New versions of packages whose stage is undecided: refused, or healed where the decision was made meanwhile."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.services.builders import build_world, change, entry, package
from tests.services.guarding import ALL, refusal
from vis_tasks.core.pending import Pending
from vis_tasks.core.targets import UpToDate
from vis_tasks.errors import Failed, Refused
from vis_tasks.ports import Live, Unknown
from vis_tasks.services import version
from vis_tasks.services.guard import guard
from vis_tasks.services.record import record
from vis_tasks.services.release import graph_for


@pytest.fixture
def world(tmp_path):
    return build_world(tmp_path, package("a"), package("b"))


class TestPendingStages:
    """The flow chart: only another version of a package in the plan is in the way."""

    def planned(self, tmp_path, *entries, changed="a", **more):
        world = build_world(tmp_path, package("a"), package("b"), changes={"one": change(changed)}, **more)
        state = Pending()
        for each in entries:
            state = state.put(each)
        world.hold(state)
        record(world.run())
        return world

    def test_the_refusal_word_for_word(self, tmp_path):
        world = self.planned(
            tmp_path, entry("a", "1.0.5", id="stage-xyz", reason="timeout", staged_at="2026-05-22T14:00:00.000Z")
        )
        error = refusal(world)
        assert error.code == "STAGE_PENDING"
        assert error.message == (
            "Refusing to version — 1 package(s) have a pending stage from a prior wave:\n"
            "• a@1.0.5 — stage stage-xyz (timeout, recorded 2026-05-22T14:00:00.000Z)"
        )
        assert error.hint == (
            "Resolve via `invoke stage.approve <id>` / `--all` or `invoke stage.reject <id>`, commit the updated "
            "staged.json, then retry."
        )

    def test_what_was_rejected_is_to_be_dropped_or_staged_again_and_not_approved(self, tmp_path):
        hint = refusal(self.planned(tmp_path, entry("a", "1.0.5", reason="rejected"))).hint
        assert "`invoke stage.reject a@1.0.5`" in hint
        assert "`invoke stage.restage <name>`" in hint
        assert "approve" not in hint

    @pytest.mark.parametrize("goal", ["version", "stage", "release"])
    def test_whatever_brings_new_versions_is_refused(self, tmp_path, goal):
        world = self.planned(tmp_path, entry("a", "1.0.5"))
        with pytest.raises(Refused) as caught:
            guard(world.run(reach=[target.name for target in graph_for(world.config).order(goal)]))
        assert caught.value.code == "STAGE_PENDING"

    @pytest.mark.parametrize("goal", ["wait", "reconcile", "tag"])
    def test_decisions_and_tags_are_still_to_be_had_and_nothing_new_is_versioned(self, tmp_path, goal):
        world = self.planned(tmp_path, entry("a", "1.0.5"))
        run = world.run(reach=[target.name for target in graph_for(world.config).order(goal)])
        guard(run)
        assert isinstance(version.look(run), UpToDate)
        assert "Refusing to version" in world.console.of("warning")[0]
        assert (world.repo.root / ".vis/release/one.md").exists()

    def test_it_refuses_before_anything_is_written(self, tmp_path):
        world = self.planned(tmp_path, entry("a", "1.0.5"))
        head = world.repo.git.head()
        refusal(world)
        assert world.repo.git.head() == head
        assert world.repo.git.dirty() == ()

    def test_the_same_version_is_the_wave_being_resumed(self, tmp_path):
        guard(self.planned(tmp_path, entry("a", "1.1.0")).run(reach=ALL))

    def test_a_package_that_is_not_in_the_plan_is_in_nobodys_way(self, tmp_path):
        world = self.planned(tmp_path, entry("b", "1.0.5"))
        guard(world.run(reach=ALL))
        assert world.registry.asked("live") == 0

    def test_without_change_files_nothing_is_in_the_way(self, world):
        world.hold(Pending().put(entry("a", "1.0.5")))
        guard(world.run(reach=ALL))

    def test_one_that_was_approved_behind_our_back_heals(self, tmp_path):
        world = self.planned(tmp_path, entry("a", "1.0.5"))
        world.registry.live_versions["a", "1.0.5"] = Live(entry("a", "1.0.5").integrity)
        guard(world.run(reach=ALL))
        assert [each.spec for each in world.state.approved] == ["a@1.0.5"]
        assert world.state.pending == ()

    def test_one_that_was_adopted_by_its_sha1_learns_the_hash_that_its_tag_names(self, tmp_path):
        ours = entry("a", "1.0.5")
        world = self.planned(tmp_path, replace(ours, integrity=None))
        world.registry.live_versions["a", "1.0.5"] = Live(ours.integrity, ours.shasum)
        guard(world.run(reach=ALL))
        assert [each.integrity for each in world.state.approved] == [ours.integrity]

    def test_a_plan_heals_nothing(self, tmp_path):
        world = self.planned(tmp_path, entry("a", "1.0.5"))
        world.registry.live_versions["a", "1.0.5"] = Live(entry("a", "1.0.5").integrity)
        guard(world.run(reach=ALL, plan_only=True))
        assert [each.spec for each in world.state.pending] == ["a@1.0.5"]

    def test_one_that_went_live_with_other_bytes_is_a_hard_failure(self, tmp_path):
        world = self.planned(tmp_path, entry("a", "1.0.5"))
        world.registry.live_versions["a", "1.0.5"] = Live("sha512-" + "A" * 86 + "==")
        with pytest.raises(Failed) as caught:
            guard(world.run(reach=ALL))
        assert caught.value.code == "MISMATCH"
        assert str(entry("a", "1.0.5").integrity) in caught.value.message
        assert "sha512-AAAA" in caught.value.message

    def test_trouble_with_the_registry_does_not_let_it_pass(self, tmp_path):
        world = self.planned(tmp_path, entry("a", "1.0.5"))
        world.registry.answer("live", Unknown("http 500", "HTTP 500"))
        assert refusal(world).code == "STAGE_PENDING"

    def test_all_that_is_left_is_named_and_what_healed_is_not(self, tmp_path):
        world = self.planned(tmp_path, entry("a", "1.0.5"), entry("a", "1.0.6", id=None))
        world.registry.live_versions["a", "1.0.5"] = Live(entry("a", "1.0.5").integrity)
        message = refusal(world).message
        assert "a@1.0.6 — stage (id unknown)" in message
        assert "a@1.0.5" not in message

    def test_what_is_published_already_has_nothing_to_be_approved(self, tmp_path):
        world = self.planned(tmp_path, entry("a", "1.0.5", id=None, published=True))
        refused = refusal(world)
        assert "a@1.0.5 — published, not installable yet (waiting, recorded " in refused.message
        assert "stage.approve" not in refused.hint
        world.hold(Pending().put(entry("a", "1.0.5", id=None, published=True, reason="blocked")))
        assert "stage.reject" in refusal(world).hint
