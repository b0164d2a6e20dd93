"""The recording that comes next: opened and decoded before it is heard."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tui.audio._deck import Deck, How
from tui.audio._sound import gain_db
from tui.audio._tone import lead

if TYPE_CHECKING:
    from tui.audio._commands import Prepare
    from tui.audio._ring import Ring
    from tui.audio._shelf import Shelf
    from tui.audio._sound import Sound

__all__ = ["Following"]


class Following:
    """A recording that is ready to begin when the one before is over.

    Args:
        prepare: What was asked for.
        shelf: Where it is.
        present: How the one before sounds.
        target_lufs: What is levelled to.
        largest: The most frames that the device asks for at once.

    Raises:
        AudioError: It can't be opened, or nothing in it can be decoded.
    """

    def __init__(
        self,
        prepare: Prepare,
        shelf: Shelf,
        present: Sound,
        target_lufs: float,
        largest: int,
    ) -> None:
        self.prepare = prepare
        self._target_lufs = target_lufs
        self.sound = _sound(prepare, present, None)
        self.deck = Deck(prepare.path, shelf, lead(prepare.gap_ms, tone=prepare.tone))
        try:
            self.cue(largest)
        except BaseException:
            self.deck.close()
            raise

    @property
    def ring(self) -> Ring:
        """Where its sound waits."""
        return self.deck.ring

    def cue(self, largest: int) -> None:
        """Make it ready, from its start.

        Args:
            largest: As above.

        Raises:
            AudioError: It can't be decoded any more.
        """
        sound = self.sound
        how = How(sound.speed, sound.skip, gain_db(sound, self._target_lufs))
        self.deck.cue(self.prepare.position_ms / 1000, how, largest, leads=True)

    def adapt(self, present: Sound) -> bool:
        """Sound as the one before does, unless it has a sound of its own.

        Returns:
            Whether it has to be made ready again.
        """
        return self._change(_sound(self.prepare, present, self.sound.lufs))

    def measured(self, lufs: float) -> bool:
        """Take in how loud it is; returns whether it has to be made ready again."""
        return self._change(replace(self.sound, lufs=lufs))

    def _change(self, sound: Sound) -> bool:
        before, self.sound = self.sound, sound
        target = self._target_lufs
        return (before.speed, before.skip, gain_db(before, target)) != (
            sound.speed,
            sound.skip,
            gain_db(sound, target),
        )


def _sound(prepare: Prepare, present: Sound, lufs: float | None) -> Sound:
    sound = prepare.sound or replace(present, lufs=None)
    return replace(sound, lufs=sound.lufs if lufs is None else lufs).clamped()
