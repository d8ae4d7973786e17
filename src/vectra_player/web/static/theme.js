// Sets the chosen theme before the first paint: load it in <head>, without defer.
{
  let chosen = null;
  try {
    chosen = localStorage.getItem("vectra-theme");
  } catch {
    // Storage may be forbidden; the system's preference holds then.
  }
  if (chosen === "dark" || chosen === "light") document.documentElement.dataset.theme = chosen;
  if (window.top !== window) document.documentElement.dataset.framed = "";
}
