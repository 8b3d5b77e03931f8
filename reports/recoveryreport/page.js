"use strict";
// What makes the page handier, and nothing that it needs: tables that sort, figures that can be enlarged.
(() => {
  const element = (name, properties, ...children) => {
    const made = Object.assign(document.createElement(name), properties);
    made.append(...children);
    return made;
  };

  // --- tables: a button in each heading; ascending, descending, and as it was

  const number = text => {
    const found = text.replaceAll(",", "").replace("−", "-").match(/^[+-]?\d+(\.\d+)?(?=\s|$)/);
    return found ? Number(found[0]) : null;
  };
  const compare = (one, other) => {
    const [a, b] = [number(one), number(other)];
    if (a !== null && b !== null) return a - b;
    if (a !== null || b !== null) return a !== null ? -1 : 1; // numbers before words
    return one.localeCompare(other, "en", { numeric: true });
  };
  const text = (row, column) => row.cells[column].textContent.trim();

  for (const table of document.querySelectorAll("main table")) {
    const body = table.tBodies[0];
    if (!table.tHead || !body || body.rows.length < 2) continue;
    const heads = [...table.tHead.rows[0].cells];
    const original = [...body.rows];
    if (!original.every(row => row.cells.length === heads.length)) continue;
    heads.forEach((head, column) => {
      const button = element("button", { type: "button", className: "sort" }, ...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => {
        const next = { ascending: "descending", descending: null }[head.getAttribute("aria-sort")];
        for (const other of heads) other.removeAttribute("aria-sort");
        const rows = [...original];
        if (next !== null) {
          const direction = next === "descending" ? -1 : 1;
          head.setAttribute("aria-sort", next ?? "ascending");
          rows.sort((a, b) => direction * compare(text(a, column), text(b, column)));
        }
        body.append(...rows);
      });
    });
  }

  // --- figures: one dialog for all of them; + and - and 0, the wheel, or a drag

  const MOST = 12;
  const image = element("img", { alt: "", draggable: false });
  const stage = element("div", { className: "stage", tabIndex: 0, role: "group" }, image);
  let scale = 1;
  // The point of the figure that is at (x, y) of the stage stays there.
  const zoom = (factor, x = stage.clientWidth / 2, y = stage.clientHeight / 2) => {
    const before = scale;
    scale = Math.min(MOST, Math.max(1, scale * factor));
    const [left, top] = [stage.scrollLeft + x, stage.scrollTop + y].map(place => place * scale / before);
    image.style.width = `${scale * 100}%`;
    stage.scrollTo(left - x, top - y);
  };
  const tool = (label, name, act) => {
    const button = element("button", { type: "button" }, label);
    button.setAttribute("aria-label", name);
    button.addEventListener("click", act);
    return button;
  };
  const dialog = element(
    "dialog",
    { className: "zoom" },
    element(
      "div",
      { className: "tools" },
      tool("+", "Larger", () => zoom(1.5)),
      tool("−", "Smaller", () => zoom(1 / 1.5)),
      tool("Whole", "Whole figure", () => zoom(0)),
      tool("Close", "Close", () => dialog.close()),
    ),
    stage,
  );
  document.body.append(dialog);

  dialog.addEventListener("keydown", event => {
    const factor = { "+": 1.5, "=": 1.5, "-": 1 / 1.5, "0": 0 }[event.key];
    if (factor === undefined || event.ctrlKey || event.metaKey) return;
    zoom(factor);
    event.preventDefault();
  });
  stage.addEventListener("wheel", event => {
    const box = stage.getBoundingClientRect();
    zoom(Math.exp(-event.deltaY / 400), event.clientX - box.left, event.clientY - box.top);
    event.preventDefault();
  }, { passive: false });
  stage.addEventListener("pointerdown", event => {
    if (event.pointerType === "mouse" && event.button === 0) stage.setPointerCapture(event.pointerId);
  });
  stage.addEventListener("pointermove", event => {
    if (stage.hasPointerCapture(event.pointerId)) stage.scrollBy(-event.movementX, -event.movementY);
  });

  for (const figure of document.querySelectorAll("main figure")) {
    const shown = figure.querySelector("img");
    const name = figure.querySelector("[aria-label]").getAttribute("aria-label");
    const open = () => {
      image.src = shown.currentSrc;
      image.alt = shown.alt;
      dialog.setAttribute("aria-label", name);
      stage.setAttribute("aria-label", name);
      dialog.showModal();
      zoom(0);
      stage.focus();
    };
    const button = element("button", { type: "button", className: "enlarge" }, "Enlarge");
    button.setAttribute("aria-label", `Enlarge: ${name}`);
    button.addEventListener("click", open);
    shown.addEventListener("click", open);
    shown.classList.add("enlargeable");
    figure.prepend(button);
  }
})();
