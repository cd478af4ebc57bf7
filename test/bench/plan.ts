/** What the command line asks for. Pure. */
import { parseArgs } from 'node:util';
import { PROFILE_NAMES, profileOf, type NetworkProfile } from './network/profiles.ts';

/** What can be measured beside networks and comparisons. */
export const ROWS = ['sessions', 'cpu', 'overhead', 'keys', 'bursts', 'sync', 'scale', 'colour'] as const;
export type Row = (typeof ROWS)[number];

/** Where the senders are compared unless it is said. */
const COMPARED_NETWORKS = ['clean', 'bottleneck-1500k', 'loss-5'];
/** Without a wish: the table of sessions, as the README shows it, and the CPU. */
const USUAL_ROWS: readonly Row[] = ['sessions', 'cpu'];
/** The acceptance has a figure for each of these. */
const ACCEPTANCE_ROWS = ROWS.filter((row) => row !== 'sessions');

export interface Plan {
  readonly rows: readonly Row[];
  readonly networks: readonly NetworkProfile[];
  readonly compared: readonly NetworkProfile[];
  readonly runs: number;
  /** Of a run; left out: each measurement's own. */
  readonly seconds: number | undefined;
  readonly minutes: number;
  readonly sessions: readonly number[];
  readonly presses: number;
  readonly openings: number;
  readonly json: boolean;
  readonly report: boolean;
}

export const USAGE = `npm run bench -- [what] [how]

what (any of them; without one: the table of sessions and the CPU)
  --acceptance              every row of the acceptance table: all rows below but "sessions", all networks
  --rows NAME,…             ${ROWS.join(', ')}
  --network all|NAME,…      ${PROFILE_NAMES.join(', ')}
  --compare [NAME,…]        aiortc and GStreamer beside this server, on these networks (default ${COMPARED_NETWORKS.join(',')})

how
  --runs N                  runs of each measurement; figures are medians (default 3)
  --seconds N               of a run, 1 to 180 (default: each measurement's own)
  --av-minutes N            how long the sound is compared with the picture (default 10)
  --sessions N,…            of the table of sessions (default 1,2,4,8)
  --presses N               keys a run (default 50)
  --openings N              of the table of sessions (default 10)
  --json                    print the result as JSON
  --report                  write it into docs/benchmarks/results.json, and docs/benchmarks.md anew from that;
                            with nothing else to do: only write the document anew`;

/** @throws Error that says what is wrong with the arguments */
export function readPlan(args: readonly string[]): Plan {
  const { values } = parseArgs({
    args: withCompareValue(args),
    allowPositionals: false,
    options: {
      acceptance: { type: 'boolean', default: false },
      rows: { type: 'string' },
      network: { type: 'string' },
      compare: { type: 'string' },
      runs: { type: 'string', default: '3' },
      seconds: { type: 'string' },
      'av-minutes': { type: 'string', default: '10' },
      sessions: { type: 'string', default: '1,2,4,8' },
      presses: { type: 'string', default: '50' },
      openings: { type: 'string', default: '10' },
      json: { type: 'boolean', default: false },
      report: { type: 'boolean', default: false },
    },
  });
  const { acceptance, report } = values;
  const chosen = acceptance || values.rows !== undefined || values.network !== undefined || values.compare !== undefined;
  const usualRows = chosen || report ? [] : USUAL_ROWS;
  return {
    rows: acceptance ? ACCEPTANCE_ROWS : (values.rows?.split(',').map(readRow) ?? usualRows),
    networks: namesOf(acceptance ? 'all' : values.network).map(profileOf),
    compared: namesOf(values.compare).map(profileOf),
    runs: whole('runs', values.runs, 20),
    seconds: values.seconds === undefined ? undefined : whole('seconds', values.seconds, 180),
    minutes: whole('av-minutes', values['av-minutes'], 180),
    sessions: values.sessions.split(',').map((text) => whole('sessions', text, 32)),
    presses: whole('presses', values.presses, 1000),
    openings: whole('openings', values.openings, 1000),
    json: values.json,
    report,
  };
}

/** `--compare` may stand alone. */
function withCompareValue(args: readonly string[]): string[] {
  return args.flatMap((arg, index) => {
    const next = args[index + 1];
    const stands = arg === '--compare' && (next === undefined || next.startsWith('--'));
    return stands ? [arg, COMPARED_NETWORKS.join(',')] : [arg];
  });
}

function readRow(name: string): Row {
  const row = ROWS.find((candidate) => candidate === name);
  if (row === undefined) throw new Error(`--rows: there is no "${name}"; there are: ${ROWS.join(', ')}`);
  return row;
}

function namesOf(text: string | undefined): readonly string[] {
  if (text === undefined) return [];
  return text === 'all' ? PROFILE_NAMES : text.split(',');
}

function whole(name: string, text: string, most: number): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > most)
    throw new Error(`--${name}: a whole number from 1 to ${most}, not "${text}"`);
  return value;
}
