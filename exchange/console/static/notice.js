// A new case: its count stands in the title of every page of the Desk, and the browser gives a notice where the officer
// has allowed that by a click. One page of a browser listens for all that are open, and hands on what it hears.
const desk = document.querySelector('meta[name="desk-feed"]').content;
const button = document.querySelector("[data-notices]");
const title = document.title;
const others = new BroadcastChannel(`tradebridge ${new URL(desk, location.href).pathname}`);
let came = 0;

function count() {
  came += 1;
  document.title = `(${came}) ${title}`;
}

function announce(said) {
  if (globalThis.Notification?.permission !== "granted") return;
  const notice = new Notification(said.number || said.document, { body: said.sender, tag: said.document });
  notice.onclick = () => window.open(desk.replace(/feed\?.*$/, `c/${encodeURIComponent(said.document)}`));
}

function listen() {
  return new Promise(() => { // as long as this page is open
    let last = "";
    const open = () => {
      const url = new URL(desk, location.href);
      if (last) url.searchParams.set("after", last);
      const source = new EventSource(url);
      source.addEventListener("beat", (event) => { last = event.lastEventId; });
      source.addEventListener("case", (event) => {
        last = event.lastEventId;
        const said = JSON.parse(event.data);
        others.postMessage(said);
        count();
        announce(said);
      });
      source.onerror = () => { // otherwise the browser tries again by itself
        if (source.readyState === EventSource.CLOSED) setTimeout(open, 30_000);
      };
    };
    open();
  });
}

others.onmessage = count;
if (navigator.locks) navigator.locks.request(others.name, listen);
else listen();

if (button && globalThis.Notification?.permission === "default") {
  button.hidden = false;
  button.addEventListener("click", async () => {
    await Notification.requestPermission();
    button.hidden = Notification.permission !== "default";
  });
}
