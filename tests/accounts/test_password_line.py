"""One line of the password file."""

from __future__ import annotations

import pytest

from pymta.accounts.password_line import Argon2, Crypt, Entry, parse_line
from pymta.sasl.verifier import derive

VERIFIER = derive(b"rabbit", b"0123456789abcdef", 4096)
BCRYPT = "$2y$05$8apEOKoixSqhMu0RCw0EIuntZfjL/chR/epk3yQLg0OsqteAznqc6"
ARGON2 = "$argon2id$v=19$m=65536,t=3,p=1$4Yd3ii2hggHqsYmGE7UiVQ$SDs6gA8RBwspPgUg9XongNDwaMeOZTk"


@pytest.mark.parametrize(
    ("line", "entry"),
    [
        (f"a@b:{VERIFIER}", Entry("a@b", verifier=VERIFIER)),
        (f"a@b:{{CRYPT}}{BCRYPT}", Entry("a@b", Crypt(BCRYPT))),
        (f"a@b:{{BLF-CRYPT}}{BCRYPT}", Entry("a@b", Crypt(BCRYPT))),
        (f"a@b:{BCRYPT}", Entry("a@b", Crypt(BCRYPT))),
        (f"a@b:{{argon2id}}{ARGON2}", Entry("a@b", Argon2(ARGON2))),
        (f"a@b:{BCRYPT}:{VERIFIER}", Entry("a@b", Crypt(BCRYPT), VERIFIER)),
        (f"a@b:{BCRYPT}:1000:1000::/home/a:/bin/sh:userdb_mail=x", Entry("a@b", Crypt(BCRYPT))),
        ("a@b:!", Entry("a@b")),
        (f"a@b:!{BCRYPT}", Entry("a@b")),
        ("a@b:*", Entry("a@b")),
    ],
)
def test_a_line_has_a_name_and_what_is_kept_of_the_password(line: str, entry: Entry) -> None:
    assert parse_line(line) == entry


@pytest.mark.parametrize("line", ["", "  ", "# a comment", "#a:b"])
def test_some_lines_say_nothing(line: str) -> None:
    assert parse_line(line) is None


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("alice", "a colon"),
        ("alice:", "want {SCRAM"),
        ("alice:rabbit", "want {SCRAM"),
        ("alice:{PLAIN}rabbit", "{PLAIN} is nothing"),
        ("alice:{SSHA512}YlYsem3sNbsq5tNLMB1c", "{SSHA512} is nothing"),
        ("alice:$1$salt$hashhashhashhashhashha", r"\$1\$ is nothing"),
        ("alice:{ARGON2ID}" + BCRYPT, "{ARGON2ID} is nothing"),
        ("alice:{SHA512-CRYPT}" + ARGON2, "{SHA512-CRYPT} is nothing"),
        (f"alice:{BCRYPT} x", "characters"),
        (f"alice:{BCRYPT}:{{CRYPT}}{BCRYPT}", "one hash and one verifier"),
        (f"alice:{VERIFIER}:{VERIFIER}", "one hash and one verifier"),
        ("alice:{SCRAM-SHA-256}1,x", "want iteration count"),
        (f"Alice:{BCRYPT}", 'as it is compared: "alice"'),
        (f"al ice:{BCRYPT}", "may not stand in a name"),
        (f":{BCRYPT}", "a name has at least"),
    ],
)
def test_a_line_of_no_use_is_told_and_no_secret_with_it(line: str, why: str) -> None:
    with pytest.raises(ValueError, match=why) as caught:
        parse_line(line)
    assert "rabbit" not in str(caught.value)
    assert BCRYPT not in str(caught.value)


@pytest.mark.parametrize(
    "entry",
    [
        Entry("a@b"),
        Entry("a@b", verifier=VERIFIER),
        Entry("a@b", Crypt(BCRYPT)),
        Entry("a@b", Argon2(ARGON2), VERIFIER),
    ],
)
def test_what_is_written_reads_back(entry: Entry) -> None:
    assert parse_line(str(entry)) == entry


def test_people_read_which_schemes_there_are() -> None:
    assert Entry("a", Crypt(BCRYPT), VERIFIER).schemes == ("bcrypt", "SCRAM-SHA-256")
    assert Entry("a", Argon2(ARGON2)).schemes == ("argon2id",)
    assert Entry("a", Crypt("$y$j9T$x$y")).schemes == ("yescrypt",)
    assert Entry("a").schemes == ()
