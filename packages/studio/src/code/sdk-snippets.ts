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
  needsCredential ? { baseUrl, credential: CREDENTIAL_PLACE } : baseUrl;

const CREDENTIAL_PLACE = 'YOUR_KEY';

export function sdkSnippet(settings: SnippetSettings): string {
  return `import { connect${settings.isBidirectional ? ', controlByKeys' : ''} } from '@telefuser/stream-client';

const session = await connect(${literal(serverOf(settings))}, ${literal(optionsOf(settings))});
session.attach(document.querySelector('video'));
session.on('stats', ({ video, roundTripMs }) => console.log(video?.fps, roundTripMs));
session.on('end', ({ reason, error }) => console.log('over', reason, error?.remedy));
${settings.isBidirectional ? 'controlByKeys(session); // arrow keys, WASD and IJKL\n' : ''}`;
}

export function reactSnippet(settings: SnippetSettings): string {
  const { isBidirectional } = settings;
  return `${
    isBidirectional ? "import { useEffect } from 'react';\nimport { controlByKeys } from '@telefuser/stream-client';\n" : ''
  }import { useStream } from '@telefuser/stream-client/react';

const SERVER = ${literal(serverOf(settings))};
const OPTIONS = ${literal({ ...optionsOf(settings), autoConnect: false })};

export function Stream() {
  const { state, error, ${isBidirectional ? 'session, ' : ''}video, connect, disconnect } = useStream(SERVER, OPTIONS);
  const isOpen = state === 'connecting' || state === 'live' || state === 'reconnecting';
${isBidirectional ? REACT_KEYS : ''}  return (
    <figure>
      <video ref={video} autoPlay playsInline muted controls />
      <figcaption>
        {error ? \`\${error.message} \${error.remedy}\` : state}
        <button onClick={isOpen ? disconnect : connect}>{isOpen ? 'Stop' : 'Play'}</button>
      </figcaption>
    </figure>
  );
}
`;
}

const REACT_KEYS = `  // arrow keys, WASD and IJKL
  useEffect(() => (session ? controlByKeys(session).stop : undefined), [session]);
`;

/** The custom element: what it has attributes for as attributes, and the rest by a script. */
export function elementSnippet(settings: SnippetSettings): string {
  const { task, prompt, fps, config, image, ...options } = optionsOf(settings);
  const { relayOnly, ...further } = options;
  const byScript = Object.keys(further).length > 0;
  const attributes = [
    attribute('src', settings.baseUrl),
    ...(settings.needsCredential ? [attribute('credential', CREDENTIAL_PLACE)] : []),
    ...Object.entries({ task, prompt, fps, config, image }).flatMap(([name, value]) =>
      value === undefined ? [] : [attribute(name, typeof value === 'string' ? value : JSON.stringify(value))],
    ),
    ...(relayOnly === true ? ['relay-only'] : []),
    'muted',
    'controls',
    ...(settings.isBidirectional ? ['keys="arrows wasd ijkl"'] : []),
    ...(byScript ? ['paused'] : []),
  ];
  return `<!-- In a page that a bundler such as Vite makes; without one it needs an import map. -->
<telefuser-stream
  ${attributes.join('\n  ')}
></telefuser-stream>
<script type="module">
  import '@telefuser/stream-client/element';
${byScript ? `  ${indent(elementScript(further), 2).trim()}\n` : ''}</script>
`;
}

/** What is no attribute has to be there before it connects. */
const elementScript = (options: Readonly<Record<string, unknown>>): string => `
const stream = document.querySelector('telefuser-stream');
stream.options = ${literal(options)};
stream.connect();
`;

/** In the quotes that leave more of the value as it is. */
function attribute(name: string, value: string): string {
  const escaped = value.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
  return value.includes('"') && !value.includes("'") ? `${name}='${escaped}'` : `${name}="${escaped.replaceAll('"', '&quot;')}"`;
}
