"""Make the pictures of docs/approving.md from the real thing: real npm, real git, the embedded registry, a real browser.

Run it from a checkout with the test dependencies: ``python docs/make_screenshots.py [chromium]``. Without a Chromium on PATH or
named, the two pictures of the page stay as they are.
"""  # noqa: INP001  (a script, not a package)

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).parents[1]))

from rich.console import Console
from rich.style import Style
from rich.text import Text

from tests.e2e.terminal import watched
from tests.e2e.world import World, build_world
from vis_tasks.registry.run import start_registry

if TYPE_CHECKING:
    from vis_tasks.registry.run import Registry

IMAGES = Path(__file__).parent / "images"
WIDTH = 104
REVIEW = '[release.publish]\nreview-url = "https://npm.example.org/staged?of={name}"\n'
_COLOURS = {"green": "green", "brown": "yellow", "red": "red"}
_FONT_FACE = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)


def main() -> None:
    """Build a small world, walk through the desk, and keep what was shown."""
    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, start_registry(Path(folder) / "registry") as registry:
        world = _staged(build_world(Path(folder), registry), registry)
        core = next(item.id for item in registry.stages() if item.name == "@acme/core")
        page = Path(folder) / "review.html"
        otp = {"NPM_OTP": registry.otp("alice")}
        _shot(world, "list", "stage.list")
        _board(world, registry)
        _shot(world, "review", "stage.review", "@acme/core", "--html", str(page), hide=str(page))
        _shot(world, "held", "stage.approve", "@acme/react@1.0.1", env=otp)
        _shot(world, "inspect", "inspect", "@acme/core")
        _shot(world, "approve", "stage.approve", core[:8], "@acme/react@1.0.1", "--tag", env=otp)
        _shot(world, "reject", "stage.reject", "@acme/cli@2.0.1", "--yes", env=otp)
        _shot(world, "doctor", "doctor")
        _browse(page)


def _staged(world: World, registry: Registry) -> World:
    """Four staged versions: one of them with things to look at."""
    world.package("@acme/core").package("@acme/react", dependencies={"@acme/core": "~1.0.0"}).package(
        "@acme/cli", "2.0.0"
    )
    world.configure(timeout="1s", extra=REVIEW)
    world.write("packages/core/index.js", "module.exports = name => `hello ${name}`\n")
    manifest = json.loads(world.read("packages/core/package.json"))
    manifest |= {"scripts": {"postinstall": "node setup.js"}, "dependencies": {"lodahs": "^4.17.0"}}
    world.write("packages/core/package.json", json.dumps(manifest, indent=2) + "\n")
    world.write("packages/core/setup.js", "require('child_process').execSync('uname -a')\n")
    world.commit("feat(core): greet by name")
    world.change("greet", "Greet by name.", **{"@acme/core": "minor"})
    world.change("typo", "A typo in the help.", **{"@acme/cli": "patch"})
    world.package("@acme/theme", "3.1.0").change("dark", "A dark theme.", **{"@acme/theme": "minor"})
    world.commit("docs: change files")
    done = world.run("release")
    if done.code:
        raise SystemExit(done.text)
    lines = registry.npmrc_lines(registry.token("alice"))
    (world.folder / "home/.npmrc").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return world


def _shot(world: World, name: str, *argv: str, env: dict[str, str] | None = None, hide: str = "") -> None:
    coloured = {"FORCE_COLOR": "1", "NO_COLOR": "", "COLUMNS": str(WIDTH)}
    done = world.run(*argv, env={**coloured, **(env or {})})
    shown = f"$ invoke {' '.join(argv)}\n{done.text}".replace(world.registry.url, "https://registry.example.org/")
    shown = shown.replace(hide, "review.html") if hide else shown
    _keep(Text.from_ansi(shown.rstrip("\n")), name, f"invoke {argv[0]}")


def _keep(shown: Text, name: str, title: str) -> None:
    shown.rstrip()
    with Path("/dev/null").open("w", encoding="utf-8") as nowhere:
        console = Console(record=True, width=WIDTH, file=nowhere, force_terminal=True, color_system="standard")
        console.print(shown)
    picture = console.export_svg(title=title, unique_id=name)
    (IMAGES / f"{name}.svg").write_text(_FONT_FACE.sub("", picture), encoding="utf-8")


def _board(world: World, registry: Registry) -> None:
    """The table while a release waits, as a terminal shows it; one version is approved meanwhile."""
    world.configure(timeout="30m", extra=REVIEW).commit("chore: wait longer")
    with watched(world, "release", columns=WIDTH, lines=40) as terminal:
        terminal.until(lambda lines: any("0 of 4 decided" in line for line in lines))
        registry.approve(next(item.id for item in registry.stages() if item.name == "@acme/theme"), by="alice")
        terminal.until(lambda lines: any("1 of 4 decided" in line for line in lines))
        shown = Text("$ invoke release\n")
        for row in range(terminal.screen.cursor.y + 1):
            cells = terminal.screen.buffer[row]
            for column in range(WIDTH):
                shown.append(cells[column].data, Style(bold=cells[column].bold, color=_COLOURS.get(cells[column].fg)))
            shown.append("\n")
        terminal.press(b"\x03")
        terminal.end()
    _keep(shown, "board", "invoke release")


def _browse(page: Path) -> None:
    browser = next(
        (found for name in (*sys.argv[1:], "chromium", "google-chrome") if (found := shutil.which(name))), None
    )
    if browser is None:
        sys.stderr.write("no Chromium: the pictures of the page stay as they are\n")
        return
    for scheme, flags in (("light", []), ("dark", ["--blink-settings=preferredColorScheme=0"])):
        target = IMAGES / f"page-{scheme}.png"
        argv = [browser, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--window-size=1100,900"]
        subprocess.run([*argv, *flags, f"--screenshot={target}", page.as_uri()], check=True, capture_output=True)


if __name__ == "__main__":
    main()
