import { createHmac } from 'node:crypto';

/** A TURN username and its password, good until a time that the username names. */
export interface TurnCredentials {
  readonly username: string;
  readonly credential: string;
}

/**
 * Mints TURN credentials that the TURN server can verify without being told of them: the username is the time of expiry (seconds since 1970)
 * and an id, the password the base64 of its HMAC-SHA1 under a shared secret (draft-uberti-behave-turn-rest-00 section 2.2; `use-auth-secret`
 * of coturn). Pure.
 * @param id whom they are for; it shows in the TURN server's log. No colon: servers differ in which side of it they take for the time.
 */
export function mintTurnCredentials(secret: string, id: string, expiresAtSeconds: number): TurnCredentials {
  const username = `${expiresAtSeconds}:${id}`;
  return { username, credential: createHmac('sha1', secret).update(username).digest('base64') };
}
