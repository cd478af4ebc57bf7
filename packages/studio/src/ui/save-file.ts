/** Hands a file to the person: the browser asks where, or puts it with the downloads. */
export function saveFile(name: string, content: Blob): void {
  const url = URL.createObjectURL(content);
  const anchor = document.createElement('a');
  anchor.href = url;
  anchor.download = name;
  anchor.click();
  // The download has begun by then, and holds what it needs.
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

/** `telefuser-<what>-2026-11-23T04-30-00.<extension>` */
export function fileName(what: string, extension: string, at: Date): string {
  return `telefuser-${what}-${at.toISOString().slice(0, 19).replaceAll(':', '-')}.${extension}`;
}
