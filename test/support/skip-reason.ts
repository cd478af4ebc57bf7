/**
 * For the title of tests that are skipped where a machine lacks what they need (`describe.skipIf(missing !== undefined)`): says what is missing.
 * `npm test` lists them by their titles, and with `REQUIRE_ALL_TESTS=1` counts each as a failure.
 *
 * @param missing what this machine lacks; undefined when it lacks nothing.
 */
export function skipReason(missing: string | undefined): string {
  return missing === undefined ? '' : ` (${missing})`;
}
