/** How V8 keeps the heap of the server's process. Said before the server is loaded; the tests of what the server holds say the same. */
export const HEAP_FLAGS = [
  // Pictures are memory outside the JavaScript heap. V8's separate limit for such memory is so low that raw pictures of one session cause four
  // full collections a second; counted with the heap, it is one in two seconds, and the process is no larger.
  '--external-memory-accounted-in-global-limit',
  // By how much the heap may outgrow what it keeps until the next full collection. Raw pictures are the reason for much: with 70 four sessions of them
  // are collected so often that a control takes 6 ms to the pipeline (95th percentile), with this 3 ms. The price is memory while there are sessions:
  // what ended ones leave behind waits until then, some 40 MiB at most. `IdleMemory` gives it back when there are none.
  '--heap-growing-percent=200',
] as const;
