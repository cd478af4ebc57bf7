/** Pattern of a session id. */
export const SESSION_ID = /^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,126}[A-Za-z0-9])?$/;

/** What a session id must be, as an error message says it. */
export const SESSION_ID_RULE =
  'A session_id has 1 to 128 letters, digits, ".", "_" or "-", and begins and ends with a letter or digit.';

/** Whether an id can stand as one segment of a URL path, and can so be closed and asked about. */
export function isValidSessionId(id: string): boolean {
  return SESSION_ID.test(id);
}
