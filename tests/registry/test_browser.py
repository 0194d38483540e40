"""The pages in a real headless Chromium (from the npm registry), without JavaScript as well as under an accessibility checker."""

from __future__ import annotations

import json
import os
import subprocess

import pytest
from playwright.sync_api import sync_playwright

from tests.registry.builders import Client, package
from vis_tasks.registry.run import Settings, start_registry
from vis_tasks.registry.tarballs import build_tarball

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

ARGUMENTS = ["--no-sandbox", "--headless=shell", "--disable-gpu", "--disable-dev-shm-usage"]
PRINT_PATH = "import c from '@sparticuz/chromium'; console.log(await c.executablePath())"


@pytest.fixture(scope="module")
def chromium(from_npm, tmp_path_factory):
    folder = from_npm("@sparticuz/chromium", "147")
    env = {**os.environ, "TMPDIR": str(tmp_path_factory.mktemp("chromium"))}
    command = ["node", "--input-type=module", "--eval", PRINT_PATH]
    path = subprocess.run(command, cwd=folder, env=env, check=True, capture_output=True, text=True).stdout.strip()
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=path, args=ARGUMENTS)


@pytest.fixture
def home(tmp_path):
    """A registry on real time with one staged version, and what alice needs to log in."""
    with start_registry(tmp_path / "registry", settings=Settings()) as registry:
        registry.add_user("alice", "words")
        registry.seed("demo", "1.0.0", files={"index.js": "one\n"})
        tarball = build_tarball({"name": "demo", "version": "1.1.0"}, {"index.js": "<b>two</b>\n"})
        with (client := Client(registry, registry.token("alice"))).session:
            client.staged("demo", "1.1.0", tarball=tarball)
        yield registry


def log_in(page, registry):
    page.goto(f"{registry.url}")
    page.get_by_label("User name").fill("alice")
    page.get_by_label("Password").fill("words")
    page.get_by_label("Code of your authenticator").fill(registry.otp("alice"))
    page.get_by_role("button", name="Log in").click()


def test_a_person_reads_and_approves_without_javascript(chromium, home):
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    complaints = []
    page.on("console", lambda message: complaints.append(message.text))

    log_in(page, home)
    page.get_by_role("link", name="demo").click()
    assert page.get_by_role("heading", level=1).inner_text() == "demo@1.1.0"
    assert "+<b>two</b>" in page.locator("pre.diff").first.inner_text()
    assert page.locator("pre.diff b").count() == 0
    page.get_by_label("Code of your authenticator").fill("000000")
    page.get_by_role("button", name="Approve").click()
    assert page.get_by_role("alert").inner_text() == "The code is wrong. Nothing was decided."
    page.get_by_label("Code of your authenticator").fill(home.otp("alice"))
    page.get_by_role("button", name="Approve").click()
    assert page.get_by_role("status").inner_text().startswith("Approved.")
    page.get_by_role("link", name="Decisions").click()
    assert "approved" in page.get_by_role("table").inner_text()

    assert [text for text in complaints if "status of 401" not in text] == []
    assert "1.1.0" in home.versions("demo")
    context.close()


def test_pages_follow_the_dark_and_the_light_scheme(chromium, home):
    colours = {}
    for scheme in ("light", "dark"):
        context = chromium.new_context(color_scheme=scheme)
        page = context.new_page()
        page.goto(f"{home.url}-/login")
        colours[scheme] = page.evaluate("getComputedStyle(document.body).backgroundColor")
        context.close()
    assert colours == {"light": "rgb(255, 255, 255)", "dark": "rgb(13, 17, 23)"}


def test_an_injected_script_does_not_run(chromium, home):
    context = chromium.new_context()
    page = context.new_page()
    page.goto(f"{home.url}-/login")
    page.evaluate("document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=\"window.evil = 1\">')")
    page.evaluate(
        "document.body.append(Object.assign(document.createElement('script'), {textContent: 'window.evil = 2'}))"
    )
    assert page.evaluate("window.evil") is None
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_an_accessibility_checker_finds_nothing(chromium, home, from_npm, scheme):
    axe = (from_npm("axe-core", "4") / "axe.min.js").read_text(encoding="utf-8")
    context = chromium.new_context(bypass_csp=True, color_scheme=scheme)
    page = context.new_page()
    log_in(page, home)
    for path in ("-/login", "-/staged", f"-/staged/{home.stages()[0].id}", "-/audit", "-/staged/none"):
        page.goto(home.url + path)
        page.evaluate(axe)
        found = page.evaluate("axe.run().then(result => result.violations.map(v => [v.id, v.nodes.map(n => n.html)]))")
        assert found == [], f"{path}: {json.dumps(found)}"
    context.close()


def test_the_web_flow_of_a_client_is_finished_in_the_browser(chromium, home, npm_of, tmp_path):
    npm = npm_of(home)
    npm.env = {"npm_config_auth_type": "web"}
    error = npm.fails("stage", "approve", home.stages()[0].id, cwd=package(tmp_path / "demo"))
    assert error["code"] == "EOTP"
    with (client := Client(home, home.token("alice"))).session:
        headers = {"npm-auth-type": "web", "npm-command": "stage"}
        addresses = client.approve(home.stages()[0].id, headers=headers).json()
        context = chromium.new_context(java_script_enabled=False)
        page = context.new_page()
        page.goto(addresses["authUrl"])
        page.get_by_label("Code of your authenticator").fill(home.otp("alice"))
        page.get_by_role("button", name="Confirm").click()
        assert "Done." in page.get_by_role("main").inner_text()
        context.close()
        code = client.get(addresses["doneUrl"].removeprefix(home.url)).json()["token"]
        assert client.approve(home.stages()[0].id, otp=code).status_code == 201
