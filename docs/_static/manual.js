// The theme gives some buttons a name that is not the text on them, which voice control does not find.
document.addEventListener("DOMContentLoaded", () => {
  for (const button of document.querySelectorAll(".search-button-field, summary[aria-label]"))
    button.removeAttribute("aria-label");
});
