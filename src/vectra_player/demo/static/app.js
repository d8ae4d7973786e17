// The page: builds itself, connects, logs in when asked, draws what the server says.
// Query: transport=websocket|polling|upgrade, worker=1, shared=1, ns=/chat, login=1, user=NAME, log=all,
// folded=1 (the sidebet), alter=NAME,NAME (alterations.json), faults=1 (those the server asks for).
import { alter, followFaults } from "./alterations.js";
import { controls, setAmount, wire } from "./controls.js";
import { say, show } from "./dom.js";
import { build } from "./layout.js";
import { connect, log } from "./link.js";
import { wireModes } from "./modes.js";
import { parts } from "./parts.js";
import { tellContext, watchPresses } from "./presses.js";
import { buildSidebet } from "./sidebet.js";
import { apply, state } from "./state.js";
import { toast } from "./toast.js";
import { trace } from "./trace.js";
import { redraw } from "./view.js";

const TOKEN_KEY = "privy:token";
const SLOW_MS = 400;
const PING_MS = 10000;
const query = new URLSearchParams(location.search);

build(document.getElementById("root"));
buildSidebet(Boolean(query.get("folded")));
window.__demo = log;
watchPresses(window);
tellContext(() => ({ amount: controls.amount, share: controls.share, phase: state.phase, position: state.position }));

// Shaped like the real page's token, so that whoever records this can show that it is masked.
const makeToken = (user) => {
  const part = (value) => btoa(JSON.stringify(value)).replace(/=+$/, "").replace(/\+/g, "-").replace(/\//g, "_");
  return `${part({ alg: "ES256", typ: "JWT" })}.${part({ sub: `demo:${user}`, iss: "demo" })}.${part({ secret: `demo-secret-${user}` })}`;
};

let lastPing = 0;
const ping = () => {
  const sent = performance.now();
  link.emit("ping", [{ lastPing }], () => {
    lastPing = performance.now() - sent;
    show(parts.warning, lastPing > SLOW_MS);
    say(parts.pingText, `${Math.round(lastPing)} ms`);
    say(parts.warning, `${Math.round(lastPing)}ms Unstable connection may delay trades`);
  });
};

let greeted = false;
const authenticate = () => {
  if (state.token && state.connected) link.emit("authenticate", [trace(), { token: state.token }]);
};

// What the real page asks once it knows who plays.
const greet = () => {
  greeted = true;
  link.emit("getPlayerCosmetics");
  link.emit("getPlayerLeaderboardPosition", [{ playerId: state.me?.id, period: "7d" }]);
  link.emit("checkUsername");
};

// Whoever is not logged in is told so twice, as the real page does.
let told = false;
const stranger = () => {
  if (told || state.token) return;
  told = true;
  for (let time = 0; time < 2; time += 1) toast("Authentication required", true);
};

const login = () => {
  state.token = localStorage.getItem(TOKEN_KEY) || makeToken(query.get("user") ?? "player");
  localStorage.setItem(TOKEN_KEY, state.token);
  authenticate();
};

const link = connect(query, {
  onevent: (name, args) => {
    if (apply(name, args)) redraw();
    if (name === "usernameStatus" && !greeted) greet();
    if (name === "playerUpdate" && parts.amount.value === "") setAmount(0);
  },
  onstate: ({ connected, attempt }) => {
    state.connected = connected;
    if (connected) {
      greeted = false;
      link.emit("chatHistory");
      link.emit("getLeaderboard", [{ period: "7d" }]);
      authenticate();
      stranger();
    } else if (attempt === 1) toast("Connection lost, trying again", true);
    redraw();
  },
});

wire(link);
wireModes(redraw);
parts.connect.addEventListener("click", login);
if (query.get("login")) {
  if (query.get("user")) localStorage.setItem(TOKEN_KEY, makeToken(query.get("user")));
  login();
} else state.token = localStorage.getItem(TOKEN_KEY) ?? "";
for (const name of query.get("alter")?.split(",") ?? []) alter(name);
if (query.get("faults")) followFaults();
setInterval(ping, PING_MS);
addEventListener("resize", redraw);
redraw();
