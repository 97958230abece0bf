"""Every state a message can be in on disk, each legal step, and what a crash may leave.

A message with the id ID is up to four files below the spool directory:

    incoming/ID   being written by the process that receives it; nobody else looks inside
    queue/ID      accepted: whole, synced, never changed again; locked while somebody works on it
    journal/ID    what happened to it since, one synced record after another
    corrupt/ID    set aside, because it cannot be read (its journal: corrupt/ID.journal)

A state is which of them exist.  A step is one system call that changes that, made by one actor:
the writer (who created incoming/ID), the claimer (who holds the lock on queue/ID) or the
sweeper (anybody, at any time).  A step not in `STEPS` is never made.

Queues:  a message belongs to one queue for good, the one that its envelope names.  queue/ is the
    default queue; a queue NAME has the directory queue.NAME/, and what is said here of queue/ goes
    for the one that the message is in.  incoming/, journal/ and corrupt/ are common to all, so an
    id is in one queue at most, and who knows only the id looks through the queues one by one.
    That is why no message ever moves to another queue: half-way it would look settled.
    The directory of a named queue is made before the first message of it is begun.  Every process
    that brings messages in syncs its name once, since whoever made it may have been stopped before
    that; else a power cut could take the directory away with an accepted message in it.  It stays
    when the queue is empty; an operator may remove it then.

Accepting:  CREATE, write and sync the file, LINK, CLEAR, sync queue/, and only then the 250.
    Stopped before LINK: incoming/ID is never looked at again, whatever is in it; the client heard
    no 250 and keeps the message.  After LINK: the message is whole, since the file was synced
    before, and will be delivered; without a 250 the client may send it again.
    LINK is link(2), not rename(2), because it refuses a name that exists.

Recording:  BEGIN_JOURNAL writes header and first record, syncs the file, then journal/.  Every
    record is synced before the claimer goes on.  A torn last record counts as not written: what it
    would have told happened after the last sync, and is done again.
    Before an attempt delivers anything, its claimer may begin a journal, or lengthen it, by blanks
    that read as a torn record: so a full disk is found before the delivery, not after it.
    The modification time of the journal is when the message is due, so that a queue run opens
    only what is due.  A lost one is the time of the writing: too early, never too late.

Redirecting:  a recipient who has his mail sent on is settled, and those in whose hands it is then
    are added, by one record; so a message is never without both.  Before the record nobody of them
    has anything, and after a stop the next attempt asks the recipient anew.  After it they are
    recipients like others, with indices behind those of the envelope, and what that one says later
    changes nothing for this message.  An index never means another address, since a record that
    names it stands behind the one that gave it.

Orders:  what an operator wants of a message (frozen, held, other recipients, another host) is a
    record like those of an attempt, written by the one who claimed it; one that takes several has
    them in one line.  So it never competes with a delivery, and whatever stops in between, an order
    is there as a whole or not at all.  A pymta that does not know a kind of record refuses the
    journal; it never delivers past an order.

Removing:  UNLINK, sync queue/ if there is a journal, DROP_JOURNAL.
    A process that settles one message after another has the last two done for several at once: one
    sync covers all removals before it.
    The message goes first.  The other way round a stop in between would leave a message that
    looks untried, and everybody would get it again.  For the same reason the removal of the
    message must be on disk before the journal goes.
    A message without a journal was delivered to everybody at its first attempt.  Its removal is
    not synced: a killed process loses nothing of it, and after a power cut within the seconds
    that the kernel takes to write it, the message is there again and is delivered again.  That is
    the window that every mail system has between a remote final dot and its own record, made
    longer for power cuts only, and it saves a third sync for almost every message.  One with a
    journal that waits for others comes back the same way, with what its journal says of it.

Setting aside:  ASIDE, sync queue/ and corrupt/, ASIDE_JOURNAL, in this order for the same reason.

Sweeping:  SWEEP_INCOMING takes what is older than SWEEP_AGE: its writer is dead, for a live one
    gives up after WRITER_LIMIT.  DROP_JOURNAL takes a journal whose message has gone, after a
    sync of every queue, for nobody knows in which it was; ASIDE_JOURNAL, when it was set aside.
"""

from __future__ import annotations

from enum import Enum, Flag, auto

from pymta.dataclass import dataclass

# A writer refuses to go on after this long (seconds), so that it never competes with the sweeper.
# Must stay well below SWEEP_AGE.
WRITER_LIMIT = 6 * 3600
# The sweeper removes incoming files that nobody has touched for this long (seconds).
# Must stay well above WRITER_LIMIT; the difference forgives clocks that are set.
SWEEP_AGE = 9 * 3600


class Files(Flag):
    INCOMING = auto()
    QUEUE = auto()
    JOURNAL = auto()
    CORRUPT = auto()


NONE = Files(0)
INCOMING, QUEUE, JOURNAL, CORRUPT = Files.INCOMING, Files.QUEUE, Files.JOURNAL, Files.CORRUPT


class Actor(Enum):
    WRITER = "holds incoming/ID, which only one process can create"
    CLAIMER = "holds the lock on queue/ID"
    SWEEPER = "anybody, at any time"


class Call(Enum):
    CREATE = "open(incoming/ID, O_CREAT | O_EXCL)"
    LINK = "link(incoming/ID, queue/ID)"
    CLEAR = "unlink(incoming/ID)"
    BEGIN_JOURNAL = "open(journal/ID, O_CREAT | O_EXCL)"
    UNLINK = "unlink(queue/ID)"
    DROP_JOURNAL = "unlink(journal/ID)"
    ASIDE = "rename(queue/ID, corrupt/ID)"
    ASIDE_JOURNAL = "rename(journal/ID, corrupt/ID.journal)"
    SWEEP_INCOMING = "unlink(incoming/ID), older than SWEEP_AGE"


@dataclass(frozen=True, slots=True)
class Step:
    """One system call: who may make it, in which states, and what it changes.

    `synced` are the directories whose earlier changes must be on disk before.
    """

    call: Call
    actors: tuple[Actor, ...]
    needs: Files = NONE
    lacks: Files = NONE
    takes: Files = NONE
    gives: Files = NONE
    synced: Files = NONE


STEPS = (
    # A journal left of an earlier message of that id would make the new one look delivered.
    Step(
        Call.CREATE,
        (Actor.WRITER,),
        lacks=INCOMING | QUEUE | JOURNAL | CORRUPT,
        gives=INCOMING,
    ),
    # A writer links once.  An incoming/ID that stays behind is never linked again, not even when
    # the message has been settled since: it would be delivered twice.
    Step(
        Call.LINK,
        (Actor.WRITER,),
        needs=INCOMING,
        lacks=QUEUE | JOURNAL | CORRUPT,
        gives=QUEUE,
    ),
    Step(Call.CLEAR, (Actor.WRITER,), needs=INCOMING, takes=INCOMING),
    Step(Call.SWEEP_INCOMING, (Actor.SWEEPER,), needs=INCOMING, takes=INCOMING),
    Step(Call.BEGIN_JOURNAL, (Actor.CLAIMER,), needs=QUEUE, lacks=JOURNAL, gives=JOURNAL),
    Step(Call.UNLINK, (Actor.CLAIMER,), needs=QUEUE, takes=QUEUE),
    Step(
        Call.DROP_JOURNAL,
        (Actor.CLAIMER, Actor.SWEEPER),
        needs=JOURNAL,
        lacks=QUEUE | CORRUPT,
        takes=JOURNAL,
        synced=QUEUE,
    ),
    Step(Call.ASIDE, (Actor.CLAIMER,), needs=QUEUE, takes=QUEUE, gives=CORRUPT),
    Step(
        Call.ASIDE_JOURNAL,
        (Actor.CLAIMER, Actor.SWEEPER),
        needs=JOURNAL | CORRUPT,
        lacks=QUEUE,
        takes=JOURNAL,
        synced=QUEUE | CORRUPT,
    ),
)

STEP = {step.call: step for step in STEPS}

MEANING = {
    NONE: "no such message, or settled",
    INCOMING: "being written, or its writer died; not ours yet",
    INCOMING | QUEUE: "accepted; the writer was stopped before it cleared incoming/",
    QUEUE: "accepted, never tried",
    QUEUE | JOURNAL: "accepted, something is recorded",
    JOURNAL: "settled; the claimer was stopped before it dropped the journal",
    INCOMING | QUEUE | JOURNAL: "as with the queue file; incoming/ID waits for the sweeper",
    INCOMING | JOURNAL: "settled; two leftovers for the sweeper",
    CORRUPT: "unreadable, kept for the operator",
    CORRUPT | JOURNAL: "unreadable; its journal is still to follow",
    CORRUPT | INCOMING: "unreadable; incoming/ID waits for the sweeper",
    CORRUPT | INCOMING | JOURNAL: "unreadable; two leftovers for the sweeper",
}


def is_legal(state: Files, step: Step) -> bool:
    return step.needs in state and not step.lacks & state


def after(state: Files, call: Call) -> Files:
    """The state one system call later.  Raises ValueError: nobody may do that here."""
    step = STEP[call]
    if not is_legal(state, step):
        raise ValueError(f"{call.name} is no step from {state}")
    return state & ~step.takes | step.gives


def is_stale(changed: float, now: float) -> bool:
    """May the sweeper take an incoming file that was last changed at `changed`?"""
    return now - changed > SWEEP_AGE


def is_overdue(began: float, now: float) -> bool:
    """Has a writer that began at `began` taken so long that it must give up?"""
    return now - began > WRITER_LIMIT
