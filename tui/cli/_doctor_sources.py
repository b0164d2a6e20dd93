"""What `doctor` and `scan` tell of sources and of the documents in them."""

from __future__ import annotations

from collections import Counter, defaultdict
from contextlib import closing
from typing import TYPE_CHECKING, Any

from tui.cli._library import is_watched
from tui.cli._missing import missing_of_document, missing_of_source
from tui.cli._objects import as_watched, document_object, problem_object, source_object
from tui.cli._output import counted
from tui.model import DocumentKind, DocumentState, Gaps, SourceKind, SourceState
from tui.sources import kind_words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tui.library import Library

__all__ = ["FAILED", "document_lines", "source_facts", "source_lines"]

FAILED = frozenset({SourceState.OFFLINE, SourceState.ERROR})
"""States that make a command end with an error. What is locked or not whole is told,
and all else of the source works."""

_WATCHES = {"live": "live", "polling": "polling", "off": "not now"}
_DOCUMENTS = {
    DocumentKind.WHATSAPP_EXPORT: "exported WhatsApp chat",
    DocumentKind.WHATSAPP_DATABASE: "WhatsApp's database on Android",
    DocumentKind.WHATSAPP_BACKUP: "WhatsApp's encrypted backup on Android",
    DocumentKind.WHATSAPP_IOS: "WhatsApp's database on an iPhone",
    DocumentKind.TELEGRAM: "Telegram export",
    DocumentKind.SIGNAL: "Signal export",
    DocumentKind.MESSENGER: "Messenger or Instagram export",
    DocumentKind.IMESSAGE: "Messages of a Mac or iPhone",
    DocumentKind.DISCORD: "Discord export",
    DocumentKind.MATRIX: "Matrix export",
    DocumentKind.VOICE_MEMOS: "index of Voice Memos",
    DocumentKind.MAIL: "mail",
    DocumentKind.CONTACTS: "contacts",
    DocumentKind.ARCHIVE: "archive",
}
_SHOWN = 20
"""How many documents of a source are listed in words; `--json` has them all."""


def source_facts(library: Library) -> dict[str, Any]:
    """Look at all sources.

    Args:
        library: The library.

    Returns:
        Their objects, and those of the problems in them.
    """
    watched = is_watched(library)
    with closing(library.reader()) as reader:
        sources = {
            source.id: as_watched(source, watched=watched)
            for source in reader.sources()
        }
        problems = reader.problems()
        notes = Counter(reader.notes_by_source())
        gaps = defaultdict(Gaps, reader.gaps())
        documents = reader.documents()
    files = Counter(problem.source_id for problem in problems if problem.path)
    told = []
    for source in sources.values():
        own = [each for each in documents if each.source_id == source.id]
        gap = gaps[source.id]
        objects = [
            {
                **document_object(document),
                "missing": [
                    each._asdict()
                    for each in missing_of_document(source, document, gap)
                ],
            }
            for document in own
        ]
        missing = [each._asdict() for each in missing_of_source(source, own, gap)]
        told.append(
            {
                **source_object(source, notes[source.id], files[source.id]),
                "documents": objects,
                "missing": missing,
            }
        )
    return {
        "sources": told,
        "problems": [
            problem_object(problem, sources.get(problem.source_id))
            for problem in problems
        ],
    }


def source_lines(source: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Say a source in words.

    Args:
        source: Its object.

    Yields:
        A title and a text for each line.
    """
    yield "source", source["path"]
    state = source["state"] + (f": {source['reason']}" if source["reason"] else "")
    yield "", f"{kind_words(SourceKind(source['kind']))} “{source['label']}”, {state}"
    yield "", f"score {source['score']}: {', '.join(source['reasons']) or 'no reason'}"
    watch = _WATCHES[source["watch"]]
    if source["watch_reason"]:
        watch = f"{watch} ({source['watch_reason']})"
    notes = counted(source["notes"], "note")
    problems = counted(source["problems"], "problem")
    yield "", f"{notes}, {problems}, watching: {watch}"
    documents = sorted(source["documents"], key=_weight)
    for document in documents[:_SHOWN]:
        yield from _document(document)
    if len(documents) > _SHOWN:
        more = counted(len(documents) - _SHOWN, "more document")
        yield "", f"... and {more} (--json has them all)"
    for number, text in enumerate(_missing(source)):
        yield "" if number else "missing", text


def _missing(source: dict[str, Any]) -> Iterator[str]:
    """Say what is missing, once for all the documents that lack the same."""
    lacking: dict[str, list[str]] = {}
    for document in source["documents"]:
        name = document["path"].rpartition("/")[2]
        for each in document["missing"]:
            lacking.setdefault(each["text"].replace(name, ""), []).append(each["text"])
    for texts in lacking.values():
        also = f" (and {len(texts) - 1:,} more like it)" if len(texts) > 1 else ""
        yield texts[0] + also
    for each in source["missing"]:
        yield each["text"]


def _weight(document: dict[str, Any]) -> tuple[bool, bool, bool]:
    """Order documents: what needs a look first, archives last."""
    return (
        document["state"] == DocumentState.OK,
        not document["missing"],
        document["kind"] == DocumentKind.ARCHIVE,
    )


def _document(document: dict[str, Any]) -> Iterator[tuple[str, str]]:
    kind = DocumentKind(document["kind"])
    what = _DOCUMENTS[kind]
    name = document["path"].rpartition("/")[2]
    if document["label"] and document["label"] != name:
        what += f" “{document['label']}”"
    yield "document", f"{document['path']}: {what}, {_state(document)}"
    score = f"score {document['score']}: {', '.join(document['reasons'])}"
    yield "", score.removesuffix(": ")
    if document["claims"]:
        here = document["matched"]
        of = counted(document["claims"], "note")
        yield "", f"{here:,} of {of} {'is' if here == 1 else 'are'} here"
    for remark in document["remarks"]:
        yield "", remark["text"]


def document_lines(source: dict[str, Any]) -> Iterator[str]:
    """Say of which documents of a source not all could be read, and how many were.

    Args:
        source: Its object.
    """
    documents = source["documents"]
    read = sum(
        each["state"] == DocumentState.OK and each["kind"] != DocumentKind.ARCHIVE
        for each in documents
    )
    if read:
        yield f"{counted(read, 'document')} read"
    for each in documents:
        if each["state"] != DocumentState.OK:
            yield f"{each['path']}: {_state(each)}"


def _state(document: dict[str, Any]) -> str:
    reason = document["reason"]
    return f"{document['state']}, {reason}" if reason else str(document["state"])
