"""Hooks of schemathesis for test/clients/contract.spec.ts."""

import os

import schemathesis

OFFER = "POST /v1/stream/webrtc/offer"
WHEP_OFFER = "POST /v1/stream/whep"
OFFER_SDP = os.environ["OFFER_SDP"]


@schemathesis.hook
def before_call(context, case, **kwargs):
    """Every other SDP is a browser's: text that was made up never gets past the first look at it, and no session would be opened."""
    body = case.body
    if case.operation.label == OFFER and isinstance(body, dict) and isinstance(body.get("sdp"), str) and len(body["sdp"]) % 2 == 0:
        case.body = {**body, "sdp": OFFER_SDP}
    elif case.operation.label == WHEP_OFFER and isinstance(body, str) and len(body) % 2 == 0:
        case.body = OFFER_SDP


@schemathesis.serializer("application/sdp", "application/trickle-ice-sdpfrag")
def as_text(context, value):
    """The bodies of WHEP, which are text; without this nothing would be sent to its routes."""
    return str(value).encode("utf-8", errors="replace")
