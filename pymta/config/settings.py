"""All settings of one generation, with what only the machine and the command line know."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from pymta.config.auth import Auth
from pymta.config.changes import Changes
from pymta.config.control import Control
from pymta.config.deliver import Deliver
from pymta.config.immediate import Immediate
from pymta.config.journal import Journal
from pymta.config.launch import Launch
from pymta.config.limits import Limits
from pymta.config.listen import Listen
from pymta.config.login import Login
from pymta.config.policy import Policy
from pymta.config.policy_code import PolicyCode, PolicySource
from pymta.config.process import Process
from pymta.config.proxy import Proxy
from pymta.config.queue import Queue
from pymta.config.rewriting import Rewriting
from pymta.config.roles import LOCAL, SMTP, SUBMISSION, SUBMISSIONS, begins_with_tls
from pymta.config.routing import Routing
from pymta.config.sendmail import Sendmail
from pymta.config.session import Session
from pymta.config.submission import Submission
from pymta.config.tls import Tls
from pymta.config.transport import Transport
from pymta.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class Machine:
    """Facts of this installation, found when the settings were read; no options.

    `is_configured` is false when no settings file exists: then mail is taken from this machine
    only.  `in_terminal` is true for `pymta serve`, and `serve_port` is its port then.
    `is_handed_sockets`: who started us listens already, so the settings do not say where.
    Directories and `config_file` are absolute paths; `config_file` is "" where none is looked for.
    `is_managed`: a service manager started us, so there is a timer for queue runs.
    `deliver_socket` is where the helper for system users listens.
    `admin_gids` are the numbers of `admin_groups`, `trusted_gids` those of `trusted_groups`.
    `policy_lists` are the items of the files that policy rules name, by path.
    """

    state_directory: str = "/var/lib/pymta"
    runtime_directory: str = "/run/pymta"
    config_file: str = "/etc/pymta/pymta.toml"
    is_configured: bool = False
    in_terminal: bool = False
    serve_port: int = 0
    is_handed_sockets: bool = False
    admin_gids: tuple[int, ...] = ()
    trusted_gids: tuple[int, ...] = ()
    deliver_socket: str = "/run/pymta-deliver/socket"
    is_managed: bool = False
    policy_lists: dict[str, list[str]] = field(default_factory=dict)


SUBJECTS: Mapping[str, type] = {  # the groups of Settings whose fields are options
    "process": Process,
    "control": Control,
    "listen": Listen,
    "limits": Limits,
    "tls": Tls,
    "session": Session,
    "auth": Auth,
    "proxy": Proxy,
    "policy_code": PolicyCode,
    "login": Login,
    "submission": Submission,
    "sendmail": Sendmail,
    "immediate": Immediate,
    "routing": Routing,
    "rewriting": Rewriting,
    "transport": Transport,
    "deliver": Deliver,
    "queue": Queue,
    "journal": Journal,
    "policy": Policy,
}


@dataclass(frozen=True, slots=True)
class Settings:
    process: Process = field(default_factory=Process)
    control: Control = field(default_factory=Control)
    listen: Listen = field(default_factory=Listen)
    limits: Limits = field(default_factory=Limits)
    tls: Tls = field(default_factory=Tls)
    session: Session = field(default_factory=Session)
    auth: Auth = field(default_factory=Auth)
    proxy: Proxy = field(default_factory=Proxy)
    policy_code: PolicyCode = field(default_factory=PolicyCode)
    login: Login = field(default_factory=Login)
    submission: Submission = field(default_factory=Submission)
    sendmail: Sendmail = field(default_factory=Sendmail)
    immediate: Immediate = field(default_factory=Immediate)
    routing: Routing = field(default_factory=Routing)
    rewriting: Rewriting = field(default_factory=Rewriting)
    transport: Transport = field(default_factory=Transport)
    deliver: Deliver = field(default_factory=Deliver)
    queue: Queue = field(default_factory=Queue)
    journal: Journal = field(default_factory=Journal)
    policy: Policy = field(default_factory=Policy)
    machine: Machine = field(default_factory=Machine)
    launch: Launch = field(default_factory=Launch)
    policy_source: PolicySource = field(default_factory=PolicySource)
    generation: int = 0
    changes: Changes = field(default_factory=Changes)

    @property
    def qualify_domain(self) -> str:
        """Of addresses that have none, in mail of users of this machine."""
        return self.sendmail.qualify_domain or self.hostname

    @property
    def hostname(self) -> str:
        """Our own name; filled in when the settings were read."""
        return self.routing.primary_hostname

    def starts_tls(self, role: str, port: int) -> bool:
        """Does TLS begin before the greeting on this socket?  (PT-05)

        `role` is its FileDescriptorName, "smtp" for one that is our own.  Nobody listens in on
        the local one.
        """
        if role == LOCAL:
            return False
        is_so = self.launch.tls_on_connect or self.listen.is_tls_port(port)
        return is_so or begins_with_tls(role)

    def own_role(self, port: int) -> str:
        """The role of a socket that is our own, which no unit has named."""
        if str(port) not in self.submission.submission_ports:
            return SMTP
        return SUBMISSIONS if self.starts_tls(SMTP, port) else SUBMISSION
