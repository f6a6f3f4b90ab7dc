const code = new URLSearchParams(location.hash.slice(1)).get("k");
const form = document.querySelector("form");
if (code && form) {
  form.elements.code.value = code;
  history.replaceState(null, "", location.pathname);
  form.requestSubmit();
}
