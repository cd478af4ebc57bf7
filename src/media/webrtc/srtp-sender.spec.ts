import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SrtpSession } from 'werift';
import { deriveSessionKeys, SrtpSender, type SessionKeys } from './srtp-sender.js';

const COUNTER_MODE = 0x0001;
const GCM = 0x0007;
const hex = (text: string): Buffer => Buffer.from(text.replaceAll(/\s/gu, ''), 'hex');

/** Without authentication key, where a vector has none. */
function sessionKeys(key: string, salt: string): SessionKeys {
  return { key: hex(key), salt: hex(salt), authenticationKey: Buffer.alloc(20) };
}

function rtp(sequenceNumber: number, payload: Buffer, ssrc = 0x1234_5678): Buffer {
  const header = Buffer.alloc(12);
  header[0] = 0x80;
  header[1] = 96;
  header.writeUInt16BE(sequenceNumber, 2);
  header.writeUInt32BE(ssrc, 8);
  return Buffer.concat([header, payload]);
}

/** A sender, and werift's receiver of what it sends. */
function pair(profile: number) {
  const masterKey = Buffer.from(Array.from({ length: 16 }, (_, index) => index * 7));
  const masterSalt = Buffer.from(Array.from({ length: profile === GCM ? 12 : 14 }, (_, index) => 255 - index));
  const sender = new SrtpSender(profile, deriveSessionKeys(masterKey, masterSalt));
  const keys = {
    localMasterKey: Buffer.alloc(16),
    localMasterSalt: Buffer.alloc(masterSalt.length),
    remoteMasterKey: masterKey,
    remoteMasterSalt: masterSalt,
  };
  const receiver = new SrtpSession({ profile, keys });
  const protect = (packet: Buffer): Buffer | undefined => {
    const datagram = Buffer.concat([packet, Buffer.alloc(sender.tagBytes)]);
    return sender.protect(datagram, 12) ? datagram : undefined;
  };
  return { sender, receiver, protect };
}

describe('deriveSessionKeys', () => {
  it('derives the keys of RFC 3711 appendix B.3', () => {
    const keys = deriveSessionKeys(hex('E1F97A0D3E018BE0D64FA32C06DE4139'), hex('0EC675AD498AFEEBB6960B3AABE6'));
    expect(keys.key).toEqual(hex('C61E7A93744F39EE10734AFE3FF7A087'));
    expect(keys.salt).toEqual(hex('30CBBC08863D8C85D49DB34A9AE1'));
    expect(keys.authenticationKey).toEqual(hex('CEBE321F6FF7716B6FD4AB49AF256A156D38BAA4'));
  });
});

describe('SrtpSender', () => {
  it('protects the packet of RFC 7714 section 16.1.1 as it says', () => {
    const sender = new SrtpSender(GCM, sessionKeys('000102030405060708090a0b0c0d0e0f', '517569642070726f2071756f'));
    const packet = hex(
      '8040f17b 8041f8d3 5501a0b2 47616c6c 69612065 7374206f 6d6e6973 20646976 69736120 696e2070 61727465 73207472 6573',
    );
    const datagram = Buffer.concat([packet, Buffer.alloc(sender.tagBytes)]);
    expect(sender.protect(datagram, 12)).toBe(true);
    expect(datagram).toEqual(
      hex(`8040f17b 8041f8d3 5501a0b2 f24de3a3 fb34de6c acba861c 9d7e4bca be633bd5 0d294e6f 42a5f47a 51c7d19b 36de3adf
           8833899d 7f27beb1 6a9152cf 765ee439 0cce`),
    );
  });

  it('encrypts with the key stream of RFC 3711 appendix B.2', () => {
    const sender = new SrtpSender(COUNTER_MODE, sessionKeys('2B7E151628AED2A6ABF7158809CF4F3C', 'F0F1F2F3F4F5F6F7F8F9FAFBFCFD'));
    const datagram = Buffer.concat([rtp(0, Buffer.alloc(32), 0), Buffer.alloc(sender.tagBytes)]);
    sender.protect(datagram, 12);
    expect(datagram.subarray(12, 44)).toEqual(hex('E03EAD0935C95E80E166B16DD92B4EB4 D23513162B02D0F72A43A2FE4A5F97AB'));
  });

  it.each([
    ['AES-GCM', GCM],
    ['counter mode with HMAC', COUNTER_MODE],
  ])('is understood by werift over turns of the sequence numbers, losses and several streams: %s', (_name, profile) => {
    const { receiver, protect } = pair(profile);
    // Two turns; werift's receiver notices one within a hundred packets of it.
    for (let index = 0; index < 70_000; index += 50) {
      for (const ssrc of [1, 0xffff_fffe]) {
        const packet = rtp((65_000 + index) & 0xffff, Buffer.from(`packet ${index}`), ssrc);
        expect(receiver.decrypt(protect(packet) ?? Buffer.alloc(0))).toEqual(packet);
      }
    }
  });

  it.each([GCM, COUNTER_MODE])('round-trips any payload: profile %i', (profile) => {
    const { receiver, protect } = pair(profile);
    let sequenceNumber = 0;
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 1200 }), (bytes) => {
        const packet = rtp((sequenceNumber += 1), Buffer.from(bytes));
        expect(receiver.decrypt(protect(packet) ?? Buffer.alloc(0))).toEqual(packet);
      }),
      { numRuns: 50 },
    );
  });

  it('uses no index twice: it refuses a sequence number that is not ahead of the last', () => {
    const { protect } = pair(GCM);
    const before = rtp(100, Buffer.from('secret'));
    expect(protect(before)).toBeDefined();
    for (const sequenceNumber of [100, 99, 100 - 0x8000 + 0x1_0000])
      expect(protect(rtp(sequenceNumber, Buffer.from('x')))).toBeUndefined();
    expect(protect(rtp(101, Buffer.from('x')))).toBeDefined();
    expect(protect(rtp(100, Buffer.from('x'), 7))).toBeDefined();
  });

  it('refuses a profile it does not know', () => {
    expect(() => new SrtpSender(0x0008, sessionKeys('00', '00'))).toThrow('not supported');
  });
});
