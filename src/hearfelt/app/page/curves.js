// Probabilities over time as stacked areas (uPlot), one step a window.

import { colourOf, nameOf, patternOf, tagOf } from "./emotions.js";
import { clock, share, text } from "./texts.js";
import { colour } from "./theme.js";

const HEIGHT = 200;
const NAMED = 3; // most probable emotions that are told of a moment

/**
 * @param {{element: HTMLElement, moment: HTMLElement, legend: HTMLElement}} places
 * @param {(seconds: number) => void} onPick
 */
export function createCurves({ element, moment, legend }, onPick) {
  let plot = null;
  let shown = null;

  function show(segments, labels, duration) {
    shown = { segments, labels, duration };
    draw();
    legend.replaceChildren(
      ...labels.map((label) => {
        const item = document.createElement("li");
        item.append(tagOf(label));
        return item;
      }),
    );
  }

  function draw() {
    plot?.destroy();
    plot = null;
    moment.textContent = text("curves.hint");
    if (!shown || !element.clientWidth) return;
    const { segments, labels, duration } = shown;
    const { times, sums } = stacked(segments, labels);
    const ink = colour("muted");
    const grid = { stroke: colour("line"), width: 1 };
    const axis = { stroke: ink, grid, ticks: grid, font: `12px ${getComputedStyle(element).fontFamily}` };
    plot = new uPlot(
      {
        width: element.clientWidth,
        height: HEIGHT,
        legend: { show: false },
        cursor: { y: false, drag: { setScale: false, x: false, y: false }, points: { show: false } },
        scales: { x: { time: false, range: [0, duration] }, y: { range: [0, 1] } },
        axes: [
          { ...axis, size: 34, values: (_, values) => values.map((value) => clock(value, duration < 10 ? 1 : 0)) },
          { ...axis, size: 46, values: (_, values) => values.map(share) },
        ],
        // The uppermost is drawn first; each that follows covers what lies below its own sum.
        series: [
          {},
          ...[...labels].reverse().map((label) => ({
            stroke: colourOf(label),
            width: 0.5,
            points: { show: false },
            paths: uPlot.paths.stepped({ align: 1 }),
            fill: (chart) => patternOf(label, chart.ctx),
          })),
        ],
        hooks: { setCursor: [(chart) => tell(chart.cursor.left)] },
      },
      [times, ...sums.reverse()],
      element,
    );
    plot.over.addEventListener("click", () => onPick(plot.posToVal(plot.cursor.left, "x")));
  }

  function tell(left) {
    const time = left >= 0 ? plot.posToVal(left, "x") : -1;
    const window = shown.segments.find(({ start, end }) => start <= time && time < end);
    const list = window && Object.entries(window.probabilities).sort((one, other) => other[1] - one[1]);
    moment.textContent = list?.length
      ? text("curves.moment", {
          time: clock(time, 1),
          list: list
            .slice(0, NAMED)
            .map(([label, value]) => `${nameOf(label)} ${share(value)}`)
            .join(", "),
        })
      : text("curves.hint");
  }

  new ResizeObserver(() => {
    if (plot && element.clientWidth && element.clientWidth !== plot.width) draw();
    else if (!plot) draw();
  }).observe(element);
  return { show, draw };
}

function stacked(segments, labels) {
  const times = [];
  const sums = labels.map(() => []);
  const push = (time, probabilities) => {
    times.push(time);
    let sum = 0;
    labels.forEach((label, index) => {
      sum += probabilities?.[label] ?? 0;
      sums[index].push(probabilities ? Math.min(1, sum) : null);
    });
  };
  segments.forEach(({ start, end, probabilities }, index) => {
    push(start, probabilities);
    const next = segments[index + 1];
    if (next && next.start <= end) return; // its step ends where the next begins
    push(end, probabilities);
    if (next) push((end + next.start) / 2, null); // between stretches of speech there is nothing
  });
  return { times, sums };
}
