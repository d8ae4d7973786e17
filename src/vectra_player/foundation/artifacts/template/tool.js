import { FoundationWSClient } from "/artifacts/shared/foundation-ws-client.js";
import { formatPrice } from "/artifacts/shared/format.js";
import { mountShell } from "/static/shell.js";

const client = new FoundationWSClient({ replay: new URLSearchParams(location.search).get("replay") });
const show = (id, text) => (document.getElementById(id).textContent = text);

client.store.render((state) => {
  show("price", formatPrice(state.price));
  show("phase", state.phase);
});
client.on("game.rug", ({ data }) => show("rugs", `Last rug at tick ${data.rugTick}, peak ${formatPrice(data.peak)}.`));

mountShell({ page: "tools" }).follow(client);
client.connect();
