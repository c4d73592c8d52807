// The pages work without this file: dialogs then stand open in a page of their own, and a second click sends twice.
"use strict";

document.addEventListener("htmx:after:swap", () => {
  const dialog = document.querySelector("dialog[data-modal]:not([open])");
  if (!dialog) return;
  // A closed dialog must not open again with the next part that htmx loads.
  dialog.addEventListener("close", () => dialog.remove());
  dialog.showModal();
});

document.addEventListener("submit", (event) => {
  const form = event.target;
  const changes = form.getAttribute("method") === "post" && !form.hasAttribute("hx-post");
  if (!changes || event.submitter?.formMethod === "dialog") return;
  if (form.dataset.sent) event.preventDefault();
  form.dataset.sent = "yes";
  event.submitter?.setAttribute("aria-busy", "true");
});
