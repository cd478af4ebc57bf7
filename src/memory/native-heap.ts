/** `int malloc_trim(size_t pad)`: malloc_trim(3). */
type MallocTrim = (pad: bigint) => number;

let found: MallocTrim | null | undefined;

/**
 * Gives the free pages of the C library's heap back to the operating system; free(3) by itself gives back only what lies at a heap's end. False
 * where the C library has no such call (it is glibc's own), or this Node no `node:ffi`. Takes tens of milliseconds after a busy time.
 */
export function trimNativeHeap(): boolean {
  found ??= findMallocTrim();
  found?.(0n);
  return found !== null;
}

function findMallocTrim(): MallocTrim | null {
  // oxlint-disable-next-line typescript/unbound-method -- put back as it was, and not called meanwhile
  const { emitWarning } = process;
  // That the module is experimental concerns us, and not whoever reads the log: without it there is only more memory in use.
  process.emitWarning = () => undefined;
  try {
    const library = process.getBuiltinModule('node:ffi').dlopen(null, { malloc_trim: { arguments: ['u64'], return: 'i32' } });
    return library.functions.malloc_trim;
  } catch {
    return null;
  } finally {
    process.emitWarning = emitWarning;
  }
}
