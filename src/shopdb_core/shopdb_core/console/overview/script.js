// The overview refreshes itself, but not under somebody's hands, and not where nobody looks.
document.addEventListener("htmx:beforeRequest", (event) => {
  const overview = event.detail.elt;
  if (overview.id !== "overview") return;
  const inUse = overview.contains(document.activeElement) || overview.querySelector("details[open]");
  if (document.hidden || inUse) event.preventDefault();
});

// While the server is away, a screen on a wall keeps what it shows and says so; the next refresh tries again.
const keep = (event) => {
  const overview = event.detail.elt;
  if (overview.id !== "overview" || event.detail.xhr.status < 500 && event.type === "htmx:beforeSwap") return;
  overview.classList.add("is-old");
  event.detail.shouldSwap = false;
  event.stopPropagation();
};
document.addEventListener("htmx:beforeSwap", keep, true);
document.addEventListener("htmx:sendError", keep, true);
