import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Heavy specs that assert nothing of pace or delay: what is answered, and what is left, is the same on a busy machine. */
const UNTIMED = [
  ...['auth', 'bad-input', 'bad-messages', 'cli', 'container-image', 'forbidden-networks', 'helm-chart', 'hostile-check'],
  ...['ice', 'lingbot-world-fast', 'logging', 'management', 'pod', 'probes', 'python-unit', 'sandbox', 'tls'],
  ...['tracing', 'tutorials', 'validate', 'whep'],
]
  .map((name) => `test/e2e/${name}.spec.ts`)
  .concat('test/interop/original-clients.spec.ts');

/** Unit specs that assert how long something takes. */
const TIMED = [
  'pipelines/{arrow-overlay,test-pattern,video-replay}/**/*.spec.ts',
  'src/media/chunk-router.spec.ts',
  'src/pipeline-loader/hosting/{hosted-run,output-lines,pipeline-host,pipeline-host.bidirectional}.spec.ts',
  'src/pipeline-loader/declaration/{config-check,time-limit}.spec.ts',
];

/** Those that take longest begin first, and the small files of `unit` come last, so that at the end no worker waits for another. */
const LONGEST = ['python-unit', 'hostile-check', 'cli', 'bad-input'].map((name) => `/${name}.spec.ts`);

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId, project }: TestSpecification): number => {
      const index = LONGEST.findIndex((name) => moduleId.endsWith(name));
      return index === -1 ? LONGEST.length + Number(project.name === 'unit') : index;
    };
    const group = ({ project }: TestSpecification): number => project.config.sequence.groupOrder;
    return (await super.sort(files)).toSorted((one, other) => group(one) - group(other) || rank(one) - rank(other));
  }
}

/** What runs beside each other, first: more files at once than there are processors, since most wait for the processes that they start. */
const BESIDE = { sequence: { groupOrder: 1 }, maxWorkers: Math.ceil(1.5 * availableParallelism()) };

/** One file at a time, so that no test measures its neighbour; the projects one after the other in the order of their group. */
const alone = (groupOrder: number) => ({ sequence: { groupOrder }, maxWorkers: 1 });

/** A project whose files start servers, browsers or other processes, against the built server in `dist`. */
const heavyProject = (
  name: string,
  test: { readonly include?: string[]; readonly exclude?: string[] } & ReturnType<typeof alone>,
) => ({
  extends: true as const,
  test: {
    name,
    include: [`test/${name}/**/*.spec.ts`],
    setupFiles: ['test/support/watch-logs.setup.ts'],
    // The built server is loaded by Node itself, not through the test runner's module transform.
    server: { deps: { external: [/\/dist\//] } },
    // A deadline of what hangs, not a measure: a machine may be slow.
    testTimeout: 60_000,
    hookTimeout: 120_000,
    ...test,
  },
});

const unitProject = (
  name: string,
  test: { readonly include: string[]; readonly exclude?: string[] } & ReturnType<typeof alone>,
) => ({
  extends: true as const,
  // The simulator imports the built server as all of test/ does; its specs are to test the sources, built or not.
  resolve: { alias: [{ find: /^#server\/(media\/congestion\/.*)\.js$/, replacement: `${import.meta.dirname}/src/$1.ts` }] },
  test: { name, testTimeout: 30_000, ...test },
});

export default defineConfig({
  test: {
    pool: 'forks',
    sequence: { sequencer: LongestFirst },
    projects: [
      unitProject('unit', {
        include: [
          '{src,pipelines,scripts}/**/*.spec.ts',
          'packages/*/src/**/*.spec.{ts,tsx}',
          'test/{bench,sim,support}/**/*.spec.ts',
        ],
        exclude: TIMED,
        ...BESIDE,
      }),
      heavyProject('e2e-untimed', { include: UNTIMED, ...BESIDE }),
      unitProject('unit-timed', { include: TIMED, ...alone(2) }),
      heavyProject('e2e', { exclude: UNTIMED, ...alone(3) }),
      heavyProject('browser', alone(4)),
      heavyProject('interop', { exclude: UNTIMED, ...alone(5) }),
      // Whoever asks a busy machine a thousand things takes a late answer for none.
      heavyProject('clients', alone(6)),
    ],
    coverage: {
      provider: 'v8',
      include: ['src/**/*.ts', 'packages/client/src/**/*.ts'],
      exclude: ['{src,packages/client/src}/**/*.{spec,testing}.ts', 'src/main.ts', 'src/cli.ts', 'src/openapi.ts'],
      reporter: ['text-summary', 'html', 'lcov'],
    },
  },
});
