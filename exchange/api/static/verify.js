// What a script adds to the page: the code out of the address, and a file that is dropped. Both work without it, by hand.
const code = new URLSearchParams(location.hash.slice(1)).get("k");
const byCode = document.querySelector("form[data-code]");
if (code && byCode) {
  byCode.elements.code.value = code;
  history.replaceState(null, "", location.pathname);
  if (!byCode.dataset.asked) byCode.requestSubmit();
}

const byFile = document.querySelector("form[data-file]");
if (byFile) {
  const dragged = (event) => event.dataTransfer?.types.includes("Files");
  const marked = (on) => byFile.classList.toggle("over", on);
  addEventListener("dragover", (event) => {
    if (!dragged(event)) return;
    event.preventDefault();
    marked(true);
  });
  addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) marked(false);
  });
  addEventListener("drop", (event) => {
    if (!dragged(event)) return;
    event.preventDefault();
    marked(false);
    byFile.elements.file.files = event.dataTransfer.files;
    byFile.requestSubmit();
  });
}
