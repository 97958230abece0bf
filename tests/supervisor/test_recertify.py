"""Certificates that are renewed while a daemon runs.  The children that read them are real."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from pymta.config.settings import Settings
from pymta.config.tls import Tls
from pymta.journal.event import Kind
from pymta.supervisor.certificate import Certificate, keep, show, watch
from pymta.supervisor.children import Child, Job
from pymta.supervisor.recertify import AGAIN, SETTLE, Recertification
from tests.doubles import certificates
from tests.supervisor.test_certificate import shown
from tests.supervisor.test_renewal import a_place
from tests.tls.test_certificates import ticket
from tests.tls.test_layer import connected


class Case:
    """A daemon with one certificate, and a clock that the test sets."""

    def __init__(self, directory: Path) -> None:
        self.now = 1000.0
        self.own = certificates.make(directory / "own")
        self.first, self.trusting = self.own.der, self.own.client()
        self._directory = directory
        self.serve(Tls(**self.own.settings), {"*": self.own.text})

    def serve(self, tls: Tls, texts: dict[str, bytes]) -> None:
        """With these settings, whose files hold `texts`."""
        self.close()
        self.place = a_place(self._directory, Settings(tls=tls))
        self.sessions = self.place.reception.sessions
        self.log = self.place.log
        self.sessions.watched = watch(tls)
        self.place.certificate = Certificate(show(texts, tls), keep(texts))
        self.sessions.certificates = self.place.certificate.shown
        self.recertification = Recertification(self.place, lambda: self.now)

    def close(self) -> None:
        if hasattr(self, "place") and self.place.certificate:
            with suppress(OSError):
                os.close(self.place.certificate.fd)

    def renew(self, directory: Path) -> certificates.Certificate:
        """Both files, by another pair from `directory`."""
        fresh = certificates.make(directory)
        shutil.copy(fresh.file, self.own.file)
        shutil.copy(fresh.key, self.own.key)
        self.trusting.load_verify_locations(self.own.file)
        return fresh

    def is_noticed(self) -> None:
        """By a session, as `pymta.session.main` does."""
        assert self.sessions.watched
        if self.sessions.watched.has_changed():
            self.recertification.noticed()

    def read(self) -> bool:
        """It is time; was another certificate found?"""
        self.now += SETTLE
        self.recertification.act(self.now)
        (child,) = (child for child in self.place.children if child.job is Job.CERTIFICATE)
        code = os.waitstatus_to_exitcode(os.waitpid(child.pid, 0)[1])
        self.place.children.remove(child.pid)
        return self.recertification.ended(child.pid, could_read=code == 0)

    @property
    def seen(self) -> bytes | None:
        """What a client sees."""
        return shown(self.place.certificate, self.trusting)

    def lines(self) -> list[str]:
        return [event.text for event in self.log.events]  # type: ignore[attr-defined]


@pytest.fixture
def case(tmp_path: Path) -> Iterator[Case]:
    made = Case(tmp_path)
    yield made
    made.close()


def test_a_renewed_pair_is_shown_to_the_next(case: Case, tmp_path: Path) -> None:
    """N-23: five seconds after the first change."""
    fresh = case.renew(tmp_path / "fresh")
    case.is_noticed()
    assert case.recertification.wait(case.now) == SETTLE
    case.recertification.act(case.now + SETTLE - 0.1)
    assert not len(case.place.children)

    assert case.read()
    assert case.seen == fresh.der
    assert case.place.certificate
    assert case.sessions.certificates is case.place.certificate.shown
    (line,) = case.lines()
    assert line.startswith("certificate renewed: mx.pymta.test, good until 20")
    assert case.recertification.wait(case.now) is None
    case.is_noticed()
    assert case.recertification.wait(case.now) is None


def test_what_many_notice_is_read_once(case: Case, tmp_path: Path) -> None:
    case.renew(tmp_path / "fresh")
    for _ in range(100):
        case.recertification.noticed()
    case.now += SETTLE
    case.recertification.act(case.now)
    for _ in range(100):
        case.recertification.noticed()
    assert case.recertification.wait(case.now) is None
    assert len(case.place.children) == 1
    (child,) = case.place.children
    os.waitpid(child.pid, 0)
    assert case.recertification.ended(child.pid, could_read=True)


def test_half_a_renewal_changes_nothing_and_is_told_once(case: Case, tmp_path: Path) -> None:
    fresh = certificates.make(tmp_path / "fresh")
    shutil.copy(fresh.file, case.own.file)
    case.is_noticed()
    for _ in range(3):
        assert not case.read()
        case.recertification.noticed()  # by a worker of before
    assert case.seen == case.first
    (line,) = case.lines()
    assert line == (
        f"{case.own.key}: the key does not belong to the certificate in {case.own.file}:"
        " the certificate that was loaded before stays"
    )

    shutil.copy(fresh.key, case.own.key)
    case.trusting.load_verify_locations(fresh.file)
    assert case.read()
    assert case.seen == fresh.der


@pytest.mark.parametrize("damage", ["", "-----BEGIN CERTIFICATE-----\nx\n"])
def test_a_file_that_is_cut_off_changes_nothing(damage: str, case: Case) -> None:
    case.own.file.write_text(damage)
    case.is_noticed()
    assert not case.read()
    assert case.seen == case.first
    assert len(case.lines()) == 1


def test_files_that_were_only_touched_leave_tickets_good(case: Case) -> None:
    before = case.sessions.certificates
    case.own.file.touch()
    case.is_noticed()
    assert not case.read()
    assert case.sessions.certificates is before
    assert not case.lines()


def test_only_what_is_another_is_made_anew(tmp_path: Path) -> None:
    """The tickets of all belong to the certificate for everybody, which is the same."""
    case, other = Case(tmp_path), certificates.make(tmp_path / "other", name="mx.example.org")
    files = {"*": str(case.own.file), "mx.example.org": str(other.file)}
    keys = {"*": str(case.own.key), "mx.example.org": str(other.key)}
    case.serve(Tls(files, keys), {"*": case.own.text, "mx.example.org": other.text})
    assert case.sessions.certificates
    _, client, _ = connected(case.sessions.certificates.layer(), case.trusting)

    certificates.make(tmp_path / "other", name="mx.example.org")
    case.is_noticed()
    assert case.read()
    assert [line.partition(", good")[0] for line in case.lines()] == [
        "certificate for mx.example.org renewed: mx.example.org"
    ]
    layer = case.sessions.certificates.layer()
    assert connected(layer, case.trusting, session=ticket(client))[2].is_resumed
    case.close()


def test_who_stops_reads_nothing(case: Case, tmp_path: Path) -> None:
    """Nor does the loop turn for it."""
    case.renew(tmp_path / "fresh")
    case.is_noticed()
    case.place.is_stopping = True
    assert case.recertification.wait(case.now + SETTLE) is None


@pytest.mark.parametrize(
    ("what", "full"),
    [
        ("pymta.supervisor.fork.fork", BlockingIOError(errno.EAGAIN, "no process")),
        ("os.memfd_create", OSError(errno.EMFILE, "no descriptor")),
    ],
)
def test_without_room_for_the_reader_it_is_tried_again(
    what: str, full: OSError, case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where there is no descriptor: a full table is no reason for a daemon to end."""
    fresh = case.renew(tmp_path / "fresh")
    case.is_noticed()

    def fail(*_: object) -> int:
        raise full

    with monkeypatch.context() as patched:
        patched.setattr(what, fail)
        case.now += SETTLE
        case.recertification.act(case.now)
    assert case.lines() == [f"daemon: certificate process fork failed: {full.strerror}"]
    case.now += AGAIN
    assert case.read()
    assert case.seen == fresh.der


def test_without_room_for_the_next_image_the_former_one_is_shown_for_a_while(
    case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fresh = case.renew(tmp_path / "fresh")
    case.is_noticed()

    def full(_: object) -> int:
        raise OSError(errno.ENFILE, "Too many open files in system")

    with monkeypatch.context() as patched:
        patched.setattr("pymta.supervisor.recertify.keep", full)
        assert not case.read()
    assert case.seen == case.first
    assert case.lines() == [
        "daemon: certificate process memory failed: Too many open files in system"
    ]
    case.now += AGAIN - SETTLE
    assert case.read()
    assert case.seen == fresh.der


def test_a_worker_of_before_takes_no_other_caller(case: Case, tmp_path: Path) -> None:
    case.place.children.add(Child(4711, Job.SESSION, address="192.0.2.7", holds_slot=True))
    case.place.children.add(Child(4712, Job.DELIVERY))
    case.renew(tmp_path / "fresh")
    case.is_noticed()
    assert case.read()
    assert case.recertification.outdated == {4711}


def test_a_reader_that_died_is_tried_again(case: Case, tmp_path: Path) -> None:
    fresh = case.renew(tmp_path / "fresh")
    case.is_noticed()
    case.now += SETTLE
    case.recertification.act(case.now)
    (child,) = case.place.children
    os.waitpid(child.pid, 0)
    case.place.children.remove(child.pid)
    assert not case.recertification.ended(child.pid, could_read=False)

    case.recertification.noticed()
    assert case.read()
    assert case.seen == fresh.der


def test_the_reader_of_an_image_before_us_is_nothing_to_heed(case: Case, tmp_path: Path) -> None:
    """HU-04: whether ours reads meanwhile, and has not written a word yet, or nobody does."""
    assert not case.recertification.ended(4711, could_read=True)
    fresh = case.renew(tmp_path / "fresh")
    case.is_noticed()
    case.now += SETTLE
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("pymta.supervisor.fork.fork", lambda *_: 4712)
        case.recertification.act(case.now)
    case.place.children.remove(4712)

    assert not case.recertification.ended(4711, could_read=True)
    assert not case.recertification.ended(4712, could_read=False)
    case.recertification.noticed()
    assert case.read()
    assert case.seen == fresh.der


def test_without_a_certificate_nothing_is_read(case: Case) -> None:
    case.place.certificate = None
    case.recertification.noticed()
    assert case.recertification.wait(case.now) is None


def test_trouble_is_of_its_own_kind(case: Case) -> None:
    case.own.key.unlink()
    case.is_noticed()
    assert not case.read()
    (event,) = case.log.events  # type: ignore[attr-defined]
    assert event.kind is Kind.CERTIFICATE


def test_no_descriptor_is_left(case: Case, tmp_path: Path) -> None:
    def count() -> int:
        return len(os.listdir("/proc/self/fd"))  # noqa: PTH208

    case.renew(tmp_path / "first")
    case.is_noticed()
    assert case.read()
    before = count()
    for number in range(3):
        case.renew(tmp_path / str(number))
        case.is_noticed()
        assert case.read()
    assert count() == before
