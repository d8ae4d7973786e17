// The price algorithm of fairness.md and SHA-256, without any library: a classic script, because
// browsers load no modules from file://. Only revealed games can be computed.
(function () {
  "use strict";

  const WIDTH = 256;
  const DROPPED_BYTES = 256;
  const CHUNKS = 6;
  const SIGNIFICANCE = 2 ** 52;
  const OVERFLOW = 2 ** 53;

  const V3 = { noiseCap: 10, godChance: 0.00001 };
  const RULES = {
    v1: { noiseCap: Infinity, godChance: null },
    v2: { noiseCap: 10, godChance: null },
    v3: V3,
  };
  const MAX_TICKS = 5000;
  const RUG_CHANCE = 0.005;
  const BIG_CHANCE = 0.125;
  const RUG_FRACTION = 1 - 0.98;

  /** Mix a text into at most 256 key bytes, one for each UTF-16 unit. */
  function keyOf(text) {
    const key = [];
    let smear = 0;
    for (let i = 0; i < text.length; i += 1) {
      const slot = i & 255;
      smear ^= (key[slot] || 0) * 19;
      key[slot] = (smear + text.charCodeAt(i)) & 255;
    }
    return key.length ? key : [0];
  }

  /** Return a function that draws numbers of [0, 1) as npm `seedrandom(text)` does. */
  function seedrandom(text) {
    const key = keyOf(text);
    const box = new Uint8Array(WIDTH);
    for (let i = 0; i < WIDTH; i += 1) box[i] = i;
    for (let i = 0, j = 0; i < WIDTH; i += 1) {
      const held = box[i];
      j = (j + key[i % key.length] + held) & 255;
      box[i] = box[j];
      box[j] = held;
    }
    let i = 0;
    let j = 0;
    function next() {
      i = (i + 1) & 255;
      const held = box[i];
      j = (j + held) & 255;
      box[i] = box[j];
      box[j] = held;
      return box[(box[i] + held) & 255];
    }
    for (let n = 0; n < DROPPED_BYTES; n += 1) next();
    return function draw() {
      let n = 0;
      for (let k = 0; k < CHUNKS; k += 1) n = n * WIDTH + next();
      let d = WIDTH ** CHUNKS;
      let x = 0;
      while (n < SIGNIFICANCE) {
        n = (n + x) * WIDTH;
        d *= WIDTH;
        x = next();
      }
      while (n >= OVERFLOW) {
        n /= 2;
        d /= 2;
        x >>>= 1;
      }
      return (n + x) / d;
    };
  }

  function change(draw, price, rules) {
    if (draw() < BIG_CHANCE) {
      const size = 0.15 + draw() * (0.25 - 0.15);
      return draw() > 0.5 ? size : -size;
    }
    const drift = -0.02 + draw() * (0.03 - -0.02);
    const width = 0.005 * Math.min(rules.noiseCap, Math.sqrt(price));
    return drift + width * (2 * draw() - 1);
  }

  /** Compute a game. `prices`: as published, with the rug price last when it rugged. */
  function pricePath(serverSeed, gameId, version) {
    const rules = RULES[version];
    if (!rules) throw new Error(`unknown version ${version}`);
    const draw = seedrandom(`${serverSeed}-${gameId}`);
    const path = [1];
    let price = 1;
    let rugged = false;
    for (let tick = 0; tick < MAX_TICKS; tick += 1) {
      if (draw() < RUG_CHANCE) {
        rugged = true;
        break;
      }
      if (rules.godChance !== null && draw() < rules.godChance && price <= 100) {
        price *= 10;
      } else {
        price = Math.max(0, price * (1 + change(draw, price, rules)));
      }
      path.push(price);
    }
    const peak = path.reduce((a, b) => Math.max(a, b));
    const low = path.reduce((a, b) => Math.min(a, b));
    const rugPrice = rugged ? low * RUG_FRACTION : null;
    const prices = rugged ? [...path, rugPrice] : path;
    return { path, prices, peak, low, rugged, rugPrice, rugTick: rugged ? path.length : null };
  }

  const K = new Uint32Array(64);
  const H0 = new Uint32Array(8);
  (function constants() {
    let found = 0;
    for (let n = 2; found < 64; n += 1) {
      let prime = true;
      for (let d = 2; d * d <= n; d += 1) if (n % d === 0) prime = false;
      if (!prime) continue;
      const root = Math.cbrt(n);
      K[found] = Math.floor((root - Math.floor(root)) * 2 ** 32);
      if (found < 8) H0[found] = Math.floor((Math.sqrt(n) % 1) * 2 ** 32);
      found += 1;
    }
  })();

  function rotated(x, n) {
    return (x >>> n) | (x << (32 - n));
  }

  function padded(bytes) {
    const length = Math.ceil((bytes.length + 9) / 64) * 64;
    const block = new Uint8Array(length);
    block.set(bytes);
    block[bytes.length] = 0x80;
    const view = new DataView(block.buffer);
    view.setUint32(length - 8, Math.floor((bytes.length * 8) / 2 ** 32));
    view.setUint32(length - 4, (bytes.length * 8) >>> 0);
    return view;
  }

  function compress(state, view, offset) {
    const w = new Uint32Array(64);
    for (let t = 0; t < 16; t += 1) w[t] = view.getUint32(offset + 4 * t);
    for (let t = 16; t < 64; t += 1) {
      const a = w[t - 15];
      const b = w[t - 2];
      const s0 = rotated(a, 7) ^ rotated(a, 18) ^ (a >>> 3);
      const s1 = rotated(b, 17) ^ rotated(b, 19) ^ (b >>> 10);
      w[t] = w[t - 16] + s0 + w[t - 7] + s1;
    }
    let [a, b, c, d, e, f, g, h] = state;
    for (let t = 0; t < 64; t += 1) {
      const s1 = rotated(e, 6) ^ rotated(e, 11) ^ rotated(e, 25);
      const first = (h + s1 + ((e & f) ^ (~e & g)) + K[t] + w[t]) | 0;
      const s0 = rotated(a, 2) ^ rotated(a, 13) ^ rotated(a, 22);
      const second = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
      [h, g, f, e, d, c, b, a] = [g, f, e, (d + first) | 0, c, b, a, (first + second) | 0];
    }
    [a, b, c, d, e, f, g, h].forEach((value, k) => {
      state[k] += value;
    });
  }

  /** Return SHA-256 of a text's UTF-8 bytes as lower-case hex. */
  function sha256(text) {
    const view = padded(new TextEncoder().encode(text));
    const state = H0.slice();
    for (let offset = 0; offset < view.byteLength; offset += 64) compress(state, view, offset);
    return [...state].map((word) => word.toString(16).padStart(8, "0")).join("");
  }

  globalThis.VectraFair = Object.freeze({ pricePath, seedrandom, sha256, VERSIONS: Object.keys(RULES) });
})();
