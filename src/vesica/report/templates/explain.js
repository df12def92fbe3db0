(() => {
  "use strict";
  const form = document.querySelector(".sieve");
  if (!form) return;
  const rows = [...document.querySelectorAll(".numbers > li")];
  const words = document.getElementById("words");
  const owner = document.getElementById("owner");
  const tags = [...form.querySelectorAll("input[name=tag]")];
  const sift = () => {
    const wanted = words.value.toLowerCase().split(/\s+/).filter(Boolean);
    const kept = new Set(tags.filter((tag) => tag.checked).map((tag) => tag.value));
    let shown = 0;
    for (const row of rows) {
      const { owner: whose, tag, words: text } = row.dataset;
      const fits = kept.has(tag) && (!owner.value || whose === owner.value) && wanted.every((word) => text.includes(word));
      row.hidden = !fits;
      shown += fits ? 1 : 0;
    }
    document.getElementById("found").textContent = `${shown} of ${rows.length} numbers`;
    document.getElementById("none").hidden = shown > 0;
  };
  form.hidden = false;
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", sift);
  sift();
})();
