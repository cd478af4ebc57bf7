import fc from 'fast-check';
import { isIPv4 } from 'node:net';
import { describe, expect, it } from 'vitest';
import { ForbiddenNetworks } from './forbidden-networks.js';

const usual = new ForbiddenNetworks([], { loopback: false });

describe('ForbiddenNetworks', () => {
  it.each([
    ['link-local', '169.254.0.1', 'fe80::1', 'fe80::1%eth0', 'febf::1'],
    ['metadata services', '169.254.169.254', '168.63.129.16', '100.100.100.200', 'fd00:ec2::254', 'fd20:ce::254'],
    ['unspecified', '0.0.0.0', '0.1.2.3', '::'],
    ['multicast and broadcast', '224.0.0.251', '239.255.255.250', '255.255.255.255', '240.0.0.1', 'ff02::fb'],
    ['loopback', '127.0.0.1', '127.255.255.254', '::1'],
    [
      'IPv4 in IPv6',
      '::ffff:169.254.169.254',
      '::ffff:a9fe:a9fe',
      '64:ff9b::a9fe:a9fe',
      '2002:a9fe:a9fe::1',
      '::169.254.169.254',
      '::ffff:0:169.254.169.254',
    ],
    [
      'whatever is in the local prefix of NAT64, since only its translator knows how it is read',
      '64:ff9b:1:a9fe:a9:fe00::',
      '64:ff9b:1:7a9:fe:a9fe::',
      '64:ff9b:1:7:a9:fea9:fe00:0',
      '64:ff9b:1::a9fe:a9fe',
      '64:ff9b:1:ffff::cb00:7107',
    ],
    ['a Teredo client, and a Teredo server', '2001:0:4136:e378:8000:63bf:5601:5601', '2001:0:a9fe:a9fe:8000:63bf:3fff:fdd2'],
    ['ISATAP', '2001:db8::5efe:a9fe:a9fe', 'fd00::200:5efe:169.254.169.254', '2001:db8::5efe:127.0.0.1'],
    ['what is no address', '', 'metadata.google.internal', '2130706433', '0x7f.1', '127.1', '169.254.169.254.', ' 10.0.0.1'],
  ])('forbids %s', (_what, ...addresses) => {
    expect(addresses.filter((address) => !usual.forbids(address))).toEqual([]);
  });

  it('permits private and public addresses', () => {
    const addresses = [
      '10.0.0.1',
      '192.168.1.2',
      '172.16.0.1',
      '203.0.113.7',
      '100.64.0.1',
      'fd00::1',
      '2001:db8::1',
      '::ffff:10.0.0.1',
      '64:ff9b::cb00:7107',
      '64:ff9b:2::a9fe:a9fe',
      '2001:0:4136:e378:8000:63bf:3fff:fdd2',
      '2001:db8::5efe:cb00:7107',
      '2001:db8::1:5efe:a9fe:a9fe',
    ];
    expect(addresses.filter((address) => usual.forbids(address))).toEqual([]);
  });

  it('permits loopback where the server announces it, and nothing else more', () => {
    const offline = new ForbiddenNetworks([], { loopback: true });
    expect(['127.0.0.1', '::1', '::ffff:127.0.0.1'].filter((address) => offline.forbids(address))).toEqual([]);
    expect(offline.forbids('169.254.169.254')).toBe(true);
  });

  it('forbids configured networks and addresses, also in IPv6', () => {
    const denied = new ForbiddenNetworks(['10.0.0.0/8', '192.0.2.7', 'fd00::/8', '127.0.0.0/8'], { loopback: true });
    const forbidden = ['10.255.0.1', '::ffff:10.0.0.1', '64:ff9b::a00:1', '192.0.2.7', 'fd12::1', '127.0.0.1'];
    expect(forbidden.filter((address) => !denied.forbids(address))).toEqual([]);
    expect(['11.0.0.1', '192.0.2.8', 'fe00::1'].filter((address) => denied.forbids(address))).toEqual([]);
  });

  it('says the same of every way to write an address in IPv6', () => {
    fc.assert(
      fc.property(fc.constantFrom('::ffff:', '64:ff9b::', '::'), fc.ipV4(), (prefix, address) => {
        fc.pre(isIPv4(address) && !/^0\.0\.0\.[01]$/u.test(address));
        expect(usual.forbids(`${prefix}${address}`)).toBe(usual.forbids(address));
      }),
    );
  });

  it('never throws, whatever it is asked', () => {
    const text = fc.oneof(fc.string(), fc.ipV6(), fc.ipV4Extended());
    fc.assert(
      fc.property(text, (address) => {
        expect(usual.forbids(address)).toBeTypeOf('boolean');
      }),
    );
  });
});
