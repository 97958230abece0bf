"""What may be asked on the control socket (N-22), and who answers.

    reload              when the new generation serves: "ok …", or "failed …" and why not
    status              the text of STATUS=
    status-json         everything: pymta(8) has the names
    queue-size          how many messages are in all queues; at most a minute old
    deliver ID          attempt this message now, within the bounds of all deliveries
    run WORD...         start queue runs, counted in queue_run_max; words are such as -qffGhipri
    order               carry out a command of whoever asks, see `pymta.supervisor.orders`

Each answer but those of `reload` and `queue-size` is given at once.

Touches: sockets.
"""

from __future__ import annotations

from collections.abc import Mapping

from pymta.channel.control import BUSY, ORDER, STOPPING
from pymta.channel.reach import Reach
from pymta.config.rights import Rights
from pymta.journal import daemon_events
from pymta.mail.message_id import is_id
from pymta.supervisor.control import Client
from pymta.supervisor.desk import Request
from pymta.supervisor.dispatch import ANYWHERE, MOST_WAITING, Task
from pymta.supervisor.orders import Orders
from pymta.supervisor.queue_count import QueueCount
from pymta.supervisor.queue_runs import QueueRuns
from pymta.supervisor.renewal import Renewal
from pymta.supervisor.status import Status
from pymta.supervisor.workplace import Workplace

# Ids that are asked for may not push out those that sessions hand on.
MOST_NOTIFIED = MOST_WAITING // 2


class Requests:
    def __init__(
        self,
        place: Workplace,
        renewal: Renewal,
        status: Status,
        count: QueueCount,
        queue_runs: QueueRuns,
    ) -> None:
        self._place = place
        self._renewal = renewal
        self._status = status
        self._count = count
        self._queue_runs = queue_runs
        self._orders = Orders(place)

    def words(self) -> Mapping[str, Request]:
        return {
            "reload": Request(self._reload),
            "status": Request(lambda client, _: client.succeed(self._status.text())),
            "status-json": Request(lambda client, _: client.succeed(self._status.report())),
            "queue-size": Request(lambda client, _: self._size(client)),
            "deliver": Request(self._deliver, Rights.may_prod),
            "run": Request(self._run, Rights.may_prod),
            ORDER: Request(lambda client, _: self._order(client), Rights.may_list),
        }

    def _reload(self, client: Client, _: str) -> None:
        if self._place.is_stopping:
            client.fail(STOPPING)
        else:
            self._renewal.want(client)

    def _size(self, client: Client) -> None:
        if self._place.is_stopping:
            client.fail(STOPPING)
        else:
            self._count.ask(client)

    def _deliver(self, client: Client, id: str) -> None:
        dispatch = self._place.deliveries.dispatch
        if self._place.is_stopping:
            client.fail(STOPPING)
        elif not is_id(id):
            client.fail("want a message id")
        elif len(dispatch.waiting) >= MOST_NOTIFIED:
            client.fail(f"{BUSY} messages wait for a delivery worker; a queue run will take it")
        else:
            self._place.log.write(daemon_events.notified(id))
            dispatch.hand_on(Task(id, ANYWHERE, Reach.ALL))
            client.succeed()

    def _run(self, client: Client, words: str) -> None:
        if self._place.is_stopping:
            client.fail(STOPPING)
            return
        have_begun, text = self._queue_runs.start_asked(words.split(" "))
        (client.succeed if have_begun else client.fail)(text)

    def _order(self, client: Client) -> None:
        if self._place.is_stopping:
            client.fail(STOPPING)
        else:
            self._orders.give(client)
