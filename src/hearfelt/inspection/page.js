"use strict";
(() => {
  const audio = document.getElementById("sound");
  const figures = [...document.querySelectorAll("figure.timed")].map((box) => {
    const of = (name) => Number(box.dataset[name]);
    return { image: box.querySelector("img"), line: box.querySelector("i"), left: of("left"), right: of("right"),
      from: of("from"), to: of("to") };
  });
  const show = () => {
    const time = audio ? audio.currentTime : 0;
    for (const { image, line, left, right, from, to } of figures) {
      const share = (time - from) / Math.max(to - from, 1e-3);
      line.style.display = time > 0 && share >= 0 && share <= 1 ? "block" : "none";
      line.style.left = image.offsetLeft + (left + share * (right - left)) * image.offsetWidth + "px";
      line.style.top = image.offsetTop + "px";
      line.style.height = image.offsetHeight + "px";
    }
    if (audio && !audio.paused && !audio.ended) requestAnimationFrame(show);
  };
  if (audio) {
    for (const what of ["play", "seeked", "pause"]) audio.addEventListener(what, show);
    for (const { image, left, right, from, to } of figures) {
      image.addEventListener("click", (event) => {
        const share = (event.offsetX / image.offsetWidth - left) / (right - left);
        if (share < 0 || share > 1) return;
        audio.currentTime = from + share * (to - from);
        audio.play().catch(() => {});
      });
    }
    addEventListener("resize", show);
  }
})();
