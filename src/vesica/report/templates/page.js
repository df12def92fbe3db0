(() => {
  "use strict";
  const root = document.documentElement;
  const folds = () => [...document.querySelectorAll("details.fold")];
  const tools = document.querySelector(".tools");
  const unfold = document.getElementById("unfold");
  tools.hidden = false;
  if (window.matchMedia("(max-width: 70rem)").matches) document.querySelector(".contents").open = false;
  unfold.addEventListener("click", () => {
    const open = folds().some((fold) => !fold.open);
    folds().forEach((fold) => { fold.open = open; });
    unfold.textContent = open ? "Close all" : "Open all";
  });
  document.getElementById("theme").addEventListener("click", () => {
    const dark = root.dataset.theme
      ? root.dataset.theme === "dark"
      : window.matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
  });
})();
