"""What is kept of a password for SCRAM, and how it is written."""

from __future__ import annotations

from base64 import b64encode

import pytest

from pymta.sasl.verifier import derive, fake, parse

SALT, KEY = b64encode(b"salt").decode(), b64encode(bytes(32)).decode()
GOOD = f"4096,{SALT},{KEY},{KEY}"


def test_what_dovecot_has_written_fits_the_password() -> None:
    """By ``doveadm pw -s SCRAM-SHA-256 -p rabbit`` of Dovecot 2.3.19."""
    kept = parse(
        "4096,AYiMze+t6dnEsRWKOgvyMg==,g1cw5u42F47cV4vgtLt06Tu42Ny141037ZHRUVXcZOM=,"
        "FvfV7V92ovVCmKcVIyxLj2PvCyU9c27dvVH8F8tTnvQ="
    )
    assert kept.fits(b"rabbit")
    assert not kept.fits(b"Rabbit")


def test_what_is_written_reads_back() -> None:
    made = derive(b"rabbit", b"0123456789abcdef", 5000)
    assert parse(str(made).removeprefix("{SCRAM-SHA-256}")) == made


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("", "want iteration count"),
        (GOOD.replace(",", ":"), "want iteration count"),
        (GOOD.replace("4096", "1"), "from 4096 to"),
        (GOOD.replace("4096", "10000001"), "from 4096 to"),
        (GOOD.replace("4096", "9" * 40), "want iteration count"),
        (GOOD.replace("4096", "-4096"), "want iteration count"),
        (GOOD.replace(SALT, b64encode(bytes(65)).decode()), "salt of at most"),
        (GOOD.replace(SALT, "====", 1), "salt of at most|padding"),
        (f"4096,{SALT},{SALT},{KEY}", "keys of 32"),
        (f"4096,{SALT},{KEY},{SALT}", "keys of 32"),
    ],
)
def test_what_is_none_is_refused_and_told_why(text: str, wanted: str) -> None:
    with pytest.raises(ValueError, match=wanted):
        parse(text)


def test_a_made_up_one_is_always_the_same_for_a_name_and_like_a_real_one() -> None:
    real = derive(b"rabbit", b"a salt of 20 octets!", 4096)
    one, again = fake("bob", b"secret", real), fake("bob", b"secret", real)
    assert one == again
    assert (one.iterations, len(one.salt)) == (4096, 20)
    assert one.salt != fake("bobby", b"secret", real).salt
    assert one.salt != fake("bob", b"other secret", real).salt


def test_nothing_of_a_made_up_one_gives_another_part_away() -> None:
    made = fake("bob", b"secret", derive(b"rabbit", b"0123456789abcdef", 4096))
    assert len({made.salt, made.stored[:16], made.server[:16]}) == 3
