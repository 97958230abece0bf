"""Options that several commands share.

Touches: click.
"""

from __future__ import annotations

from pathlib import Path

import click

# click would look at the path before we do, and call what only root may read a usage error.
PATH = click.Path(path_type=Path, readable=False)

state_option = click.option(
    "--state", type=PATH, default=None, help="State directory of a `pymta serve`."
)
