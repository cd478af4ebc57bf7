/** Where a viewer tells what it does; the command line has a terminal behind it. */
export interface ViewerOutput {
  /** A line that stays. */
  line(text: string): void;
  /** What goes on just now. On a terminal it is shown in place of the last one, elsewhere not at all. Empty: nothing more goes on. */
  progress(text: string): void;
}
