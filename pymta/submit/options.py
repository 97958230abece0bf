"""What do the words behind `sendmail` ask for, when a message is to be handed in?

    address...          who is to get it; each word may be a list with commas
    -t                  as well as everybody in To, Cc and Bcc, or in Resent-To, -Cc and -Bcc
    -f address, -r      who sends it; "" or <> is nobody, for a message that nobody is to answer
    -F name             his name, for a From field that is missing
    -i, -oi, -oitrue    a line with a dot alone does not end the message
    -bm                 take a message; that is what happens anyway
    -bs                 be an SMTP server on standard input and output
    -odq, -odqs         leave it to the queue, or leave to the queue what goes to other hosts
    -N when, -R what, -V id     which reports are wanted (RFC 3461)
    -v                  show the dialogue with the server
    -bi, -I             as newaliases

Words that other programs say out of habit, and that change nothing here, are taken and forgotten;
`_IGNORED` and `_IGNORED_WITH_VALUE` have them.  Words of other jobs, such as -bd, -bp and -q, make
the whole line one for `pymta.cli.classic_line`.
"""

from __future__ import annotations

NOTIFY = ("never", "success", "failure", "delay")
RETURN = ("full", "hdrs")

_IGNORED = frozenset(
    "-bm -m -n -G -U -x -Ac -Am -om -oo -oe -oep -oem -oee -oeq -oew -odb -odf -odi -odd"
    " -oi -oitrue -i".split()
)
_IGNORED_WITH_VALUE = ("-B", "-h", "-L", "-p", "-X", "-oh", "-oM")
_CLUSTER = frozenset("tivmnGU")
_ELSEWHERE = frozenset("-brw -bV -C -oP -oX -oY -tls-on-connect".split())
_ELSEWHERE_FRONT = tuple("-bd -bh -bp -bP -bt -bv -bw -d -M -os -q -R -S".split())
_DELIVERY = {"-odq": "queue", "-odqs": "local"}


class MisusedError(Exception):
    """The argument is the line for standard error."""


class Elsewhere:
    """The line is not for us."""

    __slots__ = ()


class NewAliases:
    """Have new aliases taken note of."""

    __slots__ = ()


class Submission:
    """What is to be done with the message; see the words above.

    `sender` is None where nobody said it.  `notify`, `ret` and `envid` are in the words of SMTP.
    """

    __slots__ = (
        "delivery",
        "dot_ends",
        "envid",
        "from_header",
        "full_name",
        "notify",
        "recipients",
        "ret",
        "sender",
        "shows",
        "speaks_smtp",
    )

    def __init__(self) -> None:
        self.recipients: list[str] = []
        self.from_header = False
        self.sender: str | None = None
        self.full_name = ""
        self.dot_ends = True
        self.speaks_smtp = False
        self.delivery = ""
        self.notify = ""
        self.ret = ""
        self.envid = ""
        self.shows = False


def read_words(words: list[str]) -> Submission | NewAliases | Elsewhere:
    """`words` without the name of the program.  Raises MisusedError."""
    heard = _Heard(words)
    while heard.words and not heard.is_elsewhere:
        heard.hear(heard.words.pop(0))
    if heard.is_elsewhere:
        return Elsewhere()
    if heard.unknown:
        raise MisusedError(f"pymta: unknown option {heard.unknown}")
    if heard.makes_aliases:
        return NewAliases()
    asked = heard.asked
    if not (asked.recipients or asked.from_header or asked.speaks_smtp):
        raise MisusedError(
            "pymta: nobody to send to: give addresses, or -t for those in the header"
        )
    if asked.speaks_smtp and (asked.recipients or asked.from_header):
        raise MisusedError("pymta: -bs hears the addresses by SMTP: give none, and no -t")
    return asked


class _Heard:
    def __init__(self, words: list[str]) -> None:
        self.words = list(words)
        self.asked = Submission()
        self.is_elsewhere = False
        self.makes_aliases = False
        self.unknown = ""

    def hear(self, word: str) -> None:
        if word == "--":
            self.asked.recipients += self.words
            self.words = []
        elif not word.startswith("-") or word == "-":
            self.asked.recipients.append(word)
        elif not (self._hear_plain(word) or self._hear_with_value(word)):
            self._hear_of_others(word)

    def _hear_plain(self, word: str) -> bool:
        """Words that take no value."""
        asked = self.asked
        if word in {"-i", "-oi", "-oitrue"}:
            asked.dot_ends = False
        elif word in _IGNORED:
            pass
        elif word == "-bs":
            asked.speaks_smtp = True
        elif word in {"-bi", "-I"}:
            self.makes_aliases = True
        elif word in _DELIVERY:
            asked.delivery = _DELIVERY[word]
        elif _CLUSTER.issuperset(word[1:]):
            asked.from_header |= "t" in word
            asked.shows |= "v" in word
            asked.dot_ends &= "i" not in word
        else:
            return False
        return True

    def _hear_with_value(self, word: str) -> bool:
        """Words whose value stands behind them, or in the next word."""
        asked, front = self.asked, word[:2]
        if front in {"-f", "-r"}:
            asked.sender = _without_brackets(self._value(word, 2))
        elif front == "-F":
            asked.full_name = self._value(word, 2)
        elif front == "-N":
            asked.notify = _notify(self._value(word, 2))
        elif front == "-R" and (word[2:] or self._next()).lower() in RETURN:
            asked.ret = self._value(word, 2).upper()
        elif front == "-V":
            asked.envid = self._value(word, 2)
        elif front == "-O":
            self._hear_option(self._value(word, 2))
        elif word.startswith("-oM"):  # Exim's: the value is always the next word
            self._value("-oM", 3)
        elif ignored := next((w for w in _IGNORED_WITH_VALUE if word.startswith(w)), ""):
            self._value(word, len(ignored))
        else:
            return False
        return True

    def _hear_option(self, text: str) -> None:
        """-O name=value, as sendmail has it since 8.7; all but the way of delivery is ignored."""
        name, _, value = text.partition("=")
        if name.strip().lower() == "deliverymode" and value.strip().lower() in {"q", "queue", "d"}:
            self.asked.delivery = "queue"

    def _hear_of_others(self, word: str) -> None:
        """What is no word of ours may make the line one for somebody else, or is a mistake."""
        if word in _ELSEWHERE or word.startswith(_ELSEWHERE_FRONT):
            self.is_elsewhere = True
        self.unknown = self.unknown or word

    def _next(self) -> str:
        return self.words[0] if self.words else ""

    def _value(self, word: str, length: int) -> str:
        if word[length:]:
            return word[length:]
        if not self.words:
            raise MisusedError(f"pymta: {word} needs a value")
        return self.words.pop(0)


def _without_brackets(text: str) -> str:
    text = text.strip()
    return text[1:-1] if text.startswith("<") and text.endswith(">") else text


def _notify(text: str) -> str:
    found = [word.strip().lower() for word in text.split(",")]
    is_known = all(word in NOTIFY for word in found)
    if not is_known or ("never" in found and len(found) > 1):
        raise MisusedError(
            f"pymta: -N {text}: want never, or one or more of success,failure,delay with commas"
        )
    return ",".join(dict.fromkeys(found)).upper()
