// One look at the page: where each button is, whether a press at its middle would reach it, what
// an order would carry. Changes nothing but the scroll position, and that only when asked.
const TEXT = 80;
const GEOMETRY = ["transform", "translate", "scale", "rotate", "left", "top", "right", "bottom", "inset", "width", "height", "margin"];

const opacityOf = (element) => {
  let opacity = 1;
  for (let node = element; node; node = node.parentElement) opacity *= Number(getComputedStyle(node).opacity);
  return opacity;
};

const obstaclesOf = (element, rule, rules) => {
  const style = getComputedStyle(element);
  return [
    element.closest(":disabled") && "disabled attribute",
    element.closest('[aria-disabled="true"]') && "aria-disabled",
    element.closest("[inert]") && "inert",
    style.pointerEvents === "none" && "pointer-events: none",
    style.cursor === "not-allowed" && "cursor: not-allowed",
    ...rules.disabled_classes.filter((name) => hasClass(element, name)).map((name) => `class ${name}`),
    ...rule.needs.filter((name) => !hasClass(element, name)).map((name) => `no class ${name}`),
    opacityOf(element) < rules.dimmed_below && "dimmed",
    /grayscale\((?!0\))/.test(style.filter) && "greyed",
  ].filter(Boolean);
};

const changesPlace = (effect) =>
  effect.getKeyframes().some((frame) => Object.keys(frame).some((name) => GEOMETRY.some((part) => name.startsWith(part))));

const isMoving = (element) =>
  document.getAnimations().some(({ playState, effect }) =>
    playState === "running" && effect?.target?.contains?.(element) && changesPlace(effect));

const nameOf = (element) => {
  if (!element) return "nothing";
  const classes = Array.from(element.classList).join(".");
  return `${element.localName}${classes ? "." : ""}${classes} ${textOf(element)}`.trim().slice(0, TEXT);
};

const aimAt = (element) => {
  const { left, top, width, height } = element.getBoundingClientRect();
  const x = left + width / 2;
  const y = top + height / 2;
  const onScreen = x >= 0 && y >= 0 && x < innerWidth && y < innerHeight;
  const top_ = onScreen ? document.elementFromPoint(x, y) : null;
  return { x, y, left, top, width, height, on_screen: onScreen, covered_by: !onScreen || element.contains(top_) ? "" : nameOf(top_) };
};

const candidatesOf = (rule) => {
  const all = Array.from(document.querySelectorAll(rule.tags.join(",")));
  const placed = all.filter((element) => inPlace(element, rule) && isVisible(element));
  // A word alone is looked for among buttons only, or among what carries the button's own classes.
  const worded = all.filter((element) =>
    (element.localName === "button" || hasAll(element, rule.classes)) && isVisible(element));
  return { placed, worded };
};

const examine = (rule, rules) => {
  const says = (element) => statedBy(textOf(element), rule, rules.unit) !== null;
  const { placed, worded } = candidatesOf(rule);
  const found = placed.filter(says);
  const looks = { name: rule.name, found: found.length, placed: placed.length, worded: worded.filter(says).length };
  if (found.length !== 1) return { ...looks, text: placed.length ? textOf(placed[0]).slice(0, TEXT) : "" };
  const element = found[0];
  return {
    ...looks, text: textOf(element).slice(0, TEXT), stated: statedBy(textOf(element), rule, rules.unit),
    obstacles: obstaclesOf(element, rule, rules), moving: isMoving(element), aim: aimAt(element), element,
  };
};

const signsOf = (rules) =>
  rules.sign
    .filter((sign) => Array.from(document.querySelectorAll(sign.tags.join(",")))
      .some((element) => isVisible(element) && textOf(element) === sign.word))
    .map((sign) => sign.name);

// `asked`: names (empty: all), scroll_to ("" or a name), arm ("" or a name), token, hold_ms.
const survey = (rules, asked) => {
  const wanted = rules.button.filter((rule) => !asked.names.length || asked.names.includes(rule.name));
  if (asked.scroll_to) {
    const before = examine(rules.button.find((rule) => rule.name === asked.scroll_to), rules);
    before.element?.scrollIntoView({ block: "center", inline: "center", behavior: "instant" });
  }
  const listener = Object.hasOwn(globalThis, "vectraPresses") ? globalThis.vectraPresses : null;
  const looks = wanted.map((rule) => examine(rule, rules));
  const reading = readingOf(rules);
  if (listener) listener.guard = null;
  const armed = looks.find((look) => look.name === asked.arm && look.element);
  if (armed && listener) {
    listener.guard = {
      element: armed.element, rule: rules.button.find((rule) => rule.name === asked.arm), stated: armed.stated,
      reading: JSON.stringify(reading), token: asked.token, until: performance.now() + asked.hold_ms,
    };
  }
  return {
    origin: location.origin, path: location.pathname, visibility: document.visibilityState,
    scale: visualViewport?.scale ?? 1, listening: Boolean(listener), ...reading,
    dialogs: rules.dialogs.length ? Array.from(document.querySelectorAll(rules.dialogs.join(","))).filter(isVisible).map(nameOf) : [],
    signs: signsOf(rules), buttons: looks.map(({ element, ...look }) => look),
  };
};
