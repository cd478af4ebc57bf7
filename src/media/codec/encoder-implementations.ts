import {
  FF_ENCODER_AV1_NVENC,
  FF_ENCODER_AV1_VAAPI,
  FF_ENCODER_H264_NVENC,
  FF_ENCODER_H264_VAAPI,
  FF_ENCODER_LIBSVTAV1,
  FF_ENCODER_LIBVPX_VP8,
  FF_ENCODER_LIBVPX_VP9,
  FF_ENCODER_LIBX264,
  FF_ENCODER_VP8_VAAPI,
  FF_ENCODER_VP9_VAAPI,
  type FFVideoEncoder,
} from 'node-av/constants';

/** Video codecs that are sent (RFC 7742 section 5 demands the first two of every endpoint). */
export type VideoCodec = 'H264' | 'VP8' | 'VP9' | 'AV1';

/** How much an encoder works for each bit that it saves. */
export type EncoderProfile = 'latency' | 'balanced' | 'quality';

/** Profiles of H.264 by what they add: nothing, CABAC, the 8×8 transform (H.264 annex A.2). */
export type H264Profile = 'baseline' | 'main' | 'high';

/** What an encoder's options depend on. */
export interface EncoderSettings {
  readonly profile: EncoderProfile;
  readonly h264Profile: H264Profile;
  /** Frames a second. */
  readonly fps: number;
  /** Pictures until the whole picture was renewed without being asked; undefined: only on request. */
  readonly refreshFrames: number | undefined;
  /** The longest that one key frame may take at the target rate, seconds. */
  readonly bufferSeconds: number;
}

/** One encoder of FFmpeg, as it is set up for pictures that are shown at once: no look-ahead, no B-pictures, no key frames of its own. */
export interface EncoderImplementation {
  readonly codec: VideoCodec;
  /** FFmpeg's name, which is also what people know it by. */
  readonly name: FFVideoEncoder;
  readonly kind: 'software' | 'nvenc' | 'vaapi';
  /** Whether it takes a new bitrate between two pictures; else it has to be opened again. */
  readonly followsRate: boolean;
  /** Whether it divides its bits among the pictures by their timestamps; else by the frame rate that it was opened with. */
  readonly keepsTime: boolean;
  /** Whether it keeps to `rcMaxRate`; SVT-AV1 refuses one with a constant bitrate. */
  readonly takesMaxRate: boolean;
  readonly options: (settings: EncoderSettings) => Readonly<Record<string, string>>;
}

/** Pictures between key frames where none is to come: FFmpeg has no word for never that every encoder takes. */
const NO_REFRESH_FRAMES = 1_000_000;

interface X264Profile {
  readonly preset: string;
  /** What of the preset is changed, by the H.264 profile that the receiver takes: x264 does not hold these to it. */
  readonly params: Readonly<Record<H264Profile, string>>;
}

/**
 * x264. Measured on the default clip (832×480, one thread, milliseconds a picture and luma PSNR at 800 kbps): ultrafast with deblocking 1.2 and
 * 48.3 dB; with CABAC and the 8×8 transform 1.7 and 49.7 dB; veryfast 4.3 and 48.9 dB (with psychovisual decisions that PSNR does not see). The
 * preset superfast lies below the second in both.
 */
const X264_PROFILES: Readonly<Record<EncoderProfile, X264Profile>> = {
  latency: {
    preset: 'ultrafast',
    params: { baseline: 'no-deblock=0', main: 'no-deblock=0', high: 'no-deblock=0' },
  },
  balanced: {
    preset: 'ultrafast',
    params: {
      baseline: 'no-deblock=0:partitions=i4x4',
      main: 'no-deblock=0:partitions=i4x4:cabac=1',
      high: 'no-deblock=0:partitions=i8x8,i4x4:cabac=1:8x8dct=1',
    },
  },
  quality: {
    preset: 'veryfast',
    params: { baseline: 'rc-lookahead=0', main: 'rc-lookahead=0', high: 'rc-lookahead=0' },
  },
};

/** `cpu-used`; below zero is a fixed speed for VP8, above zero libvpx adapts to its own clock and takes twice the time here. */
const VP8_SPEED: Readonly<Record<EncoderProfile, string>> = { latency: '-8', balanced: '-6', quality: '-4' };
const VP9_SPEED: Readonly<Record<EncoderProfile, string>> = { latency: '8', balanced: '7', quality: '5' };
/**
 * SVT-AV1's presets from 10 on lose 10 dB on the default clip, unless the detection of screen content is off and the real-time mode on: then 10 has
 * 42.3 dB at 500 kbps for 6 ms. The others are 48 and 49 dB for 10 and 13 ms.
 */
const SVT_PROFILES: Readonly<Record<EncoderProfile, { readonly preset: string; readonly params: string }>> = {
  latency: { preset: '10', params: ':rtc=1:scm=0' },
  balanced: { preset: '9', params: '' },
  quality: { preset: '8', params: '' },
};
const NVENC_PRESET: Readonly<Record<EncoderProfile, string>> = { latency: 'p1', balanced: 'p3', quality: 'p5' };

function x264Options({ profile, h264Profile, refreshFrames }: EncoderSettings): Record<string, string> {
  const { preset, params } = X264_PROFILES[profile];
  // Intra refresh moves a column of intra blocks through the picture in `keyint` pictures: no picture is larger than the others.
  const refresh = refreshFrames === undefined ? 'keyint=infinite' : `keyint=${refreshFrames}:intra-refresh=1`;
  return {
    preset,
    tune: 'zerolatency',
    profile: h264Profile,
    'forced-idr': '1',
    'x264-params': `scenecut=0:${refresh}:repeat-headers=1:annexb=1:${params[h264Profile]}`,
  };
}

/** A key frame may take so many percent of one picture's share of the bits. */
function maxIntraRate({ bufferSeconds, fps }: EncoderSettings): string {
  return String(Math.max(100, Math.round(bufferSeconds * fps * 100)));
}

/** libvpx; `error-resilient` for VP8 as it is by default: the receivers ask for what they lost. */
function vpxOptions(settings: EncoderSettings): Record<string, string> {
  const frames = String(settings.refreshFrames ?? NO_REFRESH_FRAMES);
  return {
    deadline: 'realtime',
    'lag-in-frames': '0',
    'static-thresh': '1',
    'max-intra-rate': maxIntraRate(settings),
    g: frames,
    keyint_min: settings.refreshFrames === undefined ? frames : '0',
  };
}

function svtOptions({ profile, refreshFrames }: EncoderSettings): Record<string, string> {
  const { preset, params } = SVT_PROFILES[profile];
  return {
    preset,
    // Low delay, constant bitrate, one thread.
    'svtav1-params': `pred-struct=1:rc=2:lookahead=0:lp=1${params}`,
    g: String(refreshFrames ?? NO_REFRESH_FRAMES),
  };
}

function nvencOptions({ profile, refreshFrames }: EncoderSettings): Record<string, string> {
  return {
    preset: NVENC_PRESET[profile],
    tune: 'ull',
    rc: 'cbr',
    zerolatency: '1',
    delay: '0',
    'forced-idr': '1',
    g: String(refreshFrames ?? NO_REFRESH_FRAMES),
  };
}

function vaapiOptions({ refreshFrames }: EncoderSettings): Record<string, string> {
  return { rc_mode: 'CBR', async_depth: '1', g: String(refreshFrames ?? NO_REFRESH_FRAMES) };
}

/** In the order in which they are tried. */
export const ENCODER_IMPLEMENTATIONS: readonly EncoderImplementation[] = [
  {
    codec: 'H264',
    name: FF_ENCODER_H264_NVENC,
    kind: 'nvenc',
    followsRate: true,
    keepsTime: false,
    takesMaxRate: true,
    options: (settings) => ({ ...nvencOptions(settings), profile: settings.h264Profile }),
  },
  {
    codec: 'H264',
    name: FF_ENCODER_H264_VAAPI,
    kind: 'vaapi',
    followsRate: false,
    keepsTime: false,
    takesMaxRate: true,
    options: (settings) => ({
      ...vaapiOptions(settings),
      profile: settings.h264Profile === 'baseline' ? 'constrained_baseline' : settings.h264Profile,
    }),
  },
  {
    codec: 'H264',
    name: FF_ENCODER_LIBX264,
    kind: 'software',
    followsRate: true,
    keepsTime: false,
    takesMaxRate: true,
    options: x264Options,
  },
  {
    codec: 'VP8',
    name: FF_ENCODER_VP8_VAAPI,
    kind: 'vaapi',
    followsRate: false,
    keepsTime: false,
    takesMaxRate: true,
    options: vaapiOptions,
  },
  {
    codec: 'VP8',
    name: FF_ENCODER_LIBVPX_VP8,
    kind: 'software',
    followsRate: false,
    keepsTime: true,
    takesMaxRate: true,
    options: (settings) => ({
      ...vpxOptions(settings),
      'cpu-used': VP8_SPEED[settings.profile],
      'error-resilient': 'default',
    }),
  },
  {
    codec: 'VP9',
    name: FF_ENCODER_VP9_VAAPI,
    kind: 'vaapi',
    followsRate: false,
    keepsTime: false,
    takesMaxRate: true,
    options: vaapiOptions,
  },
  {
    codec: 'VP9',
    name: FF_ENCODER_LIBVPX_VP9,
    kind: 'software',
    followsRate: false,
    keepsTime: true,
    takesMaxRate: true,
    options: (settings) => ({ ...vpxOptions(settings), 'cpu-used': VP9_SPEED[settings.profile], 'aq-mode': 'cyclic' }),
  },
  {
    codec: 'AV1',
    name: FF_ENCODER_AV1_NVENC,
    kind: 'nvenc',
    followsRate: true,
    keepsTime: false,
    takesMaxRate: true,
    options: nvencOptions,
  },
  {
    codec: 'AV1',
    name: FF_ENCODER_AV1_VAAPI,
    kind: 'vaapi',
    followsRate: false,
    keepsTime: false,
    takesMaxRate: true,
    options: vaapiOptions,
  },
  {
    codec: 'AV1',
    name: FF_ENCODER_LIBSVTAV1,
    kind: 'software',
    followsRate: false,
    keepsTime: false,
    takesMaxRate: false,
    options: svtOptions,
  },
];

/** The one that needs no hardware, and is there whatever else fails. */
export function softwareEncoder(codec: VideoCodec): EncoderImplementation {
  const found = ENCODER_IMPLEMENTATIONS.find((candidate) => candidate.codec === codec && candidate.kind === 'software');
  if (found === undefined) throw new Error(`no encoder for ${codec}`);
  return found;
}

/**
 * The best H.264 profile within the format parameters that were negotiated (`profile-level-id`, RFC 6184 section 8.1). The level is left to the
 * encoder, which takes the lowest that the size and the pace fit in.
 */
export function h264ProfileOf(formatParameters: string): H264Profile {
  const profile = /profile-level-id\s*=\s*([0-9a-f]{2})[0-9a-f]{4}/i.exec(formatParameters)?.[1]?.toLowerCase();
  if (profile === '64') return 'high';
  return profile === '4d' ? 'main' : 'baseline';
}
