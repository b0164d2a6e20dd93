"""Export: notes saved as files that every program can play, under names that say all.

No user interface, and nothing of the sources is changed. The decoder is only loaded
when a note is converted.
"""

from __future__ import annotations

from tui.export._documents import (
    DocumentFormat,
    DocumentOptions,
    Linked,
    Per,
    parse_document_format,
    usual_per,
    usual_sound,
)
from tui.export._events import (
    Counted,
    Ended,
    ExportEvent,
    How,
    Order,
    Row,
    Rows,
    Saving,
    Sums,
)
from tui.export._formats import Format, Options, parse_format
from tui.export._jobs import Job, Outcome, Progress, Result, Steering, Stopped
from tui.export._names import DEFAULT_TEMPLATE, FIELDS, safe
from tui.export._plan import Planned, plan
from tui.export._process import ExportProcess
from tui.export._requests import (
    BundleRequest,
    DocumentRequest,
    FilesRequest,
    MailRequest,
    MergeRequest,
    Request,
    Separator,
    job_of,
)
from tui.export._run import Saved, Saver

__all__ = [
    "DEFAULT_TEMPLATE",
    "FIELDS",
    "BundleRequest",
    "Counted",
    "DocumentFormat",
    "DocumentOptions",
    "DocumentRequest",
    "Ended",
    "ExportEvent",
    "ExportProcess",
    "FilesRequest",
    "Format",
    "How",
    "Job",
    "Linked",
    "MailRequest",
    "MergeRequest",
    "Options",
    "Order",
    "Outcome",
    "Per",
    "Planned",
    "Progress",
    "Request",
    "Result",
    "Row",
    "Rows",
    "Saved",
    "Saver",
    "Saving",
    "Separator",
    "Steering",
    "Stopped",
    "Sums",
    "job_of",
    "parse_document_format",
    "parse_format",
    "plan",
    "safe",
    "usual_per",
    "usual_sound",
]
