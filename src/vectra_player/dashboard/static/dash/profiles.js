// Strategy profiles: the list, one profile, two compared. Which of them is shown is in the address.

import { mountShell } from "/static/shell.js";
import { byId } from "/static/ui/dom.js";
import { LiveShell } from "/static/dash/live-shell.js";
import { tell } from "/static/dash/load.js";
import { ProfileDiff } from "/static/dash/profile-diff.js";
import { ProfileList } from "/static/dash/profile-list.js";
import { SimulationBox } from "/static/dash/profile-simulation.js";
import { ProfileView } from "/static/dash/profile-view.js";

const shell = mountShell({ page: "profiles" });
new LiveShell(shell);

/** Go to an address of this page without loading it anew. */
function go(address, { replace = false } = {}) {
  if (address !== location.pathname + location.search) history[replace ? "replaceState" : "pushState"](null, "", address);
  show();
}

const simulations = new SimulationBox();
const list = new ProfileList(go, simulations);
const view = new ProfileView(go, simulations);
const diff = new ProfileDiff(go);

function show() {
  tell(null);
  const asked = Object.fromEntries(new URLSearchParams(location.search));
  const which = "new" in asked || asked.name ? "profile-view" : "left" in asked || "right" in asked ? "diff-view" : "list-view";
  for (const id of ["list-view", "profile-view", "diff-view"]) byId(id).hidden = id !== which;
  if (which !== "profile-view") view.hide();
  if (which === "profile-view") view.show(asked);
  else if (which === "diff-view") diff.show(asked);
  else list.show();
}

document.addEventListener("click", (event) => {
  const link = event.target.closest?.("a[href]");
  const plain = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey;
  if (!link || !plain || link.origin !== location.origin || link.pathname !== "/profiles" || link.target) return;
  event.preventDefault();
  go(link.pathname + link.search);
});
addEventListener("popstate", show);
shell.key("n", "New profile", () => go("/profiles?new="));
show();
