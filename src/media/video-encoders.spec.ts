import { Logger } from '@nestjs/common';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ENCODER_IMPLEMENTATIONS, softwareEncoder, type EncoderImplementation } from './codec/index.js';
import { VideoEncoders } from './video-encoders.js';

const SOFTWARE = { H264: 'libx264', VP8: 'libvpx', VP9: 'libvpx-vp9', AV1: 'libsvtav1' };
const CODECS = ['H264', 'VP8', 'VP9', 'AV1'] as const;
const MINUTE_MS = 60_000;

function implementation(name: string): EncoderImplementation {
  const found = ENCODER_IMPLEMENTATIONS.find((candidate) => candidate.name === name);
  if (found === undefined) throw new Error(`no encoder ${name}`);
  return found;
}

/** A machine on which these encoders work, and what was tried on it. */
function machine(...working: string[]) {
  const tried: string[] = [];
  const probe = async ({ name }: EncoderImplementation): Promise<boolean> => {
    tried.push(name);
    return working.includes(name);
  };
  return { tried, probe };
}

describe('VideoEncoders', () => {
  let warn: ReturnType<typeof vi.spyOn>;
  beforeEach(() => {
    warn = vi.spyOn(Logger.prototype, 'warn').mockReturnValue(undefined);
    vi.spyOn(Logger.prototype, 'log').mockReturnValue(undefined);
  });
  afterEach(() => vi.restoreAllMocks());

  it('are software until the hardware was tried, and where there is none', async () => {
    const { probe } = machine();
    const encoders = new VideoEncoders(CODECS, 'auto', probe);
    expect(encoders.names(0)).toEqual(SOFTWARE);
    await encoders.probed();
    expect(encoders.names(0)).toEqual(SOFTWARE);
  });

  it('are the first hardware that works, for the configured codecs only, each tried once', async () => {
    const { tried, probe } = machine('h264_vaapi', 'av1_nvenc', 'av1_vaapi');
    const encoders = new VideoEncoders(['H264', 'AV1'], 'auto', probe);
    encoders.onModuleInit();
    await Promise.all([encoders.probed(), encoders.probed()]);
    expect(encoders.names(0)).toEqual({ H264: 'h264_vaapi', AV1: 'av1_nvenc' });
    expect(tried).toEqual(['h264_nvenc', 'h264_vaapi', 'av1_nvenc']);
  });

  it('are software, and nothing is tried, where hardware is off', async () => {
    const { tried, probe } = machine('h264_nvenc');
    const encoders = new VideoEncoders(CODECS, 'off', probe);
    await encoders.probed();
    expect(encoders.names(0)).toEqual(SOFTWARE);
    expect(tried).toEqual([]);
  });

  it('are software for a minute after hardware failed, for longer each time, and the log says it once', async () => {
    const encoders = new VideoEncoders(['H264'], 'auto', machine('h264_nvenc').probe);
    await encoders.probed();
    const nvenc = implementation('h264_nvenc');
    expect(encoders.failed(nvenc, new Error('no session left'), 0)).toBe(true);
    // Another session of the same moment does not prolong it.
    expect(encoders.failed(nvenc, new Error('no session left'), 10)).toBe(true);
    expect(encoders.implementationFor('H264', MINUTE_MS - 1)).toBe(softwareEncoder('H264'));
    expect(encoders.implementationFor('H264', MINUTE_MS)).toBe(nvenc);
    encoders.failed(nvenc, 'gone', MINUTE_MS);
    expect(encoders.implementationFor('H264', 3 * MINUTE_MS - 1)).toBe(softwareEncoder('H264'));
    expect(encoders.implementationFor('H264', 3 * MINUTE_MS)).toBe(nvenc);
    expect(warn).toHaveBeenCalledTimes(1);
    expect(String(warn.mock.calls[0])).toContain('libx264');
  });

  it('leave pictures that hardware refuses for their size to software', async () => {
    const encoders = new VideoEncoders(['H264'], 'auto', machine('h264_nvenc').probe);
    await encoders.probed();
    expect(encoders.implementationFor('H264', 0, { width: 64, height: 48 }).name).toBe('libx264');
    expect(encoders.implementationFor('H264', 0, { width: 832, height: 480 }).name).toBe('h264_nvenc');
  });

  it('have nothing to fall back to when software fails', () => {
    const encoders = new VideoEncoders(['VP8'], 'auto', machine().probe);
    expect(encoders.failed(softwareEncoder('VP8'), new Error('a picture'), 0)).toBe(false);
    expect(warn).not.toHaveBeenCalled();
  });
});
