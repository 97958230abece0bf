"""Who may do what with a daemon and its queue (ST-03, N-22).

Root, the owner of the queue and the members of `admin_groups` may do everything.  Everybody else
may at most ask for a queue run or a delivery, and that only where `prod_requires_admin` is false,
and list the queue, where `queue_list_requires_admin` is.
"""

from __future__ import annotations

from collections.abc import Sequence

from pymta.dataclass import dataclass

ROOT = 0


@dataclass(frozen=True, slots=True)
class Person:
    """Whoever asks: the effective user, and all groups that the process is in."""

    uid: int
    gids: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Rights:
    """`owner` is the user of the daemon, and so of the queue."""

    owner: int
    admin_gids: frozenset[int] = frozenset()
    prod_requires_admin: bool = True
    queue_list_requires_admin: bool = True

    def is_admin(self, person: Person) -> bool:
        if person.uid in {ROOT, self.owner}:
            return True
        return not self.admin_gids.isdisjoint(person.gids)

    def may_prod(self, person: Person) -> bool:
        """Have what is due delivered, now."""
        return not self.prod_requires_admin or self.is_admin(person)

    def may_list(self, person: Person) -> bool:
        """See which messages wait."""
        return not self.queue_list_requires_admin or self.is_admin(person)


def who_may(owner: str, groups: Sequence[str]) -> str:
    """For a refusal: ``only root, pymta and members of adm or mail may``."""
    people = ["root"] if owner == "root" else ["root", owner]
    if groups:
        people.append(f"members of {' or '.join(groups)}")
    *others, last = people
    return f"only {', '.join(others)} and {last} may" if others else f"only {last} may"
