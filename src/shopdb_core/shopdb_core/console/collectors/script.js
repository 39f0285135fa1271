// A button that copies a text; without scripts, or over plain HTTP, the text is selected by hand.
if (navigator.clipboard) {
  const template = document.getElementById("copy-button");
  for (const block of document.querySelectorAll(".copyable")) {
    const button = template?.content.firstElementChild.cloneNode(true);
    button?.addEventListener("click", async () => {
      await navigator.clipboard.writeText(block.querySelector("pre").textContent);
      button.textContent = button.dataset.done;
    });
    if (button) block.append(button);
  }
}
