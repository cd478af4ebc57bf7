import type { ServerStats } from '@telefuser/stream-client';
import type { ReactElement } from 'react';
import { formatMs } from './format.ts';
import { stagesOf } from './stages.ts';

/** Where the time between a key and its picture goes: medians, one bar behind the other. */
export function StageLatencies({ server }: { readonly server: ServerStats | undefined }): ReactElement {
  const stages = stagesOf(server);
  const total = stages.reduce((sum, { medianMs }) => sum + medianMs, 0);
  return (
    <section className="breakdown" aria-label="Latency by stage">
      <h3>Latency by stage</h3>
      {stages.length === 0 ? (
        <p className="muted">Measured by the server once pictures are sent.</p>
      ) : (
        <table className="breakdown__table numeric">
          <thead>
            <tr>
              <th scope="col">Stage</th>
              <th scope="col">Median</th>
              <th scope="col">95 %</th>
            </tr>
          </thead>
          <tbody>
            {stages.map(({ name, title, medianMs, p95Ms }) => (
              <tr key={name} data-stage={name}>
                <th scope="row">
                  {title}
                  <span className="breakdown__bar" style={{ width: `${total === 0 ? 0 : (medianMs / total) * 100}%` }} />
                </th>
                <td>{formatMs(medianMs).value} ms</td>
                <td>{formatMs(p95Ms).value} ms</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}
