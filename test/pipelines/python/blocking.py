"""Server push whose `serve` blocks its thread, as a model that computes does."""

from __future__ import annotations

import base64
import time

import cv2

import test_card

COLOUR = (48, 160, 72)


class BlockingService:
    def start(self) -> None:
        pass

    def stop(self) -> None:
        pass

    async def serve(self, request: dict):
        # A request may ask to block for longer than anybody waits.
        block_s = float(request.get("block_s", 1 / test_card.FPS))
        for index in range(int(request.get("frames", 240))):
            time.sleep(block_s)
            bgr = cv2.cvtColor(test_card.draw(index, COLOUR), cv2.COLOR_RGB2BGR)
            _, buffer = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, 90])
            yield {
                "type": "chunk",
                "index": index,
                "frames_b64": [base64.b64encode(buffer.tobytes()).decode("ascii")],
                "fps": test_card.FPS,
            }


def get_service() -> BlockingService:
    return BlockingService()
