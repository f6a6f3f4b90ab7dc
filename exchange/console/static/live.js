// The live feed: rows as they come, by server-sent events. It can be paused, and goes on where it was after the machine
// has slept, the network was away or the hub was started again. Rows are made, and escaped, by the hub.
const SILENT = 40_000; // the hub sends something each 15 seconds
const MOST_ROWS = 200;
const feed = document.querySelector("[data-feed]");
const listening = document.querySelector("[data-listening]");
const pause = document.querySelector("[data-pause]");

let last = Number(feed?.dataset.after ?? -1);
let source = null;
let heard = Date.now();
let wait = 1000;
let paused = false;
let held = [];
let came = 0;
let missed = 0; // came too fast for anybody to read

function say(text) {
  if (listening.textContent !== text) listening.textContent = text;
}

function tell() {
  if (paused) say(`Paused. ${held.length} waiting.`);
  else if (source?.readyState === EventSource.OPEN) {
    const fast = missed ? ` ${missed} came too fast to show: reload to see them.` : "";
    say(came ? `Listening. ${came + missed} since you opened it.${fast}` : "Listening.");
  }
  else say("Connecting again.");
}

function show(rows) {
  for (const html of rows) {
    const template = document.createElement("template");
    template.innerHTML = html;
    const row = template.content.querySelector("tr");
    if (!row || feed.querySelector(`tr[data-position="${row.dataset.position}"]`)) continue;
    row.classList.add("new");
    feed.prepend(row);
    window.htmx?.process(row);
  }
  while (feed.rows.length > MOST_ROWS) feed.lastElementChild.remove();
}

function open() {
  source?.close();
  heard = Date.now();
  const url = new URL(feed.dataset.feed, location.href);
  url.searchParams.set("after", String(last));
  source = new EventSource(url);
  source.onopen = () => {
    wait = 1000;
    heard = Date.now();
    tell();
  };
  source.onerror = () => {
    tell();
    if (source.readyState !== EventSource.CLOSED) return; // the browser tries again by itself
    setTimeout(open, wait);
    wait = Math.min(wait * 2, 30_000);
  };
  source.addEventListener("row", (event) => {
    heard = Date.now();
    last = Number(event.lastEventId);
    if (feed.dataset.first === "reload") {
      location.reload();
      return;
    }
    came += 1;
    if (paused) held.push(event.data);
    else show([event.data]);
    held = held.slice(-MOST_ROWS);
  });
  source.addEventListener("skipped", (event) => {
    heard = Date.now();
    missed += Number(event.data);
  });
  source.addEventListener("beat", (event) => {
    heard = Date.now();
    if (event.lastEventId) last = Number(event.lastEventId);
  });
  source.addEventListener("again", () => location.reload()); // the world was reset: the feed begins anew
}

if (feed && feed.dataset.first !== "no") {
  open();
  setInterval(tell, 2000); // not with each row: a screen reader reads it
  setInterval(() => {
    if (Date.now() - heard > SILENT) open();
  }, 5000);
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden && Date.now() - heard > SILENT) open();
  });
  addEventListener("online", open);
  if (feed.dataset.first === "yes") pause.hidden = false;
  pause.addEventListener("click", () => {
    paused = !paused;
    pause.setAttribute("aria-pressed", String(paused));
    pause.textContent = paused ? "Go on" : "Pause";
    if (!paused) {
      show(held);
      held = [];
    }
    tell();
  });
}
