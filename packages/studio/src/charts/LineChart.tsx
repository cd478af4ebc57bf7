import { useState, type PointerEvent, type ReactElement } from 'react';
import { CHART_SAMPLES, pathOf, roundUp, type ChartData } from './series.ts';

/** Lines over the last two minutes. Under the pointer: what they were then. */
export function LineChart({ chart }: { readonly chart: ChartData }): ReactElement {
  const { title, series, format, minTop } = chart;
  const [hover, setHover] = useState<number>();
  const count = series[0]?.values.length ?? 0;
  const top = roundUp(Math.max(minTop, ...series.flatMap(({ values }) => values.filter((value) => value !== undefined))));
  const at = hover === undefined ? count - 1 : hover - (CHART_SAMPLES - count);
  const said = (value: number | undefined): string => {
    if (value === undefined) return '–';
    const { value: text, unit } = format(value);
    return unit === '' ? text : `${text} ${unit}`;
  };
  const follow = ({ clientX, currentTarget }: PointerEvent): void => {
    const { left, width } = currentTarget.getBoundingClientRect();
    setHover(Math.round(((clientX - left) / width) * (CHART_SAMPLES - 1)));
  };
  const summary = series.map(({ name, values }) => `${name} ${said(values.at(-1))}`).join(', ');
  const topText = format(top);
  return (
    <figure className="chart" data-chart={title}>
      <figcaption className="chart__head">
        <span className="chart__title">{title}</span>
        <span className="chart__values numeric">
          {series.map(({ name, values }, index) => (
            <span key={name} data-series={index + 1}>
              <span className="chart__key" />
              {name} <b>{said(values[at])}</b>
            </span>
          ))}
        </span>
      </figcaption>
      <div className="chart__plot" onPointerMove={follow} onPointerLeave={() => setHover(undefined)}>
        <svg viewBox="0 0 1 1" preserveAspectRatio="none" role="img" aria-label={`${title}: ${summary}`}>
          {[0.25, 0.5, 0.75].map((y) => (
            <path key={y} className="chart__line-of-grid" d={`M0 ${y}H1`} />
          ))}
          {series.map(({ name, values }, index) => (
            <path key={name} className="chart__line" data-series={index + 1} d={pathOf(values, top)} />
          ))}
          {hover !== undefined && <path className="chart__cursor" d={`M${hover / (CHART_SAMPLES - 1)} 0V1`} />}
        </svg>
        <span className="chart__top numeric" aria-hidden="true">
          {topText.value} {topText.unit}
        </span>
      </div>
    </figure>
  );
}
