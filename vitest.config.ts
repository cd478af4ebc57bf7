import { defineConfig } from 'vitest/config';

/**
 * Projects whose files start servers, browsers or other processes: one file at a time, so that no test measures its
 * neighbour. They run after one another in the order of their group, against the built server in `dist`.
 */
const heavyProject = (name: string, groupOrder: number) => ({
  extends: true as const,
  test: {
    name,
    include: [`test/${name}/**/*.spec.ts`],
    setupFiles: ['test/support/watch-logs.setup.ts'],
    fileParallelism: false,
    sequence: { groupOrder },
    // The built server is loaded by Node itself, not through the test runner's module transform.
    server: { deps: { external: [/\/dist\//] } },
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
});

export default defineConfig({
  test: {
    pool: 'forks',
    projects: [
      {
        extends: true,
        // The simulator imports the built server as all of test/ does; its specs are to test the sources, built or not.
        resolve: { alias: [{ find: /^#server\/(media\/congestion\/.*)\.js$/, replacement: `${import.meta.dirname}/src/$1.ts` }] },
        test: {
          name: 'unit',
          include: [
            '{src,pipelines,scripts}/**/*.spec.ts',
            'packages/*/src/**/*.spec.{ts,tsx}',
            'test/{bench,sim,support}/**/*.spec.ts',
          ],
          sequence: { groupOrder: 1 },
          maxWorkers: 2,
          testTimeout: 10_000,
        },
      },
      heavyProject('e2e', 2),
      heavyProject('browser', 3),
      heavyProject('interop', 4),
      heavyProject('clients', 5),
    ],
    coverage: {
      provider: 'v8',
      include: ['src/**/*.ts', 'packages/client/src/**/*.ts'],
      exclude: ['{src,packages/client/src}/**/*.{spec,testing}.ts', 'src/main.ts', 'src/cli.ts', 'src/openapi.ts'],
      reporter: ['text-summary', 'html', 'lcov'],
    },
  },
});
