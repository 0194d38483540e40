"""How npm is asked for its configuration: through its own modules where npm is plainly installed, else by its command.

The command loads all that npm needs to log, to report and to print before it answers; the modules that resolve its configuration
are a third of that. Both give the same answer (``lib/npm.js`` and ``lib/commands/config.js`` of npm 11.19), and where the modules
are others than we know, the command is what counts.

Nothing is imported here but what Python has loaded anyway: the binary asks before anything else is there.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False  # as `typing` has it
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["CONFIG_ENV", "CONFIG_WORDS", "is_plain_npm", "ways_to_ask", "which"]

CONFIG_WORDS = ("config", "list", "--json")
"""How npm is asked for its configuration by its command."""

CONFIG_ENV = {"npm_config_update_notifier": "false"}
"""And with which variables: once a day it would ask the registry for a newer npm before it ends."""

# Inside a member of a workspace npm's command refuses, so this does, too; what it keeps to itself is left out here as well.
_SCRIPT = """\
const {dirname, join} = require('node:path'), module = require('node:module'), cli = process.argv[1]
module.enableCompileCache?.()
const npmPath = dirname(dirname(cli)), load = module.createRequire(join(npmPath, 'lib', 'npm.js'))
const Config = load('@npmcli/config'), known = load('@npmcli/config/lib/definitions'), {redact} = load('@npmcli/redact')
const hidden = ['auth', 'authToken', 'certfile', 'email', 'keyfile', 'password', 'username']
const isHidden = key => key.startsWith('_') || hidden.includes(key) ||
  key.startsWith('//') && (key.includes(':_') || hidden.some(each => key.endsWith(':' + each)))
const argv = [process.argv[0], cli, ...process.argv.slice(2)]
const config = new Config({npmPath, ...known, argv, excludeNpmCwd: false, warn: false})
config.load().then(() => {
  if (config.get('workspaces') || config.get('workspace').length || config.get('usage')) process.exit(1)
  const found = {}, flat = config.flat // which settles what depends on other settings: with an otp, auth-type is legacy
  for (const key in config.list[0]) {
    const value = config.get(key)
    if (!isHidden(key) && redact(value) === value) found[key] = value
  }
  process.stdout.write(JSON.stringify(found))
})
"""


def ways_to_ask(npm: Sequence[str], env: Mapping[str, str]) -> tuple[tuple[str, ...], ...]:
    """Command lines that print npm's public configuration as JSON, the quickest first; one that fails says nothing.

    Args:
        npm: how npm is started, see `vis_tasks.adapters.npm.node.find_npm`.
        env: the environment whose PATH counts.
    """
    command = (*npm, *CONFIG_WORDS)
    # A plain npm begins with `#!/usr/bin/env node`; the bundled one is started by the node beside it.
    node = npm[0] if len(npm) > 1 else which("node", env)
    cli = os.path.realpath(which(npm[-1], env) or npm[-1])
    if node is None or not is_plain_npm(cli):
        return (command,)
    return (node, "--eval", _SCRIPT, "--", cli, *CONFIG_WORDS), command


def is_plain_npm(cli: str) -> bool:
    """Whether a program, its links resolved, is npm's own as it is installed; not a version manager's shim, nor npm.cmd."""
    return cli.replace(os.sep, "/").endswith("/bin/npm-cli.js")


def which(name: str, env: Mapping[str, str]) -> str | None:
    """As `shutil.which`, which takes 3 ms to load.

    Args:
        name: a program's name, or its path.
        env: the environment whose PATH counts.
    """
    path = env.get("PATH", os.defpath)
    if sys.platform == "win32":
        import shutil

        return shutil.which(name, path=path)
    folders = [""] if os.path.dirname(name) else path.split(os.pathsep)  # noqa: PTH120
    files = (os.path.join(folder, name) for folder in folders)  # noqa: PTH118
    return next((file for file in files if os.access(file, os.X_OK) and not os.path.isdir(file)), None)  # noqa: PTH112
