// A conformance run as it is played: each scenario that has ended replaces its row. Rows are made, and escaped, by the hub.
const progress = document.querySelector("[data-follow]");
const rows = document.querySelector("[data-scenarios]");
const ended = new Set();

if (progress) {
  const source = new EventSource(progress.dataset.follow);
  source.addEventListener("result", (event) => {
    const template = document.createElement("template");
    template.innerHTML = event.data;
    const row = template.content.querySelector("tr");
    if (!row) return;
    const old = rows.querySelector(`tr[data-scenario="${CSS.escape(row.dataset.scenario)}"]`);
    if (old) old.replaceWith(row);
    else rows.append(row);
    ended.add(row.dataset.scenario);
    progress.textContent = `Playing: ${ended.size} of ${progress.dataset.of}.`;
  });
  source.addEventListener("turn", (event) => {
    const asked = document.querySelector("[data-turn]");
    const text = JSON.parse(event.data).ask;
    const said = document.createElement("span");
    said.className = "state wait";
    said.textContent = text;
    asked.replaceChildren(...(text ? [said] : []));
  });
  source.addEventListener("end", () => {
    source.close();
    location.reload(); // with what does not hold, the grid and the reports
  });
}
