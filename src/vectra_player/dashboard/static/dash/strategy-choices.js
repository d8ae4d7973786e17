// What can play, as the options of a list: own profiles, presets, built-in and own strategies.

import { get } from "/static/ui/api.js";
import { el } from "/static/ui/dom.js";

const GROUPS = [
  ["profile", "Your profiles"], ["preset", "Presets"], ["built-in", "Built-in strategies"], ["file", "Your strategies"],
];

const option = ({ word, problem, summary }) => el("option", { value: word, disabled: Boolean(problem), title: problem || summary }, word);

/** Fill `select`; `wanted` is chosen where it can be, else `first`. Returns the choices. */
export async function fillChoices(select, wanted, first) {
  const choices = await get("/api/backtest/choices");
  const groups = GROUPS.map(([kind, label]) => [label, choices.filter((choice) => choice.kind === kind)]);
  select.replaceChildren(...groups.filter(([, found]) => found.length).map(([label, found]) => el("optgroup", { label }, ...found.map(option))));
  select.value = choices.some((choice) => choice.word === wanted) ? wanted : first;
  return choices;
}
