// What makes pages quicker; each works without it.

// htmx replaces a region by HTML that this server has written and escaped; no other string may become HTML,
// and none at all a script.
window.trustedTypes?.createPolicy("default", { createHTML: (html) => html });

const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
if (zone) document.cookie = `shopdb-zone=${zone}; path=/; max-age=31536000; samesite=lax`;

const isTyping = (element) => element.closest("input, textarea, select, [contenteditable]");

document.addEventListener("keydown", (event) => {
  if (event.key === "/" && !event.ctrlKey && !event.metaKey && !event.altKey && !isTyping(event.target)) {
    const search = document.querySelector("main input[type=search]") ?? document.getElementById("find");
    if (search) {
      event.preventDefault();
      search.select();
    }
  }
});

document.addEventListener("change", (event) => {
  if (event.target.closest(".preferences")) event.target.form.requestSubmit();
});

// A page that is not what htmx asked for, such as that of an error or to sign in, is shown as a whole.
document.addEventListener("htmx:beforeSwap", (event) => {
  const { xhr, pathInfo } = event.detail;
  const asked = pathInfo.finalRequestPath ?? pathInfo.requestPath;
  const redirected = xhr.responseURL && new URL(xhr.responseURL).pathname === "/sign-in";
  if (xhr.status >= 400 || redirected) {
    event.detail.shouldSwap = false;
    window.location.assign(redirected ? xhr.responseURL : asked);
  }
});
