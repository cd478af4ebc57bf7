/**
 * Options of a property whose values are known, and to which a newer server may add: not an `enum`, since a client that was generated
 * from a closed list fails on the value that is not in it. Spread it into the options of `ApiProperty`, and give the property the type
 * `string`: of a union of literals the Swagger plugin makes an `enum` all the same.
 */
export function openEnum(values: readonly string[]): { type: StringConstructor; 'x-extensible-enum': readonly string[] } {
  return { type: String, 'x-extensible-enum': values };
}
