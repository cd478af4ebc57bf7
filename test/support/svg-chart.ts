/** Small SVG charts for the documents: text in, text out, nothing to install. */

const WIDTH = 760;
const PLOT_HEIGHT = 220;
const MARGIN = { left: 62, right: 18, top: 58, bottom: 46 };
const HEIGHT = MARGIN.top + PLOT_HEIGHT + MARGIN.bottom;
const PLOT_WIDTH = WIDTH - MARGIN.left - MARGIN.right;
/** Distinct in colour and in lightness (Okabe and Ito's palette without yellow). */
const COLOURS = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#56b4e9', '#e69f00', '#555555'];
const FONT = 'font-family="system-ui, sans-serif"';

export type Point = readonly [x: number, y: number];

export interface Line {
  readonly name: string;
  /** In rising order of x. */
  readonly points: readonly Point[];
  /** The value stands until the next point: for limits and capacities. */
  readonly step?: boolean;
  readonly dashed?: boolean;
  readonly colour?: string;
}

export interface LineChart {
  readonly title: string;
  /** With the unit, as in `time (s)`. */
  readonly xLabel: string;
  readonly yLabel: string;
  readonly lines: readonly Line[];
  /** The axis ends here, and what is higher is cut off; without it the highest point decides. */
  readonly yMax?: number;
}

export interface BarSeries {
  readonly name: string;
  /** One a group; undefined leaves a gap. */
  readonly values: readonly (number | undefined)[];
}

export interface BarChart {
  readonly title: string;
  readonly yLabel: string;
  readonly groups: readonly string[];
  readonly series: readonly BarSeries[];
}

/** One chart, or several below each other in one picture. */
export function lineChartSvg(...charts: readonly LineChart[]): string {
  return svg(charts.map(linePanel));
}

/** Bars side by side for each group, each with its value above it. */
export function barChartSvg(...charts: readonly BarChart[]): string {
  return svg(charts.map(barPanel));
}

function svg(panels: readonly string[]): string {
  const height = HEIGHT * panels.length;
  const placed = panels.map((panel, index) => `<g transform="translate(0 ${index * HEIGHT})">\n${panel}\n</g>`);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" ${FONT}>`,
    `<rect width="${WIDTH}" height="${height}" fill="#ffffff"/>`,
    ...placed,
    '</svg>',
    '',
  ].join('\n');
}

function linePanel({ title, xLabel, yLabel, lines, yMax }: LineChart): string {
  const points = lines.flatMap((line) => line.points);
  const xs = points.map(([x]) => x);
  const xTicks = xTicksWithin(least(xs), greatest(xs));
  const yTicks = yTicksTo(yMax ?? greatest(points.map(([, y]) => y)));
  const left = least(xs);
  const width = Math.max(greatest(xs) - left, 1e-9);
  const top = greatest(yTicks);
  const place = ([x, y]: Point): Point => [
    MARGIN.left + ((x - left) / width) * PLOT_WIDTH,
    MARGIN.top + (1 - Math.min(Math.max(y, 0), top) / top) * PLOT_HEIGHT,
  ];
  return [
    ...heading(title, yLabel),
    ...horizontalGrid(yTicks),
    ...xTicks.map((x) => {
      const [at] = place([x, 0]);
      return (
        `<line x1="${round(at)}" y1="${MARGIN.top + PLOT_HEIGHT}" x2="${round(at)}" y2="${MARGIN.top + PLOT_HEIGHT + 4}" stroke="#888888"/>` +
        text(at, MARGIN.top + PLOT_HEIGHT + 17, tickText(x), 'middle')
      );
    }),
    text(MARGIN.left + PLOT_WIDTH / 2, MARGIN.top + PLOT_HEIGHT + 36, xLabel, 'middle'),
    ...lines.map((line, index) => {
      const dash = line.dashed === true ? ' stroke-dasharray="5 4"' : '';
      const path = pathOf(line.points.map(place), line.step === true);
      return `<path d="${path}" fill="none" stroke="${colourOf(line, index)}" stroke-width="1.6" stroke-linejoin="round"${dash}/>`;
    }),
    legend(lines.map((line, index) => ({ name: line.name, colour: colourOf(line, index), dashed: line.dashed === true }))),
  ].join('\n');
}

function barPanel({ title, yLabel, groups, series }: BarChart): string {
  const values = series.flatMap((one) => one.values.filter((value) => value !== undefined));
  const yTicks = yTicksTo(greatest(values));
  const top = greatest(yTicks);
  const groupWidth = PLOT_WIDTH / Math.max(groups.length, 1);
  const barWidth = Math.min((groupWidth * 0.8) / Math.max(series.length, 1), 60);
  const bottom = MARGIN.top + PLOT_HEIGHT;
  return [
    ...heading(title, yLabel),
    ...horizontalGrid(yTicks),
    ...groups.flatMap((group, groupIndex) => {
      const middle = MARGIN.left + (groupIndex + 0.5) * groupWidth;
      const first = middle - (series.length * barWidth) / 2;
      const bars = series.map(({ values: ofSeries }, index) => {
        const value = ofSeries[groupIndex];
        if (value === undefined) return '';
        const height = (Math.max(value, 0) / top) * PLOT_HEIGHT;
        const x = first + index * barWidth;
        return (
          `<rect x="${round(x)}" y="${round(bottom - height)}" width="${round(barWidth - 2)}" height="${round(height)}" ` +
          `fill="${COLOURS[index % COLOURS.length]}"/>` +
          text(x + barWidth / 2 - 1, bottom - height - 4, tickText(Number(value.toPrecision(3))), 'middle', 10)
        );
      });
      return [...bars, text(middle, bottom + 17, group, 'middle')];
    }),
    legend(series.map(({ name }, index) => ({ name, colour: COLOURS[index % COLOURS.length] ?? '#000000', dashed: false }))),
  ].join('\n');
}

function heading(title: string, yLabel: string): string[] {
  const middle = MARGIN.top + PLOT_HEIGHT / 2;
  return [
    `<text x="${MARGIN.left}" y="20" font-size="14" font-weight="600" fill="#222222">${escaped(title)}</text>`,
    `<text transform="translate(15 ${middle}) rotate(-90)" font-size="12" fill="#444444" text-anchor="middle">${escaped(yLabel)}</text>`,
  ];
}

function horizontalGrid(yTicks: readonly number[]): string[] {
  const top = greatest(yTicks);
  return yTicks.map((y) => {
    const at = MARGIN.top + (1 - y / top) * PLOT_HEIGHT;
    const stroke = y === 0 ? '#888888' : '#e3e3e3';
    return (
      `<line x1="${MARGIN.left}" y1="${round(at)}" x2="${MARGIN.left + PLOT_WIDTH}" y2="${round(at)}" stroke="${stroke}"/>` +
      text(MARGIN.left - 7, at + 4, tickText(y), 'end')
    );
  });
}

function legend(entries: readonly { name: string; colour: string; dashed: boolean }[]): string {
  let x = MARGIN.left;
  return entries
    .map(({ name, colour, dashed }) => {
      const dash = dashed ? ' stroke-dasharray="5 4"' : '';
      const sign = `<line x1="${x}" y1="38" x2="${x + 22}" y2="38" stroke="${colour}" stroke-width="3"${dash}/>`;
      const label = text(x + 28, 42, name, 'start');
      x += 28 + Math.ceil(name.length * 6.6) + 20; // a text's width is not known here: an average letter at this size
      return sign + label;
    })
    .join('\n');
}

/** Round numbers from zero to the first one at or above the highest value. */
function yTicksTo(highest: number): number[] {
  if (!(highest > 0)) return [0, 1];
  const step = roundStep(highest / 5);
  return multiples(step, 0, Math.ceil(highest / step - 1e-9));
}

/** Round numbers between the two. */
function xTicksWithin(from: number, to: number): number[] {
  if (!(to > from)) return [from];
  const step = roundStep((to - from) / 10);
  return multiples(step, Math.ceil(from / step - 1e-9), Math.floor(to / step + 1e-9));
}

/** The least of 1, 2, 2.5, 5 and 10 times a power of ten that is not below. */
function roundStep(atLeast: number): number {
  const magnitude = 10 ** Math.floor(Math.log10(atLeast));
  return ([1, 2, 2.5, 5].find((factor) => factor * magnitude >= atLeast * 0.999) ?? 10) * magnitude;
}

function multiples(step: number, first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => Number(((first + index) * step).toPrecision(12)));
}

function pathOf(points: readonly Point[], step: boolean): string {
  return points
    .map(([x, y], index) => {
      if (index === 0) return `M${round(x)} ${round(y)}`;
      return step ? `H${round(x)}V${round(y)}` : `L${round(x)} ${round(y)}`;
    })
    .join('');
}

function text(x: number, y: number, content: string, anchor: 'start' | 'middle' | 'end', size = 12): string {
  return `<text x="${round(x)}" y="${round(y)}" font-size="${size}" fill="#444444" text-anchor="${anchor}">${escaped(content)}</text>`;
}

function colourOf(line: Line, index: number): string {
  return line.colour ?? COLOURS[index % COLOURS.length] ?? '#000000';
}

function tickText(value: number): string {
  return value.toLocaleString('en-GB', { maximumFractionDigits: 3 });
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function least(values: readonly number[]): number {
  return values.reduce((a, b) => Math.min(a, b), Infinity);
}

function greatest(values: readonly number[]): number {
  return values.reduce((a, b) => Math.max(a, b), -Infinity);
}

function escaped(content: string): string {
  return content.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
