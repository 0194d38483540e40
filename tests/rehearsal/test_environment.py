"""What a rehearsal's processes see of the user's environment."""

from __future__ import annotations

import pytest

from vis_tasks.services.rehearsal.environment import ENVIRONMENT_MARK, isolated_environment, pointed_at

SECRET = "npm_" + "S3cret" * 4


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("NPM_TOKEN", "x"),
        ("npm_config_//localhost/:_authToken", "x"),
        ("npm_config_registry", "http://localhost/"),
        ("YARN_NPM_AUTH_TOKEN", "x"),
        ("YARN_RC_FILENAME", ".yarnrc.mine.yml"),
        ("BUN_CONFIG_TOKEN", "x"),
        ("PNPM_HOME", "/home/me/pnpm"),
        ("AWS_ACCESS_KEY_ID", "x"),
        ("GH_PAT", "x"),
        ("SLACK_WEBHOOK", "https://localhost/x"),
        ("SSH_AUTH_SOCK", "/tmp/agent"),
        ("GIT_ASKPASS", "/bin/askpass"),
        ("ACTIONS_ID_TOKEN_REQUEST_URL", "http://localhost"),
        ("CI", "true"),
        ("VIS_RELEASE__BASE_BRANCH", "next"),
        ("ANY_NAME", SECRET),
        ("ANOTHER", f"https://me:{SECRET}@localhost/x.git"),
        ("KEYFILE_CONTENT", "-----BEGIN OPENSSH PRIVATE KEY-----\nabc"),
    ],
)
def test_what_is_secret_or_steers_a_client_is_dropped(tmp_path, name, value):
    assert name not in isolated_environment({name: value}, tmp_path)


@pytest.mark.parametrize("name", ["PATH", "LANG", "JAVA_HOME", "NODE_OPTIONS", "CC", "VIRTUAL_ENV", "MONKEY"])
def test_what_a_build_may_need_is_kept(tmp_path, name):
    assert isolated_environment({name: "value"}, tmp_path)[name] == "value"


def test_home_caches_and_temporary_files_lie_in_the_folder(tmp_path):
    env = isolated_environment({"HOME": "/home/me", "TMPDIR": "/tmp", "XDG_CACHE_HOME": "/home/me/.cache"}, tmp_path)
    env |= pointed_at("http://127.0.0.1:1234/", tmp_path, "npm")

    for name in ("HOME", "TMPDIR", "XDG_CACHE_HOME", "npm_config_cache", "YARN_GLOBAL_FOLDER", "BUN_INSTALL_CACHE_DIR"):
        assert env[name].startswith(str(tmp_path)), name
    assert env[ENVIRONMENT_MARK] == str(tmp_path)
    assert not [value for value in env.values() if value.startswith("/home/me")]


def test_version_managers_find_their_programs_below_the_real_home(tmp_path):
    real = tmp_path / "real"
    (real / ".volta").mkdir(parents=True)

    env = isolated_environment({"HOME": str(real)}, tmp_path / "folder")

    assert env["VOLTA_HOME"] == str(real / ".volta")
    assert "ASDF_DATA_DIR" not in env
