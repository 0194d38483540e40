"""`dataclasses.dataclass`, without what it costs a command to start.

The standard library compiles six methods for each frozen class (`dataclasses._process_class`), half a millisecond a class, and
loads `inspect` before the first: a release has about a hundred of them. Here they share their methods, and the standard library's
view of them is made when somebody asks for it, so that its `fields`, `replace`, `asdict` and `is_dataclass` see what they always
see. ``init=False``, ``kw_only`` and ``InitVar`` are not known here.
"""

from __future__ import annotations

from reprlib import recursive_repr
from typing import TYPE_CHECKING, Any, ClassVar, Never

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

__all__ = ["Field", "dataclass", "field", "fields", "is_record", "replace"]

_MISSING: Any = type("_Missing", (), {"__repr__": lambda _: "MISSING"})()


class Field:
    """One field, as `field` describes it; a plain class, because a `typing.NamedTuple` takes long to make.

    Attributes:
        name: the attribute.
        type: its annotation, as it is written.
        default: its default; see `has_default`.
        default_factory: what makes its default, or None.
        repr: whether it is shown.
        hash: whether it counts for the hash; None does what ``compare`` says.
        compare: whether it counts for equality.
        metadata: whatever its class wants to know.
    """

    def __init__(
        self,
        *,
        default: Any = _MISSING,
        default_factory: Callable[[], Any] | None = None,
        repr: bool = True,  # noqa: A002  (the standard library's words)
        hash: bool | None = None,  # noqa: A002
        compare: bool = True,
        metadata: Mapping[str, Any] | None = None,
    ) -> None:
        self.name = ""
        self.type: Any = None
        self.default = default
        self.default_factory = default_factory
        self.repr = repr
        self.hash = hash
        self.compare = compare
        self.metadata: Mapping[str, Any] = metadata or {}

    @property
    def has_default(self) -> bool:
        """Whether there is a plain default."""
        return self.default is not _MISSING


class _Records:
    """What the methods of a class want to know of its fields."""

    def __init__(self, found: Mapping[str, Field], *, has_post_init: bool) -> None:
        every = found.values()
        self.fields = found
        self.names = tuple(found)
        self.count = len(found)
        self.defaults = {each.name: each.default for each in every}
        self.bare = [each.name for each in every if not each.has_default]
        self.factories = {each.name: each.default_factory for each in every if each.default_factory}
        self.shown = [each.name for each in every if each.repr]
        self.compared = [each.name for each in every if each.compare]
        self.hashed = [each.name for each in every if (each.compare if each.hash is None else each.hash)]
        self.has_post_init = has_post_init


class _Shared:
    """The methods that every frozen class gets, but for those it has itself; others get the first three."""

    __records__: ClassVar[_Records]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        records = self.__records__
        own = self.__dict__
        if not kwargs and len(args) == records.count:
            own.update(zip(records.names, args))  # noqa: B905  (of one length, and a plan makes thousands)
            if records.has_post_init:
                self.__post_init__()  # type: ignore[attr-defined]
            return
        own.update(records.defaults)  # all fields in their order, those without a default as missing
        if args:
            given = dict(zip(records.defaults, args, strict=False))
            if len(args) > len(given) or (kwargs and not given.keys().isdisjoint(kwargs)):
                raise TypeError(_told(self, "takes each field once", args, kwargs))
            own.update(given)
        own.update(kwargs)
        if len(own) > len(records.defaults):
            raise TypeError(_told(self, f"has no field {list(own)[len(records.defaults)]!r}", args, kwargs))
        for name in records.bare:
            if own[name] is _MISSING:
                if name not in records.factories:
                    raise TypeError(_told(self, f"misses {name!r}", args, kwargs))
                own[name] = records.factories[name]()
        if records.has_post_init:
            self.__post_init__()  # type: ignore[attr-defined]

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
        raise _frozen_error(f"cannot assign to field {name!r}")

    def __delattr__(self, name: str) -> Never:
        raise _frozen_error(f"cannot delete field {name!r}")


def _frozen_error(why: str) -> AttributeError:
    from dataclasses import FrozenInstanceError

    return FrozenInstanceError(why)


def _told(record: object, what: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> str:
    names = ", ".join(kwargs) or "none"
    return f"{type(record).__qualname__} {what}; {len(args)} given by position, by name: {names}"


_FROZEN_METHODS = {name: each for name, each in vars(_Shared).items() if callable(each)}
_OPEN_METHODS = {"__hash__": None, **{name: _FROZEN_METHODS[name] for name in ("__init__", "__repr__", "__eq__")}}


class _Standard:
    """``__dataclass_fields__``: the standard library's view, made when somebody looks for the first time."""

    def __get__(self, instance: object, owner: type) -> Any:
        import dataclasses

        inside: dict[str, Any] = {"__annotations__": {each.name: each.type for each in fields(owner)}}
        for each in fields(owner):
            told: dict[str, Any] = {"default": each.default} if each.has_default else {}
            told |= {"default_factory": each.default_factory} if each.default_factory else {}
            told |= {"repr": each.repr, "hash": each.hash, "compare": each.compare, "metadata": each.metadata}
            inside[each.name] = dataclasses.field(**told)
        shadow: type = dataclasses.dataclass(init=False, repr=False, eq=False)(type(owner.__name__, (), inside))
        owner.__dataclass_fields__ = seen = vars(shadow)["__dataclass_fields__"]  # type: ignore[attr-defined]
        return seen


def _made(cls: type, methods: Mapping[str, Any]) -> type:
    found: dict[str, Field] = {}
    for base in reversed(cls.__mro__[1:]):
        if "__records__" in base.__dict__:
            found |= base.__dict__["__records__"].fields
    for name, annotation in cls.__annotations__.items():
        if not str(annotation).startswith(("ClassVar", "typing.ClassVar")):
            found[name] = _own_field(cls, name, annotation)
    cls.__records__ = _Records(found, has_post_init=hasattr(cls, "__post_init__"))  # type: ignore[attr-defined]
    cls.__dataclass_fields__ = _Standard()  # type: ignore[attr-defined]
    if "__match_args__" not in cls.__dict__:
        cls.__match_args__ = tuple(found)  # type: ignore[attr-defined,misc]
    for name, method in methods.items():
        if name not in cls.__dict__:
            setattr(cls, name, method)
    return cls


def _own_field(cls: type, name: str, annotation: Any) -> Field:
    value = cls.__dict__.get(name, _MISSING)
    if not isinstance(value, Field):
        if type(value).__hash__ is None:
            msg = f"mutable default {type(value)} for field {name} is not allowed: use default_factory"
            raise ValueError(msg)
        value = Field(default=value)
    elif value.has_default:
        setattr(cls, name, value.default)
    else:
        delattr(cls, name)
    value.name, value.type = name, annotation
    return value


def is_record(value: object) -> bool:
    """Whether it is a class of this kind, or an instance of one."""
    return hasattr(value, "__records__")


def fields(cls: type) -> tuple[Field, ...]:
    """The fields of a class, those of its bases first."""
    return tuple(cls.__records__.fields.values())  # type: ignore[attr-defined]


if TYPE_CHECKING:
    from dataclasses import dataclass, field, replace
else:
    field = Field

    def replace(record: Any, /, **changes: Any) -> Any:
        """As the standard library's: another of the same class with some fields changed."""
        own = record.__dict__
        return type(record)(
            **{name: own[name] for name in record.__records__.defaults if name not in changes}, **changes
        )

    def dataclass(cls: type | None = None, *, frozen: bool = False) -> type | Callable[[type], type]:
        """As the standard library's, in another way.

        Args:
            cls: the class, where it is used without parentheses.
            frozen: whether instances can't be changed.
        """
        methods = _FROZEN_METHODS if frozen else _OPEN_METHODS

        def make(made: type) -> type:
            return _made(made, methods)

        return make(cls) if cls else make
