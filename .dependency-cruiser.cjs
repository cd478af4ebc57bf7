// The arrows of docs/architecture.md as rules: who may import whom, and through which door.
const ALLOWED = {
  signaling: ['sessions', 'ice', 'identity', 'tracing'],
  sessions: ['images', 'media', 'pipeline-loader', 'identity', 'tracing'],
  images: [],
  media: ['ice'],
  ice: [],
  identity: [],
  tls: [],
  logging: [],
  tracing: [],
  'pipeline-loader': [],
  health: ['sessions', 'media', 'pipeline-loader', 'identity'],
  metrics: ['health', 'sessions', 'media', 'pipeline-loader', 'tracing', 'identity'],
  memory: ['sessions'],
  management: ['health', 'metrics', 'logging'],
  viewer: ['media'],
};
const FEATURES = Object.keys(ALLOWED);
/** The doors to WebRTC and to FFmpeg, without the rest of `media`. */
const VIEWER_DOORS = ['^src/media/(webrtc|codec)/index\\.ts$'];
const SPEC = '\\.(spec|testing)\\.ts$';

/** The one folder of the server that may import a foreign library; everything else goes through that folder's port. */
const ADAPTERS = {
  werift: '^src/media/webrtc/',
  'node-av': '^src/media/codec/',
  jose: '^src/identity/',
  '@opentelemetry': '^src/tracing/',
  pino: '^src/logging/',
  '@babel/parser': '^src/pipeline-loader/checker/javascript/',
  ajv: '^src/pipeline-loader/declaration/',
  sharp: `(^src/(images|media/codec)/|${SPEC})`,
};

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true } },
    ...FEATURES.map((feature) => ({
      name: `${feature}-may-only-use-${ALLOWED[feature].join('-and-') || 'no-feature'}`,
      severity: 'error',
      from: { path: `^src/${feature}/` },
      to: { path: `^src/(${FEATURES.join('|')})/`, pathNot: `^src/(${[feature, ...ALLOWED[feature]].join('|')})/` },
    })),
    {
      name: 'common-and-config-know-no-feature',
      severity: 'error',
      from: { path: '^src/(common|config)/' },
      to: { path: `^src/(${FEATURES.join('|')})/` },
    },
    {
      name: 'nothing-depends-on-the-root-files',
      comment: 'main, cli, app.* put the modules together; a module that needs one of them has its arrow upside down.',
      severity: 'error',
      from: { path: '^src/[^/]+/', pathNot: SPEC },
      to: { path: '^src/[^/]+\\.ts$' },
    },
    {
      name: 'modules-are-entered-through-index',
      severity: 'error',
      from: { path: '^src/([^/]+)/' },
      to: { path: '^src/[^/]+/', pathNot: ['^src/$1/', '^src/[^/]+/index\\.ts$', ...VIEWER_DOORS] },
    },
    {
      name: 'only-the-viewer-uses-the-libraries-of-media-alone',
      comment: 'A viewer is no server: the door of `media` would bring Nest, which takes longer to load than a session to open.',
      severity: 'error',
      from: { path: '^src/(?!viewer/|media/)' },
      to: { path: VIEWER_DOORS },
    },
    {
      name: 'commands-start-without-nest',
      comment: 'It takes half a second to load, and what a command needs of the server is loaded by `cli.ts` when it is needed.',
      severity: 'error',
      from: { path: '^src/(command-line|config|viewer)/', pathNot: SPEC },
      to: { path: '(^|/)node_modules/(@nestjs|fastify|rxjs)/' },
    },
    {
      name: 'the-viewer-loads-no-server',
      severity: 'error',
      from: { path: '^src/viewer/', pathNot: SPEC },
      to: { path: '^src/', pathNot: ['^src/viewer/', ...VIEWER_DOORS] },
    },
    {
      name: 'root-files-enter-modules-through-index',
      severity: 'error',
      from: { path: '^src/[^/]+\\.ts$' },
      to: { path: '^src/[^/]+/', pathNot: '^src/[^/]+/index\\.ts$' },
    },
    {
      name: 'no-import-of-own-index',
      comment: 'A door leads in from outside; a spec may come in by it.',
      severity: 'error',
      from: { path: '^src/([^/]+)/', pathNot: SPEC },
      to: { path: '^src/$1/index\\.ts$' },
    },
    ...['codec', 'congestion', 'webrtc'].flatMap((part) => [
      {
        name: `media-${part}-is-entered-through-index`,
        severity: 'error',
        from: { path: '^src/', pathNot: `^src/media/${part}/` },
        to: { path: `^src/media/${part}/`, pathNot: `^src/media/${part}/index\\.ts$` },
      },
      {
        name: `media-${part}-does-not-import-its-own-index`,
        severity: 'error',
        from: { path: `^src/media/${part}/`, pathNot: SPEC },
        to: { path: `^src/media/${part}/index\\.ts$` },
      },
      {
        name: `media-${part}-knows-nothing-of-the-rest-of-media`,
        comment: 'A port does not know who uses it.',
        severity: 'error',
        from: { path: `^src/media/${part}/`, pathNot: SPEC },
        to: { path: '^src/media/', pathNot: `^src/media/${part}/` },
      },
    ]),
    ...Object.entries(ADAPTERS).map(([library, folder]) => ({
      name: `${library}-only-in-its-adapter`,
      severity: 'error',
      from: { path: '^src/', pathNot: folder },
      to: { path: `(^|/)node_modules/${library}(/|$)` },
    })),
    {
      name: 'no-dev-dependency-at-run-time',
      severity: 'error',
      from: { path: '^(src|pipelines|templates)/', pathNot: SPEC },
      to: { dependencyTypes: ['npm-dev'], pathNot: '(^|/)node_modules/@types/' },
    },
    {
      name: 'only-declared-packages',
      comment: 'A package that is there by chance (a dependency of a dependency) goes away by chance.',
      severity: 'error',
      from: { path: '^(src|pipelines|templates|test|scripts|bin)/' },
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown'] },
    },
    {
      name: 'server-knows-no-test-and-no-pipeline',
      severity: 'error',
      from: { path: '^src/', pathNot: SPEC },
      to: { path: `(${SPEC}|^test/|^pipelines/)` },
    },
    {
      name: 'pipelines-know-only-the-contract',
      comment:
        'A pipeline runs in its own process and is a stranger: it sees the types of telefuser-stream/pipeline and its own folder, no more.',
      severity: 'error',
      from: { path: '^((?:pipelines|templates)/[^/]+)/' },
      to: {
        path: '^(src|dist|test|scripts|pipelines|templates)/',
        pathNot: ['^$1/', '^(src|dist)/pipeline-loader/contract/'],
      },
    },
    {
      name: 'the-client-takes-nothing-along',
      comment: 'It has no dependency; React is its user’s, and only for who imports `/react`.',
      severity: 'error',
      from: { path: '^packages/client/src/', pathNot: SPEC },
      to: { pathNot: ['^packages/client/src/', '(^|/)node_modules/(@types/)?react/'] },
    },
    {
      name: 'the-core-of-the-client-knows-no-framework',
      severity: 'error',
      from: { path: '^packages/client/src/', pathNot: '^packages/client/src/react/' },
      to: { path: '(^packages/client/src/react/|(^|/)node_modules/(@types/)?react/)' },
    },
    {
      name: 'the-core-of-the-client-knows-no-element',
      severity: 'error',
      from: { path: '^packages/client/src/', pathNot: '^packages/client/src/element/' },
      to: { path: '^packages/client/src/element/' },
    },
    {
      name: 'the-studio-sees-the-client-as-its-users-do',
      comment: 'By its package: what it needs besides, others need as well. Of the server it knows the HTTP API only.',
      severity: 'error',
      from: { path: '^packages/studio/src/' },
      to: { path: '^(src|dist|packages/client/src)/' },
    },
    {
      name: 'tests-see-the-server-as-built',
      comment: "Heavy tests import `#server/…` (dist): the decorators' metadata and the API document exist only there.",
      severity: 'error',
      from: { path: '^test/' },
      to: { path: '^src/' },
    },
    {
      name: 'what-runs-in-the-process-of-a-pipeline-takes-nothing-along',
      comment: 'The sandbox lets it read its own folders only; `common` and `config` would bring Nest and its packages.',
      severity: 'error',
      from: { path: '^src/pipeline-loader/(node-host|contract|protocol)/', pathNot: SPEC },
      to: {
        path: '(^src/(common|config)/|(^|/)node_modules/)',
        dependencyTypesNot: ['type-only'],
        pathNot: 'node_modules/@types/',
      },
    },
    {
      name: 'resolvable',
      comment: "The contract's types are found by the `paths` of tsconfig.pipelines.json; nothing of them is left at run time.",
      severity: 'error',
      from: {},
      to: { couldNotResolve: true, pathNot: '^telefuser-stream/pipeline$' },
    },
  ],
  options: {
    doNotFollow: { path: '(^|/)(node_modules|dist)(/|$)' },
    tsConfig: { fileName: 'tsconfig.json' },
    combinedDependencies: true, // a pipeline's folder has a package.json of its own, and may use the server's packages
    tsPreCompilationDeps: true, // `import type` is a dependency too
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
      extensions: ['.ts', '.tsx', '.mjs', '.js', '.cjs', '.json'],
    },
  },
};
