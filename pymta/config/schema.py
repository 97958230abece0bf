"""The types of all settings as one pydantic model, and values checked against it.

The subjects' dataclasses are the only declaration; the model is made from their annotations.
It is strict: a number in quotes is no number.  Markers of `units` say which texts are numbers.
pydantic's own wording never reaches an operator.

Touches: pydantic.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from functools import cache
from types import GenericAlias
from typing import Annotated, Any, get_args, get_origin, get_type_hints

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    create_model,
)

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
    model = _model().model_validate(values)
    return {key: getattr(model, key) for key in model.model_fields_set}


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


@cache
def _model() -> type[BaseModel]:
    made: dict[str, Any] = {}
    for type_ in SUBJECTS.values():
        hints = get_type_hints(type_, include_extras=True)
        for field in fields(type_):
            made[field.name] = (_strict(hints[field.name]), field.default)
    config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)
    return create_model("Options", __config__=config, **made)


def _strict(hint: Any) -> Any:
    """The annotation with our markers as pydantic's validators."""
    if get_origin(hint) is tuple:
        item, _ = get_args(hint)
        # TOML has lists, the program tuples; what is in them stays strict.
        items: Any = GenericAlias(tuple, (_strict(item), ...))
        return Annotated[items, Field(strict=False)]
    if get_origin(hint) is Annotated:
        plain, *markers = get_args(hint)
        before = [BeforeValidator(m.read) for m in markers if hasattr(m, "read")]
        after = [AfterValidator(m.check) for m in markers if hasattr(m, "check")]
        return Annotated[_strict(plain), *before, *after]
    return hint
