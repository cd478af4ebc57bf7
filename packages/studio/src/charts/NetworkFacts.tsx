import type { StreamStats } from '@telefuser/stream-client';
import type { ReactElement } from 'react';

/** How the media comes, in words. */
export function NetworkFacts({ stats }: { readonly stats: StreamStats | undefined }): ReactElement | null {
  if (stats === undefined) return null;
  const { path, video, audio, server, sessionId } = stats;
  const facts: readonly (readonly [string, string | undefined])[] = [
    ['Session', sessionId],
    [
      'Way',
      path &&
        `${path.local} → ${path.remote}, ${path.relayProtocol === undefined ? path.protocol : `TURN by ${path.relayProtocol}`}`,
    ],
    [
      'Picture',
      [video?.codec?.replace('video/', ''), server?.video?.encoder, video?.decoder].filter(Boolean).join(' · ') || undefined,
    ],
    ['Sound', audio?.codec?.replace('audio/', '')],
    ['Stood still', video && `${video.freezes} times, ${(video.freezeMs / 1000).toFixed(1)} s`],
    ['Network', server && `${server.network.usage}, ${(server.network.loss_fraction * 100).toFixed(1)} % lost`],
  ];
  return (
    <section className="breakdown" aria-label="Facts">
      <h3>Facts</h3>
      <dl className="facts">
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd className="numeric">{value ?? '–'}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
