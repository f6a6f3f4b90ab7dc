// The Desk by keyboard: j and k through the queue or to the next case, a, q and r open a decision, t takes the case.
// Nothing is signed by a letter: it opens the panel, and the button in it signs. A form is sent once.
const lines = [...document.querySelectorAll("[data-case]")];
const page = document.querySelector("[data-case-page]");

function step(by) {
  if (page) {
    if (by > 0 && page.dataset.next) location.assign(page.dataset.next);
    else if (by < 0) history.back();
    return;
  }
  const at = lines.indexOf(document.activeElement);
  const wanted = lines[at < 0 ? (by > 0 ? 0 : lines.length - 1) : Math.min(lines.length - 1, Math.max(0, at + by))];
  wanted?.focus();
}

function open(key) {
  const panel = document.querySelector(`[data-say="${key}"]`);
  if (!panel) return false;
  panel.open = true;
  const first = panel.querySelector("[data-first]") ?? panel.querySelector("button");
  first.focus();
  if (first.select) first.setSelectionRange(first.value.length, first.value.length);
  panel.scrollIntoView({ block: "nearest" });
  return true;
}

addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (event.key === "Escape") {
    const panel = document.activeElement?.closest("[data-say]");
    if (panel) {
      panel.open = false;
      panel.querySelector("summary").focus();
    }
    return;
  }
  if (event.target.closest?.("input, textarea, select")) return;
  if (event.key === "j" || event.key === "k") step(event.key === "j" ? 1 : -1);
  else if (event.key.length === 1 && "aqri".includes(event.key) && open(event.key)) event.preventDefault();
  else if (event.key === "t") document.querySelector("[data-key='t']")?.click();
});

for (const form of document.querySelectorAll("form[data-once]")) {
  form.addEventListener("submit", (event) => {
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = "yes";
    setTimeout(() => delete form.dataset.sent, 5000); // the answer did not come: it may be tried again
  });
}
