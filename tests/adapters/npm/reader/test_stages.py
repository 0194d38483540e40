"""The stage list: every page, and never half a list."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.adapters.npm.support import Answer, Request
from vis_tasks.ports import NO_STAGING, StageList, Unknown

if TYPE_CHECKING:
    from collections.abc import Callable


def item(number: int, **more: Any) -> dict[str, Any]:
    return {
        "id": f"id-{number}",
        "packageName": f"demo-{number}",
        "version": "1.0.0",
        "tag": "latest",
        "createdAt": "2026-11-21T20:37:15.958Z",
        "actor": "ci",
        "actorType": None,
        "access": "public",
        "shasum": "aa",
    } | more


def query(request: Request) -> dict[str, str]:
    return dict(pair.split("=") for pair in request.path.partition("?")[2].split("&"))


def listing(items: list[dict[str, Any]]) -> Callable[[Request], Answer]:
    def answer(request: Request) -> Answer:
        asked = query(request)
        page, per_page = int(asked["page"]), int(asked["perPage"])
        body = {"items": items[page * per_page : (page + 1) * per_page], "total": len(items)}
        return Answer(200, body | {"page": page, "perPage": per_page})

    return answer


def test_no_stages(reader, server):
    server.routes["GET /-/stage"] = listing([])
    assert reader.stages() == StageList(())
    assert server.asked() == ["GET /-/stage?page=0&perPage=100"]


def test_a_record_has_npms_fields(reader, server):
    server.routes["GET /-/stage"] = listing([item(1, status="validating")])
    found = reader.stages()
    assert isinstance(found, StageList)
    (record,) = found.records
    assert (record.id, record.name, record.version, record.tag) == ("id-1", "demo-1", "1.0.0", "latest")
    assert (record.actor, record.actor_type, record.access, record.shasum) == ("ci", None, "public", "aa")
    assert (record.created_at, record.status) == ("2026-11-21T20:37:15.958Z", "validating")


@pytest.mark.parametrize(("count", "pages"), [(1, 1), (99, 1), (100, 1), (101, 2), (250, 3)])
def test_all_pages_are_read_and_none_too_many(reader, server, count, pages):
    server.routes["GET /-/stage"] = listing([item(number) for number in range(count)])
    found = reader.stages()
    assert isinstance(found, StageList)
    assert [record.id for record in found.records] == [f"id-{number}" for number in range(count)]
    assert len(server.requests) == pages


def test_one_package_can_be_asked_for(reader, server):
    server.routes["GET /-/stage"] = listing([])
    reader.stages("@acme/core")
    assert server.asked() == ["GET /-/stage?page=0&perPage=100&package=%40acme%2Fcore"]


def test_a_list_that_moves_between_pages_is_read_again(reader, server):
    items = [item(number) for number in range(150)]

    def approve_one_after_the_first_page(request: Request) -> Answer:
        answer = listing(items)(request)
        if len(server.requests) == 1:
            del items[0]
        return answer

    server.routes["GET /-/stage"] = approve_one_after_the_first_page
    found = reader.stages()
    assert isinstance(found, StageList)
    assert {record.id for record in found.records} == {f"id-{number}" for number in range(1, 150)}


def test_a_list_that_never_holds_still_is_unknown(reader, server):
    items = [item(number) for number in range(150)]

    def grow(request: Request) -> Answer:
        items.append(item(len(items)))
        return listing(items)(request)

    server.routes["GET /-/stage"] = grow
    found = reader.stages()
    assert isinstance(found, Unknown)
    assert found.kind == "moving list"


@pytest.mark.parametrize(
    "body",
    [
        {"items": [item(1)], "total": 2},
        {"items": [], "total": 1},
        {"items": [{"id": "x"}], "total": 1},
        {"items": [item(1)]},
        {"total": 0},
        [item(1)],
        {},
    ],
)
def test_a_list_that_does_not_add_up_is_unknown(reader, server, body):
    server.routes["GET /-/stage"] = Answer(200, body)
    assert isinstance(reader.stages(), Unknown)


def test_a_server_that_repeats_a_page_for_ever_is_left(reader, server):
    server.routes["GET /-/stage"] = Answer(200, {"items": [item(number) for number in range(100)], "total": 10_000})
    assert isinstance(reader.stages(), Unknown)
    assert len(server.requests) == 2


def test_a_server_that_never_ends_is_left(reader, server, monkeypatch):
    monkeypatch.setattr("vis_tasks.adapters.npm.reader._MOST_PAGES", 5)

    def more(request: Request) -> Answer:
        page = int(query(request)["page"])
        return Answer(200, {"items": [item(page * 100 + number) for number in range(100)], "total": 10**9})

    server.routes["GET /-/stage"] = more
    assert isinstance(reader.stages(), Unknown)
    assert len(server.requests) == 5


def test_a_failure_on_a_later_page_spoils_the_list(reader, server):
    items = [item(number) for number in range(150)]

    def fail_later(request: Request) -> Answer:
        return Answer(503, {}) if query(request)["page"] == "1" else listing(items)(request)

    server.routes["GET /-/stage"] = fail_later
    assert isinstance(reader.stages(), Unknown)


def test_a_registry_without_staging_is_named(reader):
    found = reader.stages()
    assert isinstance(found, Unknown)
    assert found.kind == NO_STAGING
