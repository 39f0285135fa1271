// The list of assets by keys: / searches (as everywhere), arrows move from row to row, Enter opens, x selects.

const results = () => document.getElementById("results");
const links = () => [...results().querySelectorAll("tbody th[scope=row] a")];
const boxes = () => [...results().querySelectorAll("tbody input[type=checkbox]")];
const say = (text) => { document.getElementById("said").textContent = text; };

const prepare = () => {
  for (const each of results().querySelectorAll("#all, .keys")) each.hidden = false;
  document.getElementById("q").setAttribute("aria-invalid", results().querySelector(".query") !== null);
  show();
};

const show = () => {
  const button = document.getElementById("retire");
  const all = document.getElementById("all");
  if (!button || !all) return;
  const ticked = boxes().filter((each) => each.checked).length;
  button.disabled = ticked === 0;
  button.dataset.label ??= button.textContent;
  button.textContent = ticked ? `${button.dataset.label} (${ticked})` : button.dataset.label;
  all.checked = ticked > 0 && ticked === boxes().length;
  all.indeterminate = ticked > 0 && !all.checked;
};

const move = (event, from) => {
  const rows = links();
  const here = rows.indexOf(from);
  const next = { ArrowDown: here + 1, ArrowUp: here - 1, Home: 0, End: rows.length - 1 }[event.key];
  if (next === undefined || !rows.length) return;
  event.preventDefault();
  if (next < 0) document.getElementById("q").focus();
  else rows[Math.min(next, rows.length - 1)].focus();
};

const onKey = (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const row = event.target.closest("#results tbody tr");
  const link = row?.querySelector("th[scope=row] a");
  const box = row?.querySelector("input[type=checkbox]");
  if (link && event.key === "x" && box) {
    box.click();
  } else if (link) {
    move(event, link);
  } else if (event.key === "ArrowDown" && (event.target.id === "q" || event.target === document.body)) {
    move(event, null);
  } else if (event.key === "Enter" && event.target.id === "q" && links().length === 1 && isShown()) {
    event.preventDefault();
    links()[0].click();
  }
};

// Whether the table has what the box asks for: it is replaced a moment after the last key.
const isShown = () => new URLSearchParams(location.search).get("q") === document.getElementById("q").value;

// Other pages have results and a search box as well.
if (results() && document.getElementById("said")) {
  prepare();
  document.addEventListener("keydown", onKey);
  document.addEventListener("change", (event) => {
    if (event.target.id === "all") for (const each of boxes()) each.checked = event.target.checked;
    if (event.target.closest("#results")) {
      show();
      say(document.getElementById("retire")?.textContent ?? "");
    }
  });
  document.addEventListener("htmx:afterSettle", (event) => {
    if (event.detail.target?.id !== "results" && event.target.id !== "results") return;
    prepare();
    say(document.getElementById("found")?.textContent ?? "");
  });
  // An address without what is empty anyway.
  document.addEventListener("htmx:configRequest", (event) => {
    const { parameters } = event.detail;
    for (const name of Object.keys(parameters)) if (parameters[name] === "") delete parameters[name];
  });
}
