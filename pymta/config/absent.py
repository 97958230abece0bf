"""Options of the classic daemon that have no place here, and what to do instead.

Whoever brings a configuration along should not have to guess whether we forgot something.
"""

from __future__ import annotations

from collections.abc import Mapping

ABSENT: Mapping[str, str] = {
    "bounce_message_text": "bounce_message_file has the whole text",
    "daemon_modules_load": "all modules are loaded before the first connection anyway",
    "daemon_smtp_port": "the name here is daemon_smtp_ports",
    "delay_warning_condition": "mail of programs and lists is never warned about",
    "exim_group": "the name here is pymta_group",
    "exim_path": "the name here is pymta_path",
    "exim_user": "the name here is pymta_user",
    "freeze_tell": "`pymta queue list --frozen` and the log tell of frozen messages",
    "mua_wrapper": "this daemon does not submit to a single host; set smarthost",
    "move_frozen_messages": "frozen messages stay, until timeout_frozen_after",
    "queue_fast_ramp": "both stages of every queue run have up to four deliveries at work",
    "tls_early_banner_hosts": "the greeting always follows the handshake",
}
