"""Streams the clip with GStreamer's webrtcbin: JPEG decoder, x264 (ultrafast, zerolatency) at a fixed rate, Opus.

    /usr/bin/python3 gstreamer_sender.py <folder of the clip> [--bitrate BITS]

Debian's plug-ins have no congestion control for webrtcbin (rtpgccbwe is of gst-plugins-rs), so the rate stands.
"""

import argparse
import re
import secrets
import threading
import time

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstApp", "1.0")
gi.require_version("GstWebRTC", "1.0")
from gi.repository import GLib, Gst, GstApp, GstWebRTC  # noqa: E402, F401

import webrtcbin  # noqa: E402
from offer_server import CHANNELS, FPS, SAMPLE_RATE, Clip, serve  # noqa: E402

SAMPLES = SAMPLE_RATE // 50
WAIT_SECONDS = 10
VIDEO = (
    "appsrc name=pictures is-live=true format=time do-timestamp=false max-buffers=2 leaky-type=downstream "
    "caps=image/jpeg,framerate={fps}/1 ! jpegdec ! videoconvert ! video/x-raw,format=I420,colorimetry=bt601 ! "
    "x264enc tune=zerolatency speed-preset=ultrafast bitrate={kilobits} vbv-buf-capacity=300 key-int-max=100000 threads=1 ! "
    "video/x-h264,profile=constrained-baseline ! h264parse ! rtph264pay config-interval=-1 aggregate-mode=zero-latency mtu=1200 ! "
    "application/x-rtp,media=video,encoding-name=H264,payload={payload} ! webrtc. "
)
AUDIO = (
    "appsrc name=sound is-live=true format=time do-timestamp=false max-buffers=5 leaky-type=downstream "
    "caps=audio/x-raw,format=S16LE,layout=interleaved,rate={rate},channels={channels} ! audioconvert ! opusenc bitrate=96000 ! "
    "rtpopuspay ! application/x-rtp,media=audio,encoding-name=OPUS,payload={payload} ! webrtc. "
)


def payload_type(sdp, encoding, parameters=""):
    """The first payload type of an encoding whose ``a=fmtp`` line fits; None when it is not offered."""
    for number in re.findall(rf"^a=rtpmap:(\d+) {encoding}/", sdp, re.MULTILINE | re.IGNORECASE):
        if re.search(rf"^a=fmtp:{number} {parameters}", sdp, re.MULTILINE | re.IGNORECASE):
            return int(number)
    return None


class Session:
    def __init__(self, clip, kilobits, sdp):
        self.clip = clip
        self.stopped = threading.Event()
        video = payload_type(sdp, "H264", "(?=.*packetization-mode=1).*profile-level-id=42e0")
        audio = payload_type(sdp, "opus")
        if video is None or audio is None:
            raise ValueError("H.264 (constrained baseline) and Opus must be offered")
        self.pipeline = Gst.parse_launch(
            "webrtcbin name=webrtc bundle-policy=max-bundle latency=0 "
            + VIDEO.format(fps=FPS, kilobits=kilobits, payload=video)
            + AUDIO.format(rate=SAMPLE_RATE, channels=CHANNELS, payload=audio)
        )
        self.webrtc = self.pipeline.get_by_name("webrtc")
        self.pipeline.set_state(Gst.State.PLAYING)
        self.wait_for_pads()
        webrtcbin.set_offer(self.webrtc, sdp)
        for index in range(WAIT_SECONDS):
            transceiver = self.webrtc.emit("get-transceiver", index)
            if transceiver is None:
                break
            transceiver.set_property("direction", GstWebRTC.WebRTCRTPTransceiverDirection.SENDONLY)
            transceiver.set_property("do-nack", True)
        webrtcbin.answer(self.webrtc)
        deadline = time.monotonic() + WAIT_SECONDS
        while self.webrtc.get_property("ice-gathering-state") != GstWebRTC.WebRTCICEGatheringState.COMPLETE:
            if time.monotonic() > deadline:
                raise TimeoutError("ICE gathering takes too long")
            time.sleep(0.01)
        self.answer = webrtcbin.local_description(self.webrtc)
        for feed in (self.feed_pictures, self.feed_sound):
            threading.Thread(target=feed, daemon=True).start()

    def wait_for_pads(self):
        """The pads get their caps when the first buffers pass, and an answer needs the caps."""
        self.began = time.monotonic()
        self.base = 0
        self.push("pictures", self.clip.picture(0), 0, 1 / FPS)
        self.push("sound", self.clip.samples(0, SAMPLES), 0, 1 / 50)

    def push(self, name, data, seconds, duration):
        buffer = Gst.Buffer.new_wrapped(data)
        buffer.pts = buffer.dts = round(seconds * Gst.SECOND)
        buffer.duration = round(duration * Gst.SECOND)
        self.pipeline.get_by_name(name).emit("push-buffer", buffer)

    def running_seconds(self):
        return (self.pipeline.get_clock().get_time() - self.pipeline.get_base_time()) / Gst.SECOND

    def feed(self, name, piece, duration):
        first = 1
        origin = self.running_seconds() - duration
        index = first
        while not self.stopped.is_set():
            due = origin + index * duration
            time.sleep(max(0, due - self.running_seconds()))
            self.push(name, piece(index), due, duration)
            index += 1

    def feed_pictures(self):
        self.feed("pictures", self.clip.picture, 1 / FPS)

    def feed_sound(self):
        self.feed("sound", lambda index: self.clip.samples(index * SAMPLES, SAMPLES), 1 / 50)

    def close(self):
        self.stopped.set()
        self.pipeline.set_state(Gst.State.NULL)


class Sender:
    def __init__(self, clip, kilobits):
        self.clip, self.kilobits, self.sessions = clip, kilobits, {}

    def answer(self, sdp):
        session = Session(self.clip, self.kilobits, sdp)
        session_id = secrets.token_hex(8)
        self.sessions[session_id] = session
        return session_id, session.answer

    def close(self, session_id):
        session = self.sessions.pop(session_id, None)
        if session is not None:
            session.close()


parser = argparse.ArgumentParser()
parser.add_argument("folder")
parser.add_argument("--bitrate", type=int, default=2_000_000)
arguments = parser.parse_args()
Gst.init(None)
sender = Sender(Clip(arguments.folder), arguments.bitrate // 1000)
serve(sender.answer, sender.close)
GLib.MainLoop().run()
