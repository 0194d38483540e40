"""Configurations are read as far as they are literal."""

from __future__ import annotations

import json
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vis_tasks.core.migrate.document import Code
from vis_tasks.core.migrate.literal import read_json, read_module
from vis_tasks.errors import ConfigError

EXACT = 2**53 - 1  # Number.MAX_SAFE_INTEGER: what is larger JavaScript rounds, and so the tools whose files these are
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-EXACT, EXACT)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


def module(text):
    return read_module("x.config.ts", text).value


@settings(max_examples=40)
@given(VALUES, st.booleans(), st.sampled_from([None, 2]))
def test_what_json_writes_is_read_back(value, ascii_only, indent):
    text = json.dumps(value, ensure_ascii=ascii_only, indent=indent)
    assert read_json("x.json", text).value == value


@settings(max_examples=40)
@given(VALUES)
def test_json_is_a_literal_of_javascript(value):
    assert module(f"module.exports = {json.dumps(value)};") == value


@pytest.mark.parametrize("number", [EXACT + 2, -EXACT - 2, 10**18 + 1])
def test_a_number_is_what_javascript_makes_of_it(number):
    assert read_json("x.json", str(number)).value == int(float(number)) != number


def test_comments_and_trailing_commas_are_fine():
    assert read_json("x.json", '\ufeff{ // one\n "a": [1, /* two */ 2,],\n}').value == {"a": [1, 2]}


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ('{"a": }', "x.json:1:7"),
        ('{"a": 1', "x.json:1:8"),
        ('{"a" 1}', "x.json:1:6"),
        ('{\n"a": "x', "x.json:2:6"),
        ("", "x.json:1:1"),
        ("[1 2]", "x.json:1"),
        ('{"a": b}', "x.json:1"),
        ('{"a": 1} x', "x.json:1:10"),
        ("/* never ends", "x.json:1:1"),
        ("[" * 500, "x.json:1:202"),
    ],
)
def test_broken_json_is_told_with_its_place(text, where):
    with pytest.raises(ConfigError) as caught:
        read_json("x.json", text)
    assert caught.value.message.startswith(f"{where}:")
    assert caught.value.code == "FOREIGN_CONFIG"


@pytest.mark.parametrize(
    "text",
    [
        "module.exports = { a: 1 }",
        "export default { a: 1 };",
        "export default defineConfig({ a: 1 })\nother()",
        "export default { a: 1 } satisfies Config;",
        "export default { a: 1 } as const",
        "const config: Config = { a: 1 };\nexport default config;",
        "const one = 1;\nexport default defineConfig({ a: one });",
        "const base = { a: 1 };\nmodule.exports = { ...base };",
        "const a = 1\nmodule.exports = { a }\nfunction later() { return {} }",
        "export default ({ 'a': 1 })",
    ],
)
def test_every_usual_way_to_export_is_understood(text):
    assert module(text) == {"a": 1}


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("30 * 60 * 1000", 1_800_000),
        ("4_000", 4000),
        ("0x10", 16),
        ("-1.5", -1.5),
        ("`plain`", "plain"),
        (r"'it\'s'", "it's"),
        (r'"\u00e9\/"', "é/"),
        ("undefined", None),
    ],
)
def test_literals_of_javascript_are_values(written, value):
    assert module(f"module.exports = {{ a: {written}, b: 2 }}") == {"a": value, "b": 2}


@pytest.mark.parametrize(
    "written",
    [
        "process.env.X",
        "`a${b}`",
        "`a${`b${1}`}`",
        "cond ? 1 : 2",
        "'a' + b",
        "(x, y) => { return { b: 3 }, 1 }",
        "async function f(a, b = {}) { return 1 }",
        "require('./other')",
        '/a"b,}/g',
        "new Date()",
        "[...others][0]",
        "x ?? 1",
        "1 * y",
    ],
)
def test_code_is_passed_over_and_what_follows_is_read(written):
    assert module(f"module.exports = {{\n a: {written},\n b: 2 }}") == {"a": Code(2), "b": 2}


def test_methods_getters_and_computed_keys_are_code():
    assert module("module.exports = { f() { return 1 }, async g(a = {}) {}, get h() { return 1 }, [k]: 2, b: 2 }") == {
        "f": Code(1),
        "g": Code(1),
        "h": Code(1),
        "[…]": Code(1),
        "b": 2,
    }


def test_a_spread_of_something_unknown_is_code():
    assert module("module.exports = { ...require('x'), b: 2 }") == {"...": Code(1), "b": 2}


@pytest.mark.parametrize(
    "text", ["module.exports = require('./other');", "export default async () => ({ a: 1 })", "foo()", "const a = 1"]
)
def test_a_configuration_that_is_all_code_is_code(text):
    assert isinstance(module(text), Code)


def test_names_that_go_round_in_circles_are_code():
    assert module("const a = b; const b = a;\nmodule.exports = { a }") == {"a": Code(1)}


def test_lines_are_known_by_keys():
    document = read_json("x.json", '{\n "a": {\n  "b": [1,\n 2]\n }\n}')
    assert document.where(("a", "b", 1)) == "x.json:4"
    assert document.where(("a", "nothing")) == "x.json:2"
    assert document.below("a").where(("b",)) == "x.json:3"


@given(st.text(alphabet="{}[]()'\"`/*\\,:;.=>$ab1\n", max_size=60))
def test_no_text_makes_it_fail_otherwise_than_by_a_refusal(text):
    for read in (read_json, read_module):
        with suppress(ConfigError):
            read("x", f"module.exports = {text}")
