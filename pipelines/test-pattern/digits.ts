/** Digits, colon and point as 5 × 7 dots: a number a row, its highest of five bits on the left. */
const GLYPHS: Readonly<Record<string, readonly number[]>> = {
  '0': [0b01110, 0b10001, 0b10011, 0b10101, 0b11001, 0b10001, 0b01110],
  '1': [0b00100, 0b01100, 0b00100, 0b00100, 0b00100, 0b00100, 0b01110],
  '2': [0b01110, 0b10001, 0b00001, 0b00110, 0b01000, 0b10000, 0b11111],
  '3': [0b11111, 0b00010, 0b00100, 0b00010, 0b00001, 0b10001, 0b01110],
  '4': [0b00010, 0b00110, 0b01010, 0b10010, 0b11111, 0b00010, 0b00010],
  '5': [0b11111, 0b10000, 0b11110, 0b00001, 0b00001, 0b10001, 0b01110],
  '6': [0b00110, 0b01000, 0b10000, 0b11110, 0b10001, 0b10001, 0b01110],
  '7': [0b11111, 0b00001, 0b00010, 0b00100, 0b01000, 0b01000, 0b01000],
  '8': [0b01110, 0b10001, 0b10001, 0b01110, 0b10001, 0b10001, 0b01110],
  '9': [0b01110, 0b10001, 0b10001, 0b01111, 0b00001, 0b00010, 0b01100],
  ':': [0b00000, 0b00100, 0b00100, 0b00000, 0b00100, 0b00100, 0b00000],
  '.': [0b00000, 0b00000, 0b00000, 0b00000, 0b00000, 0b00100, 0b00100],
};
const COLUMNS = 5;

/** Dots from the beginning of one character to that of the next. */
const ADVANCE = 6;

/** Calls `dot` for each dot of a text, counted from its top left corner. Characters without a glyph are blanks. */
export function forEachDot(text: string, dot: (column: number, row: number) => void): void {
  [...text].forEach((character, place) => {
    GLYPHS[character]?.forEach((bits, row) => {
      for (let column = 0; column < COLUMNS; column += 1) {
        if ((bits & (1 << (COLUMNS - 1 - column))) !== 0) dot(place * ADVANCE + column, row);
      }
    });
  });
}
