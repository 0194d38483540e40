"""What is written for a shell is noticed, because none reads it here."""

from __future__ import annotations

import pytest

from vis_tasks.core.shell import as_command, shell_syntax


@pytest.mark.parametrize(
    ("command", "syntax"),
    [
        ("npm run build && npm test", "&&"),
        ("npm run build; npm test", ";"),
        ("a || b", "||"),
        ("tsc>log", ">"),
        ("tsc 2>&1", ">&"),
        ("a | b", "|"),
        ("a &", "&"),
        ("echo $HOME", "$H"),
        ("echo ${npm_package_version}", "${"),
        ('echo "$(date)"', "$("),
        ('echo "`date`"', "`"),
        ('echo "it\'s" && b', "&&"),
        ("echo 'a' \"b\" | c", "|"),
    ],
)
def test_an_operator_or_an_expansion_outside_quotes_is_for_a_shell(command: str, syntax: str) -> None:
    assert shell_syntax(command) == syntax
    assert as_command(command) == ["sh", "-c", command]


@pytest.mark.parametrize(
    "command",
    [
        "npm run build -- --mode=production",
        "node -e 'a && b; $c'",
        'node -e "a && b; c > d"',
        r"echo a\;b \$HOME \&\&",
        "echo 100$ a$",
        'grep "it\'s | that"',
        "tsc --build packages/*/tsconfig.json",
        "",
    ],
)
def test_everything_else_is_one_command(command: str) -> None:
    assert shell_syntax(command) is None
    assert as_command(command) == command
