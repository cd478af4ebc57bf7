import type { IceServer } from '../../ice/index.js';

/**
 * The STUN and TURN servers as the value of one `Link` header (RFC 9725 section 4.6); empty where there are none. One whose name or credential a
 * header cannot carry (RFC 9110 section 5.5) is left out: `GET /v1/stream/ice-servers` has it. Pure.
 */
export function iceServerLinks(servers: readonly IceServer[]): string {
  return servers
    .flatMap(({ urls, username, credential }) => {
      const parameters = [
        ['rel', 'ice-server'],
        ...(username === undefined ? [] : [['username', username]]),
        ...(credential === undefined
          ? []
          : [
              ['credential', credential],
              ['credential-type', 'password'],
            ]),
      ];
      const written = parameters.map(([name = '', value = '']) => `; ${name}="${value.replaceAll(/["\\]/gu, '\\$&')}"`).join('');
      return urls.map((url) => `<${url}>${written}`);
    })
    .filter((link) => /^[ -~]*$/u.test(link))
    .join(', ');
}
