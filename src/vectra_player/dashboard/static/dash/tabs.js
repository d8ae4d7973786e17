// Arrow keys within a row of tabs, as screen readers announce it.

/** Let the arrow keys move and choose among the tabs of a bar. */
export function arrowTabs(bar) {
  bar.addEventListener("keydown", (event) => {
    const way = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    const tabs = [...bar.querySelectorAll("[role='tab']:not([hidden])")];
    const here = tabs.indexOf(document.activeElement);
    if (!way || here < 0) return;
    event.preventDefault();
    const next = tabs[(here + way + tabs.length) % tabs.length];
    next.focus();
    next.click();
  });
}

/** Mark one tab of a bar as chosen; only it can be reached with Tab. */
export function markTab(bar, chosen) {
  for (const tab of bar.querySelectorAll("[role='tab']")) {
    const here = tab.dataset.tab === chosen;
    tab.setAttribute("aria-selected", String(here));
    tab.tabIndex = here ? 0 : -1;
  }
}
