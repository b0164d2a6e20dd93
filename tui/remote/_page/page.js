"use strict";
// Plays what the program in the terminal orders, and reports what is heard. Each order
// has a number; each report has the number of the last order that was carried out.

const element = (id) => document.getElementById(id);
const WORDS_MS = 12000; // so long a line may be silent while something plays

// The secret is taken out of the address, which is seen and remembered. The tab keeps
// it for a reload.
let token = location.hash.slice(1);
if (token) {
  sessionStorage.setItem("token", token);
  history.replaceState(null, "", "/");
} else {
  token = sessionStorage.getItem("token") || "";
}

let socket = null;
let isWelcome = false;
let isOver = false;
let wait = 250;
let heard = 0;
let done = 0;

const sounds = [new Audio(), new Audio()];
let current = 0;
let note = null; // what plays: as it was ordered
let next = null; // what follows
let wanted = false; // whether it shall play
let gap = 0; // the timer of the silence before what follows; 0 for none
let bell = 0; // the timer of the tone in it
let turn = 0; // the timer of the end of a part that is repeated
let mixer = null; // makes it louder than recorded; made when that is asked for
let limiter = null;
const gains = [];

for (const sound of sounds) {
  sound.preload = "auto";
  sound.preservesPitch = true;
}

const here = () => sounds[current];

function say(what, more) {
  if (!isWelcome || socket.readyState !== WebSocket.OPEN) return;
  const at = note ? here().currentTime : 0;
  socket.send(JSON.stringify({
    what, n: done, note: note ? note.note : 0, at: Math.round(at * 1000), ...more,
  }));
}

// Sound

function amplify(index, decibels, volume) {
  const sound = sounds[index];
  const factor = 10 ** (decibels / 20);
  if (!mixer && factor * volume > 1) {
    mixer = new AudioContext();
    limiter = new DynamicsCompressorNode(mixer, {
      threshold: -3, knee: 0, ratio: 20, attack: 0.002, release: 0.1,
    });
    limiter.connect(mixer.destination);
    sounds.forEach((each, number) => {
      const gain = gains[number] = mixer.createGain();
      mixer.createMediaElementSource(each).connect(gain);
      gain.gain.value = each.volume;
      each.volume = 1;
      gain.connect(limiter);
    });
  }
  if (mixer) {
    gains[index].gain.value = factor * volume;
    if (mixer.state === "suspended") mixer.resume().catch(() => {});
  } else {
    sound.volume = Math.min(1, factor * volume);
  }
}

function shape(index, sound) {
  sounds[index].defaultPlaybackRate = sounds[index].playbackRate = sound.speed;
  amplify(index, sound.gain, sound.volume);
}

function load(index, order) {
  const sound = sounds[index];
  sound.dataset.note = order.note;
  sound.src = order.url;
  shape(index, order.sound);
  if (order.at > 0) sound.currentTime = order.at;
}

function unload(index) {
  const sound = sounds[index];
  delete sound.dataset.note;
  sound.pause();
  if (sound.hasAttribute("src")) {
    sound.removeAttribute("src");
    sound.load();
  }
}

function noGap() {
  clearTimeout(gap);
  clearTimeout(bell);
  gap = 0;
}

function start() {
  if (!note) return;
  wanted = true;
  if (gap) return;
  if (here().ended && next) { // it was paused in the silence before what follows
    goOn();
    show();
    return;
  }
  const asked = here();
  asked.play().then(
    () => {
      if (asked !== here() || asked.paused) return;
      element("enable").hidden = true;
      repeat();
      say("plays");
    },
    (error) => {
      if (asked !== here()) return;
      if (error.name === "NotAllowedError") {
        element("enable").hidden = false;
        say("blocked");
      } // else it was stopped meanwhile, or the element tells its error
      show();
    },
  );
}

function halt() {
  wanted = false;
  noGap();
  here().pause();
  say("pauses");
}

function jump(seconds) {
  if (!note) return;
  noGap();
  here().currentTime = Math.max(0, seconds);
  repeat();
  if (wanted && here().paused) start();
  say("here");
}

function speed(value) {
  if (!note) return;
  note.sound.speed = Math.min(4, Math.max(0.5, value));
  here().defaultPlaybackRate = here().playbackRate = note.sound.speed;
  repeat();
  say("here", { speed: note.sound.speed });
}

function repeat() {
  clearTimeout(turn);
  if (!note || !note.loop.length || here().paused) return;
  const [begin, end] = note.loop;
  const left = (end - here().currentTime) / here().playbackRate;
  if (left <= 0.005) {
    here().currentTime = begin;
    say("here");
    turn = setTimeout(repeat, 20);
  } else {
    turn = setTimeout(repeat, Math.max(4, left * 1000));
  }
}

function beep() {
  const context = mixer || new AudioContext();
  const tone = new OscillatorNode(context, { frequency: 660 });
  const soft = new GainNode(context, { gain: 0.06 });
  tone.connect(soft).connect(context.destination);
  tone.start();
  tone.stop(context.currentTime + 0.08);
  tone.onended = () => { if (context !== mixer) context.close(); };
}

function goOn() {
  if (!next || next.failed) { // there may be other bytes of it soon
    wanted = false;
    say("ends");
    show();
    return;
  }
  const pause = next.gap * 1000;
  if (next.tone) bell = setTimeout(beep, pause / 2);
  gap = setTimeout(() => {
    gap = 0;
    if (!next || next.failed) {
      goOn();
      return;
    }
    unload(current);
    current = 1 - current;
    note = next;
    next = null;
    shape(current, note.sound);
    say("follows");
    if (here().dataset.note !== String(note.note)) load(current, note);
    start();
    show();
  }, pause + (next.tone ? 80 : 0));
}

sounds.forEach((sound, index) => {
  sound.addEventListener("waiting", () => {
    if (index === current && wanted) say("waits");
  });
  sound.addEventListener("playing", () => {
    if (index === current && wanted) say("plays");
    repeat();
    show();
  });
  sound.addEventListener("pause", () => {
    // Headphones that were taken off, or the system: nobody ordered it.
    if (index === current && wanted && note && !sound.ended && !gap) halt();
    show();
  });
  sound.addEventListener("ended", () => {
    if (index === current && note && wanted && !gap) goOn();
  });
  sound.addEventListener("error", () => {
    const failed = sound.dataset.note;
    if (!failed || !sound.error) return;
    if (sound.error.code !== MediaError.MEDIA_ERR_NETWORK) {
      if (next && String(next.note) === failed) next.failed = true;
      say("fails", { note: Number(failed) });
    } else if (index === current) {
      socket.close(); // and begin where it was
    } else {
      unload(index); // it is fetched when its time has come
    }
  });
  sound.addEventListener("loadeddata", () => {
    if (index === current && note && !wanted) say("pauses");
  });
  sound.addEventListener("timeupdate", () => {
    if (index === current) show();
  });
});

// Orders

const orders = {
  load(order) {
    noGap();
    const sound = here();
    const isThere = note && note.note === order.note && !sound.error
      && sound.dataset.note === String(order.note) && note.url === order.url;
    note = order;
    next = null;
    unload(1 - current);
    wanted = order.play;
    if (isThere) {
      shape(current, order.sound);
      sound.currentTime = order.at;
      if (!wanted) halt();
    } else {
      load(current, order);
    }
    if (wanted) start();
    repeat();
  },
  play() { start(); },
  pause() { halt(); },
  seek(order) { jump(order.at); },
  sound(order) {
    if (!note) return;
    note.sound = order.sound;
    shape(current, note.sound);
    repeat();
  },
  loop(order) {
    if (!note) return;
    note.loop = order.loop;
    if (note.loop.length && here().currentTime >= note.loop[1]) {
      here().currentTime = note.loop[0];
    }
    repeat();
  },
  next(order) {
    const before = next;
    next = order.note ? { loop: [], ...order } : null;
    const other = 1 - current;
    if (!next) {
      unload(other);
    } else if (!before || before.url !== next.url) {
      load(other, next);
    } else {
      shape(other, next.sound);
    }
    if (gap && !next) {
      noGap();
      goOn();
    }
  },
  stop() {
    noGap();
    clearTimeout(turn);
    note = next = null;
    wanted = false;
    unload(0);
    unload(1);
  },
  word() {},
  leave() {
    isOver = true;
    orders.stop();
    element("state").textContent = "Another page plays now. Reload this one to have it back.";
  },
};

function take(order) {
  heard = performance.now();
  if (order.welcome) {
    isWelcome = true;
    wait = 250;
  } else if (Object.hasOwn(orders, order.do)) {
    done = order.n || done;
    orders[order.do](order);
    say("done");
  }
  show();
}

// The line

function connect() {
  if (!token) {
    element("state").textContent = "Open the whole address that Earmark shows.";
    return;
  }
  const made = socket = new WebSocket(`ws://${location.host}/speaker`);
  made.onopen = () => made.send(JSON.stringify({
    token, note: note ? note.note : 0, at: Math.round(note ? here().currentTime * 1000 : 0),
  }));
  made.onmessage = (message) => {
    if (made === socket) take(JSON.parse(message.data));
  };
  made.onclose = (event) => {
    if (made !== socket) return;
    isWelcome = false;
    for (const sound of sounds) if (!sound.paused) { wanted = false; sound.pause(); }
    noGap();
    if (isOver) return;
    if (event.code === 4403) {
      element("state").textContent = "This address is no longer valid: Earmark shows another one.";
      return;
    }
    element("state").textContent = "The line is broken; trying again…";
    setTimeout(connect, wait);
    wait = Math.min(wait * 2, 4000);
    // Chromium keeps idle connections to a server that has ended, and `ssh -L` waits for
    // their end before it leaves. It looks at them when it asks for something.
    fetch("/", { method: "HEAD", cache: "no-store", signal: AbortSignal.timeout(WORDS_MS) })
      .catch(() => {});
  };
}

setInterval(() => {
  if (!isWelcome || !note || here().paused) return;
  if (performance.now() - heard > WORDS_MS) socket.close();
  else say("here");
}, 1000);

// What is seen

function time(seconds) {
  const whole = Math.max(0, Math.floor(Number.isFinite(seconds) ? seconds : 0));
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor(whole / 60) % 60;
  const rest = String(whole % 60).padStart(2, "0");
  return hours ? `${hours}:${String(minutes).padStart(2, "0")}:${rest}` : `${minutes}:${rest}`;
}

function call(name) {
  element("name").textContent = name;
  element("name").hidden = !name;
  document.title = name ? `${name} - Earmark` : "Earmark";
  if ("mediaSession" in navigator) {
    navigator.mediaSession.metadata = new MediaMetadata({
      title: name || "Voice note", artist: "Earmark",
    });
  }
}

function show() {
  const length = note ? note.length || here().duration || 0 : 0;
  const at = note ? here().currentTime : 0;
  const plays = Boolean(note) && wanted && !here().paused;
  const name = note ? note.title : "";
  if (isWelcome && !isOver) {
    const words = name ? "Playing" : "A voice note plays";
    element("state").textContent = note ? (plays ? words : "Paused") : "Ready";
  }
  if (element("name").textContent !== name) call(name);
  element("at").textContent = time(at);
  element("length").textContent = time(length);
  element("seek").max = Number.isFinite(length) && length > 0 ? length : 1;
  element("seek").value = at;
  element("seek").setAttribute("aria-valuetext", `${time(at)} of ${time(length)}`);
  element("toggle").textContent = plays ? "Pause" : "Play";
  element("speed").textContent = `${note ? here().playbackRate : 1}×`;
  for (const id of ["seek", "toggle", "back", "forward", "slower", "faster"]) {
    element(id).disabled = !note;
  }
}

element("enable").onclick = () => {
  element("enable").hidden = true;
  if (mixer) mixer.resume();
  if (wanted) start();
};
element("toggle").onclick = () => (here().paused ? start() : halt());
element("back").onclick = () => jump(here().currentTime - 5);
element("forward").onclick = () => jump(here().currentTime + 5);
element("slower").onclick = () => speed(here().playbackRate - 0.25);
element("faster").onclick = () => speed(here().playbackRate + 0.25);
element("seek").oninput = () => jump(Number(element("seek").value));

if ("mediaSession" in navigator) {
  const session = navigator.mediaSession;
  session.setActionHandler("play", start);
  session.setActionHandler("pause", halt);
  session.setActionHandler("seekbackward", () => jump(here().currentTime - 5));
  session.setActionHandler("seekforward", () => jump(here().currentTime + 5));
}

call("");
connect();
show();
