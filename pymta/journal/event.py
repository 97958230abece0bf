"""An event: a kind, the classic text, and fields for those who search.

A kind has a MESSAGE_ID of its own, so that the journal can find all events of a kind whatever
the text says.  Never change one; new kinds get new ones (``systemd-id128 new``), and an entry in
`catalogue`.  Whatever an operator filters apart is a kind of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from enum import Enum, IntEnum

from pymta.dataclass import dataclass


class Kind(Enum):
    # The daemon
    STARTED = "1f1a6c5d6c2b4b7a9d5e0d6c3f9a7b01"
    LISTENING = "925ee74b6b37402e8ef2f59112b27d5c"
    ARGUMENTS = "0e14f7bedabe4f6ebeeac5be43851bb6"
    SETTINGS_CHANGED = "b85a43742a9547ae955a9faaede5a56f"
    RELOAD = "a3d9f5b0c1e84f6f9b2c7d8e4a5f6003"
    RELOAD_FAILED = "e7b2c4d6f8a94b3c8d1e2f3a4b5c6d04"
    CANNOT_START = "fa3a84bb3f0143d79422828d77f43f6c"
    STOPPING = "5c9e0b7b2f3f4e0f8a3d7f4e2a6b9c02"
    STOPPED = "80fad05276d6474a87fe4b7937a73d07"
    CUT_OFF = "cbf2863a7d944c4590ffade80704d30b"
    HELPER = "87cc20c7446d4e02b6a4418eecc3ba93"

    # Connections
    CONNECTION = "4c6e8a0b2d4f4861a3c5e7092b4d6f07"
    BACKLOG = "79dc0c2073c7406d8a6152cba89b3dc4"
    REFUSED = "2b4d6f8091a34c5e8f7a6b5c4d3e2f05"
    CONNECTION_CLOSED = "56f4db85a7474d218ac7fea94d822b2c"
    CONNECTION_LOST = "46eeb35533094e92a35034b17db34291"
    TIMEOUT = "c67f59528f45477d8e5c69900eb390de"
    NO_MAIL = "1ff9ad5a1e43432c92c2d2c18aa0a732"
    PROTOCOL_ERROR = "cf5a21f7e6c445d6b193cab75a78ef58"
    SPEAKS_FOR = "620d36f643744993b66ee5a21b49aa67"
    PROXY_FAILED = "c8ece53bbaf74be5a72902b530c91d58"
    TLS_FAILED = "69fcf7197e624606a1ec2d3c83f3fba9"
    LOGIN_FAILED = "9762147b0ece41cea6175b6d7c568281"
    LOOKUP_FAILED = "d838cf8698284547b381eb0ae0c5d647"

    # What clients were refused
    REJECTED = "7d9fb1c3e5074921b6d8fa0c2e405208"
    MESSAGE_REJECTED = "e20e1c0d119d4662b89399f108dc208f"
    OUT_OF_SYNC = "695bbf097d6f40619e8e8aa846dd28de"
    DROPPED = "a6e1c05ba6204575ad91f69079f2eed1"
    INCOMPLETE = "6462ec6005f443a5b22c4ea15fd5d8db"
    POLICY_WARNING = "ac249582be6a413cb0c9a3536ef6c5df"
    LIST_IN_TROUBLE = "aa5aef5637b84901be6cd3003a3eede7"
    DISCARDED = "648953813f79403a88cd17f9589a7903"

    # Messages
    RENAMED = "98c39899d1d04a5eb45b76d2078ee93a"
    ARRIVED = "c0e2f406182a4c3e9d1f3b5d7f91a309"
    QUEUED = "8f1a3c5e70924b6d8fa1c3e5072949a0"
    DELIVERED = "b6d8fa1c3e50427496b8dafc1e3052a1"
    DEFERRED = "3e507294b6d84afc9e1032547698bad2"
    TLS_GIVEN_UP = "539296e8eb704565b897e0f789972a18"
    POLICY_UNKNOWN = "6001373eab444a5bb2f3d1ac1ff8d6d8"
    REDIRECTED = "da532e9377e64f2fb65fca4460fef909"
    FAILED = "d1f3a5c7e90b4d2f8163a5c7e90b2d43"
    BOUNCED = "6f81a3c5e7094b2d8f6183a5c7e90b54"
    REPORT_WORDS = "5dd608293bd44ec0ab48bbaf4a74b71a"
    FROZEN = "0c2e4f6183a54c7e9f0b2d4f6183a565"
    THAWED = "7898709a5da24df3b7267d0e12d06364"
    EXPIRED = "e4c5c5d9f4a941188bf7c2f2ae4db75a"
    IGNORED = "ac75a5a2edab4c76ba1ed792298128a1"
    SKIPPED = "f518b375d47541a8817deb7b959bd133"
    COMPLETED = "f5a7c9eb0d2f4143b5677989abbdcf76"
    REMOVED = "000ddd27c9c745148e8483f6234cc0bf"
    HELD = "eb0d9ecdc29a40edb378a19bb8270bd0"
    RELEASED = "43540aee31ff4ea5953f0c0fbcd6302d"
    GIVEN_UP = "04183789801c47c5b0f879b97df37ead"
    REROUTED = "eb035c5bc0184cf69257d392d137a1be"
    EDITED = "3f0717c58d604baea86321551d59f028"

    # Queue runs
    QUEUE_RUN = "98badcfe103254769abcde0123456787"
    QUEUE_RUN_ENDED = "59096e8fdb0848ad9ada50362e573abf"
    QUEUE_RUN_SKIPPED = "ceccf22ae1b245cbab70e92be7fd09d4"
    QUEUE_RUN_ABANDONED = "19c1fea494ce40ecaa33dca21460027f"
    ETRN = "e677c482dca846d0a7dcf2e641342121"
    NOTIFIED = "b5754a2841644ae7b3f6122ac1edface"

    # Housekeeping
    TIDIED = "99a00fc20417402f9b77b96b0636f939"
    DAMAGED = "ca62a88eb8fb47e5b7937e79ef5f28c4"

    # Trouble
    TROUBLE = "9a8b7c6d5e4f4a3b8c1d0e9f8a7b6c06"
    REMARK = "c375939bdbbc428486d94eaf9e9ae8a1"
    WRONG_SETTING = "a2368e8b006047a6b3530aa08f538661"
    SOCKET = "4a925e9abb744982b676a4d78dc3bd6a"
    LOGIN_TROUBLE = "6189f52e5df34c59b373e0ac04c9f14a"
    CERTIFICATE = "9a21d4e678924d42aea7565e5145d0b7"
    CERTIFICATE_RENEWED = "e3aee911fb2b4d9cb397064afd73bcc0"
    ACCEPT_FAILED = "0329c842ca5c46948e82aee453b45a67"
    FORK_FAILED = "b16711246775411597259047def15db1"
    PROCESS_FAILED = "0408ceb30ec141d8999b406b1baa1344"
    POLICY_FAILED = "97069f87427c4475a89fbf70d1cb2ce1"
    POLICY_OUT_OF_USE = "d49ddfacb15047e699f327f1bbeb884f"
    NOT_ALLOWED = "4e273be455534e84bc6c42eac802b2f8"
    SHORT_OF_SPACE = "d4791e7e5c944881aa82b34f0a1b0602"
    SPOOL_TROUBLE = "fc2ce9096f1f4cf2b107d8a084b574e6"
    SET_ASIDE = "3b97445e6636441d97033e4534964e8b"
    LOG_FAILED = "15209c5e6ccc475eae138845e603168a"
    LOG_LOST = "8e3f6476d4ec4b6eaf33f8daf4841410"

    # For whoever watches
    DEBUG = "b721573ffb7941ceaa64bc2bcf8a6ea8"

    __hash__ = object.__hash__  # as they compare; that of Enum is a function in Python


class Severity(IntEnum):
    """Priorities of syslog and the journal that no stream stands for (section 3.4)."""

    LOG_FAILURE = 2
    WRONG_SETTINGS = 3
    DEBUG = 7


class Stream(Enum):
    """The classic log files; one line may belong to several (section 0.2 of the catalogue)."""

    MAIN = "main"
    REJECT = "reject"
    PANIC = "panic"

    __hash__ = object.__hash__  # each line is looked up by them; that of enums hashes a text


Value = str | tuple[str, ...]

MAIN = (Stream.MAIN,)
MAIN_AND_PANIC = (Stream.MAIN, Stream.PANIC)
MAIN_AND_REJECT = (Stream.MAIN, Stream.REJECT)


@dataclass(frozen=True, slots=True)
class Event:
    """`text` is the classic line without time and without the message id.

    `fields` are journal fields without their prefix: ``{"SENDER": "a@b.example"}`` is sent as
    ``PYMTA_SENDER=a@b.example``, a tuple as one such field for each of its texts.  `selector`
    names the log selector without which the line stays out of the main log; its other streams do
    not depend on it (section 0.2).  `severity` is the syslog priority where it is not that of its
    streams (section 3.4).
    """

    kind: Kind
    text: str
    queue_id: str = ""
    fields: Mapping[str, Value] = field(default_factory=dict)
    streams: tuple[Stream, ...] = MAIN
    selector: str = ""
    severity: Severity | None = None
