(() => {
  const tip = Object.assign(document.createElement("div"), { id: "tip", hidden: true });
  tip.setAttribute("role", "tooltip");
  document.body.append(tip);

  // Heat maps: a cell tells its number, and those of the same place in the maps beside it.
  const row = (cell) => cell.parentElement.rowIndex;
  const at = (map, down, across) => map.rows[down]?.cells[across];
  let marked = [];
  const hide = () => {
    tip.hidden = true;
    marked.forEach((cell) => { cell.classList.remove("on"); cell.removeAttribute("aria-describedby"); });
    marked = [];
  };
  const show = (cell) => {
    hide();
    const map = cell.closest("table"), group = cell.closest(".maps"), { down, across } = map.dataset;
    const same = all("table.heat", group)
      .filter((other) => other.dataset.down === down && other.dataset.across === across)
      .map((other) => [other.dataset.name, at(other, row(cell), cell.cellIndex)])
      .filter(([, twin]) => twin && twin.tagName === "TD" && twin.textContent);
    const place = document.createElement("p");
    const where = [...(down ? [`${down} ${row(cell) - 1}`] : []), `${across} ${cell.cellIndex - 1}`];
    place.textContent = `${group.dataset.name}: ${where.join(", ")}`;
    const list = document.createElement("dl");
    for (const [name, twin] of same) {
      const term = document.createElement("dt"), number = document.createElement("dd");
      term.textContent = name;
      number.textContent = twin.textContent;
      list.append(term, number);
      twin.classList.add("on");
    }
    marked = same.map(([, twin]) => twin);
    tip.replaceChildren(place, list);
    tip.hidden = false;
    cell.setAttribute("aria-describedby", "tip");
    const box = cell.getBoundingClientRect(), room = document.documentElement.clientWidth - tip.offsetWidth - 8;
    tip.style.left = `${Math.max(8, Math.min(room, box.left + scrollX)) }px`;
    const above = box.top - tip.offsetHeight - 6;
    tip.style.top = `${(above > 0 ? above : box.bottom + 6) + scrollY}px`;
  };
  const steps = { ArrowRight: [0, 1], ArrowLeft: [0, -1], ArrowDown: [1, 0], ArrowUp: [-1, 0] };
  for (const map of all("table.heat")) {
    map.setAttribute("role", "grid");
    all("tr", map).forEach((line) => line.setAttribute("role", "row"));
    all("td", map).forEach((cell) => { cell.setAttribute("role", "gridcell"); });
    at(map, 1, 1)?.setAttribute("tabindex", "0");
    const go = (cell) => {
      if (!cell || cell.tagName !== "TD" || !cell.textContent) return;
      all("[tabindex]", map).forEach((other) => other.removeAttribute("tabindex"));
      cell.setAttribute("tabindex", "0");
      cell.focus();
    };
    map.addEventListener("keydown", (event) => {
      const cell = event.target.closest("td"), line = cell?.parentElement;
      if (!cell) return;
      const step = steps[event.key];
      if (step) go(at(map, row(cell) + step[0], cell.cellIndex + step[1]));
      else if (event.key === "Home") go(line.cells[1]);
      else if (event.key === "End") go(line.cells[line.cells.length - 1]);
      else return;
      event.preventDefault();
    });
    map.addEventListener("focusin", (event) => show(event.target));
    map.addEventListener("focusout", hide);
    map.addEventListener("pointerover", (event) => { const cell = event.target.closest("td"); if (cell?.textContent) show(cell); });
    map.addEventListener("pointerleave", hide);
  }
  addEventListener("keydown", (event) => { if (event.key === "Escape") hide(); });

  // The source: arrow keys go from line to line, and the lines of the section that is being read are marked.
  const links = all(".source li > a:first-child");
  document.querySelector(".source")?.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key], place = links.indexOf(document.activeElement);
    if (!step || place < 0) return;
    links[place + step]?.focus();
    event.preventDefault();
  });
  const sections = all("main > section").filter((section) => section.querySelector(".lines"));
  const mark = () => {
    const read = sections.filter((section) => section.getBoundingClientRect().top < innerHeight / 3).pop();
    for (const link of links) {
      const current = read && link.parentElement.dataset.act === read.dataset.act;
      if (current) link.setAttribute("aria-current", "true"); else link.removeAttribute("aria-current");
    }
  };
  addEventListener("scroll", mark, { passive: true });
  addEventListener("resize", mark, { passive: true });
  mark();

  // Folds: a link unfolds what it leads to (newer browsers do so by themselves), a button all of them, and so does printing.
  const folds = all("main > section > details");
  const reveal = () => {
    const place = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    const closed = place && place.closest("details:not([open])");
    if (!closed) return;
    closed.open = true;
    place.scrollIntoView();
  };
  addEventListener("hashchange", reveal);
  reveal();
  const button = document.querySelector(".unfold button");
  const say = () => { button.textContent = folds.every((fold) => fold.open) ? "Fold all" : "Unfold all"; };
  button.closest("p").hidden = false;
  button.addEventListener("click", () => {
    const open = !folds.every((fold) => fold.open);
    folds.forEach((fold) => { fold.open = open; });
  });
  addEventListener("toggle", () => { say(); mark(); }, { capture: true });
  say();
  let opened = [];
  addEventListener("beforeprint", () => {
    opened = all("details:not([open])");
    opened.forEach((fold) => { fold.open = true; });
  });
  addEventListener("afterprint", () => opened.forEach((fold) => { fold.open = false; }));
})();
