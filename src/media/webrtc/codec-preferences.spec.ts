import { describe, expect, it } from 'vitest';
import { audioCodecs, videoCodecs } from './codec-preferences.js';

describe('videoCodecs', () => {
  it('keeps the order, and puts behind each codec the retransmissions that belong to it', () => {
    const codecs = videoCodecs(['AV1', 'VP9', 'H264', 'VP8']);
    expect(codecs.map(({ mimeType }) => mimeType)).toEqual(
      ['AV1', 'VP9', 'H264', 'VP8'].flatMap((name) => [`video/${name}`, 'video/rtx']),
    );
    const retransmissions = codecs.filter(({ mimeType }) => mimeType === 'video/rtx');
    const originals = codecs.filter(({ mimeType }) => mimeType !== 'video/rtx');
    expect(retransmissions.map(({ parameters }) => parameters)).toEqual(originals.map(({ payloadType }) => `apt=${payloadType}`));
    expect(new Set(codecs.map(({ payloadType }) => payloadType)).size).toBe(codecs.length);
  });
});

describe('audioCodecs', () => {
  it('are Opus, and RED for it', () => {
    const [opus, red] = audioCodecs();
    expect(opus).toMatchObject({ mimeType: 'audio/opus', channels: 2 });
    expect(red).toMatchObject({ mimeType: 'audio/red', parameters: `${opus?.payloadType}/${opus?.payloadType}` });
  });
});
