/** What a side of an ICE session signs its checks with (RFC 8839 section 5.4). */
export interface IceCredentials {
  readonly usernameFragment: string;
  readonly password: string;
}

/** A side of an ICE session, as it is told to the other. */
export interface IceDescription extends IceCredentials {
  /** Each without `a=`, as in SDP: `candidate:…` (RFC 8839 section 5.1). */
  readonly candidates: readonly string[];
}

/** The ICE session of a connection, as far as its client may change it after the answer. A restart begins another one. */
export interface IceNegotiation {
  /** Names the present ICE session among those of its connection: printable ASCII without quotes. */
  readonly tag: string;
  /** Our side of the present ICE session. */
  readonly local: IceDescription;
  /** The client's candidates in the present ICE session, those of the offer among them. */
  readonly remoteCandidates: number;
  /** Whether these are what the client has in the present ICE session. */
  isCurrent(remote: IceCredentials): boolean;
  /** Adds candidates of the client to the present ICE session (RFC 8838). Those to which nothing may be sent are left out. */
  trickle(candidates: readonly string[]): void;
  /**
   * Begins another ICE session (RFC 8445 section 9), with other credentials of ours and the same candidates. Media goes on by the path of the old
   * one until the new one has found its own. False, with nothing changed, while the connection has never been up.
   */
  restart(remote: IceDescription): boolean;
}
