"""`pymta queue why`: what keeps a message in the queue.

Touches: click, disk, sockets, clock.
"""

from __future__ import annotations

import json
import os
import time
from itertools import islice
from pathlib import Path

import click

from pymta.cli.chosen import check_ids
from pymta.cli.command_error import CommandError
from pymta.cli.identity import become_owner
from pymta.cli.quiet import QUIET
from pymta.cli.reasons import Why
from pymta.cli.served import served_settings
from pymta.config.settings import Settings
from pymta.delivery.outcome import addressees
from pymta.journal.local_time import stamp
from pymta.spool.files import FileSpool
from pymta.transport.tls_need import Wish

MOST_ROUTED = 50  # recipients of one message whose ways are looked up


@click.command()
@click.option("--json", "in_json", is_flag=True, default=False, help="As JSON, for programs.")
@click.option("--offline", is_flag=True, default=False, help="Ask no DNS: only what is on disk.")
@click.argument("ids", metavar="ID...", nargs=-1, required=True)
@click.pass_obj
def why(state: str, *, in_json: bool, offline: bool, ids: tuple[str, ...]) -> int:
    """Say why messages wait: for all of them, and for each recipient.

    The way of each recipient is looked up as at an attempt, with what is remembered of its hosts.
    """
    check_ids(ids)
    become_owner(state)
    settings = served_settings(state)
    spool = FileSpool(Path(state, "spool"))
    found, missing = [], []
    for id in ids:
        answer = _why(spool, settings, id, offline=offline)
        if answer is None:
            missing.append(id)
            continue
        found.append(answer)
        if not in_json:
            for line in answer.lines(time.time(), stamp):
                click.echo(line)
    if in_json:
        click.echo(json.dumps([answer.plain(time.time()) for answer in found], indent=1))
    if missing:
        text = "\n".join(f"{id}: no such message in the queue" for id in missing)
        raise CommandError(text, os.EX_NOINPUT)
    return os.EX_OK


def _why(spool: FileSpool, settings: Settings, id: str, *, offline: bool) -> Why | None:
    message = spool.peek(id)
    if message is None:
        return None
    is_busy = spool.is_claimed(id)
    ways = {}
    if not offline:
        # Loaded here: it is all of a delivery.
        from pymta.cli.ways import explainer  # noqa: PLC0415

        envelope, reroute = message.envelope, message.state.reroute
        wish = Wish(envelope.requires_tls, message.seal.tls_optional)
        ask = explainer(settings, QUIET, envelope.sender, reroute, wish)
        some = islice(message.state.pending, MOST_ROUTED)
        for who in addressees(some, message.envelope, message.state):
            ways[who.address] = ask(who.address, who.via, is_final=who.is_final)
    return Why(message, is_busy, ways, settings.queue)
