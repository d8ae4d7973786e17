// Runs in an isolated world of the game page, before the page's first script: tells of presses of
// money and amount buttons, and withholds a press of ours that would hit anything but the button
// it was meant for.
const LABEL = 80;
const UNTRUSTED_A_SECOND = 20;
const GESTURE = ["pointerdown", "mousedown", "pointerup", "mouseup", "click", "auxclick"];

const buttonAt = (target, rules) => {
  let near = null;
  for (let element = target; element instanceof Element; element = element.parentElement) {
    for (const rule of rules.button) {
      if (!inPlace(element, rule)) continue;
      near ??= { name: "", element };
      if (statedBy(textOf(element), rule, rules.unit) !== null) return { name: rule.name, element };
    }
  }
  return near;
};

const single = (values) => (values.length === 1 ? values[0] : null);

// Still the element that was looked at, with the same word, amount and share.
const isMeant = (guard, target, rules) => {
  const { element, rule } = guard;
  if (!element.isConnected || !(target instanceof Node) || !element.contains(target) || !inPlace(element, rule)) return false;
  const stated = statedBy(textOf(element), rule, rules.unit);
  if (stated === null || (rule.states_order && stated !== guard.stated)) return false;
  return JSON.stringify(readingOf(rules)) === guard.reading;
};

const tell = (state, binding, found, event, more) => {
  const pressed = {
    button: found.name, label: textOf(found.element).slice(0, LABEL),
    at_ms: performance.timeOrigin + event.timeStamp, trusted: event.isTrusted, ...more,
  };
  // The page's own handlers have run by the next task.
  scheduler.postTask(() => {
    const { amounts, chosen } = readingOf(state.rules);
    const share = single(chosen);
    globalThis[binding](JSON.stringify({ ...pressed, amount: single(amounts), percentage: share && share.replace("%", "") }));
  }, { priority: "user-blocking" });
};

// True when the event was taken away from the page. Once one was, everything is until the next look
// or the end of the hold: what came first may have been a person's, and ours is still on its way.
const withhold = (state, binding, event) => {
  const guard = state.guard;
  if (!guard || !event.isTrusted) return false;
  // By when it was sent: a page that was busy for longer gets it late, and changed perhaps.
  if (event.timeStamp > guard.until) {
    state.guard = null;
    return false;
  }
  if (!guard.withheld && isMeant(guard, event.target, state.rules)) {
    guard.passed = true;
    return false;
  }
  event.preventDefault();
  event.stopImmediatePropagation();
  if (!guard.withheld && event.target instanceof Element) {
    // A page that already got a part of the gesture may have acted on it: that is no certainty.
    tell(state, binding, { name: "", element: event.target }, event, { token: guard.token, withheld: !guard.passed });
  }
  guard.withheld = true;
  return true;
};

const clicked = (state, binding, event) => {
  const found = buttonAt(event.target, state.rules);
  if (!found) return;
  if (!event.isTrusted) {
    const second = Math.floor(performance.now() / 1000);
    state.untrusted = state.second === second ? state.untrusted + 1 : 1;
    state.second = second;
    if (state.untrusted > UNTRUSTED_A_SECOND) return;
  }
  const guard = event.isTrusted ? state.guard : null;
  if (guard) state.guard = null;
  tell(state, binding, found, event, guard ? { token: guard.token } : {});
};

// What it says lets the recorder tell a page that was listened to before from a new one.
const listen = (rules, origin, binding) => {
  if (location.origin !== origin || window !== window.top) return "elsewhere";
  if (Object.hasOwn(globalThis, "vectraPresses")) {
    const before = JSON.stringify(globalThis.vectraPresses.rules);
    globalThis.vectraPresses.rules = rules;
    return before === JSON.stringify(rules) ? "same" : "changed";
  }
  const state = { rules, guard: null, untrusted: 0, second: 0 };
  Object.defineProperty(globalThis, "vectraPresses", { value: state });
  for (const kind of GESTURE) {
    addEventListener(kind, (event) => {
      if (!withhold(state, binding, event) && kind === "click") clicked(state, binding, event);
    }, { capture: true });
  }
  return "new";
};
