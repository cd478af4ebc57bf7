import type { IEnvVar, ISecret } from 'kubernetes-models/v1';

import type { ContainerSpec, Mount } from './container.ts';
import type { Image } from './image.ts';
import type { PodSpec, ProbeSpec } from './kubelet.ts';
import { ofKind, workloadOf, type Manifest, type Workload } from './manifest.ts';

/** What a cluster knows and the chart does not. */
export interface Cluster {
  readonly podIp: string;
  readonly nodeIp: string;
  /** Secrets that exist before the chart is installed: their keys and values. */
  readonly secrets: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

const EMPTY_DIR_BYTES = 64 * 1024 * 1024;

/** The variables of the only container as its kubelet resolves them. @throws for one that the kubelet would refuse */
export function environmentOf(manifests: readonly Manifest[], cluster: Cluster): Record<string, string> {
  const resolved: Record<string, string> = {};
  for (const variable of workloadOf(manifests).container.env ?? []) {
    const value = variable.value ?? referenced(variable, manifests, cluster);
    // $(NAME) is replaced where NAME was defined before.
    resolved[variable.name] = value.replaceAll(/\$\((\w+)\)/gu, (whole, name: string) => resolved[name] ?? whole);
  }
  return resolved;
}

function referenced({ name, valueFrom }: IEnvVar, manifests: readonly Manifest[], cluster: Cluster): string {
  if (valueFrom?.fieldRef?.fieldPath === 'status.podIP') return cluster.podIp;
  if (valueFrom?.fieldRef?.fieldPath === 'status.hostIP') return cluster.nodeIp;
  const { name: secret = '', key = '' } = valueFrom?.secretKeyRef ?? {};
  const value = secretData(secret, manifests, cluster)[key];
  if (value === undefined) throw new Error(`${name}: there is no key "${key}" in a Secret "${secret}"`);
  return value;
}

function secretData(name: string, manifests: readonly Manifest[], { secrets }: Cluster): Readonly<Record<string, string>> {
  const own = ofKind<ISecret>(manifests, 'Secret').find(({ metadata }) => metadata.name === name);
  const data = Object.entries(own?.data ?? {}).map(([key, value]) => [key, Buffer.from(value, 'base64').toString()] as const);
  return own === undefined ? (secrets[name] ?? {}) : Object.fromEntries(data);
}

/** The only container, as a runtime is asked for it. @throws where the pod asks for what {@link ContainerSpec} does not do */
export function containerOf(manifests: readonly Manifest[], image: Image, cluster: Cluster): ContainerSpec {
  const { pod, container } = workloadOf(manifests);
  const { runAsUser = 0, runAsGroup = 0, fsGroup = 0 } = pod.securityContext ?? {};
  if (container.securityContext?.readOnlyRootFilesystem !== true) throw new Error('the root can be written');
  const mounts = (container.volumeMounts ?? []).map(({ name, mountPath }): Mount => {
    const volume = pod.volumes?.find((candidate) => candidate.name === name);
    if (volume?.emptyDir != null) return { kind: 'empty', path: mountPath, sizeBytes: EMPTY_DIR_BYTES };
    const { secretName, defaultMode = 0o644 } = volume?.secret ?? {};
    if (secretName === undefined) throw new Error(`${mountPath} is a volume of another kind`);
    return { kind: 'files', path: mountPath, files: secretData(secretName, manifests, cluster), mode: defaultMode };
  });
  return {
    command: [...(container.command ?? image.entrypoint), ...(container.args ?? image.command)],
    environment: { ...image.environment, ...environmentOf(manifests, cluster) },
    workingDirectory: container.workingDir ?? image.workingDirectory,
    ...{ user: runAsUser, group: runAsGroup, fsGroup },
    image: image.files,
    mounts,
  };
}

/** Its probes, and the port they go to. Periods are divided, so that a test need not wait for them. */
export function probesOf({ container }: Workload, haste: number): { readonly port: number; readonly pod: PodSpec } {
  const { startupProbe, livenessProbe, readinessProbe, ports = [] } = container;
  const named = new Set([startupProbe, livenessProbe, readinessProbe].map((probe) => probe?.httpGet?.port));
  const port = ports.find(({ name }) => named.has(name))?.containerPort;
  if (named.size !== 1 || port === undefined) throw new Error('the probes do not go to one port of the container');
  const spec = (probe: typeof startupProbe): ProbeSpec => ({
    path: probe?.httpGet?.path ?? '',
    periodMs: ((probe?.periodSeconds ?? 10) * 1000) / haste,
    timeoutMs: (probe?.timeoutSeconds ?? 1) * 1000,
    failureThreshold: (probe?.failureThreshold ?? 3) * haste,
  });
  return { port, pod: { startup: spec(startupProbe), liveness: spec(livenessProbe), readiness: spec(readinessProbe) } };
}
