// The slider says the time of its position, as the page that it loaded has it.
document.addEventListener("htmx:afterSwap", () => {
  const slider = document.getElementById("step");
  const moment = document.getElementById("moment");
  if (slider && moment) slider.setAttribute("aria-valuetext", moment.dataset.moment);
});
