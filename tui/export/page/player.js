"use strict";
(() => {
  const byId = (name) => document.getElementById(name);
  const audio = new Audio();
  const speeds = [1, 1.5, 2, 0.75];
  const notes = document.getElementsByClassName("note");
  const calm = matchMedia("(prefers-reduced-motion: reduce)");
  const shapes = { play: byId("playing").getAttribute("d"), pause: byId("pausing").getAttribute("d") };

  let current = null; // the note in the player
  let address = ""; // of its sound, if that was made here
  let wanted = null; // where to begin once its length is known: { part } or { at }
  let drag = null; // { slider, note } while a finger or button is down
  let speed = 1;
  let goesOn = true;
  let failures = 0; // in a row, so that a folder that is away does not run through all
  let follows = false; // whether the note was begun by itself, after another one
  const left = new WeakMap(); // note -> seconds at which it was left

  audio.preservesPitch = true;

  /* The player */

  function clock(seconds) {
    const whole = Math.max(0, Math.floor(seconds + 0.001));
    const two = (number) => String(number).padStart(2, "0");
    const hours = Math.floor(whole / 3600);
    const minutes = Math.floor(whole / 60) % 60;
    return hours ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
  }

  function canPlay(note) {
    return Boolean(note && (note.dataset.src || note.dataset.mime));
  }

  function told(note) {
    return Number(note.dataset.ms) / 1000;
  }

  function lengthOf(note) {
    const known = note === current && Number.isFinite(audio.duration) && audio.duration > 0;
    return known ? audio.duration : told(note);
  }

  function positionOf(note) {
    if (note !== current) return left.get(note) || 0;
    if (!wanted) return audio.currentTime;
    return wanted.at ?? wanted.part * lengthOf(note);
  }

  function bytesOf(text) {
    if (Uint8Array.fromBase64) return Uint8Array.fromBase64(text);
    const raw = atob(text);
    const bytes = new Uint8Array(raw.length);
    for (let at = 0; at < raw.length; at += 1) bytes[at] = raw.charCodeAt(at);
    return bytes;
  }

  function sourceOf(note) {
    if (note.dataset.src) return note.dataset.src;
    const block = byId(`s${note.id.slice(1)}`);
    const blob = new Blob([bytesOf(block.textContent)], { type: note.dataset.mime });
    address = URL.createObjectURL(blob);
    return address;
  }

  function leave() {
    if (!current) return;
    const note = current;
    const at = audio.ended ? 0 : positionOf(note);
    audio.pause();
    left.set(note, at);
    current = null;
    wanted = null;
    audio.removeAttribute("src");
    if (address) URL.revokeObjectURL(address);
    address = "";
    draw(note, at);
    dress(note);
  }

  function load(note) {
    leave();
    current = note;
    wanted = { at: left.get(note) || 0 };
    const played = note.querySelector(".wave svg");
    if (!note.querySelector(".done")) {
      const copy = played.cloneNode(true);
      copy.classList.add("done");
      played.after(copy);
    }
    try {
      audio.src = sourceOf(note);
    } catch {
      fail(note);
      return;
    }
    audio.defaultPlaybackRate = speed;
    audio.playbackRate = speed;
    tellBar(note);
  }

  function start(note, where, byItself = false) {
    if (!canPlay(note)) return;
    follows = byItself;
    if (note !== current) load(note);
    if (note !== current) return;
    if (where) seek(note, where);
    // Refused when another note was chosen meanwhile, or the browser wants a click first;
    // a sound that can't be played has an event of its own.
    audio.play().catch(() => current && dress(current));
  }

  function seek(note, where) {
    if (note !== current) load(note);
    if (note !== current) return;
    wanted = where;
    settle();
    draw(note);
  }

  function settle() {
    if (!wanted || audio.readyState < 1) return;
    const length = lengthOf(current);
    const at = wanted.at ?? wanted.part * length;
    wanted = null;
    audio.currentTime = Math.min(Math.max(0, at), length || at);
  }

  function toggle(note) {
    if (note === current && !audio.paused) audio.pause();
    else start(note);
  }

  function neighbour(note, step) {
    const all = [...notes];
    let at = note ? all.indexOf(note) + step : 0;
    while (all[at] && (all[at].hidden || !canPlay(all[at]))) at += step || 1;
    return all[at] || null;
  }

  function goOn() {
    const note = current;
    const next = neighbour(note, 1);
    left.delete(note);
    draw(note, 0);
    dress(note);
    if (!goesOn || !next) {
      audio.currentTime = 0;
      return;
    }
    const wasSeen = isSeen(note);
    left.delete(next);
    start(next, null, true);
    if (wasSeen && !isSeen(next)) show(next);
  }

  function fail(note) {
    const kind = note.dataset.mime || "sound";
    const problem = document.createElement("p");
    problem.className = "player silent fault";
    problem.setAttribute("role", "alert");
    problem.textContent = note.dataset.src
      ? "The sound is not where this page expects it, or this browser can\u2019t play it."
      : `This browser can\u2019t play this sound (${kind}).`;
    note.querySelector(".fault")?.remove();
    note.querySelector(".player").after(problem);
    leave();
    left.delete(note);
    draw(note, 0);
    tellBar(note);
    failures += 1;
    const next = neighbour(note, 1);
    if (follows && failures < 4 && goesOn && next) start(next, null, true);
  }

  function setSpeed(value) {
    speed = value;
    audio.defaultPlaybackRate = value;
    audio.playbackRate = value;
    byId("speed").textContent = `${value}\u00d7`;
    byId("speed").setAttribute("aria-label", `Speed ${value}`);
    byId("speed").classList.toggle("changed", value !== 1);
  }

  /* What is seen of it */

  function draw(note, at = positionOf(note)) {
    const length = lengthOf(note);
    const part = length ? Math.min(1, at / length) : 0;
    const text = `${clock(at)} of ${length ? clock(length) : "unknown"}`;
    const done = note.querySelector(".done");
    if (done) done.style.clipPath = `inset(-4px ${(100 - 100 * part).toFixed(2)}% -4px -4px)`;
    if (part === 0 && done) done.style.clipPath = "inset(100%)";
    const isOn = note === current || at > 0;
    note.classList.toggle("on", isOn);
    tell(note.querySelector(".len"), isOn ? clock(at) : length ? clock(length) : "--:--");
    tellSlider(note.querySelector(".wave"), at, length, text);
    if (note !== current) return;
    byId("done").style.transform = `scaleX(${part.toFixed(4)})`;
    tell(byId("clock"), length ? `${clock(at)} / ${clock(length)}` : clock(at));
    tellSlider(byId("line"), at, length, text);
  }

  function tell(element, text) {
    if (element.textContent !== text) element.textContent = text;
  }

  function tellSlider(slider, at, length, text) {
    if (slider.getAttribute("aria-valuetext") === text) return;
    slider.setAttribute("aria-valuemax", Math.floor(length));
    slider.setAttribute("aria-valuenow", Math.floor(at));
    slider.setAttribute("aria-valuetext", text);
  }

  function dress(note) {
    const runs = note === current && !audio.paused && !audio.ended;
    const button = note.querySelector(".play");
    const label = button.getAttribute("aria-label").replace(/^(Play|Pause)/, runs ? "Pause" : "Play");
    button.setAttribute("aria-label", label);
    button.querySelector("path").setAttribute("d", runs ? shapes.pause : shapes.play);
    byId("bar").classList.toggle("runs", !audio.paused && !audio.ended && Boolean(current));
    byId("toggle").setAttribute("aria-label", label);
  }

  function tellBar(note) {
    const who = note.querySelector(".who").textContent;
    const day = note.closest("section").querySelector("h2").textContent;
    const time = note.querySelector("time").textContent.replace("about ", "");
    byId("bar").hidden = false;
    byId("where").disabled = false;
    byId("where").setAttribute("aria-label", `Show the note of ${who}, ${day}`);
    byId("name").textContent = who;
    byId("moment").textContent = `${day.split(" ").slice(1, 3).join(" ")}${/\d/.test(time) ? ` ${time}` : ""}`;
    if (!("mediaSession" in navigator)) return;
    const album = document.title;
    navigator.mediaSession.metadata = new MediaMetadata({ title: who, artist: day, album });
  }

  function isSeen(note) {
    const box = note.getBoundingClientRect();
    return box.bottom > 80 && box.top < innerHeight - 110;
  }

  function show(note) {
    note.scrollIntoView({ block: "center", behavior: calm.matches ? "auto" : "smooth" });
  }

  let frame = 0;

  function follow() {
    cancelAnimationFrame(frame);
    if (!current || audio.paused || calm.matches) return;
    if (!drag) draw(current);
    frame = requestAnimationFrame(follow);
  }

  audio.addEventListener("loadedmetadata", () => {
    settle();
    if (current) draw(current);
  });
  audio.addEventListener("play", () => {
    if (!current) return;
    dress(current);
    follow();
  });
  audio.addEventListener("playing", () => {
    failures = 0;
    current?.querySelector(".fault")?.remove();
  });
  audio.addEventListener("pause", () => {
    if (current) dress(current);
  });
  audio.addEventListener("timeupdate", () => {
    if (current && !drag) draw(current);
  });
  audio.addEventListener("ended", goOn);
  audio.addEventListener("error", () => {
    if (current && audio.getAttribute("src")) fail(current);
  });

  /* Hands: clicks, drags and keys */

  function noteOf(slider) {
    return slider.id === "line" ? current : slider.closest(".note");
  }

  function partAt(event) {
    const box = drag.slider.getBoundingClientRect();
    return Math.min(1, Math.max(0, (event.clientX - box.left) / box.width));
  }

  addEventListener("pointerdown", (event) => {
    const slider = event.target.closest("[role=slider]");
    const note = slider && noteOf(slider);
    if (!note || event.button || !event.isPrimary) return;
    drag = { slider, note };
    slider.setPointerCapture(event.pointerId);
    draw(note, partAt(event) * lengthOf(note));
  });
  addEventListener("pointermove", (event) => {
    if (drag && event.isPrimary) draw(drag.note, partAt(event) * lengthOf(drag.note));
  });
  addEventListener("pointerup", (event) => {
    if (!drag || !event.isPrimary) return;
    const part = partAt(event);
    const { note } = drag;
    drag = null;
    start(note, { part });
  });
  addEventListener("pointercancel", () => {
    if (drag) draw(drag.note);
    drag = null;
  });

  const steps = { ArrowLeft: -5, ArrowDown: -5, ArrowRight: 5, ArrowUp: 5, PageDown: -30, PageUp: 30 };

  function steer(event, slider) {
    const note = noteOf(slider);
    if (!note || event.ctrlKey || event.altKey || event.metaKey) return;
    const step = event.shiftKey ? Math.sign(steps[event.key]) : steps[event.key];
    if (step) seek(note, { at: Math.max(0, positionOf(note) + step) });
    else if (event.key === "Home") seek(note, { at: 0 });
    else if (event.key === "End") seek(note, { at: Math.max(0, lengthOf(note) - 1) });
    else if (event.key === " " || event.key === "Enter") toggle(note);
    else return;
    event.preventDefault();
  }

  addEventListener("keydown", (event) => {
    const slider = event.target.closest?.("[role=slider]");
    if (slider) steer(event, slider);
  });

  addEventListener("click", (event) => {
    const button = event.target.closest("button");
    const note = button?.closest(".note");
    if (!button) return;
    if (button.matches(".play")) toggle(note);
    else if (button.dataset.at) start(note, { at: Number(button.dataset.at) / 1000 });
  });
  byId("toggle").addEventListener("click", () => toggle(current || neighbour(null, 0)));
  byId("where").addEventListener("click", () => current && show(current));
  byId("speed").addEventListener("click", () => {
    setSpeed(speeds[(speeds.indexOf(speed) + 1) % speeds.length]);
  });
  byId("goon").addEventListener("click", () => {
    goesOn = !goesOn;
    byId("goon").setAttribute("aria-checked", goesOn);
  });

  const session = navigator.mediaSession;
  const actions = {
    play: () => current && start(current),
    pause: () => audio.pause(),
    nexttrack: () => start(neighbour(current, 1)),
    previoustrack: () => start(neighbour(current, -1)),
    seekto: (detail) => current && seek(current, { at: detail.seekTime }),
  };
  for (const [name, act] of Object.entries(session ? actions : {})) {
    try {
      session.setActionHandler(name, act);
    } catch {
      // This browser has no such key.
    }
  }

  addEventListener("DOMContentLoaded", () => {
    byId("bar").hidden = !document.querySelector(".play");
  });
})();
