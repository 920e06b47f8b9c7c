/* The deployment page: asks for changed panels at most once a second. The log is log.js.

   In:  "portal:frame" events of portal.js: {lines: [{seq, at, kind, level, region, source, text}], state, sentence}
        or a beat. Out: one htmx request for all panels ("#panels"), and from where the socket goes on. */

const panels = document.querySelector("#panels");
const MOVING = new Set(["queued", "running", "paused", "rolling_back"]);

let after = Number(document.body.dataset.after || 0);
let asked = 0, due = false, state = panels?.dataset.state ?? "";

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
  const fresh = (frame.lines ?? []).filter((line) => line.seq > after);
  if (fresh.length) {
    after = fresh.at(-1).seq;
    document.body.dataset.after = after;
    if (fresh.some((line) => line.kind !== "log")) askSoon();
  }
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
