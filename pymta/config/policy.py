"""Rules that say what is taken from whom: tables, one after another."""

from __future__ import annotations

from typing import Annotated, Any

from pymta.config.setting import setting
from pymta.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class RuleTables:
    """Marks rules by stage; what is in them `policy_rules` judges, so that each mistake is told."""

    def read(self, value: object) -> object:
        if isinstance(value, dict):
            return value
        raise ValueError("want rules such as [[policy.rcpt]]")


@dataclass(frozen=True, slots=True)
class Policy:
    policy: Annotated[dict[str, Any] | None, RuleTables()] = setting(
        None,
        "Rules of what is taken from whom, written as [[policy.connect]], [[policy.helo]],"
        " [[policy.mail]], [[policy.rcpt]], [[policy.data]] or [[policy.notquit]], at the end of"
        " the file; see POLICY.",
    )
