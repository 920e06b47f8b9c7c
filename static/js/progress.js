/* The deployment page: appends lines of the run, windowed, and asks for changed panels at most once a second.

   In:  "portal:frame" events of portal.js: {lines: [{seq, at, kind, level, region, source, text}], state, sentence}
        or a beat. Out: the log's window of lines; one htmx request for all panels ("#panels"). */

const WINDOW = 250;                       // lines in the document; the rest waits in memory or on the server
const list = document.querySelector("#log-list");
const box = document.querySelector("#log");
const follow = document.querySelector("#follow");
const panels = document.querySelector("#panels");
const MOVING = new Set(["queued", "running", "paused", "rolling_back"]);
const TONES = { warn: "watch", warning: "watch", error: "bad", fail: "bad", critical: "bad" };

let after = Number(document.body.dataset.after || 0);
let following = true, waiting = [], drawn = false, asked = 0, due = false, state = panels?.dataset.state ?? "";

const matches = {
  all: () => true,
  warnings: (line) => line.level in TONES,
  steps: (line) => line.kind !== "log",
}[list?.dataset.filter || "all"] ?? (() => true);

function row(line) {
  const li = document.createElement("li"), time = document.createElement("time");
  li.dataset.seq = line.seq;
  const tone = TONES[line.level];
  if (tone) li.dataset.tone = tone;
  time.dateTime = line.at;
  time.textContent = line.at.slice(11, 23).padEnd(12, "0").replace(/[Z+].*/, "");
  const cells = [["lvl", line.kind === "log" ? line.level || "info" : line.kind], ["src", line.source || line.region || ""], ["msg", line.text]];
  li.append(time, ...cells.map(([name, text]) => Object.assign(document.createElement("span"), { className: name, textContent: text })));
  return li;
}

function draw() {
  drawn = false;
  const fresh = waiting.splice(0).slice(-WINDOW);
  const part = document.createDocumentFragment();
  fresh.forEach((line) => part.append(row(line)));
  list.append(part);
  if (following) {
    while (list.childElementCount > WINDOW) list.firstElementChild.remove();
    box.scrollTop = box.scrollHeight;
  } else {
    while (list.childElementCount > 4 * WINDOW) list.lastElementChild.remove();   // somebody reads above: keep what they read
  }
  document.querySelector("#log-empty")?.remove();
}

function ask() {
  due = false;
  asked = Date.now();
  window.htmx?.trigger(panels, "ring");
}
function askSoon() {
  if (due || !panels) return;
  due = true;
  setTimeout(ask, Math.max(0, 1000 - (Date.now() - asked)));
}

document.addEventListener("portal:frame", ({ detail: frame }) => {
  for (const line of frame.lines ?? []) {
    if (line.seq <= after) continue;
    after = line.seq;
    if (line.text && matches(line)) waiting.push(line);
    if (line.kind !== "log") askSoon();
  }
  document.body.dataset.after = after;
  if (waiting.length && list && !drawn) { drawn = true; requestAnimationFrame(draw); }
  if (frame.sentence && MOVING.has(frame.state)) {
    const head = document.querySelector("#sentence");
    if (head && head.textContent !== frame.sentence) head.textContent = frame.sentence;
  }
  if (frame.state && frame.state !== state) {
    state = frame.state;
    const bell = document.querySelector("#alarm");
    if (bell && state === "rolling_back") bell.textContent = frame.sentence || "Rolling back.";
    askSoon();
  }
});

follow?.addEventListener("click", () => {
  following = !following;
  follow.setAttribute("aria-pressed", String(following));
  if (following) box.scrollTop = box.scrollHeight;
});
box?.addEventListener("wheel", () => {
  if (box.scrollTop + box.clientHeight < box.scrollHeight - 40 && following) follow.click();
}, { passive: true });
if (box) box.scrollTop = box.scrollHeight;
