// Which element is which button. Only constants stand here: the rules come as a value.
const hashed = /^[A-Za-z0-9]{3,12}_\d+$/;
const isClass = (name, fragment) =>
  fragment.startsWith("_") && fragment.endsWith("_")
    ? name.startsWith(fragment) && hashed.test(name.slice(fragment.length))
    : name === fragment;
const hasClass = (element, fragment) => Array.from(element.classList).some((name) => isClass(name, fragment));
const hasAll = (element, fragments) => fragments.every((fragment) => hasClass(element, fragment));

const liesWithin = (element, fragments) =>
  fragments.every((fragment) => {
    for (let node = element.parentElement; node; node = node.parentElement) if (hasClass(node, fragment)) return true;
    return false;
  });

const inPlace = (element, rule) =>
  rule.tags.includes(element.localName) && hasAll(element, rule.classes) && liesWithin(element, rule.within);

// Text as it is seen: what is hidden does not count, capitals made by style do.
const textOf = (element) => (element.innerText ?? "").replace(/\s+/g, " ").trim();

// The amount a label states, "" when it states none; null when it is not this button's label.
const statedBy = (text, rule, unit) => {
  if (text === rule.word) return "";
  if (rule.amount === null || !text.startsWith(rule.word)) return null;
  const found = /^([+-]?)(\d+(?:\.\d+)?) (\S+)$/.exec(text.slice(rule.word.length).trim());
  return found && found[1] === rule.amount && found[3] === unit ? found[2] : null;
};

const isVisible = (element) => {
  const asked = { checkOpacity: true, checkVisibilityCSS: true, opacityProperty: true, visibilityProperty: true, contentVisibilityAuto: true };
  if (!element.checkVisibility(asked)) return false;
  const { width, height } = element.getBoundingClientRect();
  return width >= 1 && height >= 1;
};

const fieldsOf = (rule) =>
  Array.from(document.querySelectorAll(rule.tags.join(",")))
    .filter((field) => inPlace(field, rule) && (!rule.types.length || rule.types.includes(field.type)) && isVisible(field))
    .map((field) => field.value.trim().slice(0, 40));

const chosenOf = (rules) =>
  rules.button
    .filter((rule) => rule.kind === "percentage")
    .flatMap((rule) =>
      Array.from(document.querySelectorAll(rule.tags.join(","))).filter(
        (element) => hasClass(element, rules.chosen) && inPlace(element, rule) && isVisible(element) && textOf(element) === rule.word))
    .map((element) => textOf(element));

// What an order pressed now would carry.
const readingOf = (rules) => ({ amounts: fieldsOf(rules.amount), chosen: chosenOf(rules), shares: fieldsOf(rules.share) });
