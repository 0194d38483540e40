import json

import pytest

from vis_tasks.adapters.npm.output import NpmError, json_documents, npm_error, package_entry

ENTRY = {"id": "demo@1.0.0", "name": "demo", "version": "1.0.0", "stageId": "x"}


@pytest.mark.parametrize(
    "text",
    [
        json.dumps({"demo": ENTRY}, indent=2),
        json.dumps([ENTRY], indent=2),
        json.dumps(ENTRY),
        "> demo@1.0.0 prepack\n> tsc\n\n" + json.dumps({"demo": ENTRY}, indent=2) + "\n",
        '{"from": "a script"}\n[1, 2]\n{not json\n' + json.dumps({"demo": ENTRY}),
        json.dumps({"demo": ENTRY}) + "\nbye\n",
        json.dumps({"other": {"name": "other"}, "demo": ENTRY}),
        json.dumps({"demo": {"name": "demo", "version": "0.0.1"}}) + "\n" + json.dumps({"demo": ENTRY}),
    ],
)
def test_a_package_is_found_in_every_shape(text):
    assert package_entry(text, "demo") == ENTRY


@pytest.mark.parametrize(
    "text", ["", "demo", "{", '{"other": {"name": "other"}}', '{"demo": {}}', '{"demo": "x"}', "[]"]
)
def test_nothing_is_made_up(text):
    assert package_entry(text, "demo") is None


def test_documents_inside_documents_are_not_counted_twice():
    assert list(json_documents('{"a":\n{"b": 1}\n}\n[\n[2]\n]\n')) == [{"a": {"b": 1}}, [[2]]]


def test_an_error_has_code_and_words():
    stdout = json.dumps({"error": {"code": "E409", "summary": "409 Conflict", "detail": "more\nof it"}}, indent=2)
    assert npm_error("noise\n" + stdout, "") == NpmError("E409", "409 Conflict. more of it")


def test_an_error_without_a_code():
    assert npm_error('{"error": {"summary": "no", "detail": ""}}', "") == NpmError("", "no")


def test_an_error_that_only_stands_on_stderr():
    stderr = "npm notice hello\nnpm error code E404\nnpm error 404 gone\nnpm error A complete log of this run: x\n"
    assert npm_error("", stderr) == NpmError("E404", "404 gone")


def test_no_error():
    assert npm_error('{"demo": {}}', "npm notice fine") is None


def test_secrets_in_errors_are_masked():
    found = npm_error('{"error": {"summary": "bad Bearer abcdefgh", "detail": "https://a:b@h/"}}', "")
    assert found == NpmError("", "bad Bearer ***. https://***@h/")


def test_a_web_login_is_kept():
    found = npm_error('{"error": {"code": "EOTP", "summary": "otp", "authUrl": "http://h/auth"}}', "")
    assert found is not None
    assert found.auth_url == "http://h/auth"
