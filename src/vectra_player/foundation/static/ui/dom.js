// Builds elements of text: nothing a player or a tool typed ever becomes markup.

/**
 * Make an element. `attributes`: `class`, `data` (object), `on` (event name to function), any
 * other name is set as an attribute; null and false leave it out. Children: nodes or text.
 */
export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "data") Object.assign(node.dataset, value);
    else if (name === "on") for (const [type, call] of Object.entries(value)) node.addEventListener(type, call);
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

/** Make an element of a drawing: `attributes` are set as they are. */
export function svg(tag, attributes = {}, ...children) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, String(value));
  node.append(...children);
  return node;
}

/** Return the element of an id; a page without it is broken and says so. */
export function byId(id) {
  const node = document.getElementById(id);
  if (!node) throw new Error(`the page has no #${id}`);
  return node;
}

/** Set text only when it differs, so that screen readers and layout are left alone. */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** Show what is not there, and one way to get it. */
export function emptyState(title, advice, action = null) {
  return el("div", { class: "empty" }, el("strong", {}, title), el("span", {}, advice), action);
}

/** Show what went wrong and what to do. */
export function errorState(message, advice = "", action = null) {
  return el(
    "div",
    { class: "error", role: "alert" },
    el("strong", {}, message),
    advice ? el("span", { class: "advice" }, advice) : null,
    action,
  );
}

/** Show the shape of a table while it loads. */
export function skeleton(rows = 5) {
  const bars = Array.from({ length: rows }, () => el("div", { class: "skeleton" }, "\u00a0"));
  return el("div", { class: "stack body", role: "status", "aria-busy": "true", "aria-label": "Loading" }, ...bars);
}

/** Let the keyboard reach and scroll a box that has nothing to focus in it; returns the box. */
export function scrolling(box, label) {
  box.tabIndex = 0;
  box.setAttribute("role", "region");
  box.setAttribute("aria-label", label);
  return box;
}

/** Save text as a file of the user's. */
export function download(name, text, type = "application/json") {
  const url = URL.createObjectURL(new Blob([text], { type }));
  const link = el("a", { href: url, download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
}

/** Call at most once a frame, with the arguments of the last call. */
export function eachFrame(call) {
  let waiting = null;
  return (...values) => {
    if (waiting === null) {
      requestAnimationFrame(() => {
        const last = waiting;
        waiting = null;
        call(...last);
      });
    }
    waiting = values;
  };
}
