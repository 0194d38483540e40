"""Globs for names and folders."""

from __future__ import annotations

import pytest

from vis_tasks.core.globs import compile_glob, expand, matches


@pytest.mark.parametrize(
    ("name", "patterns", "chosen"),
    [
        ("@acme/core", ["*"], True),
        ("@acme/core", ["@acme/*"], True),
        ("@acme-labs/core", ["@acme/*"], False),
        ("@acme/core", ["*-core"], False),
        ("@acme/core", ["@acme/*", "!@acme/core"], False),
        ("@acme/core", ["!@acme/core", "@acme/*"], True),
        ("cli", ["!@acme/*"], True),
        ("@acme/core", ["!@acme/*"], False),
        ("@acme/core", ["!(@acme/*)"], False),
        ("@else/core", ["!(@acme/*)"], True),
        ("cli", ["!(@acme/*)"], True),
        ("cli", ["!(cli|core)", "!x"], False),
        ("cli", [], False),
        ("cli", ["cli"], True),
        ("cli-x", ["cli"], False),
    ],
)
def test_the_last_pattern_that_fits_decides(name, patterns, chosen):
    assert matches(name, patterns) is chosen


@pytest.mark.parametrize(
    ("pattern", "fits", "misses"),
    [
        ("packages/*", "packages/a", "packages/a/b"),
        ("packages/**", "packages/a/b", "package/a"),
        ("packages/**/test", "packages/a/b/test", "packages/a/tests"),
        ("packages/**/test", "packages/test", "packagestest"),
        ("{apps,libs}/*", "libs/a", "lib/a"),
        ("a-{b,c{d,e}}", "a-ce", "a-c"),
        ("a?c", "abc", "a/c"),
        ("[!a]x", "bx", "ax"),
        ("@(a|b)x", "bx", "cx"),
        ("packages/!(legacy)", "packages/new", "packages/legacy"),
        ("packages/!(a/b)", "packages/c/d", "packages/a/b"),
        ("+(a|b)", "abba", "abc"),
        ("a{b", "a{b", "ab"),
        ("a[b", "a[b", "ab"),
        ("a.b", "a.b", "axb"),
    ],
)
def test_globs_mean_what_minimatch_means(pattern, fits, misses):
    assert compile_glob(pattern).fullmatch(fits)
    assert not compile_glob(pattern).fullmatch(misses)


def test_expand_keeps_the_order_of_the_names():
    assert expand(["c", "a", "b"], ["a", "c"]) == ("c", "a")
