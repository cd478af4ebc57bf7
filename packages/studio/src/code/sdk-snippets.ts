import { parametersOf } from '../session/offer.ts';
import { indent, literal, shownOffer, type SnippetSettings } from './snippet-settings.ts';

/** What `connect()` is given. */
function optionsOf({ offer, camera, microphone, relayOnly, iceServers }: SnippetSettings): Readonly<Record<string, unknown>> {
  return {
    ...parametersOf(shownOffer(offer)),
    ...(camera && { camera: true }),
    ...(microphone && { microphone: true }),
    ...(relayOnly && { relayOnly: true }),
    ...(!iceServers && { iceServers: [] }),
  };
}

const serverOf = ({ baseUrl, needsCredential }: SnippetSettings): unknown =>
  needsCredential ? { baseUrl, credential: 'YOUR_KEY' } : baseUrl;

export function sdkSnippet(settings: SnippetSettings): string {
  return `import { connect${settings.isBidirectional ? ', controlByKeys' : ''} } from '@telefuser/stream-client';

const session = await connect(${literal(serverOf(settings))}, ${literal(optionsOf(settings))});
session.attach(document.querySelector('video'));
session.on('stats', ({ video, roundTripMs }) => console.log(video?.fps, roundTripMs));
session.on('end', ({ reason, error }) => console.log('over', reason, error?.remedy));
${settings.isBidirectional ? 'controlByKeys(session); // arrow keys, WASD and IJKL\n' : ''}`;
}

export function reactSnippet(settings: SnippetSettings): string {
  return `import { useStream } from '@telefuser/stream-client/react';

const SERVER = ${literal(serverOf(settings))};
const OPTIONS = ${literal(optionsOf(settings))};

export function Stream() {
  const { state, error, stats, video, connect, disconnect } = useStream(SERVER, OPTIONS);
  return (
    <figure>
      <video ref={video} autoPlay playsInline muted controls />
      <figcaption>
        {error ? \`\${error.message} \${error.remedy}\` : \`\${state}, \${stats?.video?.fps ?? 0} fps\`}
        <button onClick={() => (state === 'live' ? disconnect() : connect())}>{state === 'live' ? 'Stop' : 'Play'}</button>
      </figcaption>
    </figure>
  );
}
`;
}

/** The custom element, for a page without a build step of its own. */
export function elementSnippet(settings: SnippetSettings): string {
  const { baseUrl, offer, isBidirectional } = settings;
  const attributes = [
    `src="${escapeAttribute(baseUrl)}"`,
    ...(offer.prompt === undefined ? [] : [`prompt="${escapeAttribute(offer.prompt)}"`]),
    'autoplay',
    'muted',
    'controls',
    ...(isBidirectional ? ['keys="arrows wasd ijkl"'] : []),
  ];
  return `<script type="module">
  import '@telefuser/stream-client/element';
</script>
<telefuser-stream
  ${indent(attributes.join('\n'), 2)}
></telefuser-stream>
`;
}

const escapeAttribute = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;');
