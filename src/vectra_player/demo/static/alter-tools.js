// What alterations are made of.
import { el } from "./dom.js";
import { parts } from "./parts.js";
import { mark } from "./presses.js";

export const swap = (one, other) => {
  const hole = document.createComment("");
  one.replaceWith(hole);
  other.replaceWith(one);
  hole.replaceWith(other);
};

// A copy that goes on looking the same; it does nothing of itself.
export const decoy = (node, what = "decoy") => {
  const copy = mark(node.cloneNode(true), what);
  const follow = () => {
    if (copy.innerHTML !== node.innerHTML) copy.innerHTML = node.innerHTML;
    if (copy.className !== node.className) copy.className = node.className;
    copy.disabled = node.disabled;
    if ("value" in copy && copy.value !== node.value) copy.value = node.value;
    requestAnimationFrame(follow);
  };
  follow();
  return copy;
};

export const style = (node, rules) => Object.assign(node.style, rules);

// Something that lies exactly over a node and takes what is meant for it.
export const cover = (node, classes, ...children) => {
  const lid = mark(el(`div.${classes}`, {}, ...children), "decoy");
  const place = () => {
    const box = node.getBoundingClientRect();
    style(lid, { left: `${box.left + scrollX}px`, top: `${box.top + scrollY}px`, width: `${box.width}px`, height: `${box.height}px` });
    requestAnimationFrame(place);
  };
  document.body.append(lid);
  place();
  return lid;
};

export const remove = (...names) => () => names.forEach((name) => parts[name].remove());
export const once = (node, type, action) => node.addEventListener(type, action, { once: true });
