// A page to try a pipeline: plain WebRTC and fetch, no library, so that it also serves as an example of a client.

const CONTROL_KEYS = new Set([
  ...['ArrowUp', 'ArrowDown', 'ArrowLeft', 'ArrowRight'],
  ...['w', 'a', 's', 'd', 'i', 'j', 'k', 'l'],
]);
const MAX_LOG_LINES = 200;
// Controls that wait for their picture; a pipeline may never name any.
const MAX_WAITING_CONTROLS = 64;

// A server that takes known clients only is opened as …/#token=tfs_…: what follows the # is not sent to any server, nor logged by one.
const token = new URLSearchParams(location.hash.slice(1)).get('token');
if (token !== null) history.replaceState(null, '', location.pathname + location.search);

/** Asks the server, with the token if there is one. */
function ask(path, { headers, ...options } = {}) {
  return fetch(path, { ...options, headers: { ...headers, ...(token !== null && { authorization: `Bearer ${token}` }) } });
}

const element = (id) => document.getElementById(id);
const video = element('video');

/** The session that is being opened or is open, or null. Whoever awaits asks afterwards whether it still is theirs. */
let current = null;
let mode = null;
const pressed = new Set();

function log(text) {
  const line = document.createElement('li');
  const time = document.createElement('time');
  time.textContent = new Date().toLocaleTimeString();
  line.append(time, text);
  const list = element('log');
  list.append(line);
  while (list.childElementCount > MAX_LOG_LINES) list.firstElementChild.remove();
  list.scrollTop = list.scrollHeight;
}

function showState(state) {
  const badge = element('state');
  badge.textContent = state;
  badge.dataset.state = state;
  const open = current !== null;
  element('connect').disabled = open || mode === null;
  element('disconnect').disabled = !open;
  element('hint').hidden = open;
}

async function askServer() {
  try {
    const answer = await ask('v1/service/health');
    const health = await answer.json();
    if (answer.status === 401) {
      element('pipeline').textContent = `${health.detail} Open this page with #token=… at the end of its address.`;
      return;
    }
    if (!health.stream_ready) {
      element('pipeline').textContent = health.reason ?? 'The pipeline is starting…';
      setTimeout(askServer, 1000);
      return;
    }
    const metadata = await (await ask('v1/service/metadata')).json();
    mode = metadata.stream_mode;
    element('pipeline').textContent = `${metadata.pipeline_file} · ${mode === 'server_push' ? 'server push' : 'bidirectional'}`;
    element('controls').hidden = mode !== 'bidirectional';
    element('inputs').hidden = mode !== 'bidirectional';
    element('duration-row').hidden = mode !== 'server_push';
    showState('idle');
  } catch (error) {
    element('pipeline').textContent = `The server does not answer: ${error.message}`;
    setTimeout(askServer, 2000);
  }
}

/** A camera and a microphone, as ticked, or an empty stream. */
async function openInputs() {
  const wanted = { video: element('camera').checked, audio: element('microphone').checked };
  if (mode !== 'bidirectional' || (!wanted.video && !wanted.audio)) return new MediaStream();
  return navigator.mediaDevices.getUserMedia(wanted);
}

/** Opens a session. Returns quietly, with nothing left behind, when it was disconnected meanwhile. */
async function connect(session) {
  const inputs = await openInputs();
  if (current !== session) {
    stopTracks(inputs);
    return;
  }
  const connection = new RTCPeerConnection(await askIceServers());
  if (current !== session) {
    stopTracks(inputs);
    connection.close();
    return;
  }
  const channel = connection.createDataChannel('telefuser');
  Object.assign(session, { connection, channel, inputs });
  watchFrames(session);

  const output = new MediaStream();
  video.srcObject = output;
  connection.ontrack = ({ track }) => output.addTrack(track);
  connection.onconnectionstatechange = () => {
    // Chromium goes back to "new" for a moment when the answer bundles its transports.
    if (current !== session || connection.connectionState === 'new') return;
    log(`connection ${connection.connectionState}`);
    showState(connection.connectionState);
    if (connection.connectionState === 'failed' || connection.connectionState === 'closed') disconnect();
  };
  channel.onopen = () => log('data channel open');
  channel.onmessage = ({ data }) => receive(session, data);
  channel.onclose = () => current === session && disconnect();

  const sent = new Set(inputs.getTracks().map((track) => (connection.addTrack(track, inputs), track.kind)));
  for (const kind of ['video', 'audio']) if (!sent.has(kind)) connection.addTransceiver(kind, { direction: 'recvonly' });

  const offer = await connection.createOffer();
  if (current !== session) return;
  await connection.setLocalDescription({ type: 'offer', sdp: withStereo(offer.sdp) });
  if (current !== session) return;
  await gathered(connection);
  if (current !== session) return;
  const body = { sdp: connection.localDescription.sdp, type: 'offer', task: 'demo' };
  if (element('prompt').value !== '') body.prompt = element('prompt').value;
  if (mode === 'server_push') body.duration_s = Number(element('duration').value) || 60;
  const answer = await ask('v1/stream/webrtc/offer', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  const result = await answer.json();
  if (!answer.ok) throw new Error(`${answer.status}: ${result.detail}`);
  if (current !== session) {
    closeOnServer(result.session_id);
    return;
  }
  session.id = result.session_id;
  log(`session ${session.id}`);
  await connection.setRemoteDescription({ type: 'answer', sdp: result.sdp });
  if (current !== session) return;
  session.timer = setInterval(() => showFigures(session), 1000);
}

/** Where to find a path to the server: its STUN and TURN servers, with credentials that are good for a time only. */
async function askIceServers() {
  const answer = await ask('v1/stream/ice-servers');
  if (!answer.ok) throw new Error(`${answer.status}: no ICE servers`);
  const { ice_servers: iceServers, ice_transport_policy: iceTransportPolicy } = await answer.json();
  return { iceServers, iceTransportPolicy };
}

/** The offer with `stereo=1` on its Opus line: without it Chromium decodes what arrives as mono. */
function withStereo(sdp) {
  const opus = /^a=rtpmap:(\d+) opus\/48000/im.exec(sdp)?.[1];
  return opus === undefined ? sdp : sdp.replace(new RegExp(`^a=fmtp:${opus} (?!(.*;)?stereo=).*$`, 'm'), '$&;stereo=1');
}

/** Resolves when all ICE candidates are in the local description, or after a second: those found by then will do. */
async function gathered(connection) {
  if (connection.iceGatheringState === 'complete') return;
  await new Promise((resolve) => {
    setTimeout(resolve, 1000);
    connection.addEventListener('icegatheringstatechange', () => connection.iceGatheringState === 'complete' && resolve());
  });
}

function receive(session, data) {
  const message = JSON.parse(data);
  if (message.type === 'chunk') {
    session.chunks += 1;
    const controls = (message.applied_controls ?? []).filter((id) => session.sentAt.has(id));
    if (controls.length > 0 && message.rtp_timestamp !== undefined)
      session.applied.push({ controls, frame: message.rtp_timestamp });
    if (message.error) log(`pipeline: ${message.error}`);
    else if (session.chunks <= 3 || session.chunks % 100 === 0) log(`chunk ${message.index}`);
  } else if (message.type === 'done') {
    log(`done: ${message.total_chunks} chunks`);
  } else if (message.type === 'error') {
    log(`${message.code}: ${message.detail}`);
  } else if (message.type === 'going_away') {
    log(`the server is about to end; this session goes on until ${new Date(message.deadline * 1000).toLocaleTimeString()}`);
  } else if (message.type === 'closed') {
    log(`closed: ${message.reason}`);
  }
}

/** Looks at every frame as it is shown, for the first that reflects a control: the server told its place in the stream. */
function watchFrames(session) {
  // Not every browser tells of its frames.
  video.requestVideoFrameCallback?.((_now, { rtpTimestamp, expectedDisplayTime }) => {
    if (current !== session) return;
    watchFrames(session);
    if (rtpTimestamp === undefined) return;
    // RTP timestamps have 32 bits and begin anywhere. A frame that was dropped is stood for by the next one.
    const isShown = ({ frame }) => (rtpTimestamp - frame) >>> 0 < 2 ** 31;
    for (const { controls } of session.applied.filter(isShown)) reportShown(session, controls, expectedDisplayTime);
    session.applied = session.applied.filter((applied) => !isShown(applied));
  });
}

/** Tells the server, which knows the stages before, and shows what the viewer has waited for. */
function reportShown(session, controls, shownAt) {
  for (const id of controls) {
    if (session.channel.readyState === 'open') session.channel.send(JSON.stringify({ type: 'shown', id }));
    element('latency').textContent = `${Math.round(shownAt - session.sentAt.get(id))} ms`;
    session.sentAt.delete(id);
  }
}

async function showFigures(session) {
  const reports = [...(await session.connection.getStats()).values()];
  const inbound = reports.find((report) => report.type === 'inbound-rtp' && report.kind === 'video');
  const pair = reports.find((report) => report.type === 'candidate-pair' && report.nominated);
  element('fps').textContent = inbound?.framesPerSecond ?? 0;
  element('size').textContent = video.videoWidth ? `${video.videoWidth} × ${video.videoHeight}` : '–';
  if (inbound && session.last) {
    const seconds = (inbound.timestamp - session.last.timestamp) / 1000;
    const kilobits = ((inbound.bytesReceived - session.last.bytesReceived) * 8) / 1000 / seconds;
    element('bitrate').textContent = `${Math.round(kilobits)} kbit/s`;
  }
  session.last = inbound;
  element('rtt').textContent =
    pair?.currentRoundTripTime === undefined ? '–' : `${Math.round(pair.currentRoundTripTime * 1000)} ms`;
  element('chunks').textContent = session.chunks;
}

function disconnect() {
  const session = current;
  if (session === null) return;
  current = null;
  clearInterval(session.timer);
  pressed.clear();
  if (session.inputs !== null) stopTracks(session.inputs);
  session.connection?.close();
  video.srcObject = null;
  showState('idle');
  // The server notices the closed connection by itself; the DELETE only makes it certain.
  if (session.id !== null) closeOnServer(session.id);
}

function stopTracks(stream) {
  for (const track of stream.getTracks()) track.stop();
}

function closeOnServer(id) {
  ask(`v1/stream/webrtc/${encodeURIComponent(id)}`, { method: 'DELETE', keepalive: true }).catch(() => undefined);
}

function sendKey(key, action) {
  if (current?.channel?.readyState !== 'open' || mode !== 'bidirectional') return;
  if (action === 'press' ? pressed.has(key) : !pressed.has(key)) return;
  if (action === 'press') pressed.add(key);
  else pressed.delete(key);
  const id = (current.controls += 1);
  current.sentAt.set(id, performance.now());
  if (current.sentAt.size > MAX_WAITING_CONTROLS) current.sentAt.delete(current.sentAt.keys().next().value);
  current.channel.send(JSON.stringify({ type: 'control', key, action, id }));
  document.querySelector(`[data-key="${key}"]`)?.classList.toggle('pressed', action === 'press');
}

function releaseAll() {
  for (const key of [...pressed]) sendKey(key, 'release');
}

element('form').addEventListener('submit', async (event) => {
  event.preventDefault();
  if (current !== null) return;
  const session = { connection: null, channel: null, inputs: null, id: null, chunks: 0, timer: 0 };
  // By their ids, when controls were sent; and those that the server has named, with the RTP timestamp of their frame.
  Object.assign(session, { controls: 0, sentAt: new Map(), applied: [] });
  current = session;
  showState('connecting');
  try {
    await connect(session);
  } catch (error) {
    // What fails after a disconnect fails because of it.
    if (current !== session) return;
    log(error.message);
    disconnect();
    showState('failed');
  }
});
element('disconnect').addEventListener('click', disconnect);
element('mute').addEventListener('click', () => {
  video.muted = !video.muted;
  element('mute').textContent = video.muted ? 'Unmute' : 'Mute';
  element('mute').setAttribute('aria-pressed', String(video.muted));
});
for (const action of ['keydown', 'keyup']) {
  window.addEventListener(action, (event) => {
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    if (current === null || !CONTROL_KEYS.has(key) || event.target instanceof HTMLInputElement) return;
    event.preventDefault();
    if (!event.repeat) sendKey(key, action === 'keydown' ? 'press' : 'release');
  });
}
window.addEventListener('blur', releaseAll);
for (const button of document.querySelectorAll('[data-key]')) {
  button.addEventListener('pointerdown', (event) => {
    button.setPointerCapture(event.pointerId);
    sendKey(button.dataset.key, 'press');
  });
  for (const end of ['pointerup', 'pointercancel']) button.addEventListener(end, () => sendKey(button.dataset.key, 'release'));
}
window.addEventListener('pagehide', disconnect);

showState('idle');
void askServer();
