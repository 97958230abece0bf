"""The command line wins over the settings files (ST-08, OX-01)."""

from __future__ import annotations

from dataclasses import replace

from pymta.config.domain_list import EVERYTHING
from pymta.config.immediate import Immediate
from pymta.config.launch import Launch
from pymta.config.queue import Queue
from pymta.config.settings import Settings


def overruled(settings: Settings, launch: Launch) -> Settings:
    """The settings as a daemon takes them that was started like this."""
    return replace(
        settings,
        launch=launch,
        listen=replace(
            settings.listen,
            daemon_smtp_ports=launch.ports or settings.listen.daemon_smtp_ports,
            local_interfaces=launch.interfaces or settings.listen.local_interfaces,
        ),
        queue=_queue(settings.queue, launch),
        session=replace(
            settings.session,
            smtp_receive_timeout=launch.receive_timeout or settings.session.smtp_receive_timeout,
        ),
        immediate=_immediate(settings.immediate, launch.delivery),
    )


def _queue(queue: Queue, launch: Launch) -> Queue:
    """Runs of the command line are all there are: the start line then tells what was typed."""
    if not launch.queue_runs:
        return queue
    return replace(queue, queue_run_interval=0, queue_runs=launch.queue_runs)


def _immediate(immediate: Immediate, delivery: str) -> Immediate:
    """A yes to queue_only always wins, a no only where `queue_only_override` lets it."""
    queue_only = immediate.queue_only
    if delivery == "queue":
        queue_only = True
    elif delivery and immediate.queue_only_override:
        queue_only = False
    no_smtp = EVERYTHING if delivery == "local" else immediate.queue_smtp_domains  # -odqs
    return replace(immediate, queue_only=queue_only, queue_smtp_domains=no_smtp)
