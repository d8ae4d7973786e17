// Fields that show another thing than is meant, and presses that do not last.
import { acts, controls, setAmount, setShare, words } from "./controls.js";
import { remove } from "./alter-tools.js";
import { parts, QUICK, SHARES } from "./parts.js";

const AMOUNT_ACTS = [...QUICK, "X"];
const SHARE_ACTS = SHARES.map((share) => `${share}%`);
const SOON_MS = 50;
const LATE_MS = 600;

const replaceAll = (names, make) => () => names.forEach((name) => { acts[name] = make(acts[name]); });
const nothing = () => () => undefined;
const late = (act) => () => setTimeout(act, LATE_MS);
const then = (after) => (act) => () => {
  act();
  setTimeout(after, SOON_MS);
};

const written = (format) => () => {
  parts.amount.type = "text";
  words.amount = format;
  setAmount(controls.amount);
};

const drift = () => parts.buy.addEventListener("pointerenter", () => setAmount(controls.amount + 0.1));

export const fields = {
  "amount-readonly": () => { parts.amount.readOnly = true; },
  "amount-disabled": () => { parts.amount.disabled = true; },
  "amount-resets": replaceAll(AMOUNT_ACTS, then(() => setAmount(0))),
  "amount-ignores-presses": replaceAll(AMOUNT_ACTS, nothing),
  "amount-late": replaceAll(AMOUNT_ACTS, late),
  "amount-with-comma": written((value) => value.toFixed(3).replace(".", ",")),
  "amount-with-unit": written((value) => `${value} SOL`),
  "amount-in-thousandths": written((value) => String(Math.round(value * 1000))),
  "amount-rounded": written((value) => value.toFixed(2)),
  "amount-not-shown": written(() => ""),
  "amount-drifts": drift,
  "share-resets": replaceAll(SHARE_ACTS, then(() => setShare(100))),
  "share-ignores-presses": replaceAll(SHARE_ACTS, nothing),
  "share-late": replaceAll(SHARE_ACTS, late),
  "share-missing": remove("share"),
  "share-as-fraction": () => { words.share = (share) => String(share / 100); },
};
