"""Killed in the middle of everything, started again: what was acknowledged is there, once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from tests.registry.builders import Client, Elsewhere
from vis_tasks.errors import Refused
from vis_tasks.registry.accounts import Accounts
from vis_tasks.registry.run import Registry, start_registry

OPERATIONS = 200


def start(folder):
    process = subprocess.Popen(
        [sys.executable, "-m", "vis_tasks.registry", "--port", "0", "--data", str(folder)],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("ready"):
            return process, line.split()[1]
    raise AssertionError(f"the registry did not start: {process.wait()}")


@pytest.mark.slow
@pytest.mark.parametrize("survive", [40, 150])
def test_sigkill_in_the_middle_of_200_operations_loses_nothing_acknowledged(tmp_path, survive):
    folder = tmp_path / "data"
    versions = [f"1.0.{patch}" for patch in range(OPERATIONS)]
    with start_registry(folder) as before:
        alice = before.add_user("alice")
        token = before.token("alice")
        before.seed("demo", "0.1.0")
        with (client := Client(before, token)).session:
            ids = {version: client.staged("demo", version) for version in versions[:140]}
        live_before = set(before.versions("demo"))
    process, url = start(folder)
    answered = threading.Semaphore(0)
    assert alice.totp_secret is not None
    code = Accounts._code(alice.totp_secret, int(time.time()) // 30)

    def operate(index):
        version = versions[index]
        client = Client(Elsewhere(url), token)
        with client.session:
            try:
                if index >= 140:
                    kind, answer = "staged", client.stage("demo", version)
                elif index % 2:
                    kind, answer = "approved", client.approve(ids[version], otp=code)
                else:
                    kind, answer = "rejected", client.reject(ids[version], otp=code)
            except requests.RequestException:
                return version, None
        answered.release()
        return version, kind if answer.ok else f"refused {answer.status_code}"

    order = [index for step in range(10) for index in range(step, OPERATIONS, 10)]
    with ThreadPoolExecutor(32) as pool:
        running = [pool.submit(operate, index) for index in order]
        for _ in range(survive):
            assert answered.acquire(timeout=30)
        os.kill(process.pid, signal.SIGKILL)
        outcomes = dict(done.result() for done in running)
    process.wait()
    process.stdout.close()

    with start_registry(folder) as after:
        live, staged = set(after.versions("demo")) - live_before, {item.version for item in after.stages()}
        decided = Counter((line.version, line.action) for line in after.audit())
        assert not {outcome for outcome in outcomes.values() if outcome and outcome.startswith("refused")}
        assert len([outcome for outcome in outcomes.values() if outcome]) >= survive
        assert None in outcomes.values()
        assert not live & staged
        assert max(decided.values()) == 1
        for version, outcome in outcomes.items():
            where = ("live" if version in live else "", "staged" if version in staged else "")
            expected = {"staged": ("", "staged"), "approved": ("live", ""), "rejected": ("", "")}.get(outcome)
            assert expected in {None, where}, f"{version} was {outcome}, is {where}"
        assert tarballs_on_disk(after) == tarballs_referred_to(after)
        assert after.token("alice")
        with (client := Client(after, token)).session:
            assert client.get("-/whoami").json() == {"username": "alice"}


def tarballs_on_disk(registry: Registry):
    return {path.stem for path in registry.store.tarballs._folder.rglob("*") if path.is_file()}


def tarballs_referred_to(registry: Registry):
    rows = registry.store.database.rows("SELECT blob FROM versions UNION SELECT blob FROM stages")
    return {row["blob"] for row in rows}


def test_starting_sweeps_what_a_killed_process_left(tmp_path):
    folder = tmp_path / "data"
    with start_registry(folder) as registry:
        registry.seed("demo", "1.0.0")
        kept = tarballs_on_disk(registry)
        registry.store.tarballs.write(b"written, and killed before the record was")
        (registry.store.tarballs._folder / "half.part").write_bytes(b"half")
    with start_registry(folder) as registry:
        assert tarballs_on_disk(registry) == kept


def test_restarting_loses_nothing(tmp_path):
    folder = tmp_path / "data"
    with start_registry(folder) as registry:
        registry.add_user("alice")
        token = registry.token("alice")
        registry.seed("demo", "1.0.0")
        with (client := Client(registry, token)).session:
            stage_id = client.staged("demo", "1.1.0")
    with start_registry(folder) as registry, (client := Client(registry, token)).session:
        assert client.get(f"-/stage/{stage_id}").json()["version"] == "1.1.0"
        assert client.approve(stage_id, otp=registry.otp("alice")).status_code == 201
        assert client.get("demo").json()["dist-tags"] == {"latest": "1.1.0"}


def test_a_second_registry_on_the_same_folder_is_refused(tmp_path):
    with start_registry(tmp_path), pytest.raises(Refused, match="in use by another process"), start_registry(tmp_path):
        pass


def test_a_folder_with_something_else_in_its_place_is_refused(tmp_path):
    (tmp_path / "registry.sqlite").write_bytes(b"this is no database " * 100)
    with pytest.raises(Refused, match="no registry database"), start_registry(tmp_path):
        pass
