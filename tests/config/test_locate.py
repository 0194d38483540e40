"""Finding the lines of keys in TOML."""

from __future__ import annotations

import tomllib

import tomlkit
from hypothesis import given
from hypothesis import strategies as st

from vis_tasks.config.locate import locate


def test_every_kind_of_key_has_its_line():
    document = [
        'plain = "a # no comment ["',
        '"quoted.key" = 1',
        "'literal' = '''",  # 3
        "[not.a.table]",
        "''''",
        "a . b.c = true",  # 6
        "",
        '[release . "publish"] # [comment]',  # 8
        "list = [ # comment ]",
        '  "one, ]", [1,',  # 10
        "  2], {deep = 3}",
        ", ]",
        'text = """',  # 13
        'said \\"\\"\\"" = 1',
        '"""""',
        "when = 2026-11-21T10:00:00Z",  # 16
        "inline = {x = {y = [1, 2]}, z = 'w'}",
        "[[many]]",
        "name = 1",  # 19
        "[[many]]",
        "other = 2",
    ]
    text = "\n".join(document)
    assert tomllib.loads(text)
    lines = locate(text)
    publish = ("release", "publish")
    assert lines["plain",] == 1
    assert lines["quoted.key",] == 2
    assert lines["literal",] == 3
    assert ("not",) not in lines
    assert lines["a",] == lines["a", "b"] == lines["a", "b", "c"] == 6
    assert lines["release",] == lines[publish] == 8
    assert lines[*publish, "list"] == 9
    assert lines[*publish, "list", 0] == 10
    assert lines[*publish, "list", 1, 1] == 11
    assert lines[*publish, "list", 2, "deep"] == 11
    assert lines[*publish, "text"] == 13
    assert lines[*publish, "when"] == 16
    assert lines[*publish, "inline", "x", "y"] == 17
    assert lines["many", "name"] == 19
    assert lines["many", "other"] == 21


def test_a_document_without_an_end_of_line_is_read_to_its_end():
    assert locate("a = 1\nb = 'x'") == {("a",): 1, ("b",): 2}
    assert locate("") == {}
    assert locate("# only this") == {}


def test_windows_line_ends_count_once():
    assert locate("a = 1\r\n\r\n[b]\r\nc = 2\r\n")["b", "c"] == 4


keys = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "Z", "S")), min_size=1, max_size=6)
leaves = st.one_of(
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), max_size=12),
    st.floats(allow_nan=False),
)
values = st.recursive(
    leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3), max_leaves=8
)


def _paths(value, path=()):
    if path:
        yield path
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _paths(inner, (*path, key))
    elif isinstance(value, list) and not (value and all(isinstance(item, dict) for item in value)):
        for index, inner in enumerate(value):
            yield from _paths(inner, (*path, index))


@given(st.dictionaries(keys, values, max_size=4))
def test_what_tomlkit_writes_is_found_whole(data):
    text = tomlkit.dumps(data)
    parsed = tomllib.loads(text)
    lines = locate(text)
    missing = [path for path in _paths(parsed) if path not in lines]
    assert missing == []
    count = text.count("\n") + 1
    assert all(1 <= line <= count for line in lines.values())
    for path in _paths(parsed):
        if len(path) == 1:
            word = text.split("\n")[lines[path] - 1]
            assert path[0] in word or '"' in word
