"""The pages, as a browser without JavaScript uses them."""

from __future__ import annotations

import re

import pytest

from tests.registry.builders import Client
from vis_tasks.registry.comparison import compare
from vis_tasks.registry.tarballs import build_tarball


@pytest.fixture
def browser(registry):
    client = Client(registry)
    with client.session:
        yield client


def post(browser, path, *, origin=None, **form):
    head = {"origin": origin} if origin else {}
    return browser.ask("POST", path, data=form, headers=head, allow_redirects=False)


@pytest.fixture
def at_home(registry, browser):
    """Logged in as alice."""
    user = registry.add_user("greta", "words")
    registry.seed("demo", "1.0.0", files={"index.js": "one\ntwo\n", "gone.js": "x"}, maintainers=("alice", "greta"))
    assert user.password == "words"
    assert post(browser, "-/login", name="greta", password="words", code=registry.otp("greta")).status_code == 303
    return browser


def csrf(page):
    return re.findall(r'name="csrf" value="([0-9a-f]+)"', page.text)[0]


def decide(browser, stage_id, decision, code, **changes):
    token = csrf(browser.get(f"-/staged/{stage_id}"))
    return post(browser, f"-/staged/{stage_id}/{decision}", **{"csrf": token, "code": code, **changes})


def test_nothing_is_shown_before_logging_in(browser):
    for path in ("-/staged", "-/staged/x", "-/audit"):
        answer = browser.get(path, allow_redirects=False)
        assert (answer.status_code, answer.headers["location"]) == (303, "/-/login")


@pytest.mark.parametrize("wrong", [{"password": "no"}, {"code": "000000"}, {"name": "nobody"}, {"name": "<b>"}])
def test_a_wrong_login_is_refused_without_saying_which_part(registry, browser, wrong):
    registry.add_user("greta", "words")
    form = {"name": "greta", "password": "words", "code": registry.otp("greta"), **wrong}
    answer = post(browser, "-/login", **form)
    assert answer.status_code == 401
    assert "User name, password or code is wrong." in answer.text
    assert "set-cookie" not in answer.headers
    assert "<b>" not in answer.text


def test_the_list_and_one_stage_show_metadata_files_and_the_diff(registry, alice, at_home):
    tarball = build_tarball(
        {"name": "demo", "version": "1.1.0"}, {"index.js": "one\nthree\n", "logo.png": b"\x89PNG\0"}
    )
    stage_id = alice.staged("demo", "1.1.0", tarball=tarball)
    listed = at_home.get("-/staged").text
    page = at_home.get(f"-/staged/{stage_id}").text
    assert f'href="/-/staged/{stage_id}"' in listed
    assert registry.stages()[0].shasum in page
    assert "Changes since demo@1.0.0" in page
    assert '<span class="removed">-two' in page
    assert '<span class="added">+three' in page
    assert "binary: 0 bytes before, 5 now" in page
    assert re.search(r"gone\.js</code></th><td class=\"number\">0</td><td>removed", page)
    assert "3 files" in page


def test_what_packages_say_is_escaped(alice, registry, at_home):
    evil = "<script>alert(1)</script>"
    tarball = build_tarball({"name": "demo", "version": "1.1.0"}, {"x<img src=x>.js": evil, "index.js": evil})
    page = at_home.get(f"-/staged/{alice.staged('demo', '1.1.0', tarball=tarball)}").text
    assert "<script" not in page
    assert "<img" not in page
    assert "&lt;script&gt;" in page


def test_pages_carry_a_strict_policy_and_no_script(at_home):
    answer = at_home.get("-/staged")
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "<script" not in answer.text
    assert "style=" not in answer.text


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(registry, browser):
    registry.add_user("greta", "words")
    cookie = post(browser, "-/login", name="greta", password="words", code=registry.otp("greta")).headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie


def test_a_stage_is_approved_with_a_code(registry, alice, at_home):
    stage_id = alice.staged("demo", "1.1.0")
    answer = decide(at_home, stage_id, "approve", registry.otp("greta"))
    assert (answer.status_code, answer.headers["location"]) == (303, "/-/staged?done=approved")
    assert registry.versions("demo")["1.1.0"]["_npmUser"]["name"] == "greta"
    assert "Approved." in at_home.get("-/staged?done=approved").text
    assert re.search(
        r"<td>greta</td><td>approved</td>\s*<th scope=\"row\">demo</th><td>1.1.0</td>", at_home.get("-/audit").text
    )


def test_a_stage_is_rejected_with_a_code(registry, alice, at_home):
    stage_id = alice.staged("demo", "1.1.0")
    assert decide(at_home, stage_id, "reject", registry.otp("greta")).headers["location"] == "/-/staged?done=rejected"
    assert registry.stages() == []


def test_without_the_code_the_token_or_from_another_site_nothing_is_decided(registry, alice, at_home):
    stage_id = alice.staged("demo", "1.1.0")
    code = registry.otp("greta")
    answers = [
        decide(at_home, stage_id, "approve", "000000"),
        decide(at_home, stage_id, "approve", code, csrf="0" * 64),
        decide(at_home, stage_id, "approve", code, csrf=""),
        decide(at_home, stage_id, "approve", code, origin="http://evil.example"),
        decide(at_home, stage_id, "approve", code, origin="null"),
    ]
    assert [answer.status_code for answer in answers] == [401, 403, 403, 403, 403]
    assert len(registry.stages()) == 1
    assert decide(at_home, stage_id, "approve", code, origin=registry.url.rstrip("/")).status_code == 303


def test_others_packages_are_not_shown_and_not_decided(registry, alice, at_home):
    registry.seed("secret", "1.0.0", maintainers=("alice",))
    own, foreign = alice.staged("demo", "1.1.0"), alice.staged("secret", "1.1.0")
    token = csrf(at_home.get(f"-/staged/{own}"))
    assert at_home.get(f"-/staged/{foreign}").status_code == 404
    answer = post(at_home, f"-/staged/{foreign}/approve", csrf=token, code=registry.otp("greta"))
    assert answer.status_code == 404
    assert "secret" not in at_home.get("-/staged").text + at_home.get("-/audit").text
    assert len(registry.stages()) == 2


def test_logging_out_ends_the_session(registry, at_home):
    cookie = at_home.session.cookies["vis_registry_session"]
    assert post(at_home, "-/logout", csrf=csrf(at_home.get("-/staged"))).status_code == 303
    at_home.session.cookies.set("vis_registry_session", cookie)
    assert at_home.get("-/staged", allow_redirects=False).status_code == 303


def test_a_brand_new_package_is_compared_with_nothing(registry, client_with, at_home):
    stage_id = client_with("session", user="greta").staged("fresh")
    page = at_home.get(f"-/staged/{stage_id}").text
    assert "this is the first version" in page
    assert '<span class="added">+1' in page


def test_many_stages_come_in_pages(alice, at_home):
    for patch in range(51):
        alice.staged("demo", f"2.0.{patch}")
    assert 'href="/-/staged?page=1"' in at_home.get("-/staged").text
    assert "2.0.0</td>" in at_home.get("-/staged?page=1").text


def test_the_root_is_the_list_for_people_and_json_for_programs(registry, browser):
    assert (
        browser.get("", headers={"accept": "text/html,*/*"}, allow_redirects=False).headers["location"] == "/-/staged"
    )
    assert browser.get("").json() == {"registry": "vis-tasks"}


def test_what_is_too_large_to_compare_is_said_and_not_compared():
    changes = compare({"big": b"x" * 500_000, "long": b"a\n" * 5000}, {"big": b"y" * 500_000, "long": b"b\n" * 5000})
    assert [(change.lines, change.note.split(":")[0]) for change in changes] == [
        ((), "too large to show"),
        ((), "too long to show"),
    ]
