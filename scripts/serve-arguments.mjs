const DEFAULT_PIPELINE = 'pipelines/video-replay';
const LEVEL = 'standard';

/**
 * What `npm start` hands to `stream-serve`. `npm start -- -p 9000` means the default pipeline on another port; a first word that is no option
 * names a pipeline. Whoever starts a clone serves what lies in it, and some of that needs native code (video-replay, the Python examples):
 * so the level is `standard`, unless the arguments or the environment name one.
 *
 * @param {readonly string[]} given
 * @param {Readonly<Record<string, string | undefined>>} environment
 * @returns {{ args: string[], note?: string }} the note is for the terminal
 */
export function serveArguments(given, environment) {
  if (given.includes('--help') || given.includes('-h')) return { args: [...given] };
  const namesPipeline = given.length > 0 && !given[0].startsWith('-');
  const args = namesPipeline ? [...given] : [DEFAULT_PIPELINE, ...given];
  const namesLevel = given.some((word) => word === '--security-level' || word.startsWith('--security-level='));
  if (namesLevel || environment.TELEFUSER_SECURITY_LEVEL) return { args };
  return {
    args: [...args, '--security-level', LEVEL],
    note: `npm start serves at --security-level ${LEVEL}, which every example runs at; give another to change it.`,
  };
}
