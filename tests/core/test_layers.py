"""Dependency layers."""

from __future__ import annotations

from tests.planning.builders import package, workspace
from vis_tasks.core.layers import layers, needs_first


def test_dependencies_lie_in_earlier_layers():
    found = workspace(
        package("app", deps={"lib": "^1.0.0"}),
        package("lib", deps={"base": "^1.0.0"}),
        package("base"),
        package("free"),
    )
    assert layers(found, {"app", "lib", "base", "free"}) == (("base", "free"), ("lib",), ("app",))


def test_peer_and_optional_dependencies_count_but_dev_dependencies_do_not():
    found = workspace(
        package("a", dev={"z": "^1.0.0"}),
        package("b", peer={"z": "^1.0.0"}),
        package("c", optional={"z": "^1.0.0"}),
        package("z"),
    )
    assert layers(found, {"a", "b", "c", "z"}) == (("a", "z"), ("b", "c"))


def test_packages_that_are_not_asked_about_do_not_count():
    found = workspace(package("app", deps={"lib": "^1.0.0"}), package("lib"))
    assert layers(found, {"app", "elsewhere"}) == (("app",),)


def test_a_circle_ends_and_names_everyone_once():
    found = workspace(
        package("a", deps={"b": "^1.0.0"}),
        package("b", deps={"a": "^1.0.0"}),
        package("c", deps={"b": "^1.0.0"}),
        package("base"),
    )
    split = layers(found, {"a", "b", "c", "base"})
    assert sorted(name for layer in split for name in layer) == ["a", "b", "base", "c"]
    assert split[0] == ("base",)
    assert split[-1] == ("c",)


def test_a_package_that_depends_on_itself_is_no_circle():
    assert layers(workspace(package("a", deps={"a": "^1.0.0"})), {"a"}) == (("a",),)


def test_nothing_asked_gives_no_layers():
    assert layers(workspace(package("a")), set()) == ()


def test_what_goes_first_are_the_dependencies_among_those_asked_about():
    found = workspace(
        package("app", deps={"lib": "^1.0.0", "elsewhere": "^1.0.0"}, dev={"free": "^1.0.0"}),
        package("lib", peer={"base": "^1.0.0"}),
        package("base"),
        package("free"),
        package("elsewhere"),
    )
    assert needs_first(found, {"app", "lib", "base", "free"}) == {
        "app": ("lib",),
        "lib": ("base",),
        "base": (),
        "free": (),
    }


def test_a_circle_is_cut_so_that_everyone_has_a_turn():
    found = workspace(
        package("a", deps={"b": "^1.0.0"}), package("b", deps={"a": "^1.0.0"}), package("c", deps={"b": "^1.0.0"})
    )
    assert needs_first(found, {"a", "b", "c"}) == {"a": (), "b": ("a",), "c": ("b",)}
