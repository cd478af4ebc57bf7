/** A picture that cannot be shown: not a known format, damaged, or of a size outside the limits. The decoder goes on with the next one. */
export class UndecodablePictureError extends Error {
  override readonly name = 'UndecodablePictureError';
}
