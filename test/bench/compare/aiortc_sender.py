"""Streams the clip with aiortc: H.264 and Opus, a picture decoded from JPEG each 1/24 s, as servers built on aiortc do.

    /usr/bin/python3 aiortc_sender.py <folder of the clip> [--bitrate BITS]

With ``--bitrate`` its encoder is held at that rate; without, aiortc follows the receiver's REMB between its own limits.
"""

import argparse
import asyncio
import fractions
import secrets
import time

import av
from aiortc import MediaStreamTrack, RTCPeerConnection, RTCRtpSender, RTCSessionDescription
from aiortc.codecs import h264

from offer_server import CHANNELS, FPS, SAMPLE_RATE, Clip, serve

SAMPLES = SAMPLE_RATE // 50
SETTLE_SECONDS = 20


class Pace:
    """Anchored: a late wake-up delays one piece and not all that follow. Video and audio of a session share it."""

    def __init__(self):
        self.began = None

    async def until(self, seconds):
        if self.began is None:
            self.began = time.monotonic()
        await asyncio.sleep(max(0, self.began + seconds - time.monotonic()))


class Pictures(MediaStreamTrack):
    kind = "video"

    def __init__(self, clip, pace):
        super().__init__()
        self.clip, self.pace, self.index = clip, pace, 0
        self.decoder = av.CodecContext.create("mjpeg", "r")

    async def recv(self):
        await self.pace.until(self.index / FPS)
        (frame,) = self.decoder.decode(av.Packet(self.clip.picture(self.index)))
        # JPEG is full range; the conversion is what a viewer needs to see the right colours.
        frame = frame.reformat(format="yuv420p")
        frame.pts, frame.time_base = self.index * 90_000 // FPS, fractions.Fraction(1, 90_000)
        self.index += 1
        return frame


class Sound(MediaStreamTrack):
    kind = "audio"

    def __init__(self, clip, pace):
        super().__init__()
        self.clip, self.pace, self.position = clip, pace, 0

    async def recv(self):
        await self.pace.until(self.position / SAMPLE_RATE)
        frame = av.AudioFrame(format="s16", layout="stereo", samples=SAMPLES)
        frame.planes[0].update(self.clip.samples(self.position, SAMPLES))
        frame.pts, frame.sample_rate, frame.time_base = self.position, SAMPLE_RATE, fractions.Fraction(1, SAMPLE_RATE)
        self.position += SAMPLES
        return frame


class Sender:
    def __init__(self, clip, loop):
        self.clip, self.loop, self.sessions = clip, loop, {}

    def answer(self, sdp):
        return asyncio.run_coroutine_threadsafe(self.open(sdp), self.loop).result(SETTLE_SECONDS)

    def close(self, session_id):
        session = self.sessions.pop(session_id, None)
        if session is not None:
            asyncio.run_coroutine_threadsafe(session.close(), self.loop).result(SETTLE_SECONDS)

    async def open(self, sdp):
        connection = RTCPeerConnection()
        pace = Pace()
        await connection.setRemoteDescription(RTCSessionDescription(sdp, "offer"))
        for transceiver in connection.getTransceivers():
            transceiver.sender.replaceTrack((Pictures if transceiver.kind == "video" else Sound)(self.clip, pace))
            transceiver.direction = "sendonly"
            if transceiver.kind == "video":
                codecs = RTCRtpSender.getCapabilities("video").codecs
                transceiver.setCodecPreferences([codec for codec in codecs if codec.mimeType in ("video/H264", "video/rtx")])
        await connection.setLocalDescription(await connection.createAnswer())
        session_id = secrets.token_hex(8)
        self.sessions[session_id] = connection
        return session_id, connection.localDescription.sdp


async def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder")
    parser.add_argument("--bitrate", type=int)
    arguments = parser.parse_args()
    if arguments.bitrate is not None:
        # It tells x264 that 30 pictures a second come, so that each of ours would get too few bits.
        bitrate = round(arguments.bitrate * h264.MAX_FRAME_RATE / FPS)
        h264.DEFAULT_BITRATE = h264.MIN_BITRATE = h264.MAX_BITRATE = bitrate
    sender = Sender(Clip(arguments.folder), asyncio.get_running_loop())
    serve(sender.answer, sender.close)
    await asyncio.Event().wait()


assert CHANNELS == 2
asyncio.run(main())
