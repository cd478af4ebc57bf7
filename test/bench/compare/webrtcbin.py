"""Session descriptions of a webrtcbin by way of C: PyGObject 3.42 frees descriptions that it does not own, and loses those that it does."""

import ctypes

gst = ctypes.CDLL("libgstreamer-1.0.so.0")
gobject = ctypes.CDLL("libgobject-2.0.so.0")
glib = ctypes.CDLL("libglib-2.0.so.0")
gst_sdp = ctypes.CDLL("libgstsdp-1.0.so.0")
gst_webrtc = ctypes.CDLL("libgstwebrtc-1.0.so.0")

OFFER, ANSWER = 1, 3
POINTER = ctypes.c_void_p


def typed(function, result, *arguments):
    function.restype, function.argtypes = result, arguments
    return function


promise_new = typed(gst.gst_promise_new, POINTER)
promise_wait = typed(gst.gst_promise_wait, ctypes.c_int, POINTER)
promise_get_reply = typed(gst.gst_promise_get_reply, POINTER, POINTER)
mini_object_unref = typed(gst.gst_mini_object_unref, None, POINTER)
structure_get_value = typed(gst.gst_structure_get_value, POINTER, POINTER, ctypes.c_char_p)
structure_to_string = typed(gst.gst_structure_to_string, POINTER, POINTER)
value_get_boxed = typed(gobject.g_value_get_boxed, POINTER, POINTER)
g_free = typed(glib.g_free, None, POINTER)
message_new_from_text = typed(gst_sdp.gst_sdp_message_new_from_text, ctypes.c_int, ctypes.c_char_p, ctypes.POINTER(POINTER))
message_as_text = typed(gst_sdp.gst_sdp_message_as_text, POINTER, POINTER)
description_new = typed(gst_webrtc.gst_webrtc_session_description_new, POINTER, ctypes.c_int, POINTER)
description_free = typed(gst_webrtc.gst_webrtc_session_description_free, None, POINTER)
# Both take a variable number of arguments; all that we pass are pointers.
emit = typed(gobject.g_signal_emit_by_name, None, POINTER, ctypes.c_char_p, POINTER, POINTER)
get_property = typed(gobject.g_object_get, None, POINTER, ctypes.c_char_p, ctypes.POINTER(POINTER), POINTER)


class Description(ctypes.Structure):
    """GstWebRTCSessionDescription."""

    _fields_ = [("type", ctypes.c_int), ("sdp", POINTER)]


def text_of(description):
    text = message_as_text(ctypes.cast(description, ctypes.POINTER(Description)).contents.sdp)
    try:
        return ctypes.string_at(text).decode()
    finally:
        g_free(text)


def ask(webrtcbin, signal, argument, read=lambda reply: None):
    """Emits an action signal, waits, and gives what ``read`` finds in the reply (a GstStructure, or None)."""
    promise = promise_new()
    try:
        emit(hash(webrtcbin), signal.encode(), argument, promise)
        promise_wait(promise)
        reply = promise_get_reply(promise)
        if reply is not None and structure_get_value(reply, b"error") is not None:
            raise ValueError(f"{signal}: {ctypes.string_at(structure_to_string(reply)).decode()}")
        return read(reply)
    finally:
        mini_object_unref(promise)


def set_description(webrtcbin, signal, kind, sdp):
    message = POINTER()
    if message_new_from_text(sdp.encode(), ctypes.byref(message)) != 0:
        raise ValueError("the session description cannot be read")
    description = description_new(kind, message)
    try:
        ask(webrtcbin, signal, description)
    finally:
        description_free(description)


def set_offer(webrtcbin, sdp):
    set_description(webrtcbin, "set-remote-description", OFFER, sdp)


def answer(webrtcbin):
    """Makes the answer and sets it."""
    sdp = ask(webrtcbin, "create-answer", None, lambda reply: text_of(value_get_boxed(structure_get_value(reply, b"answer"))))
    set_description(webrtcbin, "set-local-description", ANSWER, sdp)


def local_description(webrtcbin):
    """With the candidates gathered so far."""
    description = POINTER()
    get_property(hash(webrtcbin), b"local-description", ctypes.byref(description), None)
    try:
        return text_of(description)
    finally:
        description_free(description)
