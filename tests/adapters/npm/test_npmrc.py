import pytest

from vis_tasks.adapters.npm.npmrc import env_layer, file_layer, replace_env, unset_variables


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("${TOKEN}", "secret"),
        ("a${TOKEN}b", "asecretb"),
        ("${NOPE}", "${NOPE}"),
        ("${NOPE?}", ""),
        ("${TOKEN?}", "secret"),
        (r"\${TOKEN}", "${TOKEN}"),
        (r"\\${TOKEN}", r"\secret"),
        ("${TOKEN-other}", "${TOKEN-other}"),
        ("$TOKEN", "$TOKEN"),
    ],
)
def test_variables_are_replaced_as_npm_does(text, expected):
    assert replace_env(text, {"TOKEN": "secret"}) == expected


@pytest.mark.parametrize(
    ("line", "key", "value"),
    [
        ("//h/:_authToken=abc", "//h/:_authToken", "abc"),
        ("  //h/:_authToken = abc  ", "//h/:_authToken", "abc"),
        ("//h/:_auth=YTpi==", "//h/:_auth", "YTpi=="),
        ('//h/:_authToken="a;b#c"', "//h/:_authToken", "a;b#c"),
        ("//h/:_authToken='a;b'", "//h/:_authToken", "a;b"),
        ("//h/:_authToken=abc ; a comment", "//h/:_authToken", "abc"),
        (r"//h/:_authToken=a\;b", "//h/:_authToken", "a;b"),
        ("//h/:_authToken=${TOKEN}", "//h/:_authToken", "secret"),
        ("//${HOST}/:_authToken=abc", "//h/:_authToken", "abc"),
        ("strict-ssl=false", "strict-ssl", False),
        ("color", "color", True),
        ("ca[]=one", "ca", ["one"]),
        (r'ca="a\nb"', "ca", "a\nb"),
        ("odd='", "odd", ""),
    ],
)
def test_a_line_is_read_as_npm_does(line, key, value):
    assert file_layer(line, {"TOKEN": "secret", "HOST": "h"}) == {key: value}


def test_comments_blank_lines_and_sections_hold_no_settings():
    text = "; one\n# two\r\n\nregistry=http://h/\n[section]\nregistry=http://other/\n"
    assert file_layer(text, {}) == {"registry": "http://h/"}


def test_a_later_line_wins_and_lists_add_up():
    assert file_layer("a=1\na=2\nca[]=x\nca[]=y\n", {}) == {"a": "2", "ca": ["x", "y"]}


def test_variables_of_the_environment_become_settings():
    env = {
        "npm_config_registry": "http://h/",
        "NPM_CONFIG_STRICT_SSL": "false",
        "npm_config_//h/:_authToken": "abc",
        "npm_config__auth": "x",
        "npm_config_empty": "",
        "PATH": "/bin",
    }
    assert env_layer(env) == {"registry": "http://h/", "strict-ssl": False, "//h/:_authToken": "abc", "_auth": "x"}


def test_what_is_left_of_unset_variables_is_found():
    assert unset_variables("${A}-${B}") == ("A", "B")
    assert unset_variables("plain") == ()
