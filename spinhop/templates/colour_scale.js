// Colours of shares 0 … 1: cividis (Nuñez et al., PLOS ONE 13, e0199239 (2018)), alike to all kinds of colour vision.

const CIVIDIS = [
  [0, 34, 78], [26, 56, 111], [66, 78, 108], [95, 100, 111], [124, 123, 120], [156, 147, 119], [190, 172, 109],
  [225, 198, 89], [254, 232, 56],
];

function shareColour(share) {
  const at = Math.min(Math.max(share, 0), 1) * (CIVIDIS.length - 1), low = Math.min(Math.floor(at), CIVIDIS.length - 2);
  const parts = CIVIDIS[low].map((each, k) => Math.round(each + (at - low) * (CIVIDIS[low + 1][k] - each)));
  return `rgb(${parts.join(" ")})`;
}

function scaleGradient() {
  return `linear-gradient(to right, ${CIVIDIS.map((each) => `rgb(${each.join(" ")})`).join(", ")})`;
}
