"""Naming, joining and parting chats and senders: what the keys and the palette do.

All that reads lists or writes goes on a thread of its own, whose result comes back: a
chat of 100,000 notes takes seconds to be joined with another.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from tui.errors import EarmarkError
from tui.model import GroupKind
from tui.screens._work import EditWork, sentence
from tui.screens.pick import Choice, Choices, PickScreen
from tui.text import printable

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Awaitable, Callable, Sequence

    from textual.app import App

    from tui.model import Edited, Named, NoteId
    from tui.screens.main import MainScreen
    from tui.screens.pick import Picked
    from tui.services import Editing, Naming, Services
    from tui.widgets.glyphs import Glyphs

__all__ = ["PALETTE", "PeopleActions"]

PALETTE = (
    ("Rename chat", "rename_chat", "Give the chat under the cursor your own title"),
    ("Rename sender", "rename_sender", "Give the sender of the note your own name"),
    ("Merge chat into…", "merge_chat", "Let this chat and another be one"),
    ("Merge sender into…", "merge_sender", "Let this sender and another be one"),
    ("Split chat", "split_chat", "Take a chat out that went into this one"),
    ("Split sender", "split_sender", "Take a sender out that went into this one"),
    ("Assign to chat", "assign_chat", "Say which chat the note is from"),
    ("Assign to sender", "assign_sender", "Say who sent the note"),
    (
        "Switch day and month",
        "switch_dates",
        "Of the export that tells when this note was sent",
    ),
)
"""Entries that have no key of their own: title, name, and what they do."""

_NO_CHAT = "Put the cursor on a chat, or on a note in one"
_NO_NOTE = "Put the cursor on a note"
_NO_SENDER = "It is not known who sent this note; A says it"
_SWITCHED = {"mdy": "dmy", "dmy": "mdy"}


class PeopleActions:
    """Does what the user says about chats and senders.

    Args:
        app: The application, whose screens are shown.
        main: The browser below them.
        services: The engines.
        glyphs: The marks.
        run: Does something on a thread; tells whether it came to its end in time.
        turn: Held by each edit, so that they are made in the order of the keys.
    """

    def __init__(
        self,
        app: App[None],
        main: MainScreen,
        services: Services,
        glyphs: Glyphs,
        run: Callable[[Callable[[], None], str, float], Awaitable[bool]],
        *,
        turn: asyncio.Lock | None = None,
    ) -> None:
        self._app = app
        self._main = main
        self._services = services
        self._glyphs = glyphs
        self._work = EditWork(main, services, run, turn)

    async def do(self, name: str) -> None:
        """Do what a key or an entry of the palette stands for.

        Args:
            name: `assign`, `undo`, or a name of PALETTE.
        """
        if self._work.refuse():
            return
        try:
            await getattr(self, f"_{name}")()
        except EarmarkError as error:
            self._main.say(error.message, is_warning=True)

    # What the cursor is on

    @property
    def _note(self) -> NoteId | None:
        return self._main.note_tree.cursor_note

    async def _chat(self) -> Named | None:
        """The chat under the cursor; says so where there is none."""
        tree = self._main.note_tree
        chat_id: int | None = None
        if tree.cursor_note is not None:
            place = self._services.reader.locate(tree.cursor_note)
            chat_id = None if place is None else place[0]
        elif tree.cursor_group.kind in {GroupKind.CHAT, GroupKind.MONTH}:
            chat_id = tree.cursor_group.chat_id
        chats = (
            [] if chat_id is None else await self._work.names(lambda who: who.chats())
        )
        found = next((chat for chat in chats or () if chat.id == chat_id), None)
        if found is None:
            self._main.say(_NO_CHAT)
        return found

    async def _sender(self) -> Named | None:
        """The sender of the note under the cursor; says so where there is none."""
        note_id = self._note
        if note_id is None:
            self._main.say(_NO_NOTE)
            return None

        def find(who: Naming) -> Named | None:
            sender_id = who.sender_of(note_id)
            return next((each for each in who.senders() if each.id == sender_id), None)

        found = await self._work.names(find)
        if found is None:
            self._main.say(_NO_SENDER)
        return found

    # What can be done

    async def _assign(self) -> None:
        """Assign the note under the cursor; of a chat, ask what to do with it."""
        if self._note is not None:
            await self._assign_note(("chat", "sender"))
            return
        chat = await self._chat()
        if chat is None:
            return
        ways = [Choice("Rename", "another title", 0)]
        ways.append(Choice("Merge into…", "be one with another chat", 1))
        if len(chat.identities) > 1:
            parts = len(chat.identities) - 1
            noun = "chat" if parts == 1 else "chats"
            ways.append(Choice("Split", f"{parts} {noun} went into it", 2))
        picked = await self._pick(f"“{printable(chat.name)}”", [_fixed(ways)])
        if picked is not None and picked.choice is not None:
            call = (self._rename, self._merge, self._split)[picked.choice.value]
            await call("chat", chat)

    async def _assign_chat(self) -> None:
        await self._assign_note(("chat",))

    async def _assign_sender(self) -> None:
        await self._assign_note(("sender",))

    async def _assign_note(self, words: Sequence[str]) -> None:
        note_id = self._note
        if note_id is None:
            self._main.say(_NO_NOTE)
            return
        views = [
            Choices(word, self._loader(word), partial(_new, word)) for word in words
        ]
        picked = await self._pick(
            "Assign to", views, hint="type a part of the name, or a new name"
        )
        if picked is None:
            return
        target = picked.text if picked.choice is None else picked.choice.value
        field = words[picked.view]

        def assign(edits: Editing) -> Edited:
            if field == "chat":
                return edits.assign([note_id], chat=target)
            return edits.assign([note_id], sender=target)

        await self._work.edit(assign, nothing="It is assigned so already")

    async def _rename_chat(self) -> None:
        if chat := await self._chat():
            await self._rename("chat", chat)

    async def _rename_sender(self) -> None:
        if sender := await self._sender():
            await self._rename("sender", sender)

    async def _merge_chat(self) -> None:
        if chat := await self._chat():
            await self._merge("chat", chat)

    async def _merge_sender(self) -> None:
        if sender := await self._sender():
            await self._merge("sender", sender)

    async def _split_chat(self) -> None:
        if chat := await self._chat():
            await self._split("chat", chat)

    async def _split_sender(self) -> None:
        if sender := await self._sender():
            await self._split("sender", sender)

    async def _rename(self, field: str, named: Named) -> None:
        def what(name: str) -> str:
            if not name:
                return "call it what it is told to be called"
            return "" if name == named.name else f"call it “{name}”"

        view = Choices("", _nothing, what)
        picked = await self._pick(
            f"Rename “{printable(named.name)}”",
            [view],
            text=printable(named.name),
            hint="type the new name",
            empty="it is called so",
        )
        if picked is None:
            return

        def rename(edits: Editing) -> Edited:
            call = edits.rename_chat if field == "chat" else edits.rename_sender
            return call(named.id, picked.text)

        await self._work.edit(rename, nothing="It is called so already")

    async def _merge(self, field: str, named: Named) -> None:
        view = Choices("", self._loader(field, without=named.id), lambda _: "")
        picked = await self._pick(f"Merge “{printable(named.name)}” into", [view])
        if picked is None or picked.choice is None:
            return
        into = picked.choice.value

        def merge(edits: Editing) -> Edited:
            call = edits.merge_chats if field == "chat" else edits.merge_senders
            return call([named.id], into)

        await self._work.edit(merge, nothing="They are one already")

    async def _split(self, field: str, named: Named) -> None:
        parts = [
            Choice(part.name, part.native_id, part.id) for part in named.identities[1:]
        ]
        if not parts:
            self._main.say(f"Nothing went into “{named.name}”")
            return
        if len(parts) > 1:
            parts.insert(0, Choice("All of them", f"{len(parts)}", named.id))
        shown = [part._replace(detail=printable(part.detail)) for part in parts]
        title = f"Take out of “{printable(named.name)}”"
        picked = await self._pick(title, [_fixed(shown)])
        if picked is None or picked.choice is None:
            return
        part_id = picked.choice.value

        def split(edits: Editing) -> Edited:
            call = edits.split_chat if field == "chat" else edits.split_sender
            return call(part_id)

        await self._work.edit(split, nothing="It is on its own already")

    async def _switch_dates(self) -> None:
        note_id = self._note
        if note_id is None:
            self._main.say(_NO_NOTE)
            return
        found = await self._work.names(lambda who: who.day_orders(note_id))
        if found is None:
            return
        if not found:
            self._main.say("No guess was needed for the time of this note")
            return
        document_id, order = found[0]
        await self._work.edit(
            lambda edits: edits.set_day_order(document_id, _SWITCHED.get(order, "mdy")),
            nothing="They are read so already",
        )

    async def _undo(self) -> None:
        told = await self._work.ask(lambda edits: edits.undo())
        if told is not None:
            self._main.say(sentence(told) if told else "There is nothing to undo")

    # How it is done

    async def _pick(
        self,
        title: str,
        views: Sequence[Choices],
        *,
        text: str = "",
        hint: str = "type a part of the name",
        empty: str = "nothing is called so",
    ) -> Picked | None:
        screen = PickScreen(
            title, views, self._glyphs, text=text, hint=hint, empty=empty
        )
        return await self._app.push_screen_wait(screen)

    def _loader(
        self, field: str, *, without: int = 0
    ) -> Callable[[], Awaitable[Sequence[Choice]]]:
        """Give what reads the chats or senders to choose from."""

        async def load() -> Sequence[Choice]:
            named = await self._work.names(
                lambda who: who.chats() if field == "chat" else who.senders()
            )
            return [_choice(each) for each in named or () if each.id != without]

        return load


def _choice(named: Named) -> Choice:
    noun = "note" if named.notes == 1 else "notes"
    other = " ".join(each.native_id for each in named.identities)
    return Choice(named.name, f"{named.notes:,} {noun}", named.id, other)


def _new(word: str, name: str) -> str:
    """What a name that nothing has would make."""
    return f"new {word} “{name}”" if name else ""


async def _nothing() -> Sequence[Choice]:
    return ()


def _fixed(choices: Sequence[Choice]) -> Choices:
    """A view of choices that are known already."""

    async def load() -> Sequence[Choice]:
        return choices

    return Choices("", load, lambda _: "")
