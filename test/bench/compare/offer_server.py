"""The stream server's signalling, as little of it as the probe page needs, and the clip: shared by the senders that ours is compared with."""

import json
import pathlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

WIDTH, HEIGHT, FPS = 832, 480, 24
SAMPLE_RATE, CHANNELS = 48_000, 2
OFFER_PATH = "/v1/stream/webrtc/offer"


class Clip:
    """Pictures as JPEG and the sound as one piece of PCM, both of the same length; they are played over and over."""

    def __init__(self, folder):
        files = sorted(pathlib.Path(folder).glob("*.jpg"))
        self.pictures = [file.read_bytes() for file in files]
        self.sound = (pathlib.Path(folder) / "sound.s16le").read_bytes()
        if not self.pictures or not self.sound:
            raise SystemExit(f"there is no clip in {folder}")

    def picture(self, index):
        return self.pictures[index % len(self.pictures)]

    def samples(self, first, count):
        """Interleaved samples from a position on, in frames of both channels."""
        size = 2 * CHANNELS
        begin = first * size % len(self.sound)
        piece = self.sound[begin : begin + count * size]
        return piece + self.sound[: count * size - len(piece)]


def serve(answer, close):
    """Serves on a free port until the process ends. ``answer(sdp)`` gives ``(session_id, sdp)``, ``close(session_id)`` ends one."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            if self.path != OFFER_PATH:
                return self.reply(404, {"detail": "there is nothing here"})
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            try:
                session_id, sdp = answer(body["sdp"])
            except Exception as error:
                return self.reply(400, {"detail": repr(error)})
            return self.reply(200, {"session_id": session_id, "sdp": sdp, "type": "answer"})

        def do_DELETE(self):
            session_id = self.path.rsplit("/", 1)[-1]
            close(session_id)
            self.reply(200, {"session_id": session_id, "status": "closed"})

        def reply(self, status, body):
            data = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(f"Ready: http://127.0.0.1:{server.server_port}/ ", flush=True)
