/** A picture that is not taken. The message completes the name of its field, without a full stop. */
export class ImageError extends Error {
  override readonly name = 'ImageError';
}
