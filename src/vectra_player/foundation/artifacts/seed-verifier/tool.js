// The form, the checks and what they say. Values reach the page as text only.
(function () {
  "use strict";

  const { pricePath, sha256, VERSIONS } = globalThis.VectraFair;
  const { PathChart, priceText } = globalThis.VectraPathChart;
  const at = (id) => document.getElementById(id);
  const FIELDS = ["seed", "game", "hash", "prices"];
  const MAX_PRICES = 5002;

  let shown = null;
  const chart = new PathChart(at("chart"), read);

  function cell(text, name) {
    const td = document.createElement("td");
    td.textContent = text;
    if (name) td.className = name;
    return td;
  }

  function read(tick) {
    const price = tick === null || !shown ? null : shown.prices[tick];
    const rug = tick !== null && shown && tick === shown.rugTick ? "  rug" : "";
    at("reading").textContent = price === null ? " " : `tick ${tick}  ${priceText(price)}  ${price}${rug}`;
  }

  /** Take a pasted gameHistory entry apart; return whether it was one. */
  function takeApart(text) {
    let entry;
    try {
      entry = JSON.parse(text);
    } catch {
      return false;
    }
    const fair = entry && entry.provablyFair;
    if (!entry || typeof entry !== "object" || Array.isArray(entry) || !(fair || entry.serverSeed)) return false;
    at("seed").value = String((fair || entry).serverSeed || "");
    at("hash").value = String((fair || entry).serverSeedHash || "");
    at("game").value = String(entry.id || entry.gameId || "");
    at("prices").value = Array.isArray(entry.prices) ? JSON.stringify(entry.prices) : "";
    const version = String(entry.gameVersion || (fair && fair.version) || "v3");
    if (VERSIONS.includes(version)) at("version").value = version;
    return true;
  }

  function pricesOf(text) {
    if (!text.trim()) return null;
    const words = text.replace(/^\s*\[|\]\s*$/g, "").split(/[\s,;]+/).filter(Boolean);
    const prices = words.map(Number);
    const bad = prices.findIndex((price) => !Number.isFinite(price));
    if (bad >= 0) throw new Error(`Price ${bad} is no number: ${words[bad].slice(0, 40)}`);
    if (prices.length > MAX_PRICES) throw new Error(`No game has more than ${MAX_PRICES} prices; these are ${prices.length}.`);
    return prices;
  }

  /** Compare price by price; equal means equal to the last bit. */
  function compare(given, computed) {
    const most = Math.max(given.length, computed.length);
    let first = -1;
    let different = 0;
    let widest = 0;
    for (let tick = 0; tick < most; tick += 1) {
      if (given[tick] === computed[tick]) continue;
      if (first < 0) first = tick;
      different += 1;
      widest = Math.max(widest, Math.abs(given[tick] - computed[tick]) || 0);
    }
    return { first, different, widest };
  }

  function priceChecks(given, result) {
    if (!given) return [["Price path", null, "not given", `${result.prices.length} prices`]];
    const { first, different, widest } = compare(given, result.prices);
    const rows = [
      ["Number of prices", given.length === result.prices.length, `${given.length}`, `${result.prices.length}`],
      [
        "Every price, bit for bit",
        different === 0,
        different ? `${different} differ, first at tick ${first}` : `${given.length} equal`,
        different ? `largest difference ${widest}` : "largest difference 0",
      ],
    ];
    if (first >= 0) rows.push([`Tick ${first}`, false, `${given[first]}`, `${result.prices[first]}`]);
    return rows;
  }

  function checksOf(input, result) {
    const hash = sha256(input.seed);
    const given = input.hash.trim().toLowerCase();
    return [
      ["SHA-256 of the seed", given ? given === hash : null, given || "not given", hash],
      ...priceChecks(input.prices, result),
    ];
  }

  function showChecks(checks) {
    const rows = checks.map(([title, good, published, computed]) => {
      const row = document.createElement("tr");
      const mark = good === null ? "–" : good ? "✓" : "✗";
      const name = good === null ? "muted" : good ? "up" : "down";
      row.append(cell(title), cell(mark, name), cell(published, "mono"), cell(computed, "mono"));
      return row;
    });
    at("checks").tBodies[0].replaceChildren(...rows);
    at("checks").hidden = false;
  }

  function showFacts(result) {
    const facts = [
      ["Peak", priceText(result.peak), result.peak],
      ["Rug tick", result.rugged ? `${result.rugTick}` : "none", result.rugTick],
      ["Rug price", result.rugged ? priceText(result.rugPrice) : "none", result.rugPrice],
      ["Lowest", priceText(result.low), result.low],
    ];
    const parts = facts.map(([name, text, exact]) => {
      const box = document.createElement("div");
      const term = document.createElement("dt");
      const value = document.createElement("dd");
      term.textContent = name;
      value.textContent = text;
      value.title = String(exact);
      value.dataset.fact = name;
      box.append(term, value);
      return box;
    });
    at("facts").replaceChildren(...parts);
  }

  function verdictOf(checks) {
    const failed = checks.filter(([, good]) => good === false);
    const passed = checks.filter(([, good]) => good === true);
    if (failed.length) return ["down", "✗ Does not fit: what was published is not what seed and id give."];
    if (!passed.length) return ["muted", "Computed. Add the published hash or prices to check them."];
    if (!at("prices").value.trim()) return ["up", "✓ The seed fits its hash. Prices were not given."];
    if (!at("hash").value.trim()) return ["up", "✓ Every price fits. The hash was not given."];
    return ["up", "✓ Verified: hash and every price fit, bit for bit."];
  }

  function verify() {
    at("problem").textContent = "";
    const input = { seed: at("seed").value.trim(), game: at("game").value.trim(), hash: at("hash").value };
    try {
      if (!input.seed || !input.game) throw new Error("Seed and game id are both needed.");
      input.prices = pricesOf(at("prices").value);
    } catch (error) {
      at("problem").textContent = error.message;
      return;
    }
    shown = pricePath(input.seed, input.game, at("version").value);
    const checks = checksOf(input, shown);
    const [name, text] = verdictOf(checks);
    at("verdict").className = `verdict ${name}`;
    at("verdict").textContent = text;
    showFacts(shown);
    showChecks(checks);
    at("chart-card").hidden = false;
    chart.show(shown);
    const link = new URLSearchParams({ seed: input.seed, game: input.game, version: at("version").value });
    if (input.hash.trim()) link.set("hash", input.hash.trim());
    history.replaceState(null, "", `#${link}`);
  }

  function clear() {
    for (const id of FIELDS) at(id).value = "";
    shown = null;
    at("verdict").className = "verdict muted";
    at("verdict").textContent = "Paste a seed and its game id, then press Verify.";
    at("facts").replaceChildren();
    at("checks").hidden = true;
    at("chart-card").hidden = true;
    at("problem").textContent = "";
    history.replaceState(null, "", location.pathname);
    at("seed").focus();
  }

  function save() {
    const text = JSON.stringify({ gameId: at("game").value.trim(), prices: shown.prices });
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], { type: "application/json" }));
    link.download = "prices.json";
    link.click();
    URL.revokeObjectURL(link.href);
  }

  for (const id of FIELDS) {
    at(id).addEventListener("paste", (event) => {
      if (takeApart(event.clipboardData.getData("text"))) {
        event.preventDefault();
        verify();
      }
    });
  }
  at("form").addEventListener("submit", (event) => {
    event.preventDefault();
    takeApart(at("prices").value);
    verify();
  });
  at("clear").addEventListener("click", clear);
  at("save").addEventListener("click", save);
  at("log").addEventListener("change", (event) => chart.setLog(event.target.checked));

  const link = new URLSearchParams(location.hash.slice(1));
  if (link.get("seed") && link.get("game")) {
    for (const id of ["seed", "game", "hash"]) at(id).value = link.get(id) || "";
    if (VERSIONS.includes(link.get("version"))) at("version").value = link.get("version");
    verify();
  }
})();
