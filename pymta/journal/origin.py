"""The client of a connection, as lines about it tell of him."""

from __future__ import annotations

from dataclasses import replace

from pymta.config.journal import Journal
from pymta.config.selectors import is_shown_port
from pymta.dataclass import dataclass
from pymta.journal.parts import quoted
from pymta.mail.caller import Endpoint
from pymta.tls.facts import Facts


@dataclass(frozen=True, slots=True)
class Origin:
    """The client, as far as it is known.

    `helo` is "" before it has said its name, `name` is the one that was found for its address,
    `ident` what its machine calls the user, `id` that of the connection.  `ends` is what the log
    selectors show of ports and interfaces, see `ends_text`; `shows_id` is one of them.  `tls` is
    None for a plain connection; `tls_mark` is what lines about mail show of it.

    `login` are mechanism and account of whoever has logged in, and `auth_sender` whom he names in
    the AUTH parameter of MAIL, where that is to be shown.  `proxy` stands between him and us.

    A user of this machine has no `address`: `ident` is his account, and `peer` his uid and pid.
    """

    address: str
    port: int
    helo: str = ""
    name: str = ""
    ident: str = ""
    id: str = ""
    ends: str = ""
    shows_id: bool = False
    tls: Facts | None = None
    tls_mark: str = ""
    peer: tuple[int, int] | None = None
    login: tuple[str, str] | None = None
    auth_sender: str = ""
    proxy: Endpoint | None = None

    @property
    def mark(self) -> str:
        """``H=WHO``, or ``U=ACCOUNT``."""
        return f"H={self.who}" if self.address else f"U={self.who}"

    @property
    def marks(self) -> str:
        """What lines about mail show of TLS and login: `` X=… A=MECHANISM:ACCOUNT``."""
        return self.tls_mark + self.login_mark

    @property
    def login_mark(self) -> str:
        if not self.login:
            return ""
        return f" A={':'.join(filter(None, (*self.login, self.auth_sender)))}"

    @property
    def who(self) -> str:
        """CP-07: the HELO is left out where it says nothing new."""
        if not self.address:
            return f"{self.ident}{self.ci}"
        known = (
            "",
            self.name.lower(),
            f"[{self.address}]".lower(),
            f"[ipv6:{self.address}]".lower(),
        )
        helo = "" if self.helo.lower() in known else f"({self.helo}) "
        name = f"{self.name} " if self.name else ""
        ident = f" U={self.ident}" if self.ident else ""
        return f"{name}{helo}[{self.address}]{self.ends}{ident}{self.ci}"

    @property
    def connection(self) -> str:
        """How a line about the whole connection begins: there the id comes first (N-29)."""
        return f"SMTP connection{self.ci} from {replace(self, shows_id=False).who}"

    @property
    def fields(self) -> dict[str, str]:
        fields = {"CLIENT": self.address, "CLIENT_PORT": str(self.port)}
        if self.peer:
            fields = dict(zip(("PEER_UID", "PEER_PID"), map(str, self.peer), strict=True))
        more = {"HELO": self.helo, "CLIENT_NAME": self.name, "IDENT": self.ident}
        more["SESSION_ID"] = self.id
        more |= _tls_fields(self.tls)
        if self.proxy:
            more |= {"PROXY": str(self.proxy.address), "PROXY_PORT": str(self.proxy.port)}
        more["MECHANISM"], more["ACCOUNT"] = self.login or ("", "")
        return fields | {name: text for name, text in more.items() if text}

    @property
    def ci(self) -> str:
        return f" Ci={self.id}" if self.shows_id else ""


def ends_text(caller: Endpoint, local: Endpoint, journal: Journal) -> str:
    """What stands behind the address of a client (HC-04): ``:PORT I=[LOCAL]:PORT`` at most."""
    text = f":{caller.port}" if "incoming_port" in journal.selected else ""
    if "incoming_interface" in journal.selected:
        port = f":{local.port}" if is_shown_port(local.port, journal.log_ports) else ""
        text += f" I=[{local.address}]{port}"
    return text


def tls_mark(tls: Facts | None, selected: frozenset[str]) -> str:
    """`` X=TLS1.3:TLS_AES_256_GCM_SHA384:256* CV=yes DN="CN=client" SNI=mx.example.org``.

    Selectors tls_cipher, tls_resumption (the star), tls_certificate_verified, tls_peerdn, tls_sni.
    """
    if tls is None:
        return ""
    text = ""
    if "tls_cipher" in selected:
        star = "*" if tls.is_resumed and "tls_resumption" in selected else ""
        text += f" X={tls.text}{star}"
    if "tls_certificate_verified" in selected:
        text += f" CV={tls.proof or ('yes' if tls.peer else 'no')}"
    if "tls_peerdn" in selected and tls.peer:
        text += f" DN={quoted(tls.peer.subject)}"
    if "tls_sni" in selected and tls.sni:
        text += f" SNI={tls.sni}"
    return text


def _tls_fields(tls: Facts | None) -> dict[str, str]:
    if tls is None:
        return {}
    peer = tls.peer.subject if tls.peer else ""
    return {"TLS": tls.text, "TLS_PEER": peer, "TLS_SNI": tls.sni}
