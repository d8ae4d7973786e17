// The trade panel: rows, sections and hashed class names of the real one. It has no ids, no test
// ids and no aria labels, because none were found on the real page.
import { el } from "./dom.js";
import { keep, NARROW, parts, QUICK, SHARES } from "./parts.js";

const button = (name, classes, ...children) => keep(name, el(`button.${classes}`, { type: "button" }, ...children));

const quick = (label) =>
  button(label, label === "MAX" ? "_controlBtn_73g5s_23._uppercase_73g5s_230" : "_controlBtn_73g5s_23", label);

const coinChip = () =>
  el("div._cashChip_73g5s_180", {},
    button("coinButton", "_coinButton_73g5s_186",
      keep("coinIcon", el("i.coin")), keep("chip", el("span", {}, "0.000")), el("span.chevron", {}, "⌄")),
    keep("coinMenu", el("div._coinMenu_73g5s_192.hidden", {},
      button("coinSol", "_coinOption_73g5s_198", el("i.coin"), keep("coinSolText", el("span", {}, "SOL"))),
      button("coinPractice", "_coinOption_73g5s_198", el("i.coin.practice"), keep("coinPracticeText", el("span", {}, "Practice SOL"))))));

const topRow = () =>
  el("div._topRow_73g5s_88", {},
    el("div._modeButtons_73g5s_95", {},
      button("auto", "_modeBtn_73g5s_101", "🤖"), button("instant", "_modeBtn_73g5s_101", "⚡"),
      button("shortMode", "_modeBtn_73g5s_101._goldBorder_73g5s_107", "📉")),
    keep("quick", el("div._quickAmounts_73g5s_120", {}, ...QUICK.map(quick))),
    coinChip());

const buySection = () =>
  keep("buySection", el("div._buySection_1lj20_1", {},
    el("div._amountInputSection_1lj20_10", {},
      keep("amountBox", el("div._amountInputContainer_1lj20_20", {},
        keep("amount", el("input", { type: "number", inputMode: "decimal", min: "0", step: "0.001", value: "", autocomplete: "off" })),
        keep("inputActions", el("div._inputActions_1lj20_63", {}, button("X", "_clearButton_1lj20_77", "X"))))))));

const sellSection = () =>
  keep("sellSection", el("div._sellSection_1mzic_1", {},
    el("div._amountInputSection_1mzic_10", {},
      el("div._amountInputContainer_1mzic_20", {},
        el("div._sliderContainer_1mzic_80", {}, keep("slider", el("input", { type: "range", min: "1", max: "100", step: "1", value: "100" }))),
        keep("share", el("input", { type: "number", min: "1", max: "100", step: "1", value: "100", autocomplete: "off" })),
        keep("shares", el("div._sellControlButtonsContainer_1mzic_129", {},
          ...SHARES.map((share) => button(`${share}%`, "_percentageBtn_1mzic_139", `${share}%`))))))));

// Until the first frame nothing can be pressed.
const action = (name, classes, word) => Object.assign(
  button(name, `_actionButton_1himf_1.${classes}._equalWidth_1himf_109`,
    keep(`${name}Word`, el("div", {}, word)), keep(`${name}Amount`, el("div._subLabel_1himf_90", {}, ""))),
  { disabled: true });

const actions = () => {
  action("short", "_short_1himf_201", "SHORT"); // stands aside until the short mode is on
  return keep("buttonsRow", el("div._buttonsRow_73g5s_247", {},
    keep("buyPlace", el("div._buttonSection_73g5s_299.undefined", {}, action("buy", "_buy_1himf_114", "BUY"))),
    keep("sellPlace", el("div._buttonSection_73g5s_299.undefined", {}, action("sell", "_sell_1himf_156", "SELL")))));
};

export const panel = () =>
  keep("panel", el("div._tradeControlsContainer_q7zk6_29", {},
    el("div._tradeControlsContainer_73g5s_1", {},
      keep("panelMain", el("div._tradeControlsMain_73g5s_62", {},
        topRow(),
        keep("controlsRow", el("div._controlsRow_73g5s_234", {}, buySection(), sellSection())),
        actions())))));

// Put the two smallest steps where the width has them.
export const arrange = () => {
  const smallest = [parts["+0.001"], parts["+0.01"]];
  parts.inputActions.querySelector("div")?.remove();
  if (NARROW.matches) parts.inputActions.prepend(el("div._smallSteps_1lj20_70", {}, ...smallest));
  else parts.quick.prepend(...smallest);
};
