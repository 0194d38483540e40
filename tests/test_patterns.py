"""Patterns that are compiled when they are first used."""

from __future__ import annotations

import copy
import importlib
import pkgutil
import re
import subprocess
import sys

import pytest

import vis_tasks
from vis_tasks.patterns import regex


def test_it_does_what_a_compiled_one_does():
    ours, theirs = regex(r"(?P<name>a+)(b)?", re.IGNORECASE), re.compile(r"(?P<name>a+)(b)?", re.IGNORECASE)
    for text in ("", "AAb", "xaay"):
        for method in ("match", "fullmatch", "search"):
            left, right = getattr(ours, method)(text), getattr(theirs, method)(text)
            assert (left and left.groups(), bool(left)) == (right and right.groups(), bool(right))
        assert ours.sub("_", text) == theirs.sub("_", text)
        assert ours.findall(text) == theirs.findall(text)
    assert (ours.pattern, ours.flags, ours.groups) == (theirs.pattern, theirs.flags, theirs.groups)


def test_it_works_on_bytes():
    assert regex(rb"\d+").findall(b"1 22") == [b"1", b"22"]


def test_nothing_is_compiled_before_it_is_used():
    late = regex("(")
    with pytest.raises(re.error):
        late.search("x")


def test_a_copy_matches_what_the_first_matches():
    for copied in (copy.copy, copy.deepcopy):
        assert copied(regex("a")).fullmatch("a")


def test_every_pattern_of_the_house_can_be_compiled():
    """What a mistyped one would have said when its module was loaded."""
    seen = 0
    for info in pkgutil.walk_packages(vis_tasks.__path__, "vis_tasks."):
        if info.name.startswith("vis_tasks.registry") or info.name.endswith("__main__"):
            continue
        for value in vars(importlib.import_module(info.name)).values():
            for each in value if isinstance(value, tuple) else (value,):
                for one in each if isinstance(each, tuple) else (each,):
                    if type(one) is type(regex("")):
                        re.compile(one.pattern, one.flags)
                        seen += 1
    assert seen > 80


def test_a_command_that_reads_its_config_compiles_few():
    """What it costs a command to start: the standard library's own patterns, and those that it has met."""
    code = (
        "import re, sys; made = []; compile = re._compiler.compile\n"
        "def count(pattern, flags=0):\n"
        "    made.append(sys._getframe(3).f_globals.get('__name__', '')); return compile(pattern, flags)\n"
        "re._compiler.compile = count\n"
        "import vis_tasks.services.release, vis_tasks.adapters.npm.direct, vis_tasks.adapters.npm.client\n"
        "print(sum(name.startswith('vis_tasks') for name in made))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, encoding="utf-8", check=True)
    assert int(done.stdout) == 0
