import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const GATE = fileURLToPath(new URL('check-contract.mjs', import.meta.url));
const BASELINE = new URL('../openapi.baseline.json', import.meta.url);

interface Schema {
  properties: Record<string, object>;
  required: string[];
}

interface Document {
  paths: Record<string, Record<string, { operationId: string }>>;
  components: { schemas: Record<'WebRtcOffer' | 'SessionStatus', Schema> };
}

describe('the contract gate', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'telefuser-contract-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  /** Runs the gate on the released document with one change. */
  const gate = (change: (document: Document) => void) => {
    const document = JSON.parse(readFileSync(BASELINE, 'utf8')) as Document;
    change(document);
    const revision = join(folder, 'revision.json');
    writeFileSync(revision, JSON.stringify(document));
    const { status, stdout } = spawnSync(process.execPath, [GATE, revision], { encoding: 'utf8' });
    return { status, stdout };
  };

  it.each<[string, string, (document: Document) => void]>([
    ['a path is gone', 'path-removed', ({ paths }) => delete paths['/v1/stream/webrtc/offer']],
    [
      'a request needs another field',
      'required-properties-added',
      ({ components }) => components.schemas.WebRtcOffer.required.push('prompt'),
    ],
    [
      'an answer lacks a field',
      'property-removed',
      ({ components }) => delete components.schemas.SessionStatus.properties['close_reason'],
    ],
  ])('fails when %s', (_what, rule, change) => {
    const { status, stdout } = gate(change);
    expect(stdout).toContain(rule);
    expect(stdout).toContain('breaks clients of the released API');
    expect(status).toBe(1);
  });

  it('passes when something is added', () => {
    const { status } = gate(({ components: { schemas } }) => {
      schemas.SessionStatus.properties['note'] = { type: 'string' };
    });
    expect(status).toBe(0);
  });
});
