// Judge again as you type, and take a file that is dropped. The form does the same without a script, by its button.
const form = document.querySelector("form[data-validate]");
const text = form.elements.text;
const WAIT = 150;
const MOST_SHOWN = 1_000_000; // characters that are put into the field; a larger file is judged and not shown there
let timer = 0;
let asking = null;

async function judge(body) {
  asking?.abort();
  const mine = (asking = new AbortController());
  const judged = document.getElementById("judged");
  judged.setAttribute("aria-busy", "true");
  try {
    const answer = await fetch(form.action, {
      method: "POST",
      body,
      signal: mine.signal,
      headers: { "Content-Type": "application/octet-stream" },
    });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const told = page.getElementById("judged") ?? page.querySelector(".findings");
    told.id = "judged";
    judged.replaceWith(told);
  } catch (error) {
    if (error.name === "AbortError") return;
    judged.removeAttribute("aria-busy");
    judged.querySelector(".verdict, .none").textContent = "The hub does not answer.";
  }
}

async function take(file) {
  text.value = file.size <= MOST_SHOWN ? await file.text() : "";
  form.elements.file.value = "";
  await judge(file);
}

text.addEventListener("input", () => {
  clearTimeout(timer);
  timer = setTimeout(() => judge(text.value), WAIT);
});
form.elements.file.addEventListener("change", () => {
  if (form.elements.file.files.length) take(form.elements.file.files[0]);
});

const dragged = (event) => event.dataTransfer?.types.includes("Files");
addEventListener("dragover", (event) => {
  if (!dragged(event)) return;
  event.preventDefault();
  form.classList.add("over");
});
addEventListener("dragleave", (event) => {
  if (!event.relatedTarget) form.classList.remove("over");
});
addEventListener("drop", (event) => {
  if (!dragged(event)) return;
  event.preventDefault();
  form.classList.remove("over");
  if (event.dataTransfer.files.length) take(event.dataTransfer.files[0]);
});
