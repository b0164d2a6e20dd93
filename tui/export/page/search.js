"use strict";
(() => {
  const byId = (name) => document.getElementById(name);
  const notes = document.getElementsByClassName("note");
  const query = byId("query");
  const fields = ".who, .chat, h3, .words, .caption, .said, .tag, .pin";
  const accents =
    /[\u0300-\u036f\u0483-\u0487\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06dc\u06df-\u06e4\u06e7\u06e8\u06ea-\u06ed\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\u3099\u309a\ufe00-\ufe0f\ufe20-\ufe2f\u00ad\u200c-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/g;
  const plainText = /^[\0-\x7f]*$/;
  const letter = /[\p{L}\p{N}]/u;
  const alone = /[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff\u3400-\u9fff\uf900-\ufaff\ud800-\udfff]/;
  let index = null; // [{ note, parts, folded }], made when the search is first used
  let found = []; // entries of it
  let marked = new Set(); // elements with marks in them
  let opened = new Set(); // buttons of folded texts that were shown for their marks
  let hit = -1;
  let words = [];

  document.documentElement.classList.add("js");
  byId("find").hidden = false;

  /* Long texts */

  function unfold(button, isWhole = button.getAttribute("aria-expanded") !== "true") {
    button.setAttribute("aria-expanded", isWhole);
    button.textContent = isWhole ? "Show less" : "Show all";
    byId(button.getAttribute("aria-controls")).classList.toggle("whole", isWhole);
  }

  addEventListener("click", (event) => {
    const more = event.target.closest(".more");
    if (more) unfold(more);
  });

  /* The search */

  function fold(text) {
    if (plainText.test(text)) return text.toLowerCase();
    const plain = text.normalize("NFKD").replace(accents, "").toLowerCase();
    return plain.normalize("NFKD").replace(accents, "").replace(/\u00df/g, "ss").replace(/\u03c2/g, "\u03c3");
  }

  function indexed() {
    index ??= Array.from(notes, (note) => {
      const parts = [...note.querySelectorAll(fields)];
      return { note, parts, folded: fold(parts.map((part) => part.textContent).join("\n")) };
    });
    return index;
  }

  /** Gives where a word begins in a folded text, at or after a place; -1 for nowhere.
   *
   * That is the begin of a word there, or anywhere for signs that are words themselves.
   */
  function placeOf(word, text, from) {
    let at = text.indexOf(word, from);
    const isFree = alone.test(word[0]) || !letter.test(word[0]);
    while (at > 0 && !isFree && letter.test(text[at - 1]) && !alone.test(text[at - 1])) {
      at = text.indexOf(word, at + 1);
    }
    return at;
  }

  function wordsOf(text) {
    const bare = (word) => word.replace(/^[^\p{L}\p{N}]+|[^\p{L}\p{N}]+$/gu, "") || word;
    return fold(text).split(/\s+/).filter(Boolean).map(bare);
  }

  function unmark() {
    for (const part of marked) part.textContent = part.textContent;
    for (const more of opened) unfold(more, false);
    marked = new Set();
    opened = new Set();
  }

  function mark(note) {
    for (const part of note.querySelectorAll(fields)) {
      if (marked.has(part)) continue;
      const pieces = piecesOf(part.textContent);
      if (!pieces) continue;
      part.replaceChildren(...pieces);
      marked.add(part);
      const more = part.matches(".long:not(.whole)") && part.nextElementSibling;
      if (more) {
        unfold(more, true);
        opened.add(more);
      }
    }
  }

  /** Divides a text into what is not found, and marks. */
  function piecesOf(text) {
    let folded = "";
    const origin = []; // for each unit of the folded text, where it comes from
    let at = 0;
    for (const char of text) {
      const plain = fold(char);
      for (let unit = 0; unit < plain.length; unit += 1) origin.push(at);
      folded += plain;
      at += char.length;
    }
    origin.push(text.length);
    const spans = [];
    for (const word of words) {
      let place = placeOf(word, folded, 0);
      while (place >= 0) {
        spans.push([origin[place], origin[place + word.length]]);
        place = placeOf(word, folded, place + word.length);
      }
    }
    if (!spans.length) return null;
    spans.sort((one, other) => one[0] - other[0]);
    const pieces = [];
    let done = 0;
    for (const [begin, end] of spans) {
      if (end <= done) continue;
      const from = Math.max(begin, done);
      if (from > done) pieces.push(text.slice(done, from));
      const piece = document.createElement("mark");
      piece.textContent = text.slice(from, end);
      pieces.push(piece);
      done = end;
    }
    pieces.push(text.slice(done));
    return pieces;
  }

  function search() {
    words = wordsOf(query.value);
    unmark();
    choose(-1);
    const all = indexed();
    const seen = new Map();
    found = words.length
      ? all.filter((each) => words.every((word) => placeOf(word, each.folded, 0) >= 0))
      : all;
    const shown = new Set(found);
    for (const each of all) {
      const isShown = shown.has(each);
      if (each.note.hidden === isShown) each.note.hidden = !isShown;
      const day = each.note.parentElement;
      seen.set(day, seen.get(day) || isShown);
    }
    for (const [day, isShown] of seen) if (day.hidden === isShown) day.hidden = !isShown;
    byId("none").hidden = !words.length || found.length > 0;
    for (const name of ["earlier", "later"]) byId(name).hidden = !words.length || !found.length;
    byId("find").classList.toggle("finds", words.length > 0 && found.length > 0);
    tellFound();
    requestAnimationFrame(markSeen);
  }

  /** Marks what is on the screen and a little around: to mark all would take seconds. */
  function markSeen() {
    if (!words.length) return;
    const reach = 400;
    let first = 0;
    let last = found.length;
    while (first < last) {
      const middle = (first + last) >> 1;
      if (found[middle].note.getBoundingClientRect().bottom < -reach) first = middle + 1;
      else last = middle;
    }
    for (const { note } of found.slice(first)) {
      if (note.getBoundingClientRect().top > innerHeight + reach) break;
      mark(note);
    }
  }

  function tellFound() {
    const number = (value) => value.toLocaleString("en");
    const place = hit < 0 ? "" : `${number(hit + 1)} of `;
    byId("found").textContent = words.length ? place + number(found.length) : "";
    const kind = found.length === 1 ? "note" : "notes";
    byId("told").textContent = words.length ? `${place}${number(found.length)} ${kind} found` : "";
  }

  function choose(place) {
    found[hit]?.note.classList.remove("hit");
    hit = place;
    const note = found[hit]?.note;
    if (!note) return;
    mark(note);
    note.classList.add("hit");
    (note.querySelector("mark") || note).scrollIntoView({ block: "center" });
    tellFound();
  }

  function step(by) {
    if (!words.length || !found.length) return;
    const first = by > 0 ? 0 : found.length - 1;
    choose(hit < 0 ? first : (hit + by + found.length) % found.length);
  }

  addEventListener("scroll", () => requestAnimationFrame(markSeen), { passive: true });
  addEventListener("resize", () => requestAnimationFrame(markSeen));

  let waiting = 0;
  query.addEventListener("focus", () => setTimeout(indexed));
  query.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(search, notes.length > 1000 ? 120 : 0);
  });
  query.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      query.value = "";
      search();
      query.blur();
    }
    if (event.key !== "Enter" || event.isComposing) return;
    event.preventDefault();
    clearTimeout(waiting);
    if (wordsOf(query.value).join(" ") !== words.join(" ")) search();
    step(event.shiftKey ? -1 : 1);
  });
  byId("later").addEventListener("click", () => step(1));
  byId("earlier").addEventListener("click", () => step(-1));

  addEventListener("keydown", (event) => {
    const isPlain = !event.ctrlKey && !event.altKey && !event.metaKey;
    if (event.key !== "/" || !isPlain || event.target === query) return;
    event.preventDefault();
    query.focus();
    query.select();
  });

  addEventListener("DOMContentLoaded", () => {
    index = null; // it may have been made of a page that was not whole yet
    if (query.value) search();
  });
})();
