import { literal, shownOffer, type SnippetSettings } from './snippet-settings.ts';

/** Plain WebRTC and fetch: nothing to install. */
export function browserSnippet(settings: SnippetSettings): string {
  const { baseUrl, offer, isBidirectional, camera, microphone } = settings;
  const sends = [camera && 'video: true', microphone && 'audio: true'].filter(Boolean);
  return `${credentialLines(settings)}const video = document.body.appendChild(document.createElement('video'));
video.autoplay = video.controls = video.muted = true; // muted: a browser plays sound only after a click
video.srcObject = new MediaStream();

${connectionLines(settings)}
const channel = connection.createDataChannel('telefuser');
channel.onmessage = ({ data }) => console.log(JSON.parse(data));
${isBidirectional ? "channel.onopen = () => channel.send(JSON.stringify({ type: 'control', key: 'ArrowUp', action: 'press', id: 1 }));\n" : ''}${
    sends.length > 0
      ? `const inputs = await navigator.mediaDevices.getUserMedia({ ${sends.join(', ')} });
for (const track of inputs.getTracks()) connection.addTrack(track, inputs);
`
      : ''
  }${camera ? '' : "connection.addTransceiver('video', { direction: 'recvonly' });\n"}${
    microphone ? '' : "connection.addTransceiver('audio', { direction: 'recvonly' });\n"
  }connection.ontrack = ({ track }) => video.srcObject.addTrack(track);

const offer = await connection.createOffer();
offer.sdp = offer.sdp.replace('useinbandfec=1', 'useinbandfec=1;stereo=1'); // without it Chromium plays Opus in mono
await connection.setLocalDescription(offer);
await new Promise((resolve) => {
  connection.onicegatheringstatechange = () => connection.iceGatheringState === 'complete' && resolve();
  setTimeout(resolve, 1000); // the addresses that were found by then will do
});
const request = ${literal(shownOffer(offer))};
const answer = await fetch(${literal(`${baseUrl}v1/stream/webrtc/offer`)}, {
  method: 'POST',
  headers: { 'content-type': 'application/json'${headerPart(settings)} },
  body: JSON.stringify({ ...request, type: 'offer', sdp: connection.localDescription.sdp }),
});
if (!answer.ok) throw new Error((await answer.json()).detail);
const { session_id, sdp } = await answer.json();
await connection.setRemoteDescription({ type: 'answer', sdp });
console.log('session', session_id);
`;
}

const credentialLines = ({ needsCredential }: SnippetSettings): string =>
  needsCredential ? "const credential = 'YOUR_KEY'; // in a page of yours: a stream token from your server\n\n" : '';

const headerPart = ({ needsCredential }: SnippetSettings): string =>
  needsCredential ? ', authorization: `Bearer ${credential}`' : '';

function connectionLines({ baseUrl, iceServers, relayOnly, needsCredential }: SnippetSettings): string {
  if (!iceServers) return 'const connection = new RTCPeerConnection();';
  const options = needsCredential ? ', { headers: { authorization: `Bearer ${credential}` } }' : '';
  const policy = relayOnly ? "'relay'" : 'ice.ice_transport_policy';
  return `const ice = await (await fetch(${literal(`${baseUrl}v1/stream/ice-servers`)}${options})).json();
const connection = new RTCPeerConnection({ iceServers: ice.ice_servers, iceTransportPolicy: ${policy} });`;
}
