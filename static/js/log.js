/* The log of a run: thousands of lines in memory, a window of them in the document.

   In:  the rows that the server rendered in #log-list (data-filter, data-earlier, data-before), then the
        lines of "portal:frame" events of portal.js.
   Out: at most MOST rows, in order. Scrolling back brings older lines, from memory or from the page's own
        address (?before=); nothing that arrived is lost while somebody reads above. */

const MOST = 300;            // rows in the document
const STEP = 100;            // rows that one movement of the window brings
const EDGE = 300;            // pixels before an end of the window at which it moves
const PAUSE = 100;           // milliseconds between two drawings while lines pour in
const TONES = { warn: "watch", warning: "watch", error: "bad", fail: "bad", critical: "bad" };
const WANTED = { all: () => true, warnings: (line) => line.level in TONES, steps: (line) => line.kind !== "log" };

const list = document.querySelector("#log-list");
const box = document.querySelector("#log");
const follow = document.querySelector("#follow");
const filter = list?.dataset.filter || "all";
const wanted = WANTED[filter] ?? WANTED.all;

let lines = [];              // everything that this page has, oldest first
let first = 0, last = 0;     // the window: lines[first] … lines[last - 1] stand in the document
let after = Number(document.body.dataset.after || 0);
let earlier = Number(list?.dataset.earlier || 0);
let following = !list?.dataset.before, drawing = false, drawnAt = 0, loading = false;

function read(li) {
  const part = (name) => li.querySelector(`.${name}`)?.textContent ?? "";
  return { seq: Number(li.dataset.seq), tone: li.dataset.tone, at: li.querySelector("time").dateTime, time: li.querySelector("time").textContent, lvl: part("lvl"), src: part("src"), msg: part("msg") };
}
function made(line) {
  const time = line.at.slice(11, 23).padEnd(12, "0").replace(/[Z+].*/, "");
  return { seq: line.seq, tone: TONES[line.level], at: line.at, time, lvl: line.kind === "log" ? line.level || "info" : line.kind, src: line.source || line.region || "", msg: line.text };
}
function row(line) {
  const li = document.createElement("li"), time = document.createElement("time");
  li.dataset.seq = line.seq;
  if (line.tone) li.dataset.tone = line.tone;
  time.dateTime = line.at;
  time.textContent = line.time;
  li.append(time, ...["lvl", "src", "msg"].map((name) => Object.assign(document.createElement("span"), { className: name, textContent: line[name] })));
  return li;
}
function rows(from, to) {
  const part = document.createDocumentFragment();
  lines.slice(from, to).forEach((line) => part.append(row(line)));
  return part;
}

/* --- the window -------------------------------------------------------------------------------- */
function toEnd() {
  const start = Math.max(0, lines.length - MOST);
  if (start >= last) list.replaceChildren(rows(start, lines.length));
  else {
    list.append(rows(last, lines.length));
    for (; first < start; first += 1) list.firstElementChild.remove();
  }
  first = start; last = lines.length;
  box.scrollTop = box.scrollHeight;
}
function back() {
  const start = Math.max(0, first - STEP), height = box.scrollHeight;
  list.prepend(rows(start, first));
  first = start;
  box.scrollTop += box.scrollHeight - height;
  while (last - first > MOST) { list.lastElementChild.remove(); last -= 1; }
}
function forward() {
  const end = Math.min(lines.length, last + STEP);
  list.append(rows(last, end));
  last = end;
  const height = box.scrollHeight;
  while (last - first > MOST) { list.firstElementChild.remove(); first += 1; }
  box.scrollTop -= height - box.scrollHeight;
}
async function older() {
  if (loading || !earlier) return;
  loading = true;
  try {
    const answer = await fetch(`${location.pathname}?log=${filter}&before=${earlier}`);
    if (!answer.ok || answer.redirected) return;
    const found = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("#log-list");
    const fresh = [...found.children].map(read).filter((line) => !lines.length || line.seq < lines[0].seq);
    lines = fresh.concat(lines);
    first += fresh.length; last += fresh.length;
    earlier = Number(found.dataset.earlier || 0);
    if (fresh.length) back();
  } finally { loading = false; }
}

/* --- following --------------------------------------------------------------------------------- */
function setFollowing(yes) {
  if (following === yes) return;
  following = yes;
  follow?.setAttribute("aria-pressed", String(yes));
}
function scrolled() {
  const below = box.scrollHeight - box.scrollTop - box.clientHeight;
  if (!following && below < EDGE && last < lines.length) forward();
  if (box.scrollTop < EDGE) { if (first > 0) back(); else older(); }
  // Lines that arrived since the last drawing await the next one, and end nobody's following.
  if (!list.dataset.before) setFollowing(below < 40 && (following || last === lines.length));
}
function draw() {
  drawing = false;
  drawnAt = performance.now();
  document.querySelector("#log-empty")?.remove();
  if (following) toEnd();
  else if (last - first < STEP) forward();         // a short log that somebody has scrolled
}

document.addEventListener("portal:frame", ({ detail: frame }) => {
  if (!list || list.dataset.before) return;        // a page of older lines has a link to the newest
  for (const line of frame.lines ?? []) {
    if (line.seq <= after) continue;               // a socket that came back may say it again
    after = line.seq;
    if (line.text && wanted(line)) lines.push(made(line));
  }
  if (drawing || last === lines.length) return;
  drawing = true;
  setTimeout(() => requestAnimationFrame(draw), Math.max(0, PAUSE - (performance.now() - drawnAt)));
});

if (list) {
  lines = [...list.children].map(read);
  last = lines.length;
  document.querySelector("#log-earlier")?.setAttribute("hidden", "");
  follow?.setAttribute("aria-pressed", String(following));
  follow?.addEventListener("click", () => { setFollowing(!following); if (following) toEnd(); });
  if (following) box.scrollTop = box.scrollHeight;
  box.addEventListener("scroll", scrolled, { passive: true });
}
