"""The command line wins over the settings files (ST-08, OX-01)."""

from __future__ import annotations

from dataclasses import replace

from pymta.config.launch import Launch
from pymta.config.session import Session
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
        queue=replace(
            settings.queue,
            queue_run_interval=launch.queue_interval or settings.queue.queue_run_interval,
        ),
        session=replace(
            settings.session,
            smtp_receive_timeout=launch.receive_timeout or settings.session.smtp_receive_timeout,
            queue_only=_queue_only(settings.session, launch),
        ),
    )


def _queue_only(session: Session, launch: Launch) -> bool:
    """A yes of the command line always wins, a no only where `queue_only_override` lets it."""
    if launch.delivery == "queue":
        return True
    if launch.delivery == "now" and session.queue_only_override:
        return False
    return session.queue_only
