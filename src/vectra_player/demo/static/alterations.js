// Pages that are not as they were: what a careful clicker must refuse, or must cope with. Named in
// alterations.json, which tests walk through; asked for with ?alter=NAME or as the fault `page`.
import { covers } from "./alter-covers.js";
import { doubles } from "./alter-doubles.js";
import { fields } from "./alter-fields.js";
import { labels } from "./alter-labels.js";
import { places } from "./alter-places.js";
import { whole } from "./alter-page.js";
import { log } from "./link.js";

const POLL_MS = 250;
const all = { ...labels, ...places, ...doubles, ...fields, ...covers, ...whole };
const done = new Set();

log.alterations = Object.keys(all);
log.altered = [];

export const alter = (name) => {
  if (done.has(name)) return;
  done.add(name);
  if (!all[name]) throw new Error(`no alteration ${name}`);
  all[name]();
  log.altered.push(name);
};

// What the server asks for comes aside of the socket, whose traffic stays that of the real page.
export const followFaults = () => {
  const ask = async () => {
    try {
      const { alter: wanted } = await (await fetch("/__demo__/page")).json();
      // Asked again while it loads, a slow page would begin to load again and again.
      if ([...done].some((name) => !wanted.includes(name))) return location.reload();
      wanted.forEach(alter);
    } catch {
      // The server is gone for the moment; the page says so by itself.
    }
    return setTimeout(ask, POLL_MS);
  };
  ask();
};
