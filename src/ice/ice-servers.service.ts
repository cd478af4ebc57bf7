import { Injectable } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { Configuration, type IceTransportPolicy } from '../config/index.js';
import { mintTurnCredentials } from './turn-credentials.js';

/** A STUN or TURN server as `RTCPeerConnection` takes it (`RTCIceServer`, W3C WebRTC section 4.2.2). */
export interface IceServer {
  readonly urls: readonly string[];
  readonly username?: string;
  readonly credential?: string;
}

/** What a peer is to be configured with, and how long its credentials are good for. */
export interface IceServers {
  readonly servers: readonly IceServer[];
  readonly transportPolicy: IceTransportPolicy;
  /** From now on; undefined where nothing in it expires. */
  readonly ttlSeconds: number | undefined;
  /** Milliseconds since 1970. */
  readonly expiresAtMs: number | undefined;
}

/** Hands out the STUN and TURN servers of the configuration, with credentials minted for whoever asks where a secret is configured. */
@Injectable()
export class IceServersService {
  constructor(private readonly configuration: Configuration) {}

  /** @param id whom TURN credentials are minted for; it shows in the TURN server's log. */
  mint(id: string = randomUUID(), nowMs: number = Date.now()): IceServers {
    const { stunServers, transportPolicy, turnSecret, turnTtlSeconds } = this.configuration.ice;
    const { fixed, minted } = this.turn();
    const servers: IceServer[] = stunServers.length === 0 ? [] : [{ urls: stunServers }];
    if (fixed !== undefined) servers.push(fixed);
    if (turnSecret === undefined || minted.length === 0) {
      return { servers, transportPolicy, ttlSeconds: undefined, expiresAtMs: undefined };
    }
    const expiresAtSeconds = Math.floor(nowMs / 1000) + turnTtlSeconds;
    servers.push({ urls: minted, ...mintTurnCredentials(turnSecret, id, expiresAtSeconds) });
    return { servers, transportPolicy, ttlSeconds: turnTtlSeconds, expiresAtMs: expiresAtSeconds * 1000 };
  }

  /**
   * `TELEFUSER_TURN_SERVER` has the username and the credential that are set beside it; the further ones have them too, unless there is a
   * secret. Whatever has none is minted for.
   */
  private turn(): { readonly fixed: IceServer | undefined; readonly minted: readonly string[] } {
    const { turnServer, turnServers, turnUsername: username, turnCredential: credential, turnSecret } = this.configuration.ice;
    const first = turnServer === undefined ? [] : [turnServer];
    if (username === undefined || credential === undefined) return { fixed: undefined, minted: [...first, ...turnServers] };
    const urls = turnSecret === undefined ? [...first, ...turnServers] : first;
    return {
      fixed: urls.length === 0 ? undefined : { urls, username, credential },
      minted: turnSecret === undefined ? [] : turnServers,
    };
  }
}
