"""`dataclasses.dataclass`, which makes frozen dataclasses with slots in a quarter of the time.

The standard library writes a text for six methods of each and has it compiled, in every process
anew: half of the time that pymta took to start.  Only `__init__` is worth a text of its own.  What
comes out is a dataclass to `fields`, `replace`, `asdict`, `match`, `copy` and `pickle`; all but
frozen ones with slots are left to the standard library, and so is what type checkers think.
"""

from __future__ import annotations

import dataclasses
from operator import attrgetter
from reprlib import recursive_repr

__all__ = ["dataclass"]

TYPE_CHECKING = False  # as type checkers know it; most commands need nothing else of `typing`
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from dataclasses import dataclass
    from typing import Any

    Field = dataclasses.Field[Any]
else:

    def dataclass(cls: type | None = None, **wanted: bool) -> Any:
        if cls is None and wanted == {"frozen": True, "slots": True}:
            return _frozen_with_slots
        return dataclasses.dataclass(cls, **wanted)


def _frozen_with_slots(cls: type) -> type:
    if any(map(dataclasses.is_dataclass, cls.__mro__)):
        return dataclasses.dataclass(frozen=True, slots=True)(cls)
    if cls.__doc__ is None:
        cls.__doc__ = cls.__name__  # or else `inspect` is loaded to write a signature there
    own = {name for name, value in cls.__dict__.items() if value is not None}
    made: Any = dataclasses.dataclass(init=False, repr=False, eq=False, slots=True)(cls)
    made.__dataclass_params__.frozen = True
    for name, method in _methods(made, dataclasses.fields(made)).items():
        if name not in own:
            method.__name__, method.__qualname__ = name, f"{made.__qualname__}.{name}"
            setattr(made, name, method)
    return made  # type: ignore[no-any-return]


def _methods(cls: Any, fields: Sequence[Field]) -> Mapping[str, Callable[..., Any]]:
    names = tuple(one.name for one in fields)
    shown = tuple(one.name for one in fields if one.repr)
    compared = _values(one.name for one in fields if one.compare)
    hashed = _values(one.name for one in fields if (one.compare if one.hash is None else one.hash))

    @recursive_repr()
    def show(self: Any) -> str:
        values = ", ".join(f"{name}={getattr(self, name)!r}" for name in shown)
        return f"{self.__class__.__qualname__}({values})"

    def equals(self: Any, other: object) -> Any:
        if other.__class__ is self.__class__:
            return compared(self) == compared(other)
        return NotImplemented

    def hashes(self: Any) -> int:
        return hash(hashed(self))

    def refuse_to_set(self: Any, name: str, value: object) -> None:
        if type(self) is cls or name in names:
            raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")
        super(cls, self).__setattr__(name, value)

    def refuse_to_delete(self: Any, name: str) -> None:
        if type(self) is cls or name in names:
            raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")
        super(cls, self).__delattr__(name)

    def state(self: Any) -> list[Any]:
        return [getattr(self, name) for name in names]

    def restore(self: Any, state: Sequence[Any]) -> None:
        for name, value in zip(names, state, strict=True):
            object.__setattr__(self, name, value)

    return {
        "__init__": _init(cls, fields),
        "__repr__": show,
        "__eq__": equals,
        "__hash__": hashes,
        "__setattr__": refuse_to_set,
        "__delattr__": refuse_to_delete,
        "__getstate__": state,
        "__setstate__": restore,
    }


def _values(names: Iterable[str]) -> Callable[[Any], tuple[Any, ...]]:
    """What gives the values of these attributes, always as a tuple."""
    match tuple(names):
        case ():
            return lambda _: ()
        case (name,):
            return lambda self: (getattr(self, name),)
        case several:
            return attrgetter(*several)


def _init(cls: type, fields: Sequence[Field]) -> Callable[..., None]:
    """Each value is put into its slot, past the method that refuses to set anything."""
    known: dict[str, Any] = {"_not_given": object()}
    positional: list[str] = []
    by_name: list[str] = []
    lines: list[str] = []
    for number, one in enumerate(fields):
        known[f"_set{number}"] = getattr(cls, one.name).__set__
        parameter = value = one.name
        if one.default_factory is not dataclasses.MISSING:
            known[f"_make{number}"] = one.default_factory
            parameter += "=_not_given"
            value = f"_make{number}()" + f" if {value} is _not_given else {value}" * one.init
        elif one.default is not dataclasses.MISSING:
            known[f"_default{number}"] = one.default
            parameter += f"=_default{number}"
            value = value if one.init else f"_default{number}"
        elif not one.init:
            continue
        if one.init:
            (by_name if one.kw_only else positional).append(parameter)
        lines.append(f"_set{number}(self, {value})")
    if hasattr(cls, "__post_init__"):
        lines.append("self.__post_init__()")
    parameters = ["self", *positional, *(["*", *by_name] if by_name else [])]
    text = f"def __init__({', '.join(parameters)}):\n " + "\n ".join(lines or ["pass"])
    exec(text, known)  # noqa: S102 - the names are those of a class of ours
    made: Callable[..., None] = known["__init__"]
    made.__annotations__ = {one.name: one.type for one in fields if one.init} | {"return": None}
    return made
