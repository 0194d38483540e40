import os
import sys
import time
from pathlib import Path

import pytest

from vis_tasks.adapters.process import SubprocessRunner, find_program
from vis_tasks.errors import Failed

PYTHON = sys.executable


def python(code: str) -> list[str]:
    return [PYTHON, "-c", code]


@pytest.fixture
def runner() -> SubprocessRunner:
    return SubprocessRunner()


def test_output_and_exit_code_come_back(runner, tmp_path):
    done = runner.run(
        python("import sys; print('out'); print('err', file=sys.stderr); sys.exit(3)"), cwd=tmp_path, check=False
    )
    assert (done.code, done.stdout, done.stderr) == (3, "out\n", "err\n")


def test_undecodable_bytes_are_replaced_and_line_ends_kept(runner, tmp_path):
    done = runner.run(python(r"import sys; sys.stdout.buffer.write(b'a\xff\r\n')"), cwd=tmp_path)
    assert done.stdout == "a\N{REPLACEMENT CHARACTER}\r\n"


def test_stdin_is_empty_unless_given(runner, tmp_path):
    read = python("import sys; print(repr(sys.stdin.read()))")
    assert runner.run(read, cwd=tmp_path).stdout == "''\n"
    assert runner.run(read, cwd=tmp_path, input_text="é\n").stdout in {"'é\\n'\n", "'Ã©\\n'\n"}


def test_a_program_that_never_reads_its_input_is_no_error(runner, tmp_path):
    assert runner.run(python("pass"), cwd=tmp_path, input_text="x" * 1_000_000).code == 0


def test_something_can_be_begun_while_a_program_runs(runner, tmp_path):
    # A real program, which has no clock of ours: it looks for the file now and then.
    waits = "import pathlib, time\nwhile not pathlib.Path('go').exists(): time.sleep(0.01)\nprint('went')"
    done = runner.run([PYTHON, "-c", waits], cwd=tmp_path, started=(tmp_path / "go").touch, timeout=60)
    assert done.stdout.split() == ["went"]


@pytest.mark.skipif(sys.platform == "win32", reason="os.kill(pid, 0) would end a process there")
def test_a_program_ends_with_what_was_begun_beside_it(runner, tmp_path):
    pid = tmp_path / "pid"

    def interrupted() -> None:
        deadline = time.monotonic() + 60
        while not (pid.exists() and pid.read_text()):
            assert time.monotonic() < deadline, "the program did not begin"
        raise KeyboardInterrupt

    # It sleeps far longer than the test may last: it has to be ended.
    lasts = "import os, pathlib, time\npathlib.Path('pid').write_text(str(os.getpid()))\ntime.sleep(600)"
    with pytest.raises(KeyboardInterrupt):
        runner.run([PYTHON, "-c", lasts], cwd=tmp_path, started=interrupted)
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid.read_text()), 0)


def test_variables_are_added_to_the_environment(tmp_path):
    runner = SubprocessRunner(base_env={"PATH": os.environ["PATH"], "BASE": "1"})
    show = python("import os; print(os.environ.get('BASE'), os.environ.get('MORE'), os.environ.get('HOME'))")
    assert runner.run(show, cwd=tmp_path, env={"MORE": "2"}).stdout == "1 2 None\n"


def test_a_failure_shows_the_command_the_folder_and_the_tail_of_the_output(runner, tmp_path):
    with pytest.raises(Failed) as caught:
        runner.run(python("[print(i) for i in range(100)]; raise SystemExit(7)"), cwd=tmp_path)
    assert caught.value.code == "COMMAND_FAILED"
    assert "exit code 7" in caught.value.message
    assert str(tmp_path) in caught.value.message
    assert "  99" in caught.value.message
    assert "  70\n" not in caught.value.message


def test_secrets_are_in_no_message(runner, tmp_path):
    code = "import os, sys; sys.exit('got ' + os.environ['NPM_TOKEN'] + ' and npm_' + 'a' * 36)"
    with pytest.raises(Failed) as caught:
        runner.run([*python(code), "--otp", "123456"], cwd=tmp_path, env={"NPM_TOKEN": "hunter2-hunter2"})
    assert "hunter2" not in caught.value.message
    assert "npm_aaa" not in caught.value.message
    assert "123456" not in caught.value.message
    assert "123456" not in str(caught.value.details)


def test_the_command_in_the_result_and_the_trace_is_redacted(tmp_path):
    traced: list[str] = []
    runner = SubprocessRunner(trace=traced.append)
    done = runner.run([*python("pass"), "https://user:pass@localhost/x", "--otp=123456"], cwd=tmp_path)
    for text in (" ".join(done.argv), traced[0]):
        assert "pass@" not in text
        assert "123456" not in text


def test_a_missing_program_is_not_found(runner, tmp_path):
    with pytest.raises(Failed, match="no-such-program-here: program not found") as caught:
        runner.run(["no-such-program-here"], cwd=tmp_path)
    assert caught.value.code == "NOT_FOUND"
    assert "PATH" in caught.value.hint


def test_a_missing_folder_is_named(runner, tmp_path):
    with pytest.raises(Failed, match="no such folder"):
        runner.run([PYTHON], cwd=tmp_path / "gone")


@pytest.mark.skipif(sys.platform == "win32", reason="needs an executable bit")
def test_a_program_is_found_on_the_path_of_the_child(tmp_path):
    tool = tmp_path / "bin" / "my-tool"
    tool.parent.mkdir()
    tool.write_text("#!/bin/sh\necho here\n")
    tool.chmod(0o755)
    runner = SubprocessRunner()
    assert runner.run(["my-tool"], cwd=tmp_path, env={"PATH": str(tool.parent)}).stdout == "here\n"
    assert runner.run([f"bin{os.sep}my-tool"], cwd=tmp_path).stdout == "here\n"
    assert find_program("my-tool", env={"PATH": str(tool.parent)}) == tool


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{pid}/stat")
    return not (status.exists() and status.read_text().rsplit(")", 1)[1].split()[0] == "Z")


@pytest.mark.skipif(sys.platform == "win32", reason="process groups are POSIX")
def test_a_timeout_ends_the_program_and_its_children(runner, tmp_path):
    # Both sleep far longer than the test may last: they have to be ended.
    code = (
        "import subprocess, sys, time, pathlib\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        "pathlib.Path('pid').write_text(str(child.pid))\n"
        "print('before the end', flush=True)\n"
        "time.sleep(600)\n"
    )
    with pytest.raises(Failed, match="no end after 1 s") as caught:
        runner.run(python(code), cwd=tmp_path, timeout=1)
    assert caught.value.code == "TIMEOUT"
    assert "before the end" in caught.value.message
    child = int((tmp_path / "pid").read_text())
    deadline = time.monotonic() + 5
    while alive(child) and time.monotonic() < deadline:
        pass
    assert not alive(child)


def test_a_batch_file_gets_no_argument_that_cmd_would_interpret(runner, tmp_path):
    shim = tmp_path / "tool.cmd"
    shim.write_text("#!/bin/sh\necho ran\n")
    shim.chmod(0o755)
    with pytest.raises(Failed, match=r"cmd\.exe"):
        runner.run([str(shim), "a&calc"], cwd=tmp_path)
    if sys.platform != "win32":
        assert runner.run([str(shim), "fine"], cwd=tmp_path).stdout == "ran\n"
