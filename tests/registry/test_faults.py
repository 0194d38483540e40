"""The fault plan: each thing that can go wrong really does, as often as it was told to."""

from __future__ import annotations

import threading

import pytest
import requests

from tests.registry.builders import Client
from vis_tasks.errors import UsageError
from vis_tasks.registry.run import Fault, RateLimit


def statuses(client, path, count):
    return [client.get(path).status_code for _ in range(count)]


def test_a_status_strikes_one_route_so_many_times(registry, alice):
    registry.faults.add(Fault(route="stage.list", status=503, times=2, retry_after=7))
    assert alice.get("-/whoami").status_code == 200
    first = alice.get("-/stage")
    assert (first.status_code, first.headers["retry-after"]) == (503, "7")
    assert first.json()["message"]
    assert statuses(alice, "-/stage", 3) == [503, 200, 200]
    assert [entry.fault for entry in registry.requests] == [False, True, True, False, False]


def test_the_nth_request_is_struck_and_clearing_ends_it(registry, alice):
    fault = registry.faults.add(Fault(route="*", status=500, first=3))
    assert statuses(alice, "-/ping", 4) == [200, 200, 500, 500]
    assert fault.hits == 2
    registry.faults.clear()
    assert statuses(alice, "-/ping", 1) == [200]


def test_chance_is_repeatable(registry, alice):
    runs = []
    for _ in range(2):
        registry.faults.clear()
        registry.faults.add(Fault(route="ping", status=500, probability=0.5, seed=7))
        runs.append(statuses(alice, "-/ping", 20))
    assert runs[0] == runs[1]
    assert set(runs[0]) == {200, 500}


def test_a_fault_may_be_about_a_path_or_a_kind_of_token(registry, alice, client_with):
    registry.seed("demo", "1.0.0")
    registry.seed("other", "1.0.0")
    registry.faults.add(Fault(route="package.*", path="/demo", status=500))
    registry.faults.add(Fault(route="whoami", token_kind="read-only", status=500))
    assert (alice.get("demo").status_code, alice.get("other").status_code) == (500, 200)
    assert (alice.get("-/whoami").status_code, client_with("read-only").get("-/whoami").status_code) == (200, 500)


def test_reset_before_the_work_nothing_happened(registry, alice):
    registry.faults.add(Fault(route="stage.publish", reset="before", times=1))
    with pytest.raises(requests.ConnectionError):
        alice.stage()
    assert registry.stages() == []
    assert registry.requests[-1].status == 0
    assert alice.stage().status_code == 201


def test_reset_after_the_work_it_happened_all_the_same(registry, alice):
    registry.faults.add(Fault(route="stage.publish", reset="after", times=1))
    with pytest.raises(requests.ConnectionError):
        alice.stage()
    assert len(registry.stages()) == 1
    assert alice.stage().status_code == 409


def test_a_body_can_be_cut_off(registry, alice):
    registry.faults.add(Fault(route="whoami", truncate=5, times=1))
    with pytest.raises(requests.RequestException):
        alice.get("-/whoami")
    assert alice.get("-/whoami").json() == {"username": "alice"}


def test_a_content_type_can_lie_and_a_body_be_anything(registry, alice):
    registry.faults.add(Fault(route="whoami", content_type="text/html", times=1))
    registry.faults.add(Fault(route="ping", status=200, body="<html>"))
    assert alice.get("-/whoami").headers["content-type"] == "text/html"
    assert alice.get("-/ping").text == "<html>"


@pytest.mark.parametrize("fault", [Fault(route="whoami", delay=60), Fault(route="whoami", slow=60)])
def test_a_late_answer_comes_when_the_clock_says_so_and_holds_nobody_up(registry, clock, alice, nobody, fault):
    registry.faults.add(fault)
    answers = []
    waiting = threading.Thread(target=lambda: answers.append(alice.get("-/whoami").json()))
    waiting.start()
    assert clock.wait_for_sleepers(1)
    assert nobody.get("-/ping").status_code == 200
    assert answers == []
    for _ in range(20):
        if clock.wait_for_sleepers(1, timeout=0.2):
            clock.advance(60)
    waiting.join(5)
    assert answers == [{"username": "alice"}]


def test_rate_limits_are_per_token_and_route_and_say_how_long(registry, clock, alice, bob):
    registry.settings.rate_limits = {"stage.list": RateLimit(2, 60)}
    clock.advance(1)
    assert statuses(alice, "-/stage", 2) == [200, 200]
    clock.advance(20)
    refused = alice.get("-/stage")
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "40")
    assert bob.get("-/stage").status_code == 200
    assert alice.get("-/whoami").status_code == 200
    clock.advance(40)
    assert alice.get("-/stage").status_code == 200


def test_the_admin_api_sets_faults_and_settings_and_shows_the_log(registry, alice):
    admin = Client(registry, registry.admin_token, alice.session)
    assert admin.ask("POST", "-/admin/faults", json={"route": "ping", "status": 500, "times": 1}).status_code == 201
    assert statuses(alice, "-/ping", 2) == [500, 200]
    assert admin.get("-/admin/faults").json()[0]["hits"] == 1
    assert [entry["route"] for entry in admin.get("-/admin/requests").json()][-3:-1] == ["ping", "ping"]
    changed = admin.ask("POST", "-/admin/settings", json={"scan_delay": 5, "blocked": ["x"], "rate_limits": {}})
    assert changed.json() == {"changed": ["blocked", "rate_limits", "scan_delay"]}
    assert registry.settings.scan_delay == 5.0
    assert admin.ask("DELETE", "-/admin/faults").status_code == 200
    assert admin.ask("DELETE", "-/admin/requests").status_code == 200
    assert registry.faults.all() == []


@pytest.mark.parametrize(
    ("path", "data"),
    [
        ("faults", {"rout": "x"}),
        ("faults", {"status": 99}),
        ("faults", [3]),
        ("faults", {"first": "x"}),
        ("settings", {"clock": 1}),
        ("settings", {"scan_delay": "soon"}),
        ("settings", {"staging": 1}),
        ("settings", {"rate_limits": {"*": {"request": 1}}}),
        ("settings", []),
    ],
)
def test_the_admin_api_refuses_what_it_does_not_know(registry, alice, path, data):
    admin = Client(registry, registry.admin_token, alice.session)
    answer = admin.ask("POST", f"-/admin/{path}", json=data)
    assert answer.status_code == 400, answer.text


def test_the_admin_api_is_closed_to_everybody_else(alice, nobody):
    for client in (alice, nobody):
        assert client.get("-/admin/requests").status_code == 401
        assert client.ask("POST", "-/admin/settings", json={"staging": False}).status_code == 401


@pytest.mark.parametrize("wrong", [{"status": 99}, {"reset": "maybe"}, {"probability": 2}, {"first": 0}, {"times": 0}])
def test_an_impossible_fault_is_refused(wrong):
    with pytest.raises(UsageError):
        Fault(**wrong)
