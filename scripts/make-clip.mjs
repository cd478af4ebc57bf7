/**
 * Makes pipelines/video-replay/clip.mp4: a test card that is pleasant to look at and exact to measure.
 *
 *     node scripts/make-clip.mjs [output.mp4]
 *
 * Needs Node 26, the repository's `sharp` (draws the pictures) and the `ffmpeg` command with libx264 (encodes). The clip is committed, so
 * this is run only to change it.
 *
 * 832×480, 24 frames a second, 240 frames (10 s exactly, and it loops without a seam), H.264 4:2:0 limited-range BT.601, AAC 48 kHz stereo.
 * Coordinates are pixels from the top left corner, `x, y, width × height`.
 *
 * Frame counter   13 blocks of 24 × 24 from x 16, y 16, side by side (block i is 16 + 24·i, 16, 24 × 24); the plate under them is black.
 *                 0 white, 1 black (start) | 2–9 the frame's index modulo 256, most significant bit first, white = 1 | 10 odd parity:
 *                 white when the eight bits hold an even number of ones | 11 black, 12 white (end).
 * Flash           736, 16, 80 × 80: white in the first 2 frames of each second (index mod 24 < 2), else #101418.
 * Beep            1 kHz, −10 dBFS, both channels, from each full second for 2 frames (4000 samples at 48 kHz): it begins with the flash.
 *                 Under it a quiet chord (−36 dBFS), other notes left (220, 330 Hz) than right (277.2, 440 Hz).
 * Colour patches  80 × 64 each, at y 400 and x 16, 112, 208, 304, 400, 496:
 *                 red 200,48,48 · green 48,160,72 · blue 48,80,200 · grey 128,128,128 · skin 224,172,140 · white 235,235,235.
 * Kept plain      the bottom right corner (x ≥ 640, y ≥ 288), where arrow-overlay draws its pad: landscape only.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';

const WIDTH = 832;
const HEIGHT = 480;
const FPS = 24;
const SECONDS = 10;
const FRAMES = FPS * SECONDS;
const SAMPLE_RATE = 48_000;
const FLASH_FRAMES = 2;
const PATCHES = ['200,48,48', '48,160,72', '48,80,200', '128,128,128', '224,172,140', '235,235,235'];

const TURN = 2 * Math.PI;

/** A ridge of hills as an SVG path. Whole numbers of waves and of loops make it seamless in space and time. */
function ridge(phase, baseY, waves) {
  const points = [];
  for (let x = 0; x <= WIDTH; x += 8) {
    const y = waves.reduce(
      (sum, [count, height, loops]) => sum + height * Math.sin(TURN * ((x / WIDTH) * count + phase * loops)),
      baseY,
    );
    points.push(`${x},${y.toFixed(2)}`);
  }
  return `M0,${HEIGHT} L${points.join(' L')} L${WIDTH},${HEIGHT} Z`;
}

function mix(from, to, share) {
  return `rgb(${from.map((value, i) => Math.round(value + (to[i] - value) * share)).join(',')})`;
}

function counterBlocks(frame) {
  const bits = Array.from({ length: 8 }, (_, i) => (frame >> (7 - i)) & 1);
  const parity = 1 - (bits.reduce((sum, bit) => sum + bit, 0) % 2);
  return [1, 0, ...bits, parity, 0, 1];
}

function counter(frame) {
  const blocks = counterBlocks(frame % 256)
    .map((bit, i) => (bit === 1 ? `<rect x="${16 + 24 * i}" y="16" width="24" height="24" fill="#fff"/>` : ''))
    .join('');
  return `<rect x="8" y="8" width="328" height="40" fill="#000"/>${blocks}`;
}

function patches() {
  return PATCHES.map((rgb, i) => `<rect x="${16 + 96 * i}" y="400" width="80" height="64" fill="rgb(${rgb})"/>`).join('');
}

/** A dial that turns once a second, so that an uneven cadence shows. */
function dial(frame) {
  const [cx, cy, radius] = [416, 232, 92];
  const ticks = Array.from({ length: FPS }, (_, i) => {
    const angle = (TURN * i) / FPS;
    const inner = i % 6 === 0 ? radius - 16 : radius - 9;
    const [sin, cos] = [Math.sin(angle), -Math.cos(angle)];
    const lit = i <= frame % FPS ? 0.95 : 0.3;
    return `<line x1="${cx + inner * sin}" y1="${cy + inner * cos}" x2="${cx + radius * sin}" y2="${cy + radius * cos}" stroke="#fff" stroke-opacity="${lit}" stroke-width="${i % 6 === 0 ? 4 : 3}" stroke-linecap="round"/>`;
  }).join('');
  const angle = (TURN * (frame % FPS)) / FPS;
  const ball = `<circle cx="${cx + 110 * Math.sin(angle)}" cy="${cy - 110 * Math.cos(angle)}" r="9" fill="#ffd27a"/>`;
  const second = String(Math.floor(frame / FPS)).padStart(2, '0');
  const part = String(frame % FPS).padStart(2, '0');
  return `<circle cx="${cx}" cy="${cy}" r="128" fill="#0b1020" fill-opacity="0.45"/>${ticks}${ball}
    <text x="${cx}" y="${cy + 15}" font-family="DejaVu Sans Mono" font-size="42" font-weight="bold" fill="#fff" text-anchor="middle">${second}:${part}</text>
    <text x="${cx}" y="${cy + 42}" font-family="DejaVu Sans Mono" font-size="15" fill="#fff" fill-opacity="0.8" text-anchor="middle">frame ${String(frame).padStart(3, '0')}</text>`;
}

function card(frame) {
  const phase = frame / FRAMES;
  const warm = 0.5 + 0.5 * Math.sin(TURN * phase);
  const sunX = WIDTH / 2 + 250 * Math.sin(TURN * phase);
  const sunY = 190 - 60 * Math.cos(TURN * phase);
  const flash = frame % FPS < FLASH_FRAMES ? '#ffffff' : '#101418';
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${HEIGHT}">
  <defs>
    <linearGradient id="sky" x1="0" y1="0" x2="0" y2="1">
      <stop offset="0" stop-color="${mix([28, 38, 92], [58, 40, 110], warm)}"/>
      <stop offset="0.45" stop-color="${mix([64, 110, 170], [176, 92, 140], warm)}"/>
      <stop offset="0.8" stop-color="${mix([150, 196, 210], [250, 178, 120], warm)}"/>
    </linearGradient>
    <radialGradient id="sun"><stop offset="0" stop-color="#fff6dc"/><stop offset="0.25" stop-color="#ffe3a3" stop-opacity="0.95"/>
      <stop offset="0.3" stop-color="#ffd98c" stop-opacity="0.4"/><stop offset="1" stop-color="#ffd98c" stop-opacity="0"/></radialGradient>
  </defs>
  <rect width="${WIDTH}" height="${HEIGHT}" fill="url(#sky)"/>
  <circle cx="${sunX}" cy="${sunY}" r="130" fill="url(#sun)"/>
  <path d="${ridge(phase, 300, [
    [2, 26, 1],
    [5, 8, 1],
  ])}" fill="${mix([92, 120, 168], [150, 96, 140], warm)}"/>
  <path d="${ridge(phase, 340, [
    [1, 30, 1],
    [4, 12, 2],
  ])}" fill="${mix([56, 84, 124], [104, 64, 108], warm)}"/>
  <path d="${ridge(phase, 390, [
    [2, 18, 2],
    [3, 10, 2],
  ])}" fill="${mix([26, 46, 76], [56, 36, 70], warm)}"/>
  ${dial(frame)}
  <g shape-rendering="crispEdges">
    ${counter(frame)}
    <rect x="732" y="12" width="88" height="88" fill="#fff" fill-opacity="0.5"/><rect x="736" y="16" width="80" height="80" fill="${flash}"/>
    <rect x="8" y="392" width="576" height="80" fill="#0b1020"/>${patches()}
  </g>
  <text x="16" y="68" font-family="DejaVu Sans" font-size="14" fill="#fff" fill-opacity="0.9">TeleFuser test clip · ${WIDTH}×${HEIGHT} · ${FPS} fps</text>
</svg>`;
}

/** The whole sound, interleaved 16-bit stereo. Every frequency fits ten seconds a whole number of times. */
function sound() {
  const pcm = Buffer.alloc(SECONDS * SAMPLE_RATE * 4);
  const beepSamples = (FLASH_FRAMES * SAMPLE_RATE) / FPS;
  const ramp = 48;
  const wave = (hertz, i) => Math.sin((TURN * hertz * i) / SAMPLE_RATE);
  for (let i = 0; i < SECONDS * SAMPLE_RATE; i += 1) {
    const into = i % SAMPLE_RATE;
    // A millisecond of ramp at either end keeps the beep from clicking.
    const gate = into < beepSamples ? Math.min(1, into / ramp, (beepSamples - into) / ramp) : 0;
    const beep = 0.316 * gate * wave(1000, into);
    const swell = 0.016 * (0.75 + 0.25 * wave(0.2, i));
    pcm.writeInt16LE(Math.round(32_767 * (beep + (swell * (wave(220, i) + wave(330, i))) / 2)), i * 4);
    pcm.writeInt16LE(Math.round(32_767 * (beep + (swell * (wave(277.2, i) + wave(440, i))) / 2)), i * 4 + 2);
  }
  return pcm;
}

const output = process.argv[2] ?? fileURLToPath(new URL('../pipelines/video-replay/clip.mp4', import.meta.url));
const scratch = await mkdtemp(join(tmpdir(), 'clip-'));
try {
  const soundFile = join(scratch, 'sound.pcm');
  await writeFile(soundFile, sound());
  const ffmpeg = spawn(
    'ffmpeg',
    [
      ...['-hide_banner', '-loglevel', 'error', '-y'],
      ...[
        '-f',
        'rawvideo',
        '-pixel_format',
        'rgb24',
        '-video_size',
        `${WIDTH}x${HEIGHT}`,
        '-framerate',
        String(FPS),
        '-i',
        'pipe:0',
      ],
      ...['-f', 's16le', '-ar', String(SAMPLE_RATE), '-ac', '2', '-i', soundFile],
      ...[
        '-vf',
        'scale=in_range=full:out_range=limited:out_color_matrix=bt601:flags=accurate_rnd+full_chroma_int,format=yuv420p',
      ],
      ...['-c:v', 'libx264', '-preset', 'veryslow', '-crf', '17', '-g', '48', '-bf', '2', '-aq-mode', '3', '-profile:v', 'high'],
      ...['-colorspace', 'smpte170m', '-color_primaries', 'smpte170m', '-color_trc', 'smpte170m', '-color_range', 'tv'],
      ...['-c:a', 'aac', '-b:a', '128k', '-map_metadata', '-1', '-fflags', '+bitexact', '-movflags', '+faststart', output],
    ],
    { stdio: ['pipe', 'inherit', 'inherit'] },
  );
  const ended = once(ffmpeg, 'close');
  for (let frame = 0; frame < FRAMES; frame += 1) {
    const pixels = await sharp(Buffer.from(card(frame)))
      .removeAlpha()
      .toColourspace('srgb')
      .raw()
      .toBuffer();
    if (!ffmpeg.stdin.write(pixels)) await once(ffmpeg.stdin, 'drain');
  }
  ffmpeg.stdin.end();
  const [code] = await ended;
  if (code !== 0) throw new Error(`ffmpeg ended with ${code}`);
  console.log(`${output}: ${FRAMES} frames, ${(await stat(output)).size} bytes`);
} finally {
  await rm(scratch, { recursive: true });
}
