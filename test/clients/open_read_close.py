"""Opens, reads and closes a session by the client that is generated from the API's document; says as one line of JSON what it saw.

Run with the server's address as the only argument, in the folder that holds the package `telefuser_client`.
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

sys.path[:0] = [str(Path.cwd()), str(Path(__file__).parent.parent / "interop")]

from aiortc import RTCPeerConnection, RTCSessionDescription  # noqa: E402
from aiortc_client import work_around_known_limits  # noqa: E402
from telefuser_client import Client  # noqa: E402
from telefuser_client.api.service import service_health  # noqa: E402
from telefuser_client.api.sessions import sessions_close, sessions_stats, sessions_status  # noqa: E402
from telefuser_client.api.webrtc import web_rtc_offer  # noqa: E402
from telefuser_client.models import ProblemDto, WebRtcAnswer, WebRtcOffer  # noqa: E402

PICTURES = 5
PICTURE_TIMEOUT_SECONDS = 10


async def watch(connection: RTCPeerConnection, client: Client) -> tuple[str, int]:
    """Opens a session and takes its first pictures."""
    tracks: asyncio.Queue = asyncio.Queue()
    connection.on("track", tracks.put_nowait)
    connection.addTransceiver("video", direction="recvonly")
    await connection.setLocalDescription(await connection.createOffer())
    offer = WebRtcOffer(sdp=connection.localDescription.sdp, task="test")
    answer = await web_rtc_offer.asyncio(client=client, body=offer)
    if not isinstance(answer, WebRtcAnswer):
        raise SystemExit(f"the offer was refused: {answer}")
    await connection.setRemoteDescription(RTCSessionDescription(sdp=answer.sdp, type=answer.type_))
    track = await asyncio.wait_for(tracks.get(), PICTURE_TIMEOUT_SECONDS)
    for _ in range(PICTURES):
        await asyncio.wait_for(track.recv(), PICTURE_TIMEOUT_SECONDS)
    return answer.session_id, PICTURES


async def main(server: str) -> None:
    work_around_known_limits()
    connection = RTCPeerConnection()
    async with Client(base_url=server, raise_on_unexpected_status=True) as client:
        refused = await web_rtc_offer.asyncio(client=client, body=WebRtcOffer(sdp="nothing", task="test"))
        session_id, pictures = await watch(connection, client)
        health = await service_health.asyncio(client=client)
        opened = await sessions_status.asyncio(session_id, client=client)
        stats = await sessions_stats.asyncio(session_id, client=client)
        closed = await sessions_close.asyncio(session_id, client=client)
        after = await sessions_status.asyncio(session_id, client=client)
        again = await sessions_close.asyncio(session_id, client=client)
    await connection.close()
    assert isinstance(refused, ProblemDto) and isinstance(again, ProblemDto)
    seen = {
        "refused": refused.code,
        "pictures": pictures,
        "active": health.webrtc_active_sessions,
        "opened": [opened.status, opened.state],
        "sent": stats.frames.sent,
        "codec": stats.video.codec,
        "closed": closed.status,
        "after": [after.status, after.close_reason],
        "again": again.code,
    }
    print(json.dumps(seen))


asyncio.run(main(sys.argv[1]))
