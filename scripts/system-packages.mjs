// The Debian programs that the e2e, browser, interop and client tests drive. They are installed where we may (root and apt-get); elsewhere
// one line says what is missing and how to get it.
import { spawnSync } from 'node:child_process';

const REQUIREMENTS = [
  { packageName: 'chromium', neededBy: 'browser', test: ['chromium', '--version'] },
  { packageName: 'nginx', neededBy: 'nginx', test: ['/usr/sbin/nginx', '-v'] },
  { packageName: 'coturn', neededBy: 'browser', test: ['turnserver', '--version'] },
  { packageName: 'iproute2', neededBy: 'namespaces', test: ['ip', '-V'] },
  { packageName: 'nftables', neededBy: 'namespaces', test: ['nft', '--version'] },
  { packageName: 'ffmpeg', neededBy: 'interop', test: ['ffmpeg', '-version'] },
  { packageName: 'prometheus', neededBy: 'monitoring', test: ['promtool', '--version'] },
  { packageName: 'python3-aiortc', neededBy: 'aiortc', test: ['/usr/bin/python3', '-c', 'import aiortc'] },
  { packageName: 'python3-numpy', neededBy: 'python', test: ['/usr/bin/python3', '-c', 'import numpy'] },
  { packageName: 'python3-opencv', neededBy: 'python', test: ['/usr/bin/python3', '-c', 'import cv2'] },
  { packageName: 'python3-pil', neededBy: 'python', test: ['/usr/bin/python3', '-c', 'import PIL'] },
  { packageName: 'python3-venv', neededBy: 'clients', test: ['/usr/bin/python3', '-c', 'import ensurepip'] },
  { packageName: 'python3-av', neededBy: 'python', test: ['/usr/bin/python3', '-c', 'import av'] },
  { packageName: 'default-jdk-headless', neededBy: 'compilers', test: ['javac', '-version'] },
  { packageName: 'maven', neededBy: 'compilers', test: ['mvn', '--version'] },
  { packageName: 'linux-libc-dev', neededBy: 'compilers', test: ['test', '-e', '/usr/include/asm-generic/unistd.h'] },
];
/** Test projects by what they need. */
const PROJECTS = {
  browser: ['browser'],
  nginx: ['e2e', 'e2e-untimed'],
  interop: ['interop'],
  aiortc: ['e2e-untimed', 'interop', 'clients'],
  clients: ['clients'],
  python: ['e2e', 'e2e-untimed', 'browser', 'interop'],
  namespaces: ['e2e', 'e2e-untimed', 'browser'],
  monitoring: ['e2e'],
  // Single tests are skipped without them.
  compilers: [],
};
const PROBE_TIMEOUT_MS = 60_000;
const INSTALL_TIMEOUT_MS = 900_000;

const works = ([command, ...args]) => spawnSync(command, args, { stdio: 'ignore', timeout: PROBE_TIMEOUT_MS }).status === 0;
const missing = () => REQUIREMENTS.filter(({ test }) => !works(test));

function aptGet(args) {
  // In runlevel 1 a package starts no service: coturn would listen on this machine.
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
  return spawnSync('apt-get', args, { env, stdio: ['ignore', 2, 2], timeout: INSTALL_TIMEOUT_MS }).status === 0;
}

/**
 * Makes the programs available, or says what to do.
 * @returns {{ unavailable: Set<'e2e' | 'e2e-untimed' | 'browser' | 'interop' | 'clients'>, remedy: string | undefined }} the test projects that
 *   cannot run, and one line why and what to do; undefined when nothing is missing
 */
export function ensureSystemPackages() {
  let absent = missing();
  if (absent.length > 0 && process.getuid?.() === 0 && works(['apt-get', '--version'])) {
    const names = absent.map(({ packageName }) => packageName);
    process.stderr.write(`Installing ${names.join(', ')} …\n`);
    const installArgs = ['install', '-y', '-q', '--no-install-recommends', ...names];
    // The package index of a fresh image is empty or old: fetch it only when the first attempt shows that.
    if (!aptGet(installArgs) && aptGet(['update', '-q'])) aptGet(installArgs);
    absent = missing();
  }
  const names = absent.map(({ packageName }) => packageName).join(' ');
  return {
    unavailable: new Set(absent.flatMap(({ neededBy }) => PROJECTS[neededBy])),
    remedy:
      names === '' ? undefined : `Missing: ${names}. Install with: sudo apt-get install -y --no-install-recommends ${names}`,
  };
}
