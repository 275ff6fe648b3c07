// What a mark of a figure stands for, beside it while the pointer or the focus is on it.

const tip = document.getElementById("tip");
function show(event) {
  const mark = event.target.closest ? event.target.closest(".mark") : null;
  if (!mark) { tip.style.display = "none"; return; }
  tip.textContent = mark.getAttribute("data-tip").split("; ").join("\n");
  tip.style.display = "block";
  const box = mark.getBoundingClientRect(), wide = document.documentElement.clientWidth;
  const left = Math.max(4, Math.min(box.left + box.width / 2 + 10, wide - tip.offsetWidth - 4));
  tip.style.left = left + window.scrollX + "px";
  tip.style.top = Math.max(0, box.top + window.scrollY - tip.offsetHeight - 8) + "px";
}
["pointerover", "focusin", "click"].forEach(function (name) { document.addEventListener(name, show); });
document.addEventListener("keydown", function (event) { if (event.key === "Escape") { tip.style.display = "none"; } });
