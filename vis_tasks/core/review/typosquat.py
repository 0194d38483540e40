"""Names that are one slip of the hand away from another package's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vis_tasks.patterns import regex

if TYPE_CHECKING:
    from collections.abc import Collection

__all__ = ["looks_like"]

# Packages whose names are imitated the most; those a workspace uses already are added by who asks.
_POPULAR_TEXT = """
react react-dom vue angular svelte next express koa fastify lodash underscore ramda axios node-fetch got request
chalk commander yargs minimist debug dotenv cross-env rimraf glob mkdirp uuid moment dayjs date-fns semver
webpack rollup vite esbuild babel typescript eslint prettier jest mocha chai vitest jquery bootstrap tailwindcss
postcss sass styled-components redux mobx rxjs zod joi ajv mongoose mongodb mysql mysql2 redis ioredis sequelize
prisma knex socket.io puppeteer playwright electron discord.js ethers web3 bignumber.js bcrypt jsonwebtoken
passport nodemailer winston pino colors ora inquirer prompts event-stream ua-parser-js coa rc color-convert
ansi-styles ms ws cors body-parser cookie-parser multer helmet nodemon ts-node concurrently husky lint-staged
classnames clsx immer nanoid async bluebird
"""
_POPULAR = frozenset(_POPULAR_TEXT.split())
_SEPARATORS = regex(r"[-_.]")
_SHORTEST = 4


def looks_like(name: str, known: Collection[str]) -> str | None:
    """The well-known name this one could be mistaken for, or None.

    One letter added, left out, changed or swapped; separators moved; a scope written into the name (``types-node``).

    Args:
        name: npm name.
        known: names in use already; one of them is never suspicious.
    """
    if name in known or name in _POPULAR:
        return None
    bare = name.rpartition("/")[2]
    flat = _SEPARATORS.sub("", name.lstrip("@").replace("/", ""))
    for other in sorted({*known, *_POPULAR}):
        twin = other.rpartition("/")[2]
        same_place = name.partition("/")[0] == other.partition("/")[0] or "/" not in name
        if same_place and flat == _SEPARATORS.sub("", other.lstrip("@").replace("/", "")):
            return other
        if min(len(bare), len(twin)) < _SHORTEST or ("/" in name) != ("/" in other) or not same_place:
            continue
        if "/" in name and name.partition("/")[0] == other.partition("/")[0]:
            continue  # a scope belongs to somebody: its own names can't be squatted by others
        if _one_slip(bare, twin):
            return other
    return None


def _one_slip(one: str, two: str) -> bool:
    """Whether one edit (insert, delete, replace, swap of neighbours) makes one name the other."""
    if one == two or abs(len(one) - len(two)) > 1:
        return False
    start = next((place for place, (a, b) in enumerate(zip(one, two, strict=False)) if a != b), min(len(one), len(two)))
    rest_one, rest_two = one[start:], two[start:]
    return (
        rest_one[1:] == rest_two[1:]
        or rest_one[1:] == rest_two
        or rest_one == rest_two[1:]
        or (rest_one[:2] == rest_two[1::-1] and len(rest_two) > 1 and rest_one[2:] == rest_two[2:])
    )
