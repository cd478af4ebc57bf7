import { shownOffer, type SnippetSettings } from './snippet-settings.ts';

const escapeShell = (text: string): string => `'${text.replaceAll("'", String.raw`'\''`)}'`;

/** What can be done without WebRTC: look at the server, and send an offer that something else has made. */
export function curlSnippet({ baseUrl, offer, needsCredential }: SnippetSettings): string {
  const credential = needsCredential ? ' -H "authorization: Bearer $KEY"' : '';
  const get = (path: string): string => `curl -sS${credential} ${escapeShell(baseUrl + path)}`;
  return `${needsCredential ? 'KEY=YOUR_KEY\n' : ''}# What the pipeline is, and whether it takes sessions
${get('v1/service/metadata')}
${get('v1/service/health')}

# A session: offer.sdp is the SDP of a peer connection's offer
jq -n --rawfile sdp offer.sdp ${escapeShell(`${JSON.stringify({ ...shownOffer(offer), type: 'offer' })} + {sdp: $sdp}`)} |
  curl -sS${credential} -H 'content-type: application/json' -d @- ${escapeShell(`${baseUrl}v1/stream/webrtc/offer`)} | tee answer.json

# Its figures, and its end
SESSION=$(jq -r .session_id answer.json)
curl -sS${credential} "${baseUrl}v1/stream/sessions/$SESSION/stats"
curl -sS${credential} -X DELETE "${baseUrl}v1/stream/sessions/$SESSION"
`;
}
