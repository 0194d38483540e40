"""pack: what is said of a tarball beside the version that is live."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.services.builders import build_world, package
from vis_tasks.core.targets import Due
from vis_tasks.ports import NotLive, Unknown
from vis_tasks.services import pack as service

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from vis_tasks.ports import Packer

MEBIBYTE = 1024 * 1024


@pytest.mark.parametrize(
    ("live", "now", "says"),
    [
        (MEBIBYTE, 5 * MEBIBYTE, ["a@1.1.0: it unpacks to 5.0 MiB, 5.0 times the last live version (1.0 MiB)"]),
        (4 * MEBIBYTE, 5 * MEBIBYTE, []),
        (None, 5 * MEBIBYTE, []),
    ],
)
def test_a_tarball_that_has_grown_out_of_all_proportion_is_warned_about(tmp_path, live, now: int, says: list[str]):
    world = build_world(tmp_path, package("a", "1.1.0"))
    if live is not None:
        world.registry.sizes["a"] = live
    inspect = world.tools.inspect_tarball

    def large(found, path):
        tarball, problems = inspect(found, path)
        return replace(tarball, unpacked_size=now), problems

    world.tools = replace(world.tools, inspect_tarball=large)

    service.pack(world.run())

    assert world.console.of("warning") == says


def test_the_registry_is_asked_while_the_package_manager_packs_and_not_before(tmp_path):
    world = build_world(tmp_path, package("a", "1.1.0"), package("b", "1.1.0"))
    asked: list[str] = []
    counts: list[int] = []
    ask, packer = world.registry.unpacked_size, world.tools.packer

    def noted(name: str, tag: str) -> int | None:
        asked.append(name)
        return ask(name, tag)

    class Slow:
        """Takes a while to begin."""

        def __init__(self, inner: Packer) -> None:
            self.pack = inner.pack
            self._pack_many = inner.pack_many

        def pack_many(
            self, package_dirs: Sequence[Path], destination: Path, started: Callable[[], None] = lambda: None
        ) -> Iterator[Path]:
            counts.append(len(asked))
            started()
            started()
            return self._pack_many(package_dirs, destination)

    world.registry.unpacked_size = noted  # type: ignore[method-assign]
    world.tools = replace(world.tools, packer=lambda found: Slow(packer(found)))

    service.pack(world.run())

    assert counts == [0]
    assert sorted(asked) == ["a", "b"]


def test_what_the_registry_says_nothing_about_has_failed_and_nothing_is_called_up_to_date(tmp_path):
    world = build_world(tmp_path, package("a", "1.1.0"))
    world.registry.answer("live", always=Unknown("connection refused", "nobody is there"))
    run = world.run()

    assert service.look(run) == Due("the registry gave no answer about 1 version(s): nobody is there")
    service.pack(run)

    (outcome,) = run.report.outcomes.values()
    assert (outcome.kind, outcome.why) == ("failed", "the registry gave no answer: nobody is there")
    assert not (tmp_path / ".vis/release/dist").exists()


def test_what_the_registry_does_answer_about_is_packed_all_the_same(tmp_path):
    world = build_world(tmp_path, package("a", "1.1.0"), package("b", "1.1.0"))
    world.registry.live = lambda name, version: Unknown("http 503", "HTTP 503") if name == "a" else NotLive()  # type: ignore[method-assign]
    run = world.run()

    state = service.look(run)
    assert isinstance(state, Due)
    assert state.actions == ("pack b@1.1.0",)
    service.pack(run)

    assert service.packed(run, run.workspace.packages).keys() == {"b"}
    assert [outcome.name for outcome in run.report.outcomes.values()] == ["a"]
