/** A picture for the pipeline to begin with. The server checks it and turns it upright. */
export interface InitialImage {
  readonly name: string;
  readonly bytes: number;
  readonly dataUrl: string;
}

/** What the server takes, by content. */
export const IMAGE_TYPES = ['image/jpeg', 'image/png', 'image/webp'] as const;

/**
 * Reads a file that was chosen or dropped.
 * @throws Error that says what is wrong with it, for a person
 */
export async function readInitialImage(file: File, maxBytes: number): Promise<InitialImage> {
  if (!IMAGE_TYPES.some((type) => type === file.type)) throw new Error(`${file.name} is no JPEG, PNG or WebP picture.`);
  if (file.size > maxBytes) {
    throw new Error(`${file.name} has ${formatBytes(file.size)}; the server takes ${formatBytes(maxBytes)} at most.`);
  }
  return { name: file.name, bytes: file.size, dataUrl: await readDataUrl(file) };
}

export function formatBytes(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  return bytes < 1024 ** 2 ? `${(bytes / 1024).toFixed(0)} KiB` : `${(bytes / 1024 ** 2).toFixed(1)} MiB`;
}

function readDataUrl(file: File): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.addEventListener('load', () => resolve(reader.result as string));
    reader.addEventListener('error', () => reject(new Error(`${file.name} could not be read.`)));
    reader.readAsDataURL(file);
  });
}
