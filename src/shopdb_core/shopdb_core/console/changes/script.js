// An address has only the filters that are set.
document.addEventListener("htmx:configRequest", (event) => {
  const { verb, formData, elt } = event.detail;
  if (verb !== "get" || !elt.matches("form")) return;
  for (const [name, value] of [...formData]) if (value === "") formData.delete(name);
});
