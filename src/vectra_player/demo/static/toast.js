// Toasts lie over the amount field, as they do on the real page; a click takes one away.
import { parts } from "./parts.js";

const SHOWN_MS = 3500;

export const placeToasts = () => {
  if (!parts.toasts.childElementCount) return;
  const field = parts.amountBox.getBoundingClientRect();
  Object.assign(parts.toasts.style, {
    left: `${field.left + scrollX}px`, top: `${field.bottom + scrollY}px`, width: `${field.width}px`,
  });
};

export const toast = (text, bad = false, shownMs = SHOWN_MS) => {
  const node = document.createElement("div");
  node.className = `toast${bad ? " bad" : ""}`;
  node.textContent = text;
  node.addEventListener("click", () => node.remove());
  parts.toasts.append(node);
  placeToasts();
  if (shownMs < Infinity) setTimeout(() => node.remove(), shownMs);
};
