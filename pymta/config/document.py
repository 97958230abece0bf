"""Settings as a settings file: all of them, with their meaning, as `pymta config show` prints.

What it prints reads back as the same settings.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import fields
from typing import Any, get_args, get_type_hints

from pymta.config.duration import format_duration
from pymta.config.policy import Policy
from pymta.config.policy_rules import Rules
from pymta.config.setting import MEANING
from pymta.config.settings import SUBJECTS, Settings
from pymta.config.units import Time


def as_toml(settings: Settings) -> str:
    """The text of a file, subject by subject; a setting that is not set stands as a comment.

    Rules stand at the end, because a TOML table goes on to the next one.
    """
    subjects = (line for subject in SUBJECTS for line in _subject(settings, subject))
    return "\n".join((*subjects, *_rules(settings.policy.policy or {})))


def _subject(settings: Settings, subject: str) -> Iterator[str]:
    group = getattr(settings, subject)
    hints = get_type_hints(SUBJECTS[subject], include_extras=True)
    for field in fields(SUBJECTS[subject]):
        yield f"# {field.metadata[MEANING]}"
        value = getattr(group, field.name)
        if value is None or SUBJECTS[subject] is Policy:
            yield f"# {field.name} ="
        else:
            yield f"{field.name} = {_value(value, hints[field.name])}"
        yield ""


def _rules(rules: Rules) -> Iterator[str]:
    for stage, tables in rules.items():
        for table in tables:
            yield f"[[policy.{stage}]]"
            for key, value in table.items():
                yield f"{key} = {_plain(value)}"
            yield ""


def _plain(value: Any) -> str:
    """A value as the file had it."""
    match value:
        case list():
            return f"[{', '.join(map(_plain, value))}]"
        case dict():
            pairs = (f"{_text(key)} = {_plain(entry)}" for key, entry in value.items())
            return f"{{ {', '.join(pairs)} }}"
        case _:
            return _value(value, None)


def _value(value: Any, hint: Any) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case int() if any(isinstance(marker, Time) for marker in get_args(hint)):
            return f'"{format_duration(value)}"'
        case tuple() | list():
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
