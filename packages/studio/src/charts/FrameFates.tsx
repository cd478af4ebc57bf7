import type { ServerStats } from '@telefuser/stream-client';
import type { ReactElement } from 'react';
import { fatesOf } from './stages.ts';

/** What became of every frame that the pipeline made. */
export function FrameFates({ server }: { readonly server: ServerStats | undefined }): ReactElement {
  const fates = fatesOf(server);
  const generated = server?.frames.generated ?? 0;
  return (
    <section className="breakdown" aria-label="Frames by fate">
      <h3>Frames by fate {server && <span className="muted numeric">{generated.toLocaleString()} made</span>}</h3>
      {fates.length === 0 ? (
        <p className="muted">Counted by the server while the session runs.</p>
      ) : (
        <>
          <div className="fates" aria-hidden="true">
            {fates.map(({ name, count }) => (
              <span key={name} data-fate={name} style={{ flexGrow: count }} />
            ))}
          </div>
          <dl className="fates__counts numeric">
            {fates.map(({ name, title, count }) => (
              <div key={name} data-fate={name}>
                <dt>{title}</dt>
                <dd>{count.toLocaleString()}</dd>
              </div>
            ))}
          </dl>
        </>
      )}
    </section>
  );
}
