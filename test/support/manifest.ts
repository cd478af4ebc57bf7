import type { IDeployment } from 'kubernetes-models/apps/v1';
import type { IContainer } from 'kubernetes-models/v1';
import ts from 'typescript';
import { fileURLToPath } from 'node:url';

/** One object of Kubernetes, of any kind. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly [field: string]: unknown;
}

/** Packages that know the kinds: Kubernetes' own, and those of what the chart is used with. */
const PACKAGES: Readonly<Record<string, string>> = {
  'keda.sh': '@kubernetes-models/keda/keda.sh',
  'monitoring.coreos.com': '@kubernetes-models/prometheus-operator/monitoring.coreos.com',
  'gateway.networking.k8s.io': '@kubernetes-models/gateway-api/gateway.networking.k8s.io',
};
const VIRTUAL_FILE = fileURLToPath(new URL('./rendered-manifests.ts', import.meta.url));

function moduleOf(apiVersion: string): string {
  const [group = '', version] = apiVersion.split('/');
  if (version === undefined) return `kubernetes-models/${group}`;
  return `${PACKAGES[group] ?? `kubernetes-models/${group}`}/${version}`;
}

interface KnownKind {
  new (data: object): { validate(): void };
}

/** What the published schema of its kind says against a manifest: types, ranges, formats, what must be there. */
async function schemaProblems(manifest: Manifest): Promise<string[]> {
  const { apiVersion, kind, ...data } = manifest;
  const models = (await import(moduleOf(apiVersion))) as Readonly<Record<string, KnownKind | undefined>>;
  const Kind = models[kind];
  if (Kind === undefined) return [`${apiVersion} has no ${kind}`];
  try {
    new Kind(data).validate();
    return [];
  } catch (error) {
    return [`${kind} ${manifest.metadata.name}: ${(error as Error).message}`];
  }
}

/**
 * What is wrong with manifests by the published schemas of their kinds. The schemas let fields pass that they do not know, which an API server
 * drops or refuses; the kinds' types do not, so the compiler looks at each manifest as a literal of its type.
 */
export async function manifestProblems(manifests: readonly Manifest[]): Promise<string[]> {
  const problems = await Promise.all(manifests.map(schemaProblems));
  const source = manifests.map(({ apiVersion, kind, ...fields }, index) => {
    const literal = JSON.stringify({ apiVersion, kind, ...fields }, undefined, 1);
    return `import type { I${kind} as T${index} } from '${moduleOf(apiVersion)}';\nexport const m${index}: T${index} = ${literal};\n`;
  });
  return [...problems.flat(), ...compilerProblems(source.join(''))];
}

function compilerProblems(source: string): string[] {
  const options: ts.CompilerOptions = {
    noEmit: true,
    strict: true,
    skipLibCheck: true,
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    types: [],
  };
  const host = ts.createCompilerHost(options);
  const readSource = host.getSourceFile.bind(host);
  const fileExists = host.fileExists.bind(host);
  host.fileExists = (name) => name === VIRTUAL_FILE || fileExists(name);
  host.getSourceFile = (name, ...rest) =>
    name === VIRTUAL_FILE ? ts.createSourceFile(name, source, ts.ScriptTarget.ES2022, true) : readSource(name, ...rest);
  const program = ts.createProgram([VIRTUAL_FILE], options, host);
  return ts.getPreEmitDiagnostics(program).map(({ messageText, file, start = 0 }) => {
    const line = file === undefined ? '' : (file.text.slice(0, start).split('\n').length - 1).toString();
    const words = ts.flattenDiagnosticMessageText(messageText, '\n');
    return `${words} (${file?.text.split('\n')[Number(line)]?.trim() ?? ''})`;
  });
}

/** The manifests of a kind. */
export function ofKind<Kind extends object>(manifests: readonly Manifest[], kind: string): (Kind & Manifest)[] {
  return manifests.filter((manifest) => manifest.kind === kind) as unknown as (Kind & Manifest)[];
}

export interface Workload {
  readonly deployment: IDeployment & Manifest;
  readonly pod: NonNullable<NonNullable<IDeployment['spec']>['template']['spec']>;
  readonly container: IContainer;
}

/** The only Deployment, and its only container. */
export function workloadOf(manifests: readonly Manifest[]): Workload {
  const [deployment, ...others] = ofKind<IDeployment>(manifests, 'Deployment');
  const pod = deployment?.spec?.template.spec;
  const [container, ...more] = pod?.containers ?? [];
  if (deployment === undefined || pod === undefined || container === undefined || others.length + more.length > 0)
    throw new Error('there is not exactly one Deployment with one container');
  return { deployment, pod, container };
}
