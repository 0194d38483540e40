"""`dataclasses.dataclass`, without what it costs a command to start.

The standard library compiles six methods for each frozen class (`dataclasses._process_class`): half a millisecond a class, and a
release has about a hundred of them. Here they share theirs. The fields are the standard library's, so that `fields`, `replace`,
`asdict` and type checkers see what they always see; ``init=False`` and ``kw_only`` are not known here.
"""

from __future__ import annotations

import dataclasses
from reprlib import recursive_repr
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Never

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

__all__ = ["dataclass"]


class _Fields(NamedTuple):
    defaults: Mapping[str, Any]
    factories: Mapping[str, Callable[[], Any]]
    shown: Sequence[str]
    compared: Sequence[str]
    hashed: Sequence[str]


class _Shared:
    """The methods that every frozen class gets, but for those it has itself."""

    __records__: ClassVar[_Fields]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        fields = self.__records__
        given = dict(zip(fields.defaults, args, strict=False))
        if len(args) > len(given) or not given.keys().isdisjoint(kwargs):
            raise TypeError(_told(self, "takes each field once", args, kwargs))
        given.update(kwargs)
        own = self.__dict__
        for name, default in fields.defaults.items():
            if name in given:
                own[name] = given.pop(name)
            elif name in fields.factories:
                own[name] = fields.factories[name]()
            elif default is not dataclasses.MISSING:
                own[name] = default
            else:
                raise TypeError(_told(self, f"misses {name!r}", args, kwargs))
        if given:
            raise TypeError(_told(self, f"has no field {next(iter(given))!r}", args, kwargs))

    @recursive_repr()
    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={getattr(self, name)!r}" for name in self.__records__.shown)
        return f"{type(self).__qualname__}({shown})"

    def __eq__(self, other: object) -> bool:
        if other.__class__ is not self.__class__:
            return NotImplemented
        mine, theirs, names = self.__dict__, other.__dict__, self.__records__.compared
        return [mine[name] for name in names] == [theirs[name] for name in names]

    def __hash__(self) -> int:
        own = self.__dict__
        return hash(tuple([own[name] for name in self.__records__.hashed]))

    def __setattr__(self, name: str, value: object) -> Never:
        raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")

    def __delattr__(self, name: str) -> Never:
        raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")


def _told(record: object, what: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> str:
    names = ", ".join(kwargs) or "none"
    return f"{type(record).__qualname__} {what}; {len(args)} given by position, by name: {names}"


_METHODS = {name: each for name, each in vars(_Shared).items() if callable(each)}


def _frozen(cls: type) -> type:
    fields = dataclasses.fields(dataclasses.dataclass(init=False, repr=False, eq=False)(cls))
    cls.__records__ = _Fields(  # type: ignore[attr-defined]
        {each.name: each.default for each in fields},
        {each.name: each.default_factory for each in fields if each.default_factory is not dataclasses.MISSING},
        [each.name for each in fields if each.repr],
        [each.name for each in fields if each.compare],
        [each.name for each in fields if (each.compare if each.hash is None else each.hash)],
    )
    for name, method in _METHODS.items():
        if name not in cls.__dict__:
            setattr(cls, name, method)
    return cls


if TYPE_CHECKING:
    from dataclasses import dataclass
else:

    def dataclass(cls: type | None = None, *, frozen: bool = False) -> type | Callable[[type], type]:
        """As the standard library's; only frozen classes are made in another way.

        Args:
            cls: the class, where it is used without parentheses.
            frozen: whether instances can't be changed.
        """
        if frozen:
            return _frozen
        return dataclasses.dataclass(cls) if cls else dataclasses.dataclass
