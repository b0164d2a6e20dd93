"""Any sequence of edits, readings, removals and undos ends where a plain model does."""

from __future__ import annotations

import copy
import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from tests.support.edited_library import (
    CHATS,
    FILES,
    PEOPLE,
    EditedLibrary,
    Shown,
)
from tests.support.library import ask_no_more, memory_folder, new_library
from tui.library import Library
from tui.library._people import ChatTold, PersonTold

names = st.sampled_from(["Mum", "Kim", "Zoe", ""])
chats = st.sampled_from([*CHATS, "x", "y"])
people = st.sampled_from(PEOPLE)
files = st.sampled_from(FILES)


@dataclass
class Own:
    """All that the user said; an undo gives it back as it was."""

    names: dict[str, str] = field(default_factory=dict)
    into: dict[str, str] = field(default_factory=dict)
    pinned: set[str] = field(default_factory=set)
    chosen: dict[tuple[str, bytes], str] = field(default_factory=dict)
    """By field and file: the identity."""
    rules: dict[int, tuple[str, str, str, bool]] = field(default_factory=dict)
    """Word, field, identity, whether it is on."""


@dataclass
class Model:
    """What should be shown."""

    own: Own = field(default_factory=Own)
    past: list[Own] = field(default_factory=list)
    told: dict[str, tuple[str, int]] = field(default_factory=dict)
    """Name and rank of each identity."""
    facts: dict[bytes, tuple[str, str]] = field(default_factory=dict)
    """Chat and sender of each file."""

    def root(self, identity: str) -> str:
        """What an identity is shown as."""
        while identity in self.own.into:
            identity = self.own.into[identity]
        return identity

    def name(self, identity: str) -> str:
        """What a root is called."""
        return self.called(identity)[0] or identity.rpartition(":")[2]

    def called(self, identity: str) -> tuple[str, int]:
        """Its name as the user, or else a document, has it, and its rank."""
        if own := self.own.names.get(identity):
            return own, 10
        best, by_hand = self.told[identity], ("", -1)
        for part in self.parts(identity):
            found = self.called(part)
            if part in self.own.pinned:
                by_hand = found if found[0] and found[1] > by_hand[1] else by_hand
            elif found[0] and (found[1] > best[1] or not best[0]):
                best = found
        return best if best[0] or not by_hand[0] else by_hand

    def parts(self, identity: str) -> list[str]:
        """What went into it, in the order of the rows."""
        order = list(self.told)
        into = self.own.into
        parts = [part for part in into if into[part] == identity]
        return sorted(parts, key=order.index)

    def named(self, identity: str) -> list[str]:
        """What the user named, of it and what was joined with it by itself."""
        found = [identity] if self.own.names.get(identity) else []
        for part in self.parts(identity):
            if part not in self.own.pinned:
                found += self.named(part)
        return found

    def chosen(self, what: str, name: bytes) -> str | None:
        """What the user chose for a file: by hand, else by the newest rule."""
        if (what, name) in self.own.chosen:
            return self.own.chosen[what, name]
        found = [
            target
            for _, (word, where, target, is_on) in sorted(self.own.rules.items())
            if is_on and where == what and word == f"zebra{name[-1:].decode()}"
        ]
        return found[-1] if found else None

    def shown(self) -> dict[bytes, Shown]:
        """What is shown of each file's note."""
        shown = {}
        for name, told in self.facts.items():
            chosen = self.chosen("chat", name)
            chat = self.root(chosen or told[0])
            sender = self.chosen("sender", name) or told[1]
            sender = self.root(sender) if sender else ""
            shown[name] = Shown(
                chat,
                self.name(chat),
                sender,
                self.name(sender) if sender else "",
                "received" if sender else "unknown",
                chosen is not None,
            )
        return shown


class Edits(RuleBasedStateMachine):
    """Edits in any order, between readings of a document that changes its mind."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(dir=memory_folder()))
        new_library(self.folder / "library.db").close()
        self.open()
        self.model = Model()

    def open(self) -> None:
        """Open the library, as a new process does."""
        self.library = Library.open(self.folder / "library.db")
        self.writer = self.library.index_writer()
        self.edits = self.library.edits()

    def teardown(self) -> None:
        """Take the files away."""
        self.close()
        shutil.rmtree(self.folder)

    def close(self) -> None:
        """Close the library."""
        ask_no_more(self.library)
        self.writer.close()
        self.edits.close()
        self.library.close()

    @initialize()
    def begin(self) -> None:
        """Index everything once, and read the document."""
        self.real = EditedLibrary(self.library, self.writer)
        self.index()
        self.read(1, 1, aliases=False)

    def index(self) -> None:
        """Index the files."""
        self.real.index()
        for folder in ("x", "y"):
            self.model.told.setdefault(folder, (folder, 1))
        for name in FILES:
            self.model.facts[name] = (name[:1].decode(), "")

    @rule(
        version=st.integers(1, 3),
        rank=st.sampled_from([1, 3, 5, 8]),
        aliases=st.booleans(),
    )
    def read(self, version: int, rank: int, *, aliases: bool) -> None:
        """Read the document again, in which people and chats are called otherwise."""
        told = self.model.told
        titles = [f"Chat {version}", "Choir"]
        called = [f"Ana {version}", "Bob", ""]
        self.model_told = [
            ChatTold(0, native, "group", title, rank, 1.0)
            for native, title in zip(CHATS, titles, strict=True)
        ]
        persons = [
            PersonTold(native, name, rank if name else 0)
            for native, name in zip(PEOPLE, called, strict=True)
        ]
        if aliases:
            persons[0] = persons[0]._replace(aliases=("lid:1",))
        self.persons = persons
        self.real.read(self.model_told, persons)
        self.real.ask_rules()
        for native, name in (
            *zip(CHATS, titles, strict=True),
            *zip(PEOPLE, called, strict=True),
        ):
            if name and rank >= told.get(native, ("", 0))[1]:
                told[native] = (name, rank)
            told.setdefault(native, ("", 0))
        self.joined()
        self.tell()

    def joined(self) -> None:
        """What the document joins, unless the user joined or parted it."""
        at, own = "lid:1", self.model.own
        b = self.model.root("tel:1")
        if not self.persons[0].aliases or b in own.pinned:
            return
        while at not in own.pinned:
            if at not in own.into:
                if at != b:
                    for each in (own, *self.model.past):
                        each.into.setdefault(at, b)
                return
            at = own.into[at]

    def tell(self) -> None:
        """What the document tells of the files."""
        for at, name in enumerate(FILES):
            if name not in {b"x/3", b"y/5"}:
                self.model.facts[name] = (CHATS[at % 2], PEOPLE[at % 3])

    @rule()
    def restart(self) -> None:
        """Close the library, and open it again."""
        self.close()
        self.open()
        self.real.library, self.real.writer = self.library, self.writer

    @rule()
    def remove(self) -> None:
        """Remove the source, add it again, index it and read its document."""
        self.real.remove()
        self.index()
        self.real.read(self.model_told, self.persons)
        self.real.ask_rules()
        self.joined()
        self.tell()

    def change(self) -> Own:
        """Remember what was, for the undo."""
        self.model.past.append(copy.deepcopy(self.model.own))
        return self.model.own

    @rule(chat=chats, title=names)
    def rename_chat(self, chat: str, title: str) -> None:
        """Rename a chat."""
        done = self.edits.rename_chat(self.real.ids("chat")[chat], title)
        self.renamed(chat, title, is_change=bool(done.text))

    @rule(sender=people, name=names)
    def rename_sender(self, sender: str, name: str) -> None:
        """Rename a sender."""
        done = self.edits.rename_sender(self.real.ids("sender")[sender], name)
        self.renamed(sender, name, is_change=bool(done.text))

    def renamed(self, identity: str, name: str, *, is_change: bool) -> None:
        """Rename in the model."""
        root = self.model.root(identity)
        rows = [root] if name else self.model.named(root)
        if name and self.model.own.names.get(root) == name:
            rows = []
        assert is_change == bool(rows)
        if is_change:
            self.change().names.update(dict.fromkeys(rows, name))

    @rule(parts=st.lists(chats, min_size=1, max_size=2), into=chats)
    def merge_chats(self, parts: list[str], into: str) -> None:
        """Merge chats."""
        ids = self.real.ids("chat")
        self.edits.merge_chats([ids[each] for each in parts], ids[into])
        self.merged(parts, into)

    @rule(parts=st.lists(people, min_size=1, max_size=2), into=people)
    def merge_senders(self, parts: list[str], into: str) -> None:
        """Merge senders."""
        ids = self.real.ids("sender")
        self.edits.merge_senders([ids[each] for each in parts], ids[into])
        self.merged(parts, into)

    def merged(self, parts: list[str], into: str) -> None:
        """Merge in the model."""
        root = self.model.root(into)
        roots = {self.model.root(each) for each in parts} - {root}
        if roots:
            own = self.change()
            for each in roots:
                own.into[each] = root
            own.pinned |= roots

    @rule(chat=chats)
    def split_chat(self, chat: str) -> None:
        """Take a chat out again."""
        self.edits.split_chat(self.real.ids("chat")[chat])
        self.split(chat)

    @rule(sender=people)
    def split_sender(self, sender: str) -> None:
        """Take a sender out again."""
        self.edits.split_sender(self.real.ids("sender")[sender])
        self.split(sender)

    def split(self, identity: str) -> None:
        """Split in the model."""
        into = self.model.own.into
        parts = {identity} if identity in into else set()
        parts = parts or {each for each in into if into[each] == identity}
        if parts:
            own = self.change()
            own.pinned |= parts
            for each in parts:
                del own.into[each]

    @rule(some=st.lists(files, min_size=1, max_size=3), chat=chats)
    def assign_chat(self, some: list[bytes], chat: str) -> None:
        """Assign notes to a chat."""
        ids = self.real.note_ids()
        target = self.real.ids("chat")[chat]
        self.edits.assign([ids[each] for each in some], chat=target)
        own = self.change()
        for each in some:
            own.chosen["chat", each] = self.model.root(chat)

    @rule(some=files, sender=people)
    def assign_sender(self, some: bytes, sender: str) -> None:
        """Assign a note to a sender."""
        ids, target = self.real.note_ids(), self.real.ids("sender")[sender]
        self.edits.assign([ids[some]], sender=target)
        self.change().chosen["sender", some] = self.model.root(sender)

    @rule(some=files, title=st.sampled_from(["Radio", "Zoo"]))
    def assign_new(self, some: bytes, title: str) -> None:
        """Assign a note to a chat that the user makes."""
        self.edits.assign([self.real.note_ids()[some]], chat=title)
        self.model.told[f"own:{title}"] = (title, 9)
        self.change().chosen["chat", some] = f"own:{title}"

    @rule(number=st.integers(0, 5), chat=chats)
    def add_rule(self, number: int, chat: str) -> None:
        """Make a rule for one of the files."""
        target = self.real.ids("chat")[chat]
        self.edits.add_rule(f"zebra{number}", chat=target)
        self.real.ask_rules()
        rule_id = self.edits.rules()[-1].id
        root = self.model.root(chat)
        self.change().rules[rule_id] = (f"zebra{number}", "chat", root, True)

    @precondition(lambda self: self.model.own.rules)
    @rule(data=st.data())
    def remove_rule(self, data: st.DataObject) -> None:
        """Take a rule back."""
        rule_id = data.draw(st.sampled_from(sorted(self.model.own.rules)), "rule")
        done = self.edits.remove_rule(rule_id)
        rules = self.model.own.rules
        assert bool(done.text) == rules[rule_id][3]
        if done.text:
            self.change().rules[rule_id] = (*rules[rule_id][:3], False)

    @rule(steps=st.integers(1, 3))
    def undo(self, steps: int) -> None:
        """Take edits back."""
        told = self.edits.undo(steps)
        assert bool(told) == bool(self.model.past)
        for _ in range(min(steps, len(self.model.past))):
            self.model.own = self.model.past.pop()

    @invariant()
    def agrees(self) -> None:
        """Every note is shown as the model says, and counted where it is shown."""
        if not hasattr(self, "real"):
            return
        assert self.real.shown() == self.model.shown()
        assert self.real.counted() == self.real.true_counts()
        assert len(self.edits.history(2000)) == len(self.model.past)


Edits.TestCase.settings = settings(
    max_examples=40, stateful_step_count=30, deadline=None
)
TestEdits = Edits.TestCase
