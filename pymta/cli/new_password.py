"""A password as somebody types it, and what is kept of it.

It comes from the terminal, twice and unseen, or as the first line of standard input: never from
the command line, which everybody on this machine can read.

Touches: click, standard input, random numbers.
"""

from __future__ import annotations

import os
import secrets
import sys
from collections.abc import Callable, Sequence

import click

from pymta.accounts import hashes
from pymta.accounts.hashes import CannotCheckError
from pymta.accounts.password_line import Argon2, Crypt, Entry, Hash
from pymta.cli.command_error import CommandError
from pymta.sasl import verifier
from pymta.sasl.prepare import LONGEST_PASSWORD, decode_password, saslprep
from pymta.sasl.verifier import LEAST_ITERATIONS, MOST_ITERATIONS, SALT_LENGTH, derive

Command = Callable[..., None]

SCRAM, YESCRYPT, ARGON2ID = "scram-sha-256", "yescrypt", "argon2id"
# One guess at a stolen file costs 30 ms; so does a login, of the client in SCRAM, else of us.
ITERATIONS = 100_000
COST = 7  # of yescrypt: 0.1 s and 32M
FEW = 8  # characters


def hash_options(command: Command) -> Command:
    """--scheme, --iterations and --cost."""
    for option in (
        click.option(
            "--cost",
            type=click.IntRange(1, 11),
            default=COST,
            show_default=True,
            help="Of yescrypt; each step takes twice the time and memory of the one before.",
        ),
        click.option(
            "--iterations",
            type=click.IntRange(LEAST_ITERATIONS, MOST_ITERATIONS),
            default=ITERATIONS,
            show_default=True,
            help="Of SCRAM.",
        ),
        click.option(
            "--scheme",
            "schemes",
            multiple=True,
            type=click.Choice((SCRAM, YESCRYPT, ARGON2ID)),
            default=(),
            help="How the password is kept: one of the last two, scram-sha-256, or both"
            "  [default: as before, else scram-sha-256].",
        ),
    ):
        command = option(command)
    return command


def schemes_of(entry: Entry | None) -> tuple[str, ...]:
    """Those of an account, where we make such ourselves."""
    found: list[str] = []
    match entry.hash if entry else None:
        case Argon2():
            found.append(ARGON2ID)
        case Crypt():
            found.append(YESCRYPT)
    if entry and entry.verifier:
        found.append(SCRAM)
    return tuple(found)


def ask(name: str) -> bytes:
    """The password, prepared.  Raises CommandError, which never quotes it."""
    if sys.stdin.isatty():
        typed = click.prompt(f"Password for {name}", hide_input=True, confirmation_prompt=True)
        octets = str(typed).encode("utf-8", "surrogateescape")
    else:
        octets = sys.stdin.buffer.readline(LONGEST_PASSWORD + 2).rstrip(b"\r\n")
    try:
        password = saslprep(decode_password(octets))
    except ValueError as error:
        raise CommandError(f"this cannot be a password: {error}", os.EX_DATAERR) from None
    if not password:
        raise CommandError("this cannot be a password: nothing is left of it", os.EX_DATAERR)
    if len(password) < FEW:
        click.echo(f"pymta: {len(password)} characters are soon guessed", err=True)
    return password.encode()


def entry_for(
    name: str, password: bytes, schemes: Sequence[str], *, iterations: int, cost: int
) -> Entry:
    """Raises CommandError when this system cannot make what is wanted."""
    wanted = set(schemes or (SCRAM,))
    if {YESCRYPT, ARGON2ID} <= wanted:
        raise CommandError("want one of yescrypt and argon2id, not both", os.EX_USAGE)
    made: Hash | None = None
    try:
        if YESCRYPT in wanted:
            made = hashes.make_yescrypt(password, cost)
        if ARGON2ID in wanted:
            made = hashes.make_argon2id(password)
    except CannotCheckError as error:
        raise CommandError(str(error), os.EX_UNAVAILABLE) from None
    kept: verifier.Verifier | None = None
    if SCRAM in wanted:
        kept = derive(password, secrets.token_bytes(SALT_LENGTH), iterations)
    return Entry(name, made, kept)
