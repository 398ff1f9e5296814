(() => {
  // The slider: one recorded step at a time.
  const slider = document.querySelector("#step"), panels = all(".recorded");
  if (slider) {
    const said = document.querySelector("output[for=step]");
    const show = () => {
      panels.forEach((panel, number) => { panel.hidden = number !== Number(slider.value); });
      said.textContent = panels[slider.value].dataset.step;
      slider.setAttribute("aria-valuetext", `step ${said.textContent}`);
    };
    slider.closest("p").hidden = false;
    slider.addEventListener("input", show);
    show();
  }

  // Charts: the arrow keys go from point to point, and what is there is said below. So does the pointer.
  for (const chart of all(".chart")) {
    const drawing = chart.querySelector("svg"), points = all("g circle", drawing);
    if (!points.length) continue;
    const x = (point) => Number(point.getAttribute("cx"));
    const places = [...new Set(points.map(x))].sort((one, other) => one - other);
    const said = document.createElement("output");
    said.className = "said";
    drawing.after(said);
    drawing.setAttribute("tabindex", "0");
    let place = -1;
    const show = (number) => {
      place = Math.max(0, Math.min(places.length - 1, number));
      const here = points.filter((point) => x(point) === places[place]);
      points.forEach((point) => point.classList.toggle("on", here.includes(point)));
      const texts = here.map((point) => point.textContent);
      said.textContent = texts.slice(0, 8).join("; ") + (texts.length > 8 ? `; and ${texts.length - 8} more` : "");
    };
    drawing.addEventListener("focus", () => show(place < 0 ? places.length - 1 : place));
    drawing.addEventListener("keydown", (event) => {
      const to = { ArrowRight: place + 1, ArrowLeft: place - 1, Home: 0, End: places.length - 1 }[event.key];
      if (to === undefined) return;
      show(to);
      event.preventDefault();
    });
    drawing.addEventListener("pointermove", (event) => {
      const here = new DOMPoint(event.clientX, event.clientY).matrixTransform(drawing.getScreenCTM().inverse()).x;
      const near = places.reduce((best, other, number) => (Math.abs(other - here) < Math.abs(places[best] - here) ? number : best), 0);
      if (near !== place || !said.textContent) show(near);
    });
  }
})();
