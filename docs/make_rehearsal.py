"""Make the README's picture: a rehearsal of the example workspace, as a terminal shows it.

Run it from a checkout with the extras ``registry`` and ``rich``: ``python docs/make_rehearsal.py``. What is committed is
rehearsed. Ids are the registry's own, so the picture changes with each run; the report at its end, a page long, is left out.
"""  # noqa: INP001  (a script, not a package)

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.text import Text

TOP = Path(__file__).resolve().parents[1]
PICTURE = TOP / "docs/images/rehearsal.svg"
WIDTH = 110
_FONT_FACE = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)
_REPORT = "What the real release would do"


def main() -> None:
    """Rehearse what is committed, and keep what was shown."""
    env = {**os.environ, "FORCE_COLOR": "1", "COLUMNS": str(WIDTH), "NO_COLOR": ""}
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["git", "clone", "--quiet", TOP, folder], check=True)
        argv = [sys.executable, "-m", "invoke", "rehearse"]
        done = subprocess.run(
            argv, cwd=folder, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=True
        )
    story, _, report = done.stdout.partition(_REPORT)
    shown = f"$ invoke rehearse\n{story}{_REPORT}\n  …\n{report.splitlines()[-1]}"
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
        console = Console(record=True, width=WIDTH, file=nowhere, force_terminal=True, color_system="standard")
        console.print(Text.from_ansi(shown))
    picture = console.export_svg(title="invoke rehearse", unique_id="rehearsal")
    PICTURE.write_text(_FONT_FACE.sub("", picture), encoding="utf-8")


if __name__ == "__main__":
    main()
