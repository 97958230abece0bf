"""Settings as a settings file: all of them, with their meaning, as `pymta config show` prints.

What it prints reads back as the same settings.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import fields
from typing import Any, get_args, get_type_hints

from pymta.config.duration import format_duration
from pymta.config.setting import MEANING
from pymta.config.settings import SUBJECTS, Settings
from pymta.config.units import Time


def as_toml(settings: Settings) -> str:
    """The text of a file, subject by subject; a setting that is not set stands as a comment."""
    return "\n".join(line for subject in SUBJECTS for line in _subject(settings, subject))


def _subject(settings: Settings, subject: str) -> Iterator[str]:
    group = getattr(settings, subject)
    hints = get_type_hints(SUBJECTS[subject], include_extras=True)
    for field in fields(SUBJECTS[subject]):
        yield f"# {field.metadata[MEANING]}"
        value = getattr(group, field.name)
        if value is None:
            yield f"# {field.name} ="
        else:
            yield f"{field.name} = {_value(value, hints[field.name])}"
        yield ""


def _value(value: Any, hint: Any) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case int() if any(isinstance(marker, Time) for marker in get_args(hint)):
            return f'"{format_duration(value)}"'
        case tuple():
            return f"[{', '.join(_text(item) for item in value)}]"
        case str():
            return _text(value)
        case dict():
            pairs = (f"{_text(key)} = {_value(entry, None)}" for key, entry in value.items())
            return f"{{ {', '.join(pairs)} }}" if value else "{}"
        case _:
            return str(value)


def _text(text: str) -> str:
    """A TOML basic string; JSON's form is one, but for DEL."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
