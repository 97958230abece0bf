"""What went wrong in the operator's code, and where, in his words rather than in ours."""

from __future__ import annotations

import traceback
from types import TracebackType

LONGEST_REASON = 300  # characters
LONGEST_TRACE = 8000
MOST_FRAMES = 20


def reason_of(error: BaseException) -> str:
    """The last line of the traceback."""
    lines = traceback.format_exception_only(type(error), error)
    return lines[-1].strip().rpartition("\n")[2][:LONGEST_REASON]


def place_of(error: BaseException, path: str) -> int:
    """The innermost line of the file that had to do with it; 0 for none."""
    if isinstance(error, SyntaxError) and error.filename == path:
        return error.lineno or 0
    line, frames = 0, _frames(error, path)
    while frames:
        if frames.tb_frame.f_code.co_filename == path:
            line = frames.tb_lineno
        frames = frames.tb_next
    return line


def trace_of(error: BaseException, path: str) -> str:
    """The traceback from the file on; what of ours stands above it says nothing."""
    frames = _frames(error, path)
    lines = traceback.format_exception(type(error), error, frames, limit=-MOST_FRAMES)
    return "".join(lines)[-LONGEST_TRACE:]


def _frames(error: BaseException, path: str) -> TracebackType | None:
    frames = error.__traceback__
    while frames and frames.tb_frame.f_code.co_filename != path:
        frames = frames.tb_next
    return frames
