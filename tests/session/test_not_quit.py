"""N-08: policy hears of every end that is none by QUIT, and may word the last reply."""

from __future__ import annotations

import pytest

from tests.doubles.certificates import Certificate
from tests.doubles.daemon import wait_until
from tests.doubles.house import House, usual_settings
from tests.doubles.ruled_house import FROM, TO, WHO, ruled, say

TOO_MANY = "NOOP\r\n" * 11
UNKNOWN = "FOO\r\n" * 4
FAULTS = "MAIL\r\n" * 4


def ends(place: House) -> list[object]:
    """The reasons that the log gives."""
    return [event.fields["REASON"] for event in place.log.events if "REASON" in event.fields]


@pytest.mark.parametrize(
    ("said", "reason", "code"),
    [
        (TOO_MANY, "bad-commands", "554 5.7.0"),
        (UNKNOWN, "bad-commands", "500 5.5.1"),
        (FAULTS, "bad-command-synprot", "501 5.5.2"),
    ],
)
def test_policy_words_the_last_reply_to_bad_manners(said: str, reason: str, code: str) -> None:
    """N-08: the text, not the code."""
    rules = (
        {"action": "warn", "log": "seen"},
        {"reasons": [reason], "action": "reply", "text": "learn\nfirst"},
    )
    place = ruled("notquit", *rules)
    with place.call() as guest:
        guest.hear()
        guest.ask("EHLO client.example")
        guest.send(said.encode())
        assert guest.hear_all().endswith(f"{code.replace(' ', '-')} learn\r\n{code} first\r\n")

    assert ends(place) == [reason]
    assert f"{WHO} Warning: seen (rule r1)" in place.log.texts()


def test_other_reasons_have_other_words() -> None:
    place = ruled("notquit", {"reasons": ["tls-failed"], "action": "reply", "text": "no"})
    with place.call() as guest:
        guest.hear()
        guest.ask("EHLO client.example")
        guest.send(UNKNOWN.encode())
        assert guest.hear_all().endswith("500 5.5.1 Too many unrecognized commands\r\n")


def heard(place: House) -> list[str]:
    """Of the end; the rule tells each."""
    return [text.partition("Warning: ")[2] for text in place.log.texts() if "Warning" in text]


EACH_END = {"action": "warn", "log": "ended"}


def test_policy_hears_of_a_client_that_vanishes() -> None:
    """N-08"""
    place = ruled("notquit", EACH_END)
    with place.call() as guest:
        say(guest, FROM)
    assert ends(place) == ["connection-lost"]
    assert heard(place) == ["ended (rule r1)"]


def test_policy_hears_of_a_message_that_breaks_off() -> None:
    place = ruled("notquit", EACH_END)
    with place.call() as guest:
        say(guest, FROM, TO, "DATA")
        guest.send(b"A: b\r\n")
    assert ends(place) == ["connection-lost"]
    assert heard(place) == ["ended (rule r1)"]


def test_policy_hears_of_a_stop() -> None:
    place = ruled("notquit", EACH_END)
    with place.call() as guest:
        say(guest, FROM)
        guest.terminate()
        assert guest.hear().startswith("421")
    assert ends(place) == ["signal-exit"]
    assert heard(place) == ["ended (rule r1)"]


@pytest.mark.parametrize(
    ("early", "said"), [(b"EHLO client.example\r\n", b""), (b"", b"EHLO x.example\r\nNOOP\r\n")]
)
def test_policy_hears_of_haste(early: bytes, said: bytes) -> None:
    place = ruled("notquit", {"action": "reply", "text": "slowly"}, smtp_enforce_sync=True)
    with place.call(early=early) as guest:
        if said:
            guest.hear()
            guest.send(said)
        assert guest.hear_all() == "554 slowly\r\n"
    assert ends(place) == ["synchronization-error"]


def test_policy_hears_of_its_own_drop_and_does_not_change_its_words() -> None:
    drop = {"name": "d", "action": "drop", "text": "enough"}
    rules = {"mail": [drop], "notquit": [EACH_END | {"name": "r1"}]}
    rules["notquit"].append({"name": "r2", "action": "reply", "text": "other words"})
    place = House(usual_settings(policy=rules))
    with place.call() as guest:
        assert say(guest, FROM, "NOOP") == ["550 5.7.1 enough", ""]
    assert heard(place) == ["ended (rule r1)"]


def test_who_says_quit_is_none_of_policys_business() -> None:
    place = ruled("notquit", EACH_END)
    with place.call() as guest:
        say(guest, FROM, "QUIT")
    assert heard(place) == ends(place) == []


@pytest.mark.parametrize(
    ("lines", "reason"), [((FROM,), "command-timeout"), ((FROM, TO, "DATA"), "data-timeout")]
)
def test_policy_hears_of_a_client_that_falls_silent(lines: tuple[str, ...], reason: str) -> None:
    rules = (EACH_END, {"reasons": [reason], "action": "reply", "text": "too slow"})
    place = ruled("notquit", *rules, smtp_receive_timeout=0.1)
    with place.call() as guest:
        say(guest, *lines)
        assert guest.hear_all() == "421 4.4.2 too slow\r\n"
    assert ends(place) == [reason]
    assert heard(place) == ["ended (rule r1)"]


def test_policy_hears_of_a_handshake_that_failed(certificate: Certificate) -> None:
    place = ruled("notquit", EACH_END | {"reasons": ["tls-failed"]})
    place.starttls = certificate.shown()
    with place.call() as guest:
        assert say(guest, "STARTTLS") == ["220 2.0.0 TLS go ahead"]
        guest.say("EHLO client.example")  # by somebody who did not listen
        wait_until(lambda: heard(place), "the handshake has failed")
        assert guest.ask("QUIT") == ["221 2.0.0 mx.example.org closing connection"]
    assert ends(place)[0] == "tls-failed"
    assert heard(place) == ["ended (rule r1)"]
