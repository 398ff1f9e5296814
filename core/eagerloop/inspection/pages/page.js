"use strict";
const all = (selector, within = document) => [...within.querySelectorAll(selector)];
document.body.classList.add("script");

// A table that is wider than its place can be scrolled by the keyboard, and says what it is.
const scrollable = () => {
  for (const place of all(".scroll")) {
    const wide = place.scrollWidth > place.clientWidth || place.scrollHeight > place.clientHeight;
    const marks = { tabindex: "0", role: "region", "aria-label": (place.querySelector("caption") || place).textContent.slice(0, 80) };
    for (const [name, value] of Object.entries(marks)) {
      if (wide) place.setAttribute(name, value); else place.removeAttribute(name);
    }
  }
};
addEventListener("resize", scrollable, { passive: true });
addEventListener("toggle", scrollable, { capture: true });
scrollable();
