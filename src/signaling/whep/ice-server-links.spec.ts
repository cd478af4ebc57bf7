import { describe, expect, it } from 'vitest';
import { iceServerLinks } from './ice-server-links.js';

describe('iceServerLinks', () => {
  it('is empty without servers', () => {
    expect(iceServerLinks([])).toBe('');
  });

  it('has a link for every address, with the credentials of its server', () => {
    const turn = { urls: ['turn:a.example:3478', 'turns:a.example:5349'], username: '17:x', credential: 'c+/=' };
    const credentials = 'rel="ice-server"; username="17:x"; credential="c+/="; credential-type="password"';
    expect(iceServerLinks([{ urls: ['stun:b.example'] }, turn])).toBe(
      `<stun:b.example>; rel="ice-server", <turn:a.example:3478>; ${credentials}, <turns:a.example:5349>; ${credentials}`,
    );
  });

  it('escapes quotes, and leaves out what a header cannot carry', () => {
    expect(iceServerLinks([{ urls: ['turn:a'], username: 'a"b\\c', credential: 'x' }])).toContain(String.raw`username="a\"b\\c"`);
    expect(iceServerLinks([{ urls: ['turn:a'], username: 'ü', credential: 'x' }, { urls: ['stun:b'] }])).toBe(
      '<stun:b>; rel="ice-server"',
    );
    expect(iceServerLinks([{ urls: ['turn:a'], username: 'a\r\nx: y', credential: 'x' }])).toBe('');
  });
});
