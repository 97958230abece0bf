"""AUTH in a session (RFC 4954; SS-04, SS-05, N-06): who may, what is said, what the log hears."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pymta.journal.event import MAIN_AND_REJECT
from pymta.mail.caller import Endpoint, plain_address
from pymta.mail.reply import Reply
from pymta.mail.sizes import AUTH_LINE
from pymta.sasl.exchange import Challenge, Failure, Fault, Success
from pymta.sasl.in_order import InOrder
from pymta.sasl.plain import Passwords
from pymta.session.login import DONE, MOST_STEPS, Login
from pymta.session.visit import Visit
from pymta.smtp.extensions import Offer
from pymta.smtp.login import Auth, parse_auth, parse_response
from pymta.tls.certificates import Certificates
from tests.doubles.certificates import Certificate
from tests.doubles.clients import MemoryClients
from tests.doubles.house import HOST, Guest, House, usual_settings
from tests.doubles.logins import MemoryAccounts, Played, accounts, plain, word

OPEN = {
    "auth_without_tls_hosts": ("*",),
    "auth_failure_delay": 0,
    "auth_senders": {"*": ["*"]},
}
DONE_LINE = "235 2.7.0 Authentication succeeded"
WRONG = "535 5.7.8 Incorrect authentication data"
WHO = "(client.example) [192.0.2.7]"
SUCCESS = Success("alice")


@pytest.fixture(scope="module")
def ours(certificate: Certificate) -> Certificates:
    return certificate.shown()


def house_of(**settings: object) -> House:
    return House(usual_settings(**OPEN | settings), back_end=accounts())


def greeted(guest: Guest) -> Guest:
    guest.hear()
    guest.ask("EHLO client.example")
    return guest


def test_the_keyword_names_what_can_be_checked_and_only_then() -> None:
    with house_of().call() as guest:
        guest.hear()
        assert "\n250-AUTH PLAIN LOGIN\n" in guest.ask("EHLO client.example")[0]
    house = house_of()
    house.back_end = InOrder()
    with house.call() as guest:
        guest.hear()
        assert "AUTH" not in guest.ask("EHLO client.example")[0]
        assert guest.ask(f"AUTH PLAIN {plain()}") == [
            "503 5.5.1 AUTH command used when not advertised"
        ]


@pytest.mark.parametrize(
    "settings",
    [{"auth_advertise_hosts": ("!192.0.2.0/24", "*")}, {"auth_advertise_hosts": ()}],
)
def test_who_is_not_offered_it_cannot_do_it(settings: dict[str, object]) -> None:
    with house_of(**settings).call() as guest:
        guest.hear()
        assert "AUTH" not in guest.ask("EHLO client.example")[0]
        assert guest.ask(f"AUTH PLAIN {plain()}")[0].startswith("503 ")


def test_a_user_of_this_machine_has_no_need_of_it() -> None:
    with house_of().call_from_here() as guest:
        guest.hear()
        assert "AUTH" not in guest.ask("EHLO client.example")[0]


def test_in_clear_it_is_neither_offered_nor_done(
    ours: Certificates, certificate: Certificate
) -> None:
    """RFC 4954 s4: a password that others hear is no password.  The back end is not even asked."""
    known = MemoryAccounts()
    house = House(usual_settings(), starttls=ours, back_end=Passwords([known]))
    with house.call() as guest:
        guest.hear()
        assert "AUTH" not in guest.ask("EHLO client.example")[0]
        assert guest.ask(f"AUTH PLAIN {plain()}") == [
            "538 5.7.11 Encryption required for requested authentication mechanism"
        ]
        assert known.asked == []
        guest.ask("STARTTLS")
        guest.start_tls(certificate.client())
        assert "AUTH PLAIN LOGIN" in guest.ask("EHLO client.example")[0]
        assert guest.ask(f"AUTH PLAIN {plain()}") == [DONE_LINE]
    ((name, link),) = known.asked
    assert name == "alice"
    assert link.has_tls
    assert str(link.remote) == "[192.0.2.7]:40112"
    assert str(link.local) == "[198.51.100.1]:25"


def test_what_was_said_in_clear_does_not_survive_tls(
    ours: Certificates, certificate: Certificate
) -> None:
    """RFC 3207 s4.2: not even who has logged in; nor does it count as the only login."""
    house = house_of()
    house.starttls = ours
    with house.call() as guest:
        assert greeted(guest).ask(f"AUTH PLAIN {plain()}", "STARTTLS")[0] == DONE_LINE
        guest.start_tls(certificate.client())
        guest.ask("EHLO client.example")
        message(guest)
        assert guest.ask(f"AUTH PLAIN {plain()}") == [DONE_LINE]
        message(guest)
    first, second = house.spool.stored
    assert first.envelope.client.protocol == "esmtps"
    assert second.envelope.client.protocol == "esmtpsa"


def message(guest: Guest) -> None:
    replies = guest.ask("MAIL FROM:<a@client.example>", "RCPT TO:<user@localhost>", "DATA", ".")
    assert replies[-1].startswith("250 ")


@pytest.mark.parametrize(
    ("said", "replies"),
    [
        ([f"AUTH PLAIN {plain()}"], [DONE_LINE]),
        ([f"auth plain {plain()}"], [DONE_LINE]),
        (["AUTH PLAIN", plain()], ["334 ", DONE_LINE]),
        (
            ["AUTH LOGIN", word("alice"), word("wonder land")],
            ["334 VXNlcm5hbWU6", "334 UGFzc3dvcmQ6", DONE_LINE],
        ),
        (
            [f"AUTH LOGIN {word('alice')}", word("wonder land")],
            ["334 UGFzc3dvcmQ6", DONE_LINE],
        ),
        ([f"AUTH PLAIN {plain(password='x')}"], [WRONG]),
        ([f"AUTH PLAIN {plain(name='nobody')}"], [WRONG]),
        (["AUTH PLAIN", plain(password="x")], ["334 ", WRONG]),
        (["AUTH LOGIN", word("alice"), ""], ["334 VXNlcm5hbWU6", "334 UGFzc3dvcmQ6", None]),
        (["AUTH PLAIN ="], ["501 5.5.2 Invalid authentication data"]),
        (["AUTH PLAIN", ""], ["334 ", "501 5.5.2 Invalid authentication data"]),
        (["AUTH PLAIN", "*"], ["334 ", "501 5.7.0 authentication cancelled"]),
        (["AUTH PLAIN", "="], ["334 ", "501 5.5.2 invalid base64 data"]),
        (["AUTH PLAIN", "AGE!"], ["334 ", "501 5.5.2 invalid base64 data"]),
        (["AUTH PLAIN *"], ["501 5.5.2 invalid base64 data"]),
        (["AUTH"], ["501 5.5.2 AUTH must have a mechanism"]),
        (["AUTH FOO"], ["504 5.5.4 authentication mechanism not supported"]),
        (["AUTH SCRAM-SHA-256"], ["504 5.5.4 authentication mechanism not supported"]),
        (["AUTH a+b"], ["501 5.5.4 malformed name of an authentication mechanism"]),
        (
            ["MAIL FROM:<a@client.example>", f"AUTH PLAIN {plain()}"],
            ["250 2.1.0 OK", "503 5.5.1 AUTH is not permitted in a mail transaction"],
        ),
        (
            [f"AUTH PLAIN {plain()}", "EHLO x.example", "RSET", f"AUTH PLAIN {plain()}"],
            [DONE_LINE, None, "250 2.0.0 Reset OK", "503 5.5.1 already authenticated"],
        ),
        (
            [f"AUTH PLAIN {plain(password='x')}", f"AUTH PLAIN {plain()}"],
            [WRONG, DONE_LINE],
        ),
    ],
    ids=lambda value: " ".join(map(str, value))[:40],
)
@pytest.mark.parametrize("cut", [0, 1])
def test_what_is_said_to_a_login(said: list[str], replies: list[str | None], cut: int) -> None:
    """RFC 4954 s4, s6; each line when the one before was answered, or all octet by octet."""
    with house_of().call() as guest:
        greeted(guest)
        heard = []
        for line in said:
            octets = line.encode() + b"\r\n"
            for n in range(0, len(octets), cut or len(octets)):
                guest.send(octets[n : n + (cut or len(octets))])
            heard.append(guest.hear())
        assert guest.ask("NOOP") == ["250 2.0.0 OK"]

    expected = [reply or found for reply, found in zip(replies, heard, strict=True)]
    assert heard == expected


def test_it_takes_an_ehlo_before() -> None:
    with house_of().call() as guest:
        guest.hear()
        assert guest.ask(f"AUTH PLAIN {plain()}") == ["503 EHLO required"]
        guest.ask("HELO client.example")
        assert guest.ask(f"AUTH PLAIN {plain()}") == ["503 AUTH command used when not advertised"]


def test_a_login_may_be_as_long_as_the_standard_says_and_no_longer() -> None:
    """RFC 4954 s4: 12288 octets, of the command and of what answers a challenge."""
    fits = word(bytes((AUTH_LINE - 20) // 4 * 3))
    known = Played([Failure(Fault.REJECTED, "x")] * 2)
    house = house_of(auth_failures_max=0)
    house.back_end = known
    with house.call() as guest:
        greeted(guest)
        assert guest.ask(f"AUTH PLAYED {fits}") == [WRONG]
        known.steps = [Challenge()] * 9
        assert guest.ask("AUTH PLAYED") == ["334 "]
        assert guest.ask("A" * (AUTH_LINE - 1)) == [
            "500 5.5.6 authentication exchange line is too long"
        ]
        assert guest.ask(f"AUTH PLAYED {'A' * AUTH_LINE}")[0].startswith("500 5.5.")
        assert guest.ask("NOOP") == ["250 2.0.0 OK"]
    assert known.heard[0] == bytes(len(fits) * 3 // 4)
    assert known.closed == 2


def test_mail_after_a_login_says_so_everywhere() -> None:
    """RFC 3848: ESMTPA; the account stands in the log, not in what others read."""
    house = house_of(log_selector=("+smtp_no_mail",))
    with house.call() as guest:
        assert greeted(guest).ask(f"AUTH PLAIN {plain()}") == [DONE_LINE]
        message(guest)
        guest.ask("MAIL FROM:<a@client.example>", "RCPT TO:<nobody@localhost>", "QUIT")
    arrival, refused = house.log.events
    assert arrival.text.startswith(f"<= a@client.example H={WHO} P=esmtpa A=PLAIN:alice S=")
    assert arrival.fields["ACCOUNT"] == "alice"
    assert arrival.fields["MECHANISM"] == "PLAIN"
    assert " A=PLAIN:alice F=<a@client.example> rejected RCPT <nobody@localhost>" in refused.text
    (kept,) = house.spool.stored
    assert "with ESMTPA\r\n" in kept.seal.on_top[0]
    assert "alice" not in kept.seal.on_top[0]


def test_who_handed_it_in_first_is_told_of_clients_that_are_known() -> None:
    """RFC 4954 s5: of others it is taken, and not believed."""
    house = house_of(log_selector=("+smtp_mailauth",))
    named = "MAIL FROM:<a@client.example> AUTH=user+2Btag@far.example"
    mail = (named, "RCPT TO:<user@localhost>", "DATA", ".")
    with house.call() as guest:
        greeted(guest).ask(*mail)
        guest.ask(f"AUTH PLAIN {plain()}")
        guest.ask(*mail)
        guest.ask("RSET", "MAIL FROM:<a@client.example> AUTH=<>", *mail[1:])
    marks = [text.partition(" A=")[2].partition(" S=")[0] for text in house.log.texts()]
    assert marks[:3] == ["", "PLAIN:alice:user+tag@far.example", "PLAIN:alice:<>"]


def test_a_session_that_only_logs_in_is_told_with_its_account() -> None:
    """N-06"""
    house = house_of(log_selector=("+smtp_no_mail",))
    with house.call() as guest:
        greeted(guest).ask("AUTH LOGIN", word("alice"), word("wonder land"), "QUIT")
        guest.hear_all()
    (line,) = house.log.texts()
    assert line == (f"no MAIL in SMTP connection from {WHO} D=0.0s A=LOGIN:alice C=EHLO,AUTH,QUIT")


def test_the_log_of_a_failure_names_who_was_said_and_nothing_else() -> None:
    """What ban filters look for; the mechanism is one word."""
    house = house_of()
    with house.call() as guest:
        greeted(guest).ask(f"AUTH PLAIN {plain('alice', 'se cret')}")
        guest.ask(f"AUTH PLAIN {plain('mallory', 'hunter2')}")
    texts = house.log.texts()
    assert texts == [
        f"PLAIN authenticator failed for {WHO}: 535 Incorrect authentication data (set_id={name})"
        for name in ("alice", "mallory")
    ]
    first = house.log.events[0]
    assert first.streams == MAIN_AND_REJECT
    assert first.fields["ACCOUNT"] == "alice"
    assert first.fields["WHY"] == "wrong password"


def test_what_cannot_be_asked_is_put_off_and_costs_the_client_nothing() -> None:
    known = MemoryAccounts(is_away=True)
    house = house_of(auth_failures_max=1)
    house.back_end = Passwords([known])
    with house.call() as guest:
        greeted(guest)
        for _ in range(2):
            assert guest.ask(f"AUTH PLAIN {plain()}") == [
                "454 4.7.0 Temporary authentication failure"
            ]
        known.is_away = False
        assert guest.ask(f"AUTH PLAIN {plain()}") == [DONE_LINE]
    assert house.log.texts()[0] == (
        f"PLAIN authenticator failed for {WHO}: 454 Temporary authentication failure"
        " (set_id=alice): nobody there"
    )


def test_who_guesses_is_shown_the_door() -> None:
    house = house_of(auth_failures_max=2)
    with house.call() as guest:
        greeted(guest).ask(f"AUTH PLAIN {plain(password='1')}")
        assert guest.ask(f"AUTH PLAIN {plain(password='2')}") == [
            "535-5.7.8 Incorrect authentication data\n535 5.7.8 Too many authentication failures"
        ]
        assert guest.hear_all() == ""
        assert guest.status() == 1
    assert house.log.texts()[-1] == (
        f"SMTP call from {WHO} dropped: too many authentication failures"
    )


def visit_of(mechanism: str, **settings: object) -> Visit:
    caller, ours = (Endpoint(plain_address(a), 25) for a in ("192.0.2.7", "198.51.100.1"))
    return Visit(usual_settings(**settings), caller, ours, offer=Offer(mechanisms=(mechanism,)))


def test_replies_to_guesses_come_later_and_later() -> None:
    """The same for a name that nobody has as for a wrong password."""
    visit = visit_of("PLAIN", auth_failures_max=0)
    login = Login(visit, accounts(), MemoryClients())

    answers = [
        login.begin(b"PLAIN " + plain(name=name, password="x").encode())
        for name in ("alice", "nobody") * 4
    ]

    assert [answer.delay for answer in answers] == [2, 4, 8, 16, 30, 30, 30, 30]
    assert len({answer.reply for answer in answers}) == 1


def test_nobody_is_kept_waiting_when_we_have_to_go() -> None:
    with house_of(auth_failure_delay=60).call() as guest:
        greeted(guest).say(f"AUTH PLAIN {plain(password='x')}")
        guest.drain()
        assert guest.hear() == f"421 4.3.2 {HOST}: Service not available - closing connection"


def test_a_login_without_an_end_is_ended() -> None:
    known = Played()
    house = house_of()
    house.back_end = known
    with house.call() as guest:
        replies = greeted(guest).ask("AUTH PLAYED", *[""] * (MOST_STEPS - 1), "NOOP")
    assert replies == [
        *["334 "] * (MOST_STEPS - 1),
        "501 5.5.2 Invalid authentication data",
        "250 2.0.0 OK",
    ]


def test_a_client_that_falls_silent_in_the_middle_is_left() -> None:
    """SS-06: a line of a login has the time of a command, however slowly it comes."""
    known = Played()
    house = house_of(smtp_receive_timeout=1)
    house.back_end = known
    with house.call() as guest:
        assert greeted(guest).ask("AUTH PLAYED") == ["334 "]
        guest.send(b"YQ")
        assert guest.hear() == f"421 4.4.2 {HOST}: SMTP command timeout - closing connection"
    assert known.closed == 1


def test_a_client_that_goes_in_the_middle_leaves_nothing_open() -> None:
    known = Played()
    house = house_of()
    house.back_end = known
    with house.call() as guest:
        assert greeted(guest).ask("AUTH PLAYED") == ["334 "]
    assert known.closed == 1


def test_the_first_login_is_free_and_so_is_the_first_inside_tls(
    ours: Certificates, certificate: Certificate
) -> None:
    """SS-05: of a connection, not of each message."""
    house = house_of(smtp_accept_max_nonmail=1, auth_failures_max=0)
    house.starttls = ours
    wrong = f"AUTH PLAIN {plain(password='x')}"
    with house.call() as guest:
        assert greeted(guest).ask(wrong, wrong) == [WRONG, WRONG]
        guest.ask("STARTTLS")
        guest.start_tls(certificate.client())
        assert guest.ask("EHLO client.example", wrong)[1] == WRONG
        message(guest)
        assert guest.ask(wrong) == ["554 5.7.0 Too many nonmail commands"]
    assert house.log.texts()[-1].endswith('(last was "AUTH")')


def test_passwords_stay_out_of_the_log_in_whatever_order_they_come() -> None:
    """SS-05; reliability.md section 2: lines that the client sends ahead of a refusal are none."""
    selectors = ("+smtp_syntax_error", "+smtp_protocol_error")
    house = house_of(log_selector=selectors, smtp_max_unknown_commands=9, smtp_max_synprot_errors=9)
    secret = word("hunter2")
    with house.call() as guest:
        greeted(guest)
        guest.say("AUTH FOO", word("alice"), secret)
        guest.say("AUTH LOGIN", "*", secret)
        guest.say("MAIL FROM:<a@client.example>", f"AUTH PLAIN {secret}", secret)
        guest.say("RSET", f"AUTH PLAIN {secret} {secret}", "QUIT")
        guest.hear_all()
    told = [str(event.fields) + event.text for event in house.log.events]
    assert len(told) > 5
    assert not [line for line in told if secret in line or "hunter2" in line]


@pytest.mark.parametrize(
    "first", ["AUTH LOGIN", f"AUTH PLAIN {plain(password='x')}", " AUTH PLAIN {secret}"]
)
@pytest.mark.parametrize("is_asked", [True, False])
@pytest.mark.parametrize("must_wait", [True, False])
def test_a_client_that_does_not_listen_gives_no_password_away(
    first: str, is_asked: bool, must_wait: bool
) -> None:
    """Nothing is offered, or nobody can be asked, and it pours out what it has all the same."""
    selectors = ("+smtp_syntax_error", "+smtp_protocol_error")
    house = house_of(log_selector=selectors, smtp_enforce_sync=must_wait)
    house.back_end = Passwords([MemoryAccounts(is_away=True)]) if is_asked else InOrder()
    secret = word("hunter2")
    with house.call() as guest:
        greeted(guest).say(first.format(secret=secret), word("alice"), secret, secret, "QUIT")
        guest.hear_all()
    with house.call() as guest:
        greeted(guest).ask(first.format(secret=secret))
        guest.say(word("alice"), secret, secret, "QUIT")
        guest.hear_all()
    told = [str(event.fields) + event.text for event in house.log.events]
    assert len(told) > 2
    assert not [line for line in told if secret in line or "hunter2" in line]


def test_what_follows_a_good_login_may_be_shown_again() -> None:
    house = house_of(log_selector=("+smtp_syntax_error",))
    with house.call() as guest:
        assert greeted(guest).ask(f"AUTH PLAIN {plain()}") == [DONE_LINE]
        guest.ask("HALLO")
    assert "HALLO" in house.log.texts()[0]


@given(st.binary(max_size=60))
def test_every_response_reads_back(data: bytes) -> None:
    line = word(data).encode()

    assert parse_response(line) == data
    if data:
        assert parse_auth(b"x-1 " + line) == Auth("X-1", data)


@given(st.text("ABYZabyz059+/=-_* \t\x00\x80", max_size=12))
def test_base64_is_read_in_the_one_way_in_which_it_is_written(text: str) -> None:
    line = text.encode("latin-1")
    found = parse_response(line)

    assert isinstance(found, Reply) or word(found).encode() == line.rstrip(b" \t")


@pytest.mark.parametrize("line", [b"YR==", b"YQ=", b"YQ", b"YQ==YQ==", b"Y Q==", b"YQ==\xff"])
def test_other_ways_to_write_it_are_refused(line: bytes) -> None:
    assert isinstance(parse_response(line), Reply)


def test_a_success_comes_with_its_account() -> None:
    visit = visit_of("PLAYED")
    known = Played([Challenge(b"more"), SUCCESS])
    login = Login(visit, known, MemoryClients())

    assert login.begin(b"played").reply == Reply(334, word("more"))
    assert visit.account == ""
    assert login.respond(b"YQ==").reply is DONE
    assert (visit.account, visit.mechanism) == ("alice", "PLAYED")
    assert known.heard == [None, b"a"]
    assert known.closed == 1
