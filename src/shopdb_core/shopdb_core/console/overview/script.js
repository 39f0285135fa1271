// The overview refreshes itself, but not under somebody's hands, and not where nobody looks.
document.addEventListener("htmx:beforeRequest", (event) => {
  const overview = event.detail.elt;
  if (overview.id !== "overview") return;
  const inUse = overview.contains(document.activeElement) || overview.querySelector("details[open]");
  if (document.hidden || inUse) event.preventDefault();
});
