"""Values of a JSON text are changed in place, and every other byte stays."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vis_tasks.core import jsontext
from vis_tasks.core.jsontext import line_of, replace_strings

if TYPE_CHECKING:
    from collections.abc import Iterator

KEYS = st.sampled_from(["version", "a", "dependencies", 'say "version":', "ü", "", "\\"])
OBJECTS = st.recursive(
    st.text() | st.integers() | st.none() | st.booleans(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)


def strings_in(value: Any, *above: str) -> Iterator[tuple[str, ...]]:
    """Paths of all strings that no list is above of."""
    for key, each in value.items():
        if isinstance(each, str):
            yield (*above, key)
        elif isinstance(each, dict):
            yield from strings_in(each, *above, key)


def put(value: Any, path: tuple[str, ...], new: str) -> None:
    *above, last = path
    for key in above:
        value = value[key]
    value[last] = new


@given(document=st.dictionaries(KEYS, OBJECTS, max_size=4), data=st.data(), new=st.text())
def test_the_wanted_strings_change_and_nothing_else(document: dict[str, Any], data: st.DataObject, new: str) -> None:
    paths = data.draw(st.lists(st.sampled_from(found), unique=True)) if (found := list(strings_in(document))) else []
    separators = data.draw(st.sampled_from([(", ", ": "), (",", ":"), (" ,\r\n\t", " : ")]))
    text = json.dumps(document, ensure_ascii=data.draw(st.booleans()), separators=separators)
    after = replace_strings(text, dict.fromkeys(paths, new))
    for path in paths:
        put(document, path, new)
    assert json.loads(after) == document


def test_every_other_byte_stays() -> None:
    text = '\ufeff{\r\n\t"a" : 1.0e2,"version":"1.0.0" , "b": { "c": "x\\u0041" , "version": "2" } }\n\n'
    after = replace_strings(text, {("version",): "1.0.1", ("b", "c"): "y"})
    assert after == text.replace('"1.0.0"', '"1.0.1"').replace('"x\\u0041"', '"y"')


def test_of_a_repeated_key_the_last_one_counts_as_for_every_reader() -> None:
    assert replace_strings('{"a": {"b": "1"}, "a": {"b": "2"}}', {("a", "b"): "3"}) == (
        '{"a": {"b": "1"}, "a": {"b": "3"}}'
    )


def test_a_key_may_be_written_with_escapes() -> None:
    assert replace_strings('{"\\u0061": "1"}', {("a",): "2"}) == '{"\\u0061": "2"}'


@pytest.mark.parametrize(
    ("text", "path"), [("{}", ("a",)), ('{"a": "1"}', ("a", "b")), ('{"a": [{"b": "1"}]}', ("a", "b")), ("[]", ("a",))]
)
def test_a_path_that_is_not_there_is_told(text: str, path: tuple[str, ...]) -> None:
    with pytest.raises(KeyError):
        replace_strings(text, {path: "2"})


def test_an_object_is_walked_once_however_many_of_its_values_change(monkeypatch: pytest.MonkeyPatch) -> None:
    walked: list[int] = []
    members = jsontext.members

    def counted(text: str, at: int) -> Iterator[tuple[str, int, int]]:
        walked.append(at)
        return members(text, at)

    monkeypatch.setattr(jsontext, "members", counted)
    lock = json.dumps({"packages": {f"packages/{number}": {"version": "1"} for number in range(50)}})
    after = replace_strings(lock, {("packages", f"packages/{number}", "version"): "2" for number in range(50)})
    assert after == lock.replace('"1"', '"2"')
    assert len(walked) == 1 + 1 + 50  # the document, "packages", and each package


def test_a_place_is_named_by_its_line() -> None:
    text = '{\n  "a": 1,\n  "b": {\n    "c": 2\n  }\n}\n'
    assert [line_of(text, path) for path in (("a",), ("b",), ("b", "c"), ("b", "no"))] == [2, 3, 4, 1]
