"""Does a file of policy functions work as a whole?  Asked where its settings are validated.

Not at a start: what it needs, such as a database, may come up later than we do, and until then it
is better to put mail off than not to listen.

Touches: processes, the operator's code.
"""

from __future__ import annotations

import os

from pymta.config.complaints import Complaint, ConfigError
from pymta.config.policy_code import PolicySource
from pymta.config.settings import Settings
from pymta.policy import trial


def try_policy(settings: Settings) -> None:
    """Raises ConfigError when sessions could not run what stands at its top level."""
    source, seconds = settings.policy_source, settings.policy_code.policy_timeout
    if source.text and (fault := fault_of(source, seconds)) is not None:
        raise ConfigError([fault])


def may_try() -> bool:
    """Root does not run what is to be run by another account, unless he asks for that."""
    return os.geteuid() != 0


def fault_of(source: PolicySource, seconds: int) -> Complaint | None:
    line, why = trial.mistake(source, seconds)
    return Complaint(source.path, line, "", "", why) if why else None
