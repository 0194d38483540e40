"""Registries as companies have them: behind a proxy, with a certificate of their own, one for each scope."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from tests.adapters.npm.authority import make_authority
from tests.e2e.tunnels import ForwardProxy, TlsFront
from tests.e2e.world import until
from vis_tasks.registry.run import start_registry

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.e2e.world import World

pytestmark = pytest.mark.e2e


@pytest.fixture
def world(world: World) -> World:
    world.env = {name: value for name, value in world.env.items() if not name.lower().endswith("_proxy")}
    world.package("acme-core")
    world.change("one", **{"acme-core": "minor"})
    world.commit()
    return world


@pytest.fixture
def secure(world: World, tmp_path: Path) -> Iterator[tuple[World, TlsFront, Path]]:
    """The world's registry behind TLS, and the authority that vouches for it."""
    (tmp_path / "tls").mkdir()
    authority = make_authority(tmp_path / "tls")
    with TlsFront(authority, urlsplit(world.registry.url).port or 0) as front:
        token = world.registry.token("ci", kind="read-write")
        npmrc(world, f"registry={front.url}", f"//localhost:{front.port}/:_authToken={token}")
        yield world, front, authority.ca


def npmrc(world: World, *lines: str, more: bool = False) -> None:
    file = world.folder / "home/.npmrc"
    old = file.read_text(encoding="utf-8") if more else ""
    file.write_text(old + "\n".join(lines) + "\n", encoding="utf-8")


@pytest.mark.parametrize("client", ["npm", "direct"])
def test_behind_a_proxy_and_with_a_certificate_of_the_companys_own(
    secure: tuple[World, TlsFront, Path], client: str
) -> None:
    world, front, ca = secure
    world.client = client
    world.configure().commit()
    with ForwardProxy() as proxy:
        npmrc(world, f"cafile={ca}", f"https-proxy={proxy.url}", more=True)
        with world.running("release") as running:
            (item,) = world.staged(1, running)
            world.registry.approve(item.id, by="alice")
        assert running.done.code == 0, running.done.text
    assert set(world.remote_tags()) == {"acme-core@1.1.0"}
    assert set(proxy.asked) == {f"CONNECT localhost:{front.port}"}


def test_a_certificate_nobody_vouches_for_is_refused_before_anything_is_versioned(
    secure: tuple[World, TlsFront, Path],
) -> None:
    world, front, _ = secure
    head = world.git("rev-parse", "HEAD")
    done = world.run("release")
    assert done.code == 1, done.text
    assert front.url in done.text
    assert "certificate" in done.text.lower()
    assert world.git("rev-parse", "HEAD") == head


def test_a_proxy_that_is_not_there_is_a_clear_error(secure: tuple[World, TlsFront, Path]) -> None:
    world, _, ca = secure
    npmrc(world, f"cafile={ca}", "https-proxy=http://127.0.0.1:9", more=True)
    done = world.run("release")
    assert done.code == 1, done.text
    assert "Traceback" not in done.text
    assert "no usable answer" in done.text


def test_each_scope_has_its_registry_and_its_token(world: World, tmp_path: Path) -> None:
    with start_registry(tmp_path / "second") as second:
        second.add_user("alice", two_factor=True)
        second.add_user("ci", two_factor=False)
        needs = {"acme-core": "^1.0.0"}
        world.package("@acme/app", dependencies=needs)
        manifest = {"name": "@acme/app", "version": "1.0.0", "dependencies": needs}
        second.seed("@acme/app", "1.0.0", manifest=manifest, maintainers=("alice", "ci"))
        world.change("two", **{"@acme/app": "patch"})
        login = f"//127.0.0.1:{urlsplit(second.url).port}/:_authToken=${{ACME_TOKEN}}"
        world.write(".npmrc", f"@acme:registry={second.url}\n{login}\n")
        world.commit("a scope of its own")
        token = {"ACME_TOKEN": second.token("ci", kind="read-write")}
        with world.running("release", env=token) as running:
            (item,) = world.staged(1, running)
            until(lambda: bool(second.stages()) or running.process.poll() is not None)
            (other,) = second.stages()
            world.registry.approve(item.id, by="alice")
            second.approve(other.id, by="alice")
        assert running.done.code == 0, running.done.text
        assert set(world.remote_tags()) == {"acme-core@1.1.0", "@acme/app@1.0.1"}
        assert (item.name, other.name) == ("acme-core", "@acme/app")
        assert "1.0.1" in second.versions("@acme/app")
        assert token["ACME_TOKEN"] not in running.done.text
