// The console's script: times in the reader's zone, plots, and parts of pages that are
// fetched again while somebody looks. Every page reads well without it.

const announcer = document.getElementById("announcer");
const say = text => { announcer.textContent = text; };
const all = (root, selector) => [...(root.matches?.(selector) ? [root] : []), ...root.querySelectorAll(selector)];

// --- Times -------------------------------------------------------------------

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
const minute = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const day = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" });
const whole = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "long" });

function showTime(time) {
  const at = new Date(time.dateTime);
  time.title = whole.format(at);
  if (time.hasAttribute("data-countdown")) return;
  const today = at.toDateString() === new Date().toDateString();
  time.textContent = today ? clock.format(at) : `${day.format(at)}, ${minute.format(at)}`;
}

function countDown(time) {
  const left = Math.ceil((new Date(time.dateTime) - Date.now()) / 1_000);
  const [hours, minutes, seconds] = [Math.floor(left / 3_600), Math.floor(left / 60) % 60, left % 60];
  let text = "now";
  if (hours > 0) text = `in ${hours} h ${minutes} min`;
  else if (left >= 60) text = `in ${minutes} min ${seconds} s`;
  else if (left > 0) text = `in ${seconds} s`;
  if (time.textContent !== text) time.textContent = text;
}

// --- Plots -------------------------------------------------------------------

const colour = name => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

// hatch is what failures are filled with: they differ from successes in more than colour.
function hatch() {
  const tile = document.createElement("canvas");
  const size = tile.width = tile.height = 6 * Math.ceil(devicePixelRatio);
  const pen = tile.getContext("2d");
  pen.fillStyle = colour("--bar-bad");
  pen.fillRect(0, 0, size, size);
  pen.strokeStyle = colour("--card");
  pen.globalAlpha = .45;
  pen.lineWidth = size / 4;
  pen.beginPath();
  for (const x of [-size, 0, size]) {
    pen.moveTo(x, size);
    pen.lineTo(x + size, 0);
  }
  pen.stroke();
  return pen.createPattern(tile, "repeat");
}

function draw(canvas) {
  const { step, series: [at, good, bad] } = JSON.parse(canvas.dataset.plot);
  const read = name => canvas.parentElement.querySelector(`[data-read="${name}"]`);
  const [readGood, readBad, readAt] = ["good", "bad", "at"].map(read);
  const idle = readAt.textContent;
  const line = { stroke: colour("--soft"), font: "12px system-ui, sans-serif", ticks: { show: false } };
  const bars = uPlot.paths.bars({ size: [.82, 48], align: 1, radius: .1 });
  const label = (seconds, gap) => (gap >= 86_400 ? day : minute).format(new Date(seconds * 1_000));
  const height = () => innerWidth < 640 ? 160 : 208;
  const plot = new uPlot({
    width: canvas.clientWidth, height: height(), padding: [12, 20, 0, 0],
    legend: { show: false },
    cursor: { y: false, points: { show: false }, drag: { x: false, y: false, setScale: false } },
    scales: { x: { range: [at[0], at.at(-1) + step] }, y: { range: (_, low, high) => [0, Math.max(4, high * 1.08)] } },
    axes: [
      { ...line, size: 28, gap: 6, grid: { show: false }, space: 72, values: (_, splits, axis, space, gap) => splits.map(s => label(s, gap)) },
      { ...line, size: 44, grid: { stroke: colour("--line"), width: 1 }, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 2e4, 5e4, 1e5, 1e6] },
    ],
    // What failed stands on what succeeded: the sum is drawn first.
    series: [
      {},
      { paths: bars, fill: hatch, width: 0, points: { show: false } },
      { paths: bars, fill: () => colour("--bar-good"), width: 0, points: { show: false } },
    ],
    hooks: {
      setCursor: [u => {
        const i = u.cursor.idx;
        const over = i != null && u.cursor.left >= 0;
        readGood.textContent = over ? good[i] : "";
        readBad.textContent = over ? bad[i] : "";
        const from = over && new Date(at[i] * 1_000);
        readAt.textContent = over ? `${day.format(from)}, ${minute.format(from)} – ${minute.format(new Date((at[i] + step) * 1_000))}` : idle;
      }],
    },
  }, [at, good.map((n, i) => n + bad[i]), good], canvas);
  const resize = new ResizeObserver(() => {
    if (!canvas.isConnected) {
      resize.disconnect();
      plot.destroy();
    } else if (canvas.clientWidth) plot.setSize({ width: canvas.clientWidth, height: height() });
  });
  resize.observe(canvas);
  canvas.recolour = () => {
    resize.disconnect();
    plot.destroy();
    draw(canvas);
  };
}

matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
  for (const canvas of all(document, "[data-plot]")) canvas.recolour?.();
});

// --- Parts that are fetched again --------------------------------------------

const paused = new Set(); // ids of the parts that somebody has stopped
const tags = new Map(); // of parts as they were fetched last, by id
const looked = new Map(); // when a part was fetched last, by id
const vain = new Map(); // how many looks in a row found nothing new, by id

// Where nothing moves looks grow rarer, until somebody is back at the page: after every
// ten in vain by the time that was between the first two, up to five times that.
const pause = part => part.dataset.poll * Math.min(5, 1 + Math.floor((vain.get(part.id) ?? 0) / 10));
for (const sign of ["focus", "pointerdown", "keydown"]) addEventListener(sign, () => vain.clear());

let ticks = 0;
setInterval(() => {
  for (const time of all(document, "[data-countdown]")) countDown(time);
  if (document.hidden) return;
  ticks++;
  for (const part of all(document, "[data-poll]")) {
    const busy = part.classList.contains("htmx-request") || paused.has(part.id) || part.querySelector("details[open]");
    if (busy || ticks - (looked.get(part.id) ?? 0) < pause(part)) continue;
    looked.set(part.id, ticks);
    htmx.trigger(part, "poll");
  }
}, 1_000);

document.addEventListener("htmx:configRequest", ({ detail }) => {
  const known = tags.get(detail.elt.id);
  if (detail.triggeringEvent?.type === "poll" && known?.path === detail.path) detail.headers["If-None-Match"] = known.tag;
});

document.addEventListener("htmx:beforeSwap", ({ detail }) => {
  const { id } = detail.target;
  vain.set(id, detail.xhr.status === 304 ? (vain.get(id) ?? 0) + 1 : 0);
  const tag = detail.xhr.getResponseHeader("ETag");
  if (tag && detail.xhr.status === 200) tags.set(id, { path: detail.pathInfo.requestPath, tag });
});

// --- Live tail ---------------------------------------------------------------

let known = null; // ids of the rows that were there, of which none is news
let news = [];
let told = 0;

function arrivals(rows) {
  const there = all(rows, "tr[id]");
  const fresh = known ? there.filter(row => !known.has(row.id)) : [];
  known = new Set([...(known ?? []), ...there.map(row => row.id)]);
  for (const row of fresh) row.classList.add("fresh");
  news.push(...fresh.map(row => row.dataset.type));
}

// Who listens hears of what is new in one sentence, and not all the time.
setInterval(() => {
  if (!news.length || Date.now() - told < 5_000) return;
  told = Date.now();
  say(news.length === 1 ? `New delivery: ${news[0]}.` : `${news.length} new deliveries, the latest: ${news[0]}.`);
  news = [];
}, 500);

function toggle(button) {
  const part = button.dataset.pauses;
  button.hidden = false;
  button.setAttribute("aria-pressed", String(!paused.has(part)));
  button.addEventListener("click", () => {
    if (!paused.delete(part)) paused.add(part);
    button.setAttribute("aria-pressed", String(!paused.has(part)));
  });
}

const lost = is => {
  const was = document.body.classList.contains("lost");
  document.body.classList.toggle("lost", is);
  if (is !== was) say(is ? "The connection is lost. Trying again." : "The connection is back.");
};
document.addEventListener("htmx:sendError", () => lost(true));
document.addEventListener("htmx:responseError", ({ detail }) => {
  if (detail.xhr.status === 404) delete detail.elt.dataset.poll; // what it shows is gone
});
document.addEventListener("htmx:afterOnLoad", () => lost(false));

// --- Copying -----------------------------------------------------------------

function copier(button) {
  const text = document.getElementById(button.dataset.copies);
  button.hidden = false;
  addEventListener("pagehide", () => { text.textContent = ""; }); // a browser may keep the page it leaves
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(text.textContent);
      button.textContent = "Copied";
      say("The secret is copied.");
    } catch {
      getSelection().selectAllChildren(text);
      say("Copying is not allowed here. The secret is selected.");
    }
  });
}

function begin(root) {
  for (const time of all(root, "time")) showTime(time);
  for (const time of all(root, "[data-countdown]")) countDown(time);
  for (const canvas of all(root, "[data-plot]")) draw(canvas);
  for (const button of all(root, "[data-pauses]")) toggle(button);
  for (const button of all(root, "[data-copies]")) copier(button);
  if (root.id !== "rows") known = root.querySelector("#rows") ? null : known;
  for (const rows of all(root, "#rows")) arrivals(rows);
}

document.addEventListener("htmx:load", ({ detail }) => begin(detail.elt));
