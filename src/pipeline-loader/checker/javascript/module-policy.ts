import { isBuiltin } from 'node:module';
import type { SecurityLevel } from '../../../config/index.js';
import type { Rule } from '../finding.js';
import { moduleName, type Reference } from './references.js';
import { COMPUTED } from './scopes.js';

/** What a level has against something. */
export interface Objection {
  readonly rule: Rule;
  readonly message: string;
  readonly remedy: string;
}

type CheckedLevel = Exclude<SecurityLevel, 'permissive'>;

const words = (text: string): ReadonlySet<string> => new Set(text.split(/\s+/u).filter(Boolean));
const modules = (text: string): ReadonlySet<string> => new Set([...words(text)].map((name) => `node:${name}`));

/** Node's own modules that `strict` allows; some of them only in part, see {@link ALLOWED_EXPORTS}. */
const STRICT_MODULES = modules(`
  assert assert/strict async_hooks buffer console constants crypto diagnostics_channel events fs fs/promises os path path/posix path/win32
  perf_hooks process punycode querystring stream stream/consumers stream/promises stream/web string_decoder timers timers/promises tty url
  util util/types zlib`);

/** Modules that only `permissive` allows, and why. Node's are written with `node:`. */
const REFUSED_MODULES: Readonly<Partial<Record<Rule, ReadonlySet<string>>>> = {
  'process-spawn': new Set([...modules('child_process cluster'), ...words('execa cross-spawn shelljs zx node-pty')]),
  network: modules('net dgram tls http https http2 dns dns/promises quic'),
  'dynamic-code': new Set([...modules('vm repl inspector inspector/promises'), ...words('vm2 isolated-vm')]),
  'native-code': new Set([...modules('ffi wasi'), ...words('ffi-napi koffi ffi-rs ref-napi bindings node-gyp-build')]),
};

type ExportRules = Readonly<Record<string, { readonly rule: Rule; readonly names: ReadonlySet<string> }>>;

/** Modules and globals of which `strict` allows only these names. */
const ALLOWED_EXPORTS: ExportRules = {
  'node:fs': {
    rule: 'file-write',
    names: words(`
      access accessSync close closeSync constants createReadStream Dir Dirent exists existsSync fstat fstatSync glob globSync lstat lstatSync
      open openAsBlob openSync opendir opendirSync promises read readSync readdir readdirSync readFile readFileSync readlink readlinkSync
      readv readvSync ReadStream realpath realpathSync stat statSync statfs statfsSync Stats unwatchFile watch watchFile`),
  },
  'node:fs/promises': {
    rule: 'file-write',
    names: words('access constants glob lstat open opendir readdir readFile readlink realpath stat statfs watch'),
  },
  process: {
    rule: 'process-access',
    names: words(`
      arch availableMemory constrainedMemory cpuUsage cwd emitWarning features hrtime memoryUsage nextTick pid platform release
      resourceUsage stderr stdout threadCpuUsage uptime version versions`),
  },
};

/** Names that only `permissive` allows. */
const REFUSED_EXPORTS: ExportRules = {
  process: {
    rule: 'process-access',
    names: words(`
      _debugEnd _debugProcess _kill _linkedBinding _rawDebug _startProfilerIdleNotifier binding chdir constructor dlopen execve
      getBuiltinModule kill mainModule moduleLoadList openStdin report setegid seteuid setgid setgroups setuid
      setUncaughtExceptionCaptureCallback`),
  },
  'node:os': { rule: 'process-access', names: words('setPriority') },
  'node:crypto': { rule: 'native-code', names: words('setEngine') },
  'node:v8': { rule: 'dynamic-code', names: words('setFlagsFromString startupSnapshot') },
  'node:module': {
    rule: 'reflection',
    names: words('_load _extensions _cache _resolveFilename Module register registerHooks runMain syncBuiltinESMExports'),
  },
  module: { rule: 'reflection', names: words('constructor require parent children _compile _load') },
  require: { rule: 'reflection', names: words('cache extensions constructor') },
};

/** Objects that may not be handed on whole, because what is done with them there cannot be seen. At `strict` also some modules. */
const WATCHED: ReadonlySet<string> = new Set(['process', 'globalThis', 'global', 'require', 'module', 'node:module']);
const WATCHED_AT_STRICT: ReadonlySet<string> = new Set(['node:fs', 'node:fs/promises']);
const NETWORK_GLOBALS = words('fetch WebSocket WebSocketStream EventSource XMLHttpRequest WebTransport');

const AT_STANDARD = 'Take it out, or let --security-level standard allow it if you trust the pipeline.';
/** The sandbox of `standard` goes further than its check. */
const SANDBOX_REMEDIES: Readonly<Partial<Record<Rule, string>>> = {
  network:
    'Take it out: --security-level standard loads it, but its sandbox has no network either; fetch beforehand, and give the files by --asset.',
  'file-write': 'Take it out, or write into the scratch folder (TMPDIR), which --security-level standard gives.',
};
const NOT_EVEN_AT_STANDARD = 'Take it out; only --security-level permissive, which has no sandbox, allows it.';

/** What the level has against importing a module that is no file of the pipeline. */
export function objectToModule(specifier: string, level: CheckedLevel): Objection | undefined {
  const name = moduleName(specifier);
  const packageName = name.startsWith('@') ? name.split('/', 2).join('/') : (name.split('/', 1)[0] ?? name);
  for (const [rule, refused] of Object.entries(REFUSED_MODULES) as [Rule, ReadonlySet<string>][]) {
    if (refused.has(name) || refused.has(packageName)) {
      return { rule, message: `the module ${specifier} is imported`, remedy: NOT_EVEN_AT_STANDARD };
    }
  }
  if (specifier.startsWith('#')) {
    const remedy = 'Import the file by its relative path.';
    return { rule: 'import-not-allowed', message: `${specifier} is imported, which package.json may map to anything`, remedy };
  }
  if (level === 'standard') return undefined;
  if (isBuiltin(name)) {
    if (STRICT_MODULES.has(name)) return undefined;
    return { rule: 'import-not-allowed', message: `the module ${specifier} is imported`, remedy: AT_STANDARD };
  }
  return {
    rule: 'import-not-allowed',
    message: `the package ${specifier} is imported`,
    remedy: `Load it from a file in the pipeline's folder; "import type" is allowed, and --security-level standard allows packages.`,
  };
}

/** How a reference is used, as far as it makes a difference. */
export interface Use {
  /** Nothing can come of it: `typeof`, a comparison, a declaration whose own uses are looked at. */
  readonly harmless: boolean;
  readonly called: boolean;
}

/** What the level has against a use of something global or imported. */
export function objectToReference(reference: Reference, use: Use, level: CheckedLevel): Objection | undefined {
  const { root, path } = reference;
  const [first, second] = path;
  if (first === undefined) return objectToWhole(root, use, level);
  if (root === 'eval') return codeFromText('eval');
  if (root === 'Function')
    return first === 'prototype' && second !== undefined && second !== 'constructor' ? undefined : codeFromText('Function');
  const what = [root, ...path].join('.');
  const allowed = level === 'strict' ? rulesOf(ALLOWED_EXPORTS, root) : undefined;
  const isWatched = WATCHED.has(root) || allowed !== undefined;
  if (first === COMPUTED) {
    if (!isWatched) return undefined;
    const remedy = 'Write the name out, so that it can be seen what is used.';
    return { rule: 'reflection', message: `a computed name of ${root} is used`, remedy };
  }
  if (root === 'require' && first === 'main' && second !== undefined) {
    return { rule: 'reflection', message: `${what} is used`, remedy: 'Import what you need.' };
  }
  const refused = rulesOf(REFUSED_EXPORTS, root);
  if (refused?.names.has(first) === true) return { rule: refused.rule, message: `${what} is used`, remedy: NOT_EVEN_AT_STANDARD };
  if (allowed !== undefined && !allowed.names.has(first))
    return { rule: allowed.rule, message: `${what} is used`, remedy: SANDBOX_REMEDIES[allowed.rule] ?? AT_STANDARD };
  return undefined;
}

/** A source may speak of `constructor` or `toString`, which every object has. */
function rulesOf(rules: ExportRules, root: string): ExportRules[string] | undefined {
  return Object.hasOwn(rules, root) ? rules[root] : undefined;
}

function objectToWhole(root: string, { harmless, called }: Use, level: CheckedLevel): Objection | undefined {
  if (harmless) return undefined;
  if (root === 'eval' || root === 'Function') return codeFromText(root);
  if (NETWORK_GLOBALS.has(root)) {
    return level === 'strict'
      ? { rule: 'network', message: `${root} is used`, remedy: SANDBOX_REMEDIES.network ?? AT_STANDARD }
      : undefined;
  }
  if (called && root === 'require') return undefined;
  if (!WATCHED.has(root) && !(level === 'strict' && WATCHED_AT_STRICT.has(root))) return undefined;
  const remedy = 'Use its parts by name, so that it can be seen which are used.';
  return { rule: 'reflection', message: `${root} is handed on as a value`, remedy };
}

function codeFromText(name: string): Objection {
  return {
    rule: 'dynamic-code',
    message: `${name} makes code of text`,
    remedy: 'Write the code out; only --security-level permissive, which has no sandbox, allows it.',
  };
}
