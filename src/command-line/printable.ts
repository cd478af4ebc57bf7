/**
 * Text as it may go to a terminal: control characters, which could move the cursor, set the title or write to the clipboard (ECMA-48, OSC 52), are spaces.
 * What a server, a pipeline or an address says comes by here. Pure.
 */
export function printable(text: string): string {
  return text.replaceAll(/\p{Cc}/gu, ' ');
}

/** A JSON document that a terminal may show: the control characters that JSON leaves as they are, DEL and C1, are escaped. Pure. */
export function printableJson(document: string): string {
  return document.replaceAll(/[\u007F-\u009F]/gu, (character) => `\\u00${character.charCodeAt(0).toString(16)}`);
}
