"""What makes a reviewer stop, and what does not."""

from __future__ import annotations

import time

import pytest

from tests.review.builders import contents
from vis_tasks.core.review.flags import risk_flags
from vis_tasks.core.review.model import Level
from vis_tasks.core.review.typosquat import looks_like


def codes(before, after, **more) -> set[str]:
    return {flag.code for flag in risk_flags(before, after, name="core", version="1.1.0", **more)}


def test_a_quiet_change_raises_nothing() -> None:
    assert codes(contents({"a.js": "one\n"}), contents({"a.js": "two\n"})) == set()


@pytest.mark.parametrize(
    ("before", "after", "code"),
    [
        (contents(), contents(scripts={"postinstall": "node x"}), "INSTALL_SCRIPT"),
        (contents(scripts={"install": "a"}), contents(scripts={"install": "b"}), "INSTALL_SCRIPT"),
        (contents(), contents({"binding.gyp": "{}"}), "INSTALL_SCRIPT"),
        (contents(), contents({"x.node": b"\x7fELF\0\0"}), "BINARY"),
        (contents(), contents({"disguised.txt": b"MZ\0\0"}), "BINARY"),
        (contents(), contents({"a.js.map": "{}"}), "SOURCE_MAP"),
        (contents(), contents({"cli.js": "1"}, bin={"core": "cli.js"}), "NEW_COMMAND"),
        (contents(), contents({".env": "A=1"}), "SECRET_FILE"),
        (contents(), contents(version="9.9.9"), "WRONG_PACKAGE"),
        (contents(), contents(dependencies={"left-pad": "^1.0.0"}), "NEW_DEPENDENCY"),
        (contents(), contents(dependencies={"loadsh": "^4.0.0"}), "TYPOSQUAT"),
        (contents(), contents({"a.js": "eval(atob('YQ=='))"}), "OBFUSCATED"),
        (contents(), contents({"a.js": "var " + ",".join(f"_0x3f{n}a" for n in range(10))}), "OBFUSCATED"),
        (contents(), contents({"a.js": "'" + "\\x41" * 50 + "'"}), "OBFUSCATED"),
        (contents({"a.js": "1"}), contents({"a.js": "require('child_process')"}), "STARTS_PROGRAMS"),
        (contents(), contents({"a.js": "if (admin \u2067// \u2066) {"}), "HIDDEN_TEXT"),
        (contents({"a.txt": "0" * 9000}), contents({"a.txt": "0" * 20000}), "GREW"),
    ],
)
def test_each_sign_is_seen_and_only_when_it_is_new(before, after, code: str) -> None:
    assert code in codes(before, after)
    assert code not in codes(after, after) or code in {"SECRET_FILE", "WRONG_PACKAGE"}, (
        "what was live before is no news"
    )


def test_facts_about_new_dependencies_count() -> None:
    after = contents(dependencies={"lonely": "1", "ghost": "1"})

    found = risk_flags(contents(), after, name="core", version="1.1.0", facts={"lonely": 0, "ghost": "missing"})

    assert {(flag.code, flag.level) for flag in found} == {
        ("NO_MAINTAINER", Level.DANGER),
        ("NO_SUCH_DEPENDENCY", Level.DANGER),
    }


def test_the_gravest_stands_first() -> None:
    after = contents({"a.js.map": "{}"}, scripts={"postinstall": "x"})

    assert [flag.level for flag in risk_flags(contents(), after, name="core", version="1.1.0")] == [
        Level.DANGER,
        Level.WARNING,
    ]


@pytest.mark.parametrize(
    ("name", "twin"),
    [("loadsh", "lodash"), ("lodahs", "lodash"), ("expres", "express"), ("crossenv", "cross-env"), ("reactt", "react")],
)
def test_a_slip_of_the_hand_is_recognised(name: str, twin: str) -> None:
    assert looks_like(name, ()) == twin


@pytest.mark.parametrize("name", ["lodash", "preact", "@acme/react", "koa2x", "is-odd", "vue-router"])
def test_names_of_their_own_are_left_alone(name: str) -> None:
    assert looks_like(name, {"preact"}) is None


def test_a_text_made_to_stall_patterns_does_not() -> None:
    hostile = contents({"a.js": ("_0xabcd" * 7 + "eval (" + "\\x4" + "'" + "A" * 1000) * 200})
    start = time.perf_counter()

    codes(contents(), hostile)

    assert time.perf_counter() - start < 5
