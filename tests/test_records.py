"""Our dataclasses are the standard library's in all that can be seen of them."""

from __future__ import annotations

import copy
import dataclasses
import pickle
import re
import subprocess
import sys
from functools import cached_property
from pathlib import Path
from typing import Any, Generic, TypeVar

import pytest

from vis_tasks import records

T = TypeVar("T")


def pair(made_by: Any):
    """The same classes, made by one of the two."""

    @made_by.dataclass(frozen=True)
    class Base:
        """A base."""

        name: str
        tags: tuple[str, ...] = ()
        notes: dict[str, Any] = made_by.field(default_factory=dict, hash=False)
        secret: str = made_by.field(default="s", repr=False, compare=False)

        @cached_property
        def shout(self) -> str:
            return self.name.upper()

    @made_by.dataclass(frozen=True)
    class Below(Base, Generic[T]):
        """One that adds to it."""

        count: int = made_by.field(default=0, metadata={"help": "how many"})

        def __str__(self) -> str:
            return f"{self.count} {self.name}"

    return Base, Below


OURS, THEIRS = pair(records), pair(dataclasses)


def seen(classes) -> list[Any]:
    """All that the standard library and Python tell of instances."""
    base, below = classes
    one, same, other = base("a", ("x",)), base(tags=("x",), name="a", secret="other"), base("b")
    low = below("a", ("x",), count=3)
    moved = dataclasses.replace(low, count=4, name="c")
    return [
        repr(one), repr(low), str(low), repr(moved),
        one == same, one == other, one == low, one != other, one == "a", hash(one) == hash(same), len({one, same, other}),
        dataclasses.asdict(moved), dataclasses.astuple(low), vars(low), list(vars(same)), one.shout, one == same,
        [(each.name, each.repr, each.compare, dict(each.metadata)) for each in dataclasses.fields(below)],
        dataclasses.is_dataclass(base), base.__match_args__, below.__match_args__, base.tags, base.__doc__,
        copy.copy(low) == low, copy.deepcopy(low) == low, one.notes is base("a").notes,
        below[int]("z").name,
    ]  # fmt: skip


def test_what_is_seen_of_them_is_the_same():
    assert seen(OURS) == seen(THEIRS)


@pytest.mark.parametrize("classes", [OURS, THEIRS])
@pytest.mark.parametrize(
    ("args", "kwargs"),
    [((), {}), (("a", (), {}, "s", "more"), {}), (("a",), {"name": "b"}), (("a",), {"nmae": "b"}), ((), {"tags": ()})],
)
def test_what_does_not_fit_the_fields_is_refused(classes, args, kwargs):
    with pytest.raises(TypeError, match="Base"):
        classes[0](*args, **kwargs)


@pytest.mark.parametrize("classes", [OURS, THEIRS])
def test_nothing_of_them_changes(classes):
    one = classes[1]("a")
    for change in (
        lambda: setattr(one, "name", "b"),
        lambda: setattr(one, "nmae", "b"),
        lambda: delattr(one, "name"),
    ):
        with pytest.raises(dataclasses.FrozenInstanceError):
            change()
    assert one == classes[1]("a")


def test_one_that_holds_itself_can_be_shown():
    base, _ = OURS
    one = base("a")
    one.notes["self"] = one
    assert "..." in repr(one)


def test_no_other_frozen_class_is_compiled_when_a_command_starts():
    """The embedded registry is a house of its own, and no command that releases loads it."""
    house = Path(records.__file__).parent
    files = [path for path in house.rglob("*.py") if "registry" not in path.relative_to(house).parts[:1]]
    standard = re.compile(r"^\s*from dataclasses import .*\bdataclass\b", re.MULTILINE)
    texts = {path: path.read_text(encoding="utf-8") for path in files if path.name != "records.py"}
    assert [path for path, text in texts.items() if standard.search(text) and "@dataclass(frozen=True)" in text] == []
    assert sum("@dataclass(frozen=True)" in text for text in texts.values()) > 50


@records.dataclass(frozen=True)
class Plain:
    """At the top of a module, where pickle finds it."""

    name: str


def test_they_can_be_pickled():
    assert pickle.loads(pickle.dumps(Plain("a"))) == Plain("a")  # noqa: S301


@pytest.mark.parametrize("made", [records.dataclass, records.dataclass()])
def test_those_that_may_change_are_changed_compared_and_have_no_hash(made):
    class Open:
        """May change."""

        name: str = "a"

        __annotations__ = {"name": str}

    one = made(Open)()
    one.name = "b"
    assert one == made(Open)("b")
    with pytest.raises(TypeError, match="unhashable"):
        hash(one)
    assert repr(one).endswith("Open(name='b')")


def test_one_can_see_to_itself_once_it_is_made():
    @records.dataclass
    class Sum:
        """Adds up."""

        parts: list[int] = records.field(default_factory=list)

        def __post_init__(self) -> None:
            self.total = sum(self.parts)

    assert Sum([1, 2]).total == 3
    assert Sum().total == 0


def test_another_is_made_from_one_with_some_fields_changed():
    _, below = OURS
    one = below("a", ("x",), count=3)
    assert (
        records.replace(one, count=4, name="c")
        == dataclasses.replace(one, count=4, name="c")
        == below("c", ("x",), count=4)
    )
    with pytest.raises(TypeError, match="no field"):
        records.replace(one, cuont=4)


def test_the_view_of_the_standard_library_is_made_once_for_each_class():
    base, below = OURS
    assert base.__dataclass_fields__ is base.__dataclass_fields__
    assert below("a").__dataclass_fields__ is below.__dataclass_fields__
    assert list(base.__dataclass_fields__) == ["name", "tags", "notes", "secret"]
    assert list(below.__dataclass_fields__) == ["name", "tags", "notes", "secret", "count"]


def test_a_default_that_all_would_share_is_refused():
    with pytest.raises(ValueError, match="default_factory"):

        @records.dataclass(frozen=True)
        class Shared:
            """Never made."""

            tags: list[str] = []  # noqa: RUF012


def test_no_command_that_releases_loads_the_standard_ones():
    """They load `inspect`, and it half of what reads Python's own language: 12 ms."""
    code = """
import sys
import vis_tasks.adapters.git, vis_tasks.adapters.npm.direct, vis_tasks.adapters.npm.http, vis_tasks.adapters.npm.session
import vis_tasks.adapters.npm.side, vis_tasks.adapters.planning, vis_tasks.adapters.workspace, vis_tasks.config.load
import vis_tasks.services.release, vis_tasks.services.summary, vis_tasks.tasks.goal, vis_tasks.wiring.workspace
print(*sorted({"dataclasses", "inspect"} & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
