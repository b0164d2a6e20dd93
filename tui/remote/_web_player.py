"""What a page plays, and what every command does to it.

The page is one that a browser shows, or `earmark listen`. It is given orders with
numbers; each of its reports has the number of the last order that it had carried out,
so what it said before it knew is not taken for an answer.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from typing_extensions import override

from tui.audio import (
    Ended,
    Failed,
    ListOutputs,
    Load,
    Measuring,
    Pause,
    Play,
    PlayerState,
    Prepare,
    PrepareNothing,
    Seek,
    SeekBy,
    SetLoop,
    SetLoudness,
    SetMuted,
    SetOutput,
    SetVolume,
    StateChanged,
    Stop,
    Toggle,
    clamped_speed,
    clamped_volume,
    measure_loudness,
    sounding,
)
from tui.errors import AudioError
from tui.remote._web_notes import Following
from tui.remote._web_page import Paged

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from tui.audio import Command, PlayerEvent
    from tui.remote._web_media import Served
    from tui.remote._web_page import Page

__all__ = ["PagePlayer", "Report"]

_S = PlayerState

_SHORTEST_MS = 50
"""A part that is shorter is not repeated."""
_WHOLE_BYTES = 256 * 1024
"""The most that a page like `earmark listen` fetches whole: two minutes of speech."""
_UNPLAYABLE = "the page can't play it"


class Report(NamedTuple):
    """What a page says."""

    what: str
    """`plays`, `pauses`, `waits`, `blocked`, `ends`, `fails`, `follows`, or anything
    else when it only tells where it is."""
    order: int
    """The last order that was carried out."""
    note: int
    """The generation of the recording that it is about."""
    at_ms: int
    speed: float | None = None
    """How fast it plays, when that was set in the page."""


class PagePlayer(Paged):
    """Plays one recording at a time by way of a page, and the one that follows it.

    All methods belong to the thread of the event loop.

    Args:
        emit: Called with every event.
        offer: The line for the user while there is no page.
        list_outputs: Called when the outputs are asked for.
        target_lufs: What recordings are levelled to.
        loop: The event loop.
    """

    def __init__(
        self,
        emit: Callable[[PlayerEvent], None],
        *,
        offer: str,
        list_outputs: Callable[[], None],
        target_lufs: float,
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        super().__init__(emit, offer=offer, target_lufs=target_lufs, loop=loop)
        self._list_outputs = list_outputs
        self._is_late = False  # what follows was not ready when its time came
        self._measuring = Measuring(
            lambda told: self._call(self.obey, told),
            lambda: self._call(self._measure),
            measure_loudness,
        )

    def _call(self, function: Callable[..., None], *given: object) -> None:
        """Have something done on our thread, from any thread."""
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(function, *given)

    @override
    def close(self) -> None:
        self._measuring.want(())
        super().close()

    # Pages

    def offer(self) -> None:
        """Tell that there is no page yet, and how there will be one."""
        self._tell_device()

    def joined(self, page: Page, note: int, at_ms: int) -> None:
        """Play by way of a page from now on.

        Args:
            page: The page.
            note: What it had played before the line broke; 0 for nothing.
            at_ms: Where that was.
        """
        before, self._page = self._page, page
        if before is not None:
            before.send({"do": "leave"})
            before.close()
        now = self._loop.time()
        self._heard_at, self._asked_at = now, 0.0
        self._answered = self._count
        self._is_blocked = False
        if before is None and note == self._status.generation and self._plays:
            self._set(position_ms=at_ms)
        skip = self._status.skip if page.skips else 0
        self._set(skip=skip)
        self._tell_device()
        self._suit(page)
        if self._notes.now is None:
            self._order({"do": "stop"})  # what it still has of before the line broke
        self._order_load()
        self._order_next()

    def _suit(self, page: Page) -> None:
        """Have made in parts, from now on, what takes a page long to fetch whole."""
        self._notes.most_bytes = most = _WHOLE_BYTES if page.parts else None
        now, following = self._notes.now, self._notes.following
        if most is None or self._status.state is _S.ENDED:
            return
        if now is not None and now.size > most and not now.is_made:
            self._make_anew()
        served = None if following is None else following.served
        if following and served and served.size > most and not served.is_made:
            self._prepare(following.prepare)

    def told(self, page: Page, report: Report) -> None:
        """Take what a page says."""
        if page is not self._page:
            return
        self._heard_at = self._loop.time()
        self._answered = max(self._answered, min(report.order, self._count))
        self._bell.set()
        if report.what == "follows":
            self._went_on(report)
        elif report.what == "fails":
            self._refused(report.note)
        elif report.note == self._status.generation and report.order >= self._turn:
            self._follow(report)
        self._notes.know(report.order)

    def _follow(self, report: Report) -> None:
        """Take where the recording stands."""
        status = self._status
        if status.state in {_S.IDLE, _S.FAILED}:
            return
        if status.state is _S.ENDED and report.what != "plays":
            return
        if report.what != "blocked" and self._is_blocked and report.what != "here":
            self._is_blocked = False
            self._tell_device()
        match report.what:
            case "plays":
                self._plays = self._moves = True
                self._stand(report.at_ms)
                self._set(state=_S.PLAYING, position_ms=report.at_ms)
            case "pauses":
                self._plays = self._moves = False
                self._stand(report.at_ms)
                self._set(state=_S.PAUSED, position_ms=report.at_ms)
            case "waits":
                self._moves = False
                self._stand(report.at_ms)
            case "blocked":
                self._is_blocked, self._moves = True, False
                self._tell_device()
                self._set(state=_S.PAUSED)
            case "ends":
                self._end()
            case _:
                if report.speed is not None and report.order >= self._sounded:
                    self._set(speed=clamped_speed(report.speed))
                self._stand(report.at_ms)
                self._tell_position()

    def _end(self) -> None:
        status, following = self._status, self._notes.following
        self._moves = False
        end_ms = status.duration_ms or status.position_ms
        self._stand(end_ms)
        self._is_late = following is not None
        if following is not None and following.served is not None:
            # The page was at the end before it knew what follows.
            self._begin_following(following.prepare.generation)
        elif following is None:
            self._plays = False
            self._set(state=_S.ENDED, position_ms=end_ms)
            self._emit(Ended(status.generation))

    # Commands

    def obey(self, command: Command) -> None:
        """Carry out a command."""
        match command:
            case Load():
                self._load(command)
            case Prepare():
                self._prepare(command)
            case PrepareNothing():
                self._forget_following()
                self._order_next()
                if self._is_late:
                    self._end()
            case Stop():
                self._stop()
            case Seek(position_ms):
                self._seek(position_ms)
            case SeekBy(delta_ms):
                self._seek(round(self._guessed_ms()) + delta_ms)
            case ListOutputs():
                self._list_outputs()
            case Play() | Pause() | Toggle():
                self._go(command)
            case _:
                self._resound(command)
        self._measure()
        self._bell.set()

    def _go(self, command: Play | Pause | Toggle) -> None:
        is_on = self._status.state is _S.PLAYING or self._waits_to_play()
        if isinstance(command, Play) or (isinstance(command, Toggle) and not is_on):
            self._play()
        else:
            self._pause()

    def _waits_to_play(self) -> bool:
        return self._plays and self._status.state in {_S.LOADING, _S.PAUSED}

    def _load(self, load: Load) -> None:
        self._notes.forget()
        self._order({"do": "stop"})
        self._is_late = False
        self._title = load.title
        self._plays, self._moves = load.play, False
        sound = (load.sound or replace(self._sound, lufs=None)).clamped()
        self._stand(max(0, load.position_ms))
        self._set(
            generation=load.generation,
            path=load.path,
            state=_S.LOADING,
            position_ms=max(0, load.position_ms),
            duration_ms=None,
            saved_ms=0,
            loop_start_ms=None,
            loop_end_ms=None,
            **self._shown(sound),
        )
        self._notes.open_now(load.path, self._loaded)

    def _loaded(self, found: Served | AudioError) -> None:
        if isinstance(found, AudioError):
            self._fail(found.reason)
            return
        status = self._status
        self._notes.now = found
        at_ms = status.position_ms
        if found.duration_ms is not None:
            at_ms = min(at_ms, found.duration_ms)
        self._stand(at_ms)
        self._set(duration_ms=found.duration_ms, position_ms=at_ms)
        if self._page is None:
            self._set(state=_S.PAUSED)
            self._tell_device()
        else:
            self._order_anew()

    def _prepare(self, prepare: Prepare) -> None:
        self._forget_following()
        if self._status.path is None:
            return
        self._notes.following = Following(prepare)
        self._order_next()
        self._notes.open_following(prepare.path, self._prepared)

    def _prepared(self, found: Served | AudioError) -> None:
        following = self._notes.following
        if following is None:
            if not isinstance(found, AudioError):
                found.close()
            return
        prepare = following.prepare
        if isinstance(found, AudioError):
            self._notes.following = None
            self._emit(Failed(prepare.generation, prepare.path, found.reason))
            if self._is_late:
                self._end()
            return
        self._notes.following = Following(prepare, found)
        if not self._is_late:
            self._order_next()
        elif self._plays:
            self._begin_following(prepare.generation)

    def _begin_following(self, generation: int) -> None:
        """Have what follows begin now."""
        taken = self._notes.take_following(generation)
        if taken is not None:
            self._take_over(*taken)
            self._order_load()

    def _order_anew(self) -> None:
        """Order what plays, and what follows, which a page forgets with that."""
        self._order_load()
        if self._notes.following is not None:
            self._order_next()

    def _play(self) -> None:
        status = self._status
        match status.state:
            case _S.FAILED if status.path is not None:
                following = self._notes.following
                self._load(
                    Load(
                        status.generation,
                        status.path,
                        status.position_ms,
                        sound=self._sound,
                        title=self._title,
                    )
                )
                if following is not None:
                    self._prepare(following.prepare)
                return
            case _S.ENDED:
                self._stand(0)
                self._plays = True
                self._set(state=_S.PAUSED, position_ms=0)
                self._order_anew()
                return
            case _S.IDLE | _S.FAILED:
                return
            case _:
                pass
        self._plays = True
        following = self._notes.following
        if following and not following.served and self._is_at_end():
            self._is_late = True  # a page would begin the old one anew
        if self._is_late:
            self._set(state=_S.PLAYING)
            if following and following.served:
                self._begin_following(following.prepare.generation)
            return
        self._order({"do": "play"})

    def _is_at_end(self) -> bool:
        status = self._status
        end_ms = status.duration_ms
        return end_ms is not None and status.position_ms >= end_ms - _SHORTEST_MS

    def _pause(self) -> None:
        if self._status.state in {_S.PLAYING, _S.PAUSED, _S.LOADING}:
            self._plays = False
            self._order({"do": "pause"})

    def _stop(self) -> None:
        self._notes.forget()
        self._plays = self._moves = self._is_late = False
        self._order({"do": "stop"})
        before = self._status
        self._stand(0)
        self._set(
            path=None,
            state=_S.IDLE,
            position_ms=0,
            duration_ms=None,
            loop_start_ms=None,
            loop_end_ms=None,
        )
        if self._status is before:
            self._emit(StateChanged(before))

    def _seek(self, position_ms: int) -> None:
        status = self._status
        if status.state in {_S.IDLE, _S.FAILED}:
            return
        at_ms = max(0, position_ms)
        if status.duration_ms is not None:
            at_ms = min(at_ms, status.duration_ms)
        self._stand(at_ms)
        is_over = status.state is _S.ENDED
        if is_over or self._is_late:
            self._is_late = False
            state = _S.PAUSED if is_over else status.state
            self._set(position_ms=at_ms, state=state)
            self._order_anew()
            return
        self._set(position_ms=at_ms)
        self._order({"do": "seek", "at": at_ms / 1000})

    def _set_loop(self, command: SetLoop) -> None:
        status = self._status
        if self._notes.now is None or status.state in {_S.IDLE, _S.FAILED}:
            return
        begin, end = command.start_ms, command.end_ms
        if begin is not None and end is not None:
            begin = max(0, begin)
            end = end if status.duration_ms is None else min(end, status.duration_ms)
        if begin is None or end is None or end - begin < _SHORTEST_MS:
            begin = end = None
        self._set(loop_start_ms=begin, loop_end_ms=end)
        self._order({"do": "loop", "loop": self._loop_s()})

    def _resound(self, command: Command) -> None:
        """Sound in another way from now on."""
        match command:
            case SetOutput():
                return  # the player knows it; here there is no other
            case SetLoop():
                self._set_loop(command)
                return
            case SetLoudness(generation, lufs) if generation != self._status.generation:
                self._know_loudness(generation, lufs)
                return
            case SetVolume(volume):
                self._set(volume=clamped_volume(volume))
            case SetMuted(muted):
                self._set(muted=muted)
            case _:
                pass
        self._stand(self._guessed_ms())
        self._set(**self._shown(sounding(self._sound, command)))
        self._order({"do": "sound", "sound": self._sound_for(self._sound)})
        following = self._notes.following
        if following is not None and following.prepare.sound is None:
            self._order_next()

    def _know_loudness(self, generation: int, lufs: float) -> None:
        following = self._notes.following
        if following is None or following.prepare.generation != generation:
            return
        sound = replace(following.prepare.sound or self._sound, lufs=lufs)
        prepare = replace(following.prepare, sound=sound)
        self._notes.following = Following(prepare, following.served)
        self._order_next()

    @override
    def _opened(self) -> None:
        self._measure()
        self._bell.set()

    def _forget_following(self) -> None:
        is_served = self._page is not None
        self._notes.forget_following(self._count + 1 if is_served else None)

    def _fail(self, reason: str) -> None:
        self._plays = self._moves = False
        self._order({"do": "stop"})
        self._set(state=_S.FAILED)
        status = self._status
        if status.path is not None:
            self._emit(Failed(status.generation, status.path, reason))

    def _refused(self, note: int) -> None:
        """A page could not play bytes: make others, once."""
        status, served = self._status, self._notes.now
        following = self._notes.following
        if note == status.generation and served is not None:
            if served.is_made:
                self._notes.replace(None)
                self._fail(_UNPLAYABLE)
            else:
                self._make_anew()
        elif following is not None and note == following.prepare.generation:
            prepare, refused = following
            if refused is None:
                return
            refused.close()
            self._notes.following = Following(prepare)
            if refused.is_made:
                self._prepared(AudioError(prepare.path, _UNPLAYABLE))
            else:
                self._notes.open_following(prepare.path, self._prepared, make=True)

    def _make_anew(self) -> None:
        """Make other bytes of what plays, which goes on with them at the same place."""
        self._notes.replace(None)
        if self._status.path is not None:
            self._stand(self._guessed_ms())
            self._set(state=_S.LOADING)
            self._notes.open_now(self._status.path, self._loaded, make=True)

    def broke(self, served: Served, error: AudioError) -> None:
        """Take that bytes that a page waits for can't be made."""
        following = self._notes.following
        if served is self._notes.now:
            self._notes.replace(None)
            self._fail(error.reason)
        elif following is not None and served is following.served:
            served.close()
            self._prepared(error)

    # What follows

    def _went_on(self, report: Report) -> None:
        """The page has gone over to what was prepared."""
        taken = self._notes.take_following(report.note)
        if taken is None:
            following = self._notes.following
            if following is not None and report.note == following.prepare.generation:
                # It could not play that one, for which other bytes are made now.
                self._end()
            return
        prepare, served = taken
        self._take_over(prepare, served)
        self._stand(report.at_ms)
        self._moves = True
        self._set(state=_S.PLAYING, position_ms=report.at_ms)

    def _take_over(self, prepare: Prepare, served: Served) -> None:
        self._is_late = False
        self._title = prepare.title
        self._notes.replace(served)
        self._emit(Ended(self._status.generation))
        sound = (prepare.sound or replace(self._sound, lufs=None)).clamped()
        self._plays = True
        self._stand(prepare.position_ms)
        self._set(
            generation=prepare.generation,
            path=prepare.path,
            position_ms=prepare.position_ms,
            duration_ms=served.duration_ms,
            saved_ms=0,
            loop_start_ms=None,
            loop_end_ms=None,
            **self._shown(sound),
        )

    # Loudness

    def _measure(self) -> None:
        """Have measured what is to be levelled and was not measured before."""
        status, following = self._status, self._notes.following
        wanted: list[tuple[int, bytes]] = []
        if status.path is not None and self._notes.now is not None:
            if status.level and status.lufs is None:
                wanted.append((status.generation, status.path))
            if following is not None:
                prepare = following.prepare
                sound = prepare.sound or replace(self._sound, lufs=None)
                if sound.level and sound.lufs is None:
                    wanted.append((prepare.generation, prepare.path))
        self._measuring.want(wanted)
