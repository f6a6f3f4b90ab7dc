// What every page of the console does with a script: "/" goes to the search, a chosen row is marked.
addEventListener("keydown", (event) => {
  const typing = event.target.closest?.("input, textarea, select");
  if (event.key !== "/" || typing || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  document.getElementById("q").focus();
});

// htmx has put another message beside the feed: its row is the chosen one, and the address says so.
document.addEventListener("htmx:afterRequest", (event) => {
  const link = event.target.closest?.("tr[data-position] a");
  if (!link || !event.detail.successful) return;
  for (const row of document.querySelectorAll("tr.chosen")) row.classList.remove("chosen");
  for (const each of document.querySelectorAll("tr a[aria-current]")) each.removeAttribute("aria-current");
  link.closest("tr").classList.add("chosen");
  link.setAttribute("aria-current", "true");
  history.replaceState(null, "", link.href);
  const beside = document.getElementById("beside");
  if (beside.getBoundingClientRect().top > innerHeight) beside.scrollIntoView(); // on a phone it stands below the feed
});

for (const form of document.querySelectorAll("form[data-filters]")) {
  form.addEventListener("change", () => form.requestSubmit());
}

// A box of the paper form and the findings on it point at each other.
for (const kind of ["pointerover", "focusin"]) {
  document.addEventListener(kind, (event) => {
    for (const each of document.querySelectorAll(".met")) each.classList.remove("met");
    const box = event.target.closest?.("[data-box]")?.dataset.box;
    if (!box) return;
    for (const each of document.querySelectorAll(`[data-box="${CSS.escape(box)}"]`)) each.classList.add("met");
  });
}
