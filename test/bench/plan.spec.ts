import { describe, expect, it } from 'vitest';
import { readPlan, ROWS } from './plan.ts';

const namesIn = (profiles: readonly { readonly name: string }[]): string[] => profiles.map(({ name }) => name);

describe('readPlan', () => {
  it('takes the table of sessions and the CPU without a wish', () => {
    expect(readPlan([])).toMatchObject({ rows: ['sessions', 'cpu'], networks: [], compared: [], runs: 3, json: false });
  });

  it('takes the named networks and nothing else', () => {
    const plan = readPlan(['--network', 'loss-5,clean', '--runs', '1', '--seconds', '10']);
    expect([plan.rows, namesIn(plan.networks), plan.runs, plan.seconds]).toEqual([[], ['loss-5', 'clean'], 1, 10]);
  });

  it('takes everything that the acceptance names', () => {
    const plan = readPlan(['--acceptance']);
    expect(plan.rows).toEqual(ROWS.filter((row) => row !== 'sessions'));
    expect(plan.networks).toHaveLength(7);
  });

  it('compares on three networks unless it is told others', () => {
    expect(namesIn(readPlan(['--compare', '--json']).compared)).toEqual(['clean', 'bottleneck-1500k', 'loss-5']);
    expect(namesIn(readPlan(['--compare', 'loss-10']).compared)).toEqual(['loss-10']);
  });

  it('measures nothing when only the report is wanted', () => {
    expect(readPlan(['--report'])).toMatchObject({ rows: [], networks: [], compared: [], report: true });
    expect(readPlan(['--report', '--rows', 'keys'])).toMatchObject({ rows: ['keys'], report: true });
  });

  it.each([
    [['--network', 'slow'], 'there is no network "slow"'],
    [['--rows', 'speed'], 'there is no "speed"'],
    [['--runs', '0'], '--runs: a whole number from 1 to 20'],
    [['--seconds', '1.5'], '--seconds: a whole number'],
    [['--unknown'], '--unknown'],
  ])('refuses %j', (args, message) => {
    expect(() => readPlan(args)).toThrow(message);
  });
});
