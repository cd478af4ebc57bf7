import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DeclarationError } from './declaration.error.js';
import { readAbout } from './service-about.js';

describe('readAbout', () => {
  it('reads all that a service may say, in the spelling of either language', () => {
    const about = {
      name: 'A world to walk in',
      description: 'Walk with the arrow keys.\nOr stand.',
      controls: ['arrows', 'x-dance_2'],
      inputs: [],
      tasks: ['i2v'],
    };
    expect(readAbout({ ...about, defaultPrompt: 'a harbour' })).toEqual({
      about: { ...about, defaultPrompt: 'a harbour' },
      unknown: [],
    });
    expect(readAbout({ ...about, default_prompt: 'a harbour' }).about).toEqual({ ...about, defaultPrompt: 'a harbour' });
    expect(readAbout({})).toEqual({ about: {}, unknown: [] });
  });

  it('takes null for what is left out, and tells what it does not know', () => {
    expect(readAbout({ name: null, colour: 'blue', ['x'.repeat(200)]: 1 })).toEqual({
      about: {},
      unknown: ['colour', 'x'.repeat(100)],
    });
  });

  it.each([
    [{ name: 7 }, 'about.name must be text of 1–100 characters in one line'],
    [{ name: '' }, 'about.name must be text'],
    [{ name: 'two\nlines' }, 'about.name must be text'],
    [{ name: 'a\u001b[31mred' }, 'about.name must be text'],
    [{ name: 'x'.repeat(101) }, 'about.name must be text'],
    [{ description: 'x'.repeat(2001) }, 'about.description must be text of at most 2000 characters'],
    [{ default_prompt: ['a'] }, 'about.default_prompt must be text of at most 10000 characters'],
    [{ controls: 'arrows' }, 'about.controls must be a list of at most 16 words such as "arrows"'],
    [{ controls: ['Arrows'] }, 'about.controls must be'],
    [{ controls: ['arrows', 'arrows'] }, 'about.controls must be'],
    [{ inputs: Array.from({ length: 17 }, (_, index) => `i${index}`) }, 'about.inputs must be'],
    [{ inputs: [null] }, 'about.inputs must be'],
    [{ tasks: [''] }, 'about.tasks must be a list of at most 16 texts of 1–64 characters'],
  ])('refuses %j and says why', (declared, message) => {
    expect(() => readAbout(declared)).toThrow(DeclarationError);
    expect(() => readAbout(declared)).toThrow(message);
  });

  it('reads or refuses anything', () => {
    const member = fc.constantFrom(
      'name',
      'description',
      'defaultPrompt',
      'default_prompt',
      'controls',
      'inputs',
      'tasks',
      '__proto__',
    );
    fc.assert(
      fc.property(fc.dictionary(member, fc.jsonValue()), (declared) => {
        try {
          expect(JSON.stringify(readAbout(declared)).length).toBeLessThan(20_000);
        } catch (error) {
          expect(error).toBeInstanceOf(DeclarationError);
        }
      }),
    );
  });
});
