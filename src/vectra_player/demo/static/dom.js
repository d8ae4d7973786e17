// Making elements: el("div.a.b", { title: "x" }, child, "text").
export const el = (spec, properties = {}, ...children) => {
  const [tag, ...classes] = spec.split(".");
  const node = document.createElement(tag);
  if (classes.length) node.className = classes.join(" ");
  for (const [key, value] of Object.entries(properties)) {
    if (key in node) node[key] = value;
    else node.setAttribute(key, value);
  }
  node.append(...children);
  return node;
};

// Change text only when it differs: nothing is laid out again for nothing.
export const say = (node, text) => {
  if (node.textContent !== text) node.textContent = text;
};
export const show = (node, visible) => node.classList.toggle("hidden", !visible);

// SOL as the page prints it: three decimals where columns align, else as few as needed.
export const sol3 = (value) => Number(value).toFixed(3);
export const sol = (value) => String(Number(Number(value).toFixed(6)));
export const signed = (value, digits) => `${value < 0 ? "-" : "+"}${Math.abs(value).toFixed(digits)}`;
