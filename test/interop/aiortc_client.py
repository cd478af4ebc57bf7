"""A WebRTC client on aiortc for the interop tests: one connection, driven by its arguments and by JSON lines on stdin.

What happens is printed as JSON lines on stdout, each with `event` and `at` (seconds since the client started):

    session         the server's answer was taken: `session_id`, `answer` (its SDP)
    refused         the server answered with another status: `status`, `detail`
    connection      `state` of the connection
    channel         `state` of our data channel
    message         `text` came on it
    frame           a decoded picture: `pts` (90 kHz), `width`, `height`, `counter` (the frame counter drawn in it, or null),
                    `probes` (name -> mean [Y, U, V])
    sound           a decoded piece of sound: `pts` (48 kHz), `tones` (frequency -> amplitude of left and right, 1 = full scale)
    ended           the track of `kind` ended
    deleted         our DELETE was answered: `status`
    failed          the client itself failed: `error`

Lines on stdin: {"do": "send", "text": ...}, {"do": "delete"}, {"do": "close"}. The end of stdin is a close, so that nothing is left
behind by a test that dies. Exit code: 0 after a close, 1 when the client failed, 3 when a package is missing.

The frame counter is that of scripts/make-clip.mjs: 13 blocks of 24 x 24 from (16, 16).
"""

from __future__ import annotations

import argparse
import asyncio
import fractions
import json
import sys
import time
import urllib.error
import urllib.request

try:
    import aioice.ice
    import aiortc.codecs
    import numpy as np
    from aiortc import RTCPeerConnection, RTCRtpSender, RTCSessionDescription
    from aiortc.mediastreams import AudioStreamTrack, MediaStreamError, MediaStreamTrack, VideoStreamTrack
    from av import AudioFrame, VideoFrame
except ModuleNotFoundError as error:
    print(f"{error}. Install with: sudo apt-get install -y --no-install-recommends python3-aiortc python3-numpy", file=sys.stderr)
    sys.exit(3)

HTTP_TIMEOUT_SECONDS = 15
MAX_LINE_BYTES = 32 * 1024 * 1024
LOOPBACK = "127.0.0.1"

BLOCK = 24
COUNTER_X = COUNTER_Y = 16
COUNTER_BLOCKS = 13

CAMERA_WIDTH, CAMERA_HEIGHT = 352, 288
#: What the camera shows under its counter, as limited-range (Y, U, V): left to right four bars.
CAMERA_BARS = ((81, 90, 240), (145, 54, 34), (41, 240, 110), (180, 128, 128))
CAMERA_BARS_Y = 96
SAMPLE_RATE = 48_000
SAMPLES_PER_FRAME = 960
MICROPHONE_TONES = (600, 1500)
MICROPHONE_AMPLITUDE = 0.25

STARTED = time.monotonic()


def say(event: str, **fields: object) -> None:
    line = {"event": event, "at": round(time.monotonic() - STARTED, 4), **fields}
    print(json.dumps(line), flush=True)


def work_around_known_limits() -> None:
    # aiortc 1.4 offers id 2 for the audio level and for abs-send-time, and then takes one for the other when both are bundled.
    for extension in aiortc.codecs.HEADER_EXTENSIONS["video"]:
        if extension.uri.endswith("/abs-send-time"):
            extension.id = 3
    # aioice leaves out 127.0.0.1, which may be the only address of a machine.
    interfaces = aioice.ice.get_host_addresses

    def with_loopback(use_ipv4: bool, use_ipv6: bool) -> list[str]:
        return [*interfaces(use_ipv4, use_ipv6), LOOPBACK]

    aioice.ice.get_host_addresses = with_loopback


def counter_blocks(value: int) -> list[int]:
    bits = [(value >> (7 - i)) & 1 for i in range(8)]
    return [1, 0, *bits, 1 - sum(bits) % 2, 0, 1]


def read_counter(luma: np.ndarray) -> int | None:
    """The number drawn in the picture; None when there is none, or its frame or parity is wrong."""
    means = []
    for i in range(COUNTER_BLOCKS):
        x = COUNTER_X + BLOCK * i
        block = luma[COUNTER_Y + 6 : COUNTER_Y + BLOCK - 6, x + 6 : x + BLOCK - 6]
        means.append(float(block.mean()) if block.size else 0.0)
    if any(70 < mean < 180 for mean in means):
        return None
    bits = [int(mean > 125) for mean in means]
    value = int("".join(map(str, bits[2:10])), 2)
    return value if bits == counter_blocks(value) else None


class Camera(VideoStreamTrack):
    """30 pictures a second with a counter and four bars of known colours."""

    def __init__(self) -> None:
        super().__init__()
        self._index = 0
        chroma = (CAMERA_HEIGHT // 2, CAMERA_WIDTH // 2)
        self._y = np.full((CAMERA_HEIGHT, CAMERA_WIDTH), 16, np.uint8)
        self._u, self._v = np.full(chroma, 128, np.uint8), np.full(chroma, 128, np.uint8)
        width = CAMERA_WIDTH // len(CAMERA_BARS)
        for i, (y, u, v) in enumerate(CAMERA_BARS):
            self._y[CAMERA_BARS_Y:, i * width : (i + 1) * width] = y
            self._u[CAMERA_BARS_Y // 2 :, i * width // 2 : (i + 1) * width // 2] = u
            self._v[CAMERA_BARS_Y // 2 :, i * width // 2 : (i + 1) * width // 2] = v

    async def recv(self) -> VideoFrame:
        pts, time_base = await self.next_timestamp()
        for i, bit in enumerate(counter_blocks(self._index % 256)):
            x = COUNTER_X + BLOCK * i
            self._y[COUNTER_Y : COUNTER_Y + BLOCK, x : x + BLOCK] = 235 if bit else 16
        self._index += 1
        planes = np.concatenate([self._y.reshape(-1), self._u.reshape(-1), self._v.reshape(-1)])
        frame = VideoFrame.from_ndarray(planes.reshape(CAMERA_HEIGHT * 3 // 2, CAMERA_WIDTH), format="yuv420p")
        frame.pts, frame.time_base = pts, time_base
        return frame


class Microphone(AudioStreamTrack):
    """48 kHz stereo, one steady tone left and another right."""

    def __init__(self) -> None:
        super().__init__()
        self._samples = 0
        self._begun: float | None = None

    async def recv(self) -> AudioFrame:
        now = time.monotonic()
        if self._begun is None:
            self._begun = now
        await asyncio.sleep(max(0.0, self._begun + self._samples / SAMPLE_RATE - now))
        at = np.arange(self._samples, self._samples + SAMPLES_PER_FRAME) / SAMPLE_RATE
        waves = [MICROPHONE_AMPLITUDE * 32767 * np.sin(2 * np.pi * tone * at) for tone in MICROPHONE_TONES]
        interleaved = np.stack(waves, axis=1).astype(np.int16).reshape(1, -1)
        frame = AudioFrame.from_ndarray(interleaved, format="s16", layout="stereo")
        frame.sample_rate, frame.pts, frame.time_base = SAMPLE_RATE, self._samples, fractions.Fraction(1, SAMPLE_RATE)
        self._samples += SAMPLES_PER_FRAME
        return frame


def plane(frame: VideoFrame, index: int) -> np.ndarray:
    data = frame.planes[index]
    return np.frombuffer(data, np.uint8).reshape(-1, data.line_size)[: data.height, : data.width]


def describe_frame(frame: VideoFrame, probes: dict[str, list[int]]) -> dict[str, object]:
    y, u, v = (plane(frame, i) for i in range(3))
    colours = {}
    for name, (left, top, width, height) in probes.items():
        luma = y[top : top + height, left : left + width]
        half = (slice(top // 2, (top + height) // 2), slice(left // 2, (left + width) // 2))
        colours[name] = [round(float(part.mean()), 1) if part.size else None for part in (luma, u[half], v[half])]
    return {"pts": frame.pts, "width": frame.width, "height": frame.height, "counter": read_counter(y), "probes": colours}


def describe_sound(frame: AudioFrame, tones: list[int]) -> dict[str, object]:
    samples = np.frombuffer(frame.planes[0], np.int16)[: frame.samples * 2].reshape(-1, 2) / 32768
    at = np.arange(len(samples)) / frame.sample_rate
    amplitudes = {}
    for tone in tones:
        spectrum = np.exp(-2j * np.pi * tone * at) @ samples
        amplitudes[str(tone)] = [round(float(part), 4) for part in 2 * np.abs(spectrum) / len(samples)]
    return {"pts": frame.pts, "tones": amplitudes}


def request(method: str, url: str, body: object = None) -> tuple[int, dict[str, object]]:
    data = None if body is None else json.dumps(body).encode()
    headers = {} if data is None else {"Content-Type": "application/json"}
    # Without this a proxy of the environment would be asked for the server.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(urllib.request.Request(url, data, headers, method=method), timeout=HTTP_TIMEOUT_SECONDS) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())


class Client:
    def __init__(self, options: argparse.Namespace) -> None:
        self._options = options
        self._connection = RTCPeerConnection()
        self._channel = None
        self._session_id: str | None = None
        self._readers: set[asyncio.Task[None]] = set()

    async def connect(self, fields: dict[str, object]) -> None:
        options, connection = self._options, self._connection
        connection.on("connectionstatechange", lambda: say("connection", state=connection.connectionState))
        connection.on("track", self._read)
        if options.channel is not None:
            self._channel = connection.createDataChannel(options.channel)
            self._channel.on("open", lambda: say("channel", state="open"))
            self._channel.on("close", lambda: say("channel", state="closed"))
            self._channel.on("message", lambda text: say("message", text=text))
        for kind, direction, source in (("video", options.video, Camera), ("audio", options.audio, Microphone)):
            if direction != "none":
                sends = direction in ("sendrecv", "sendonly")
                transceiver = connection.addTransceiver(source() if sends else kind, direction=direction)
                if kind == "video" and options.video_codec is not None:
                    transceiver.setCodecPreferences(
                        [c for c in RTCRtpSender.getCapabilities("video").codecs if c.name in (options.video_codec, "rtx")]
                    )
        await connection.setLocalDescription(await connection.createOffer())
        sdp = connection.localDescription.sdp
        if options.without_candidates:
            left_out = ("a=candidate:", "a=end-of-candidates")
            sdp = "".join(line for line in sdp.splitlines(keepends=True) if not line.startswith(left_out))
        status, answer = await self._request("POST", "webrtc/offer", {"sdp": sdp, "type": "offer", **fields})
        if status != 200:
            say("refused", status=status, detail=answer.get("detail"))
            return
        self._session_id = answer["session_id"]
        say("session", session_id=self._session_id, answer=answer["sdp"])
        await connection.setRemoteDescription(RTCSessionDescription(answer["sdp"], answer["type"]))

    async def obey(self, commands: asyncio.StreamReader) -> None:
        while line := await commands.readline():
            command = json.loads(line)
            if command["do"] == "send":
                self._channel.send(command["text"])
            elif command["do"] == "delete":
                status, _ = await self._request("DELETE", f"webrtc/{self._session_id}")
                say("deleted", status=status)
            else:
                return

    async def close(self) -> None:
        await self._connection.close()
        for reader in self._readers:
            reader.cancel()
        await asyncio.gather(*self._readers, return_exceptions=True)

    async def _request(self, method: str, path: str, body: object = None) -> tuple[int, dict[str, object]]:
        return await asyncio.to_thread(request, method, f"{self._options.server}v1/stream/{path}", body)

    def _read(self, track: MediaStreamTrack) -> None:
        track.on("ended", lambda: say("ended", kind=track.kind))
        self._readers.add(asyncio.ensure_future(self._report(track)))

    async def _report(self, track: MediaStreamTrack) -> None:
        while True:
            try:
                frame = await track.recv()
            except MediaStreamError:
                return
            if track.kind == "video":
                say("frame", **describe_frame(frame, self._options.probe))
            else:
                say("sound", **describe_sound(frame, self._options.tone))


def read_options() -> argparse.Namespace:
    directions = ["recvonly", "sendrecv", "sendonly", "none"]
    parser = argparse.ArgumentParser(description="The first line on stdin is a JSON object: the fields of the offer beside the SDP.")
    parser.add_argument("--server", required=True, help="URL of the server, with a slash at the end")
    parser.add_argument("--video", choices=directions, default="recvonly")
    parser.add_argument("--audio", choices=directions, default="recvonly")
    parser.add_argument("--channel", help="label of a data channel to create")
    parser.add_argument("--video-codec", choices=["VP8", "H264"], help="offer no other")
    parser.add_argument("--without-candidates", action="store_true", help="offer before any ICE candidate is known")
    parser.add_argument("--probe", type=json.loads, default={}, help='rectangles to measure, {"name": [x, y, width, height]}')
    parser.add_argument("--tone", type=int, action="append", default=[], help="a frequency to measure, Hz")
    return parser.parse_args()


async def run() -> None:
    client = Client(read_options())
    commands = asyncio.StreamReader(limit=MAX_LINE_BYTES)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(commands), sys.stdin)
    try:
        await client.connect(json.loads(await commands.readline()))
        await client.obey(commands)
    finally:
        await client.close()


if __name__ == "__main__":
    work_around_known_limits()
    try:
        asyncio.run(run())
    except Exception as error:  # noqa: BLE001 - whatever it is, the test must see it
        say("failed", error=f"{type(error).__name__}: {error}")
        sys.exit(1)
