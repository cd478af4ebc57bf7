import { pythonLiteral, shownOffer, type SnippetSettings } from './snippet-settings.ts';

/** aiortc: receives the pictures as numpy arrays. */
export function pythonSnippet(settings: SnippetSettings): string {
  const { baseUrl, offer, isBidirectional, needsCredential } = settings;
  return `# pip install aiortc
import asyncio
import json
import urllib.request

from aiortc import RTCPeerConnection, RTCSessionDescription

SERVER = ${pythonLiteral(baseUrl)}
REQUEST = ${pythonLiteral(shownOffer(offer))}
HEADERS = {"content-type": "application/json"${needsCredential ? ', "authorization": "Bearer YOUR_KEY"' : ''}}


def post(path, body):
    request = urllib.request.Request(SERVER + path, json.dumps(body).encode(), HEADERS)
    with urllib.request.urlopen(request, timeout=20) as answer:
        return json.load(answer)


async def main(frames=100):
    connection = RTCPeerConnection()
    channel = connection.createDataChannel("telefuser")
    channel.on("message", lambda message: print(message))
${
  isBidirectional
    ? `    channel.on("open", lambda: channel.send(json.dumps({"type": "control", "key": "ArrowUp", "action": "press", "id": 1})))
`
    : ''
}    connection.addTransceiver("video", direction="recvonly")
    connection.addTransceiver("audio", direction="recvonly")
    tracks = {}
    connection.on("track", lambda track: tracks.setdefault(track.kind, track))

    await connection.setLocalDescription(await connection.createOffer())
    offer = {**REQUEST, "type": "offer", "sdp": connection.localDescription.sdp}
    answer = await asyncio.to_thread(post, "v1/stream/webrtc/offer", offer)
    print("session", answer["session_id"])
    await connection.setRemoteDescription(RTCSessionDescription(answer["sdp"], "answer"))

    for _ in range(frames):
        frame = await tracks["video"].recv()
        picture = frame.to_ndarray(format="rgb24")
    print("last picture", picture.shape)
    await connection.close()


asyncio.run(main())
`;
}
