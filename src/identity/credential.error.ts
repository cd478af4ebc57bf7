/** Why a credential was refused: one word for the audit log. */
export type CredentialFault =
  | 'missing'
  | 'malformed'
  | 'unknown'
  | 'expired'
  | 'not-yet-valid'
  | 'wrong-algorithm'
  | 'wrong-issuer'
  | 'wrong-audience'
  | 'unknown-signing-key'
  | 'wrong-signature'
  | 'bad-claim';

/** A credential was refused. `detail` is told to the client and never repeats the credential. */
export class CredentialError extends Error {
  constructor(
    readonly fault: CredentialFault,
    readonly detail: string,
    /** Of the key or the token, as far as it is known; not yet sanitised. */
    readonly credentialId?: string,
  ) {
    super(detail);
    this.name = 'CredentialError';
  }
}

/** For faults that would tell an attacker how near the guess was. */
export const NOT_VALID = 'The credential is not valid.';
