"""npm's own configuration: one npm process, and the credentials that it keeps to itself.

``npm config list --json`` prints every public setting and the paths of the files; it leaves out credentials and whatever
looks like one. Those are read from the same files and variables, with npm's precedence: environment, project, user, global.
"""

from __future__ import annotations

import json
from contextlib import suppress
from functools import cache, cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vis_tasks.__about__ import __version__
from vis_tasks.adapters.npm.ask import CONFIG_ENV, ways_to_ask
from vis_tasks.adapters.npm.auth import Auth, credentials_in, find_auth, host_of, nerf_dart
from vis_tasks.adapters.npm.npmrc import env_layer, file_layer, unset_variables
from vis_tasks.adapters.redact import redact, register_secret
from vis_tasks.errors import Refused
from vis_tasks.records import dataclass, field

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from vis_tasks.adapters.npm.session import NpmSession
    from vis_tasks.ports import Completed, Runner

__all__ = ["NpmConfig", "committed_registry"]

_SECRET_KEYS = (":_authToken", ":_auth", ":_password")
# npm refuses these outside of a registry's key since version 9 (ERR_INVALID_AUTH).
_BARE_CREDENTIALS = ("_auth", "_authToken", "_password", "username")
_END_OF_CERTIFICATE = "-----END CERTIFICATE-----"


def committed_registry(runner: Runner, root: Path) -> str:
    """The registry npm uses in this checkout on a machine that has no settings of its own. One npm process.

    Npm passes over empty variables (``@npmcli/config``, ``loadEnv``), and over files that aren't there.
    """
    user, machine = (str(root / ".vis" / f"no-{whose}-npmrc") for whose in ("user", "global"))
    env = {"npm_config_userconfig": user, "npm_config_globalconfig": machine, "npm_config_registry": ""}
    return runner.run(["npm", "config", "get", "registry"], cwd=root, env=env).stdout.strip()


@dataclass(frozen=True)
class NpmConfig:
    """What npm is configured to do, as it stood when it was loaded. Use `load`.

    Attributes:
        npm_version: such as ``"11.19.1"``.
        root: the workspace root it was resolved for.
        values: the merged settings, credentials included; never print it.
        layers: ``(where, settings)`` pairs, strongest first.
        env: the environment that npm runs in.
        forced_registry: an address that overrides whatever npm is configured with; None without one.
        token_key: the key under which ``NPM_TOKEN`` was put, because npm had no credentials for the registry; None otherwise.
    """

    npm_version: str
    root: Path
    values: Mapping[str, Any] = field(repr=False)
    layers: tuple[tuple[str, Mapping[str, Any]], ...] = field(repr=False, default=())
    env: Mapping[str, str] = field(repr=False, default_factory=dict)
    forced_registry: str | None = None
    token_key: str | None = None

    @classmethod
    def load(
        cls,
        runner: Runner,
        root: Path,
        env: Mapping[str, str],
        registry: str | None = None,
        *,
        npm: Sequence[str] = ("npm",),
    ) -> NpmConfig:
        """Ask npm (one process, see `vis_tasks.adapters.npm.ask`) and read up to three small files.

        Args:
            runner: starts npm.
            root: the workspace root.
            env: the whole environment that the runner gives to programs.
            registry: an address that goes before everything npm is configured with, scopes and ``publishConfig`` included.
            npm: how npm is started, see `vis_tasks.adapters.npm.node.find_npm`.

        Raises:
            vis_tasks.errors.Refused: code ``NPM_CONFIG`` when npm can't read its own configuration.
            vis_tasks.errors.Failed: code ``NOT_FOUND`` when npm isn't there.
        """
        public, project = _ask_npm(runner, root, npm, env)
        layers = _layers(public, project, env)
        merged: dict[str, Any] = {}
        for _, layer in reversed(layers):
            merged.update(layer)
        values = merged | public
        token_key = _fall_back(values, registry or str(values.get("registry") or ""), env)
        for key, value in values.items():
            if key.endswith(_SECRET_KEYS) and isinstance(value, str):
                register_secret(value)
        return cls(str(public.get("npm-version", "")), root, values, layers, env, registry, token_key)

    @property
    def registry(self) -> str:
        """The address for packages that no scope sends elsewhere."""
        return self.forced_registry or str(self.values.get("registry") or "")

    def registry_for(self, package_name: str, publish_config: Mapping[str, Any] | None = None) -> str:
        """Where npm would publish a package, with a trailing slash.

        Npm looks for credentials under the address up to its last slash, so an address written without the closing one would
        miss those of its own folder.

        Args:
            package_name: npm name, with its scope.
            publish_config: the manifest's ``publishConfig``. As in npm, its ``registry`` goes before the configured one but
                behind a registry configured for the scope.
        """
        if self.forced_registry:
            return _slashed(self.forced_registry)
        scope, slash, _ = package_name.partition("/")
        own = dict(publish_config or {})
        candidates = [own.get("registry"), self.values.get("registry")]
        if slash and scope.startswith("@"):
            key = f"{scope}:registry"
            candidates = [own.get(key), self.values.get(key), *candidates]
        return _slashed(next((each for each in candidates if isinstance(each, str) and each), ""))

    def auth_for(self, url: str) -> Auth:
        """The credentials npm would send with a request to this address; `Auth.present` is False when there are none."""
        auth = find_auth(url, self.credentials)
        if not auth.present and self.registry and url != self.registry and host_of(url) == host_of(self.registry):
            auth = find_auth(self.registry, self.credentials)
        return auth

    @cached_property
    def credentials(self) -> Mapping[str, Auth]:
        """All credentials, by the place that they are for."""
        return credentials_in(self.values)

    def problems(self) -> tuple[str, ...]:
        """What npm will stumble over, a line each: credentials of no registry, and variables that aren't set."""
        found = []
        for where, layer in self.layers:
            if where != "environment":
                found += [
                    f"{where}: npm refuses `{key}` without a registry (npm config fix renames it)"
                    for key in _BARE_CREDENTIALS
                    if layer.get(key)
                ]
            for key, value in layer.items():
                if key != self.token_key and key.endswith(_SECRET_KEYS) and isinstance(value, str):
                    found += [
                        f"{where}: {key} uses ${{{name}}}, which is not set: npm sends that text as the credential"
                        for name in unset_variables(value)
                    ]
        return tuple(found)

    def child_env(self) -> dict[str, str]:
        """Variables for npm processes, so that ``NPM_TOKEN`` counts for them too; no file is written, no argument shows it."""
        if self.token_key is None:
            return {}
        return {f"npm_config_{self.token_key}": str(self.values[self.token_key])}

    def session(self, url: str | None = None) -> NpmSession:
        """A session with npm's certificate authorities, ``strict-ssl``, proxies and user agent; credentials are the caller's.

        Args:
            url: the registry it is for, whose client certificate it shows.

        Raises:
            vis_tasks.errors.Refused: code ``NPM_CONFIG`` when certificates can't be loaded.
        """
        from vis_tasks.adapters.npm.session import NpmSession, proxy_for, tls_context

        strict = self.values.get("strict-ssl") is not False
        configured = next((each for each in (self.values.get("https-proxy"), self.values.get("proxy")) if each), None)
        no_proxy = self.values.get("noproxy") or ""
        no_proxy = ",".join(map(str, no_proxy)) if isinstance(no_proxy, list) else str(no_proxy)
        context = partial(
            tls_context,
            strict=strict,
            authorities=self._authorities,
            client_cert=self.auth_for(url).client_cert if url else None,
            env=self.env,
            root=self.root,
        )
        if not (url or "").startswith("http:"):
            context()  # what can't be loaded is told before anything is sent

        @cache
        def _proxy(host: str) -> str | None:
            return proxy_for(host, configured=configured, no_proxy=no_proxy, env=self.env)

        return NpmSession(
            context=context,
            strict=strict,
            proxy=lambda to: _proxy("/".join(to.split("/", 3)[:3])),
            user_agent=self._user_agent,
        )

    @cached_property
    def _authorities(self) -> tuple[str, ...]:
        """PEM texts: ``cafile`` before ``ca`` within one layer, the strongest layer that has either."""
        cafile = Path(str(self.values.get("cafile") or ""))  # npm has made it absolute
        for layer in (*(layer for _, layer in self.layers), self.values):
            if layer.get("cafile") and cafile.is_file():
                parts = cafile.read_text(encoding="utf-8", errors="replace").split(_END_OF_CERTIFICATE)
                return tuple(part.lstrip() + _END_OF_CERTIFICATE for part in parts if part.strip())
            ca = layer.get("ca")
            texts = [str(each) for each in (ca if isinstance(ca, list) else [ca]) if each]
            if texts:
                return tuple(texts)
        return ()

    @property
    def _user_agent(self) -> str:
        configured = str(self.values.get("user-agent") or "")
        # A template is npm's own; a text without fields is what somebody wants to see.
        return configured if configured and "{" not in configured else f"vis-tasks/{__version__} npm/{self.npm_version}"


def _slashed(url: str) -> str:
    return url if url.endswith("/") or not url else url + "/"


def _ask_npm(runner: Runner, root: Path, npm: Sequence[str], env: Mapping[str, str]) -> tuple[dict[str, Any], Path]:
    """The public settings, and the folder whose npmrc is the project's."""
    project = _project(root.absolute())
    done, public = _answer(runner, root, npm, env)
    if done.code != 0 and "ENOWORKSPACES" in done.stdout + done.stderr:
        # npm won't tell inside a member of a workspace; there the root's npmrc counts, so ask at the root.
        project = next((each for each in project.parents if _has_workspaces(each / "package.json")), project)
        done, public = _answer(runner, project, npm, env)
    if done.code != 0 or not isinstance(public, dict):
        words = redact((done.stderr or done.stdout).strip()) or f"exit code {done.code}"
        raise Refused(
            f"npm can't read its configuration (in {root}): {words}",
            code="NPM_CONFIG",
            hint="Run `npm config list` there and mend what it names.",
        )
    for own in ("json", "update-notifier"):
        public.pop(own, None)
    return public, project


def _answer(runner: Runner, root: Path, npm: Sequence[str], env: Mapping[str, str]) -> tuple[Completed, Any]:
    """What npm said, and that as data; None for what is none."""
    for way in ways_to_ask(npm, env):
        done = runner.run(way, cwd=root, env=CONFIG_ENV, check=False)
        with suppress(ValueError):
            if done.code == 0:
                return done, json.loads(done.stdout)
    return done, None


def _layers(public: Mapping[str, Any], project: Path, env: Mapping[str, str]) -> tuple[tuple[str, dict[str, Any]], ...]:
    user = Path(str(public.get("userconfig", "")))
    own = project / ".npmrc"
    global_mode = public.get("global") is True or public.get("location") == "global"
    files = [] if global_mode or own == user else [own]
    files += [user, Path(str(public.get("globalconfig", "")))]
    layers = [("environment", env_layer(env))]
    for path in files:
        try:
            text = path.read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
        layers.append((str(path), file_layer(text, env)))
    return tuple(layers)


def _project(root: Path) -> Path:
    """Npm's local prefix: the nearest folder with a package.json or node_modules."""
    for folder in (root, *root.parents):
        if (folder / "package.json").is_file() or (folder / "node_modules").is_dir():
            return folder
    return root


def _has_workspaces(manifest: Path) -> bool:
    try:
        return bool(json.loads(manifest.read_text(encoding="utf-8")).get("workspaces"))
    except (OSError, ValueError, AttributeError):
        return False


def _fall_back(values: dict[str, Any], registry: str, env: Mapping[str, str]) -> str | None:
    """Put ``NPM_TOKEN`` where npm has no usable credentials for the registry."""
    token = env.get("NPM_TOKEN", "").strip()
    if not token or not registry:
        return None
    register_secret(token)
    auth = find_auth(registry, credentials_in(values))
    if auth.present and not auth.unset:
        return None
    place = auth.key.rpartition(":")[0] if auth.present else nerf_dart(registry)
    key = f"{place}:_authToken"
    values[key] = token
    return key
