import { createCipheriv, createHmac, createSecretKey, type KeyObject } from 'node:crypto';

/** SRTP protection profiles (RFC 5764 section 4.1.2, RFC 7714 section 14.2), as werift numbers them. */
const AES_128_CM_HMAC_SHA1_80 = 0x0001;
const AEAD_AES_128_GCM = 0x0007;

/** Labels of the key derivation (RFC 3711 section 4.3.2). */
const LABEL_KEY = 0;
const LABEL_AUTHENTICATION = 1;
const LABEL_SALT = 2;

/** What a packet is protected with, derived from the master key (RFC 3711 section 4.3). */
export interface SessionKeys {
  readonly key: Buffer;
  readonly salt: Buffer;
  /** For HMAC; AES-GCM has none. */
  readonly authenticationKey: Buffer;
}

/** The longest tag of both profiles, for sizes that are needed before the profile is known. */
export const MAX_TAG_BYTES = 16;

interface Profile {
  readonly tagBytes: number;
  /** Encrypts `datagram` from `payloadAt` to `payloadEnd` in place and writes the tag behind it. */
  protect(datagram: Buffer, payloadAt: number, payloadEnd: number, rollover: number): void;
}

interface StreamState {
  rollover: number;
  lastSequenceNumber: number;
}

/**
 * Protects outgoing RTP (RFC 3711, RFC 7714), each packet in the buffer it was written to. It owns the sending state of every SSRC it is given:
 * an index (rollover counter and sequence number) is never used twice, which both ciphers depend on, so one SSRC must have one sender.
 */
export class SrtpSender {
  private readonly profile: Profile;
  private readonly streams = new Map<number, StreamState>();

  /** @throws Error on a profile that is none of the two. */
  constructor(profile: number, keys: SessionKeys) {
    if (profile === AEAD_AES_128_GCM) this.profile = new GcmProfile(keys);
    else if (profile === AES_128_CM_HMAC_SHA1_80) this.profile = new CounterModeProfile(keys);
    else throw new Error(`SRTP profile ${profile} is not supported`);
  }

  /** Bytes that a packet grows by. */
  get tagBytes(): number {
    return this.profile.tagBytes;
  }

  /**
   * Protects an RTP packet in place: `datagram` is header, payload and room for the tag. False, and nothing done, where its sequence number is
   * not ahead of the SSRC's last.
   * @param headerBytes RTP header with its extensions.
   */
  protect(datagram: Buffer, headerBytes: number): boolean {
    const sequenceNumber = datagram.readUInt16BE(2);
    const ssrc = datagram.readUInt32BE(8);
    let state = this.streams.get(ssrc);
    if (state === undefined) {
      this.streams.set(ssrc, (state = { rollover: 0, lastSequenceNumber: sequenceNumber }));
    } else {
      const ahead = (sequenceNumber - state.lastSequenceNumber) & 0xffff;
      if (ahead === 0 || ahead >= 0x8000) return false;
      if (sequenceNumber < state.lastSequenceNumber) state.rollover = (state.rollover + 1) >>> 0;
      state.lastSequenceNumber = sequenceNumber;
    }
    this.profile.protect(datagram, headerBytes, datagram.length - this.profile.tagBytes, state.rollover);
    return true;
  }
}

/** AEAD_AES_128_GCM: the header is authenticated, the payload encrypted, one pass (RFC 7714 section 8). */
class GcmProfile implements Profile {
  readonly tagBytes = 16;
  private readonly key: KeyObject;
  private readonly salt: Buffer;
  private readonly initialisation = Buffer.alloc(12);

  constructor({ key, salt }: SessionKeys) {
    this.key = createSecretKey(key);
    this.salt = salt.subarray(0, 12);
  }

  protect(datagram: Buffer, payloadAt: number, payloadEnd: number, rollover: number): void {
    const iv = this.initialisation;
    // RFC 7714 section 8.1: 16 zero bits, SSRC, rollover counter, sequence number; all XOR the salt.
    this.salt.copy(iv);
    iv.writeUInt32BE((iv.readUInt32BE(2) ^ datagram.readUInt32BE(8)) >>> 0, 2);
    iv.writeUInt32BE((iv.readUInt32BE(6) ^ rollover) >>> 0, 6);
    iv.writeUInt16BE(iv.readUInt16BE(10) ^ datagram.readUInt16BE(2), 10);
    const cipher = createCipheriv('aes-128-gcm', this.key, iv);
    cipher.setAAD(datagram.subarray(0, payloadAt));
    datagram.set(cipher.update(datagram.subarray(payloadAt, payloadEnd)), payloadAt);
    cipher.final();
    datagram.set(cipher.getAuthTag(), payloadEnd);
  }
}

/** AES_128_CM_HMAC_SHA1_80: counter mode, then a truncated HMAC over packet and rollover counter (RFC 3711 sections 4.1.1 and 4.2). */
class CounterModeProfile implements Profile {
  readonly tagBytes = 10;
  private readonly key: KeyObject;
  private readonly authenticationKey: KeyObject;
  private readonly salt: Buffer;
  private readonly counter = Buffer.alloc(16);
  private readonly rollover = Buffer.alloc(4);

  constructor({ key, salt, authenticationKey }: SessionKeys) {
    this.key = createSecretKey(key);
    this.authenticationKey = createSecretKey(authenticationKey);
    this.salt = salt.subarray(0, 14);
  }

  protect(datagram: Buffer, payloadAt: number, payloadEnd: number, rollover: number): void {
    const { counter } = this;
    counter.fill(0);
    this.salt.copy(counter);
    counter.writeUInt32BE((counter.readUInt32BE(4) ^ datagram.readUInt32BE(8)) >>> 0, 4);
    counter.writeUInt32BE((counter.readUInt32BE(8) ^ rollover) >>> 0, 8);
    counter.writeUInt16BE(counter.readUInt16BE(12) ^ datagram.readUInt16BE(2), 12);
    const cipher = createCipheriv('aes-128-ctr', this.key, counter);
    datagram.set(cipher.update(datagram.subarray(payloadAt, payloadEnd)), payloadAt);
    this.rollover.writeUInt32BE(rollover);
    const tag = createHmac('sha1', this.authenticationKey)
      .update(datagram.subarray(0, payloadEnd))
      .update(this.rollover)
      .digest();
    datagram.set(tag.subarray(0, this.tagBytes), payloadEnd);
  }
}

/**
 * The session keys of RTP: AES in counter mode over the master salt, with a label in its eighth byte (RFC 3711 section 4.3.1, with a key
 * derivation rate of 0). A salt of 96 bits is filled up with zeros (RFC 7714 section 11).
 */
export function deriveSessionKeys(masterKey: Buffer, masterSalt: Buffer): SessionKeys {
  const derive = (label: number, bytes: number): Buffer => {
    const counter = Buffer.alloc(16);
    masterSalt.copy(counter);
    counter.writeUInt8(counter.readUInt8(7) ^ label, 7);
    return createCipheriv('aes-128-ctr', masterKey, counter).update(Buffer.alloc(bytes));
  };
  return { key: derive(LABEL_KEY, 16), authenticationKey: derive(LABEL_AUTHENTICATION, 20), salt: derive(LABEL_SALT, 14) };
}
