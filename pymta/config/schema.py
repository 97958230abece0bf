"""The types of all settings, and values checked against them by the core of pydantic.

The subjects' dataclasses are the only declaration; what the core is told is made from their
annotations, and only for settings that have a value.  pydantic's own layer above it, with a model
of all there are, took a sixth of each start of a daemon.

It is strict: a number in quotes is no number.  Markers of `units` say which texts are numbers.
pydantic's own wording never reaches an operator.

Touches: pydantic-core.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping
from dataclasses import fields
from functools import reduce
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

from pydantic_core import CoreConfig, CoreSchema, SchemaValidator, ValidationError, core_schema

from pymta.config.check import Fault
from pymta.config.settings import SUBJECTS

_WANTED = {
    "bool_type": "want true or false",
    "finite_number": "want a number",
    "float_type": "want a number",
    "int_type": "want a whole number, without quotes",
    "string_type": "want a text in quotes",
    "tuple_type": 'want a list such as ["a", "b"]',
}


def names() -> dict[str, str]:
    """Each setting, and the subject it belongs to."""
    return {f.name: subject for subject, type_ in SUBJECTS.items() for f in fields(type_)}


def validate(values: Mapping[str, object]) -> tuple[dict[str, Any], list[Fault]]:
    """Those of `values` that are right, as the program holds them, and what is wrong with others.

    Every name must be one of `names`.
    """
    faults: list[Fault] = []
    try:
        return _read(values), faults
    except ValidationError as error:
        faults = [_fault(values, detail) for detail in error.errors(include_url=False)]
    wrong = {fault.key for fault in faults}
    return _read({key: value for key, value in values.items() if key not in wrong}), faults


def _read(values: Mapping[str, object]) -> dict[str, Any]:
    wanted = {
        name: core_schema.typed_dict_field(_strict(hint)) for name, hint in _hints(values).items()
    }
    config = CoreConfig(strict=True, allow_inf_nan=False)
    validator = SchemaValidator(core_schema.typed_dict_schema(wanted, config=config))
    found: dict[str, Any] = validator.validate_python(values)
    return found


def _hints(wanted: Container[str]) -> dict[str, Any]:
    """The annotations of these settings, in the order of the manual."""
    found: dict[str, Any] = {}
    for type_ in SUBJECTS.values():
        if names := [field.name for field in fields(type_) if field.name in wanted]:
            hints = get_type_hints(type_, include_extras=True)
            found |= {name: hints[name] for name in names}
    return found


def _fault(values: Mapping[str, object], detail: Any) -> Fault:
    """`detail` is pydantic's: where it is ("loc"), its kind, and for our own readers the error."""
    key, *rest = detail["loc"]
    item = next((part for part in rest if isinstance(part, int)), None)
    if detail["type"] == "value_error":
        wanted = str(detail["ctx"]["error"])
    else:
        wanted = _WANTED.get(detail["type"], detail["msg"])
    value = values[key]
    if item is not None and isinstance(value, list):
        value = value[item]
    return Fault(key, value, wanted, item)


def _strict(hint: Any) -> CoreSchema:
    """The annotation in the words of the core, with our markers as its validators."""
    if hint in _PLAIN:
        return _PLAIN[hint]
    kind, arguments = get_origin(hint), get_args(hint)
    if kind is Annotated:
        plain, *markers = arguments
        before = [marker.read for marker in markers if hasattr(marker, "read")]
        after = [marker.check for marker in markers if hasattr(marker, "check")]
        inner = reduce(_read_before, before, _strict(plain))
        return reduce(_checked_after, after, inner)
    if kind is tuple:
        # TOML has lists, the program tuples; what is in them stays strict.
        return core_schema.tuple_variable_schema(_strict(arguments[0]), strict=False)
    if kind is list:
        return core_schema.list_schema(_strict(arguments[0]))
    if kind is dict:
        return core_schema.dict_schema(*map(_strict, arguments))
    assert kind in {Union, UnionType}, hint
    choices = [_strict(one) for one in arguments if one is not NoneType]
    inner = choices[0] if len(choices) == 1 else core_schema.union_schema(list(choices))
    return core_schema.nullable_schema(inner) if NoneType in arguments else inner


def _read_before(schema: CoreSchema, read: Callable[[Any], Any]) -> CoreSchema:
    return core_schema.no_info_before_validator_function(read, schema)


def _checked_after(schema: CoreSchema, check: Callable[[Any], Any]) -> CoreSchema:
    return core_schema.no_info_after_validator_function(check, schema)


_PLAIN: Mapping[Any, CoreSchema] = {
    bool: core_schema.bool_schema(),
    int: core_schema.int_schema(),
    float: core_schema.float_schema(),
    str: core_schema.str_schema(),
    Any: core_schema.any_schema(),
}
