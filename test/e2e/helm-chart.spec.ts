import { readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import type { IHTTPRoute } from '@kubernetes-models/gateway-api/gateway.networking.k8s.io/v1';
import type { IScaledObject } from '@kubernetes-models/keda/keda.sh/v1alpha1';
import type { IPrometheusRule, IServiceMonitor } from '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1';
import type { IHorizontalPodAutoscaler } from 'kubernetes-models/autoscaling/v2';
import type { INetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1';
import type { IConfigMap, ISecret, IService, IServiceAccount } from 'kubernetes-models/v1';
import { beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';

import { loadConfiguration } from '#server/config/index.js';
import { lintChart, notesOf, refusalOf, renderChart } from '../support/helm.ts';
import { manifestProblems, ofKind, workloadOf, type Manifest } from '../support/manifest.ts';
import { environmentOf, type Cluster } from '../support/pod.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const VALUES = join(ROOT, 'test', 'deploy', 'values');
const FILES = readdirSync(VALUES).map((name) => join(VALUES, name));
const LEAST = join(VALUES, 'turn-only.yaml');
const SECRET = 'what-a-secret-of-the-cluster-holds-0123';
const CLUSTER: Cluster = {
  podIp: '10.42.0.9',
  nodeIp: '192.0.2.9',
  secrets: {
    coturn: { secret: SECRET, 'static-auth-secret': SECRET },
    'stream-tokens': { secret: SECRET, signing: SECRET },
  },
};
/** Kinds that an installation without operators has; what else a chart makes must have been asked for. */
const BASIC_KINDS = ['Deployment', 'NetworkPolicy', 'PodDisruptionBudget', 'Service', 'Service', 'ServiceAccount'];

const rendered = new Map<string, Manifest[]>();

/** The manifests of one of the value files, by its name. */
function chartOf(name: string): Manifest[] {
  const manifests = rendered.get(name);
  if (manifests === undefined) throw new Error(`there is no ${name}`);
  return manifests;
}

const named = FILES.map((file) => basename(file, '.yaml'));

beforeAll(async () => {
  for (const file of FILES) rendered.set(basename(file, '.yaml'), await renderChart(['--values', file]));
}, 120_000);

describe('the Helm chart', () => {
  it('passes helm lint --strict with its own values and with each value file', async () => {
    expect(FILES.length).toBeGreaterThanOrEqual(12);
    for (const args of [[], ...FILES.map((file) => ['--values', file])]) {
      const { ok, output } = await lintChart(args);
      expect(ok, `${args.join(' ')}: ${output}`).toBe(true);
      expect(output).not.toMatch(/\[(WARNING|ERROR)\]/u);
    }
  });

  it('makes manifests that the published schemas take, without a field they do not know', async () => {
    expect(await manifestProblems([...rendered.values()].flat())).toEqual([]);
    // And the judge does find both kinds of mistakes.
    const [deployment] = ofKind(chartOf('turn-only'), 'Deployment');
    const mistaken = structuredClone(deployment) as unknown as Manifest & { spec: Record<string, unknown> };
    Object.assign(mistaken.spec, { replicas: -1.5, replicaz: 1 });
    expect((await manifestProblems([mistaken])).join('\n')).toMatch(/replicas must be integer[^]*replicaz/u);
  }, 60_000);

  it.each([
    ['sessions.max=many', /\/sessions\/max.*got string, want integer/u],
    ['sessions.max=101', /\/sessions\/max.*maximum/u],
    ['sesions.max=3', /additional properties 'sesions'/u],
    ['media.turn.server=turn:a', /\/media\/turn.*additional properties 'server'/u],
    ['media.mode=relay', /\/media\/mode.*one of 'turn', 'hostPorts', 'hostNetwork'/u],
    ['media.deniedNetworks={10.0.0.1}', /\/media\/deniedNetworks\/0.*pattern/u],
    ['media.turn.secret=short', /\/media\/turn\/secret.*pattern/u],
    ['pipeline.securityLevel=none', /\/pipeline\/securityLevel.*one of/u],
    ['http.port=80', /\/http\/port.*minimum/u],
    ['auth.mode=optional', /\/auth\/mode.*one of/u],
    ['settings.telefuser_host=a', /invalid propertyName 'telefuser_host'/u],
    ['image.digest=latest', /\/image\/digest.*pattern/u],
  ])('refuses %s by its name', async (assignment, words) => {
    expect((await refusalOf(['--values', LEAST, '--set', assignment])).replaceAll('\n', ' ')).toMatch(words);
  });

  it.each([
    ['auth.apiKeys.existingSecret=', 'auth.mode is required and there are no credentials'],
    ['auth.jwt.jwksUrl=https://a.example/keys', 'auth.jwt.jwksUrl needs auth.jwt.issuer and auth.jwt.audience'],
    ['media.turn.servers=null', 'media.mode is turn and there is no TURN server'],
    ['media.turn.existingSecret=', 'media.turn.servers needs the secret they share'],
    ['media.mode=hostPorts,sessions.max=40', 'media.udpPorts has 20 ports, and sessions.max 40 needs 80'],
    ['media.mode=hostNetwork,http.port=50005', 'http.port 50005 lies in media.udpPorts'],
    ['management.port=8088', 'http.port and management.port are the same'],
    ['gpu.enabled=true', 'gpu.enabled needs pipeline.securityLevel standard'],
    ['autoscaling.mode=hpa,autoscaling.targetSessions=11', 'autoscaling.targetSessions is more than sessions.max'],
    ['autoscaling.mode=keda', 'set autoscaling.prometheusAddress'],
    ['settings.TELEFUSER_PORT=80', 'settings.TELEFUSER_PORT is set by a value of its own'],
    ['settings.TELEFUSER_TURN_CREDENTIAL=abc', 'settings.TELEFUSER_TURN_CREDENTIAL would be readable'],
    ['ingress.enabled=true', 'ingress.enabled needs ingress.host'],
    ['httpRoute.enabled=true', 'httpRoute.enabled needs httpRoute.parentRefs'],
  ])('refuses %s, and says what to do', async (assignment, words) => {
    expect(await refusalOf(['--values', LEAST, '--set', assignment])).toContain(words);
  });

  it('does not install with its own values: who may use it and how media finds its way has to be said', async () => {
    const words = await refusalOf([]);
    expect(words).toContain('auth.mode is required and there are no credentials');
    expect(words).toContain('media.mode is turn and there is no TURN server');
  });

  it('installs by the command of docs/deploy.md', async () => {
    const [, command = ''] =
      /^helm install stream deploy\/helm\/telefuser-stream -n media \\\n([^]*?)^```$/mu.exec(
        await readFile(join(ROOT, 'docs', 'deploy.md'), 'utf8'),
      ) ?? [];
    const args = command
      .split('\n')
      .map((line) => /^ {2}--set '?(.*?)'?(?: \\)?$/u.exec(line)?.[1])
      .flatMap((assignment) => (assignment === undefined ? [] : ['--set', assignment]));
    const manifests = await renderChart(args, 'stream');
    expect(loadConfiguration(environmentOf(manifests, CLUSTER)).ice.turnServers).toHaveLength(2);
    expect(workloadOf(manifests).container.image).toMatch(/^registry\.example\.com\/telefuser-stream:/u);
  });

  it('tells who installs it what is left to do, and what to be careful with', async () => {
    const open = await notesOf(['--values', join(VALUES, 'open-lan.yaml')]);
    expect(open).toContain('WARNING: auth.mode is none. Whoever reaches the API may use it.');
    expect(open).toContain('UDP 50000-50019 of the nodes');
    expect(open).toContain('keep port 19090 of the nodes closed');
    expect(await notesOf(['--values', join(VALUES, 'ingress.yaml')])).toMatch(
      /https:\/\/stream\.example\.com\/[^]*WARNING: auth\.streamTokens has no secret/u,
    );
    expect(await notesOf(['--values', join(VALUES, 'hpa.yaml')])).not.toContain('WARNING');
  });

  it('makes nothing that was not asked for', () => {
    expect(
      chartOf('turn-only')
        .map(({ kind }) => kind)
        .toSorted(),
    ).toEqual(BASIC_KINDS);
  });
});

describe.each(named)('with the values %s', (name) => {
  it('the pod has the restricted security context, and only the host modes take something of the node', () => {
    const { pod, container } = workloadOf(chartOf(name));
    expect(pod).toMatchObject({
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
    });
    expect(pod.securityContext?.runAsUser).toBeGreaterThan(0);
    expect(container.securityContext).toEqual({
      allowPrivilegeEscalation: false,
      privileged: false,
      readOnlyRootFilesystem: true,
      runAsNonRoot: true,
      capabilities: { drop: ['ALL'] },
    });
    expect(pod.hostPID ?? pod.hostIPC ?? false).toBe(false);
    expect(pod.volumes?.some(({ hostPath }) => hostPath !== undefined) ?? false).toBe(false);
    const environment = environmentOf(chartOf(name), CLUSTER);
    const takesPorts = container.ports?.some(({ hostPort }) => hostPort !== undefined) ?? false;
    if (environment['TELEFUSER_ICE_TRANSPORT_POLICY'] === 'relay')
      expect([takesPorts, pod.hostNetwork]).toEqual([false, undefined]);
    else expect(takesPorts).not.toBe(pod.hostNetwork ?? false);
    for (const account of ofKind<IServiceAccount>(chartOf(name), 'ServiceAccount')) {
      expect(account.automountServiceAccountToken).toBe(false);
    }
  });

  it('the server takes its environment, and no secret is in a manifest but a Secret', () => {
    const environment = environmentOf(chartOf(name), CLUSTER);
    const configuration = loadConfiguration(environment);
    expect(configuration.management.port).toBe(Number(environment['TELEFUSER_MANAGEMENT_PORT']));
    const elsewhere = JSON.stringify(chartOf(name).filter(({ kind }) => kind !== 'Secret'));
    for (const secret of ofKind<ISecret>(chartOf(name), 'Secret')) {
      for (const value of Object.values(secret.data ?? {})) {
        expect(elsewhere).not.toContain(value);
        expect(elsewhere).not.toContain(Buffer.from(value, 'base64').toString());
      }
    }
    expect(elsewhere).not.toContain(SECRET);
  });

  it('a drain has the time it needs, and a model has the time to load', () => {
    const { pod, container } = workloadOf(chartOf(name));
    const { pipelineCloseTimeoutSeconds, pipelineStartTimeoutSeconds, drain } = loadConfiguration(
      environmentOf(chartOf(name), CLUSTER),
    );
    const sleep = container.lifecycle?.preStop?.sleep?.seconds ?? 0;
    // The server gives its close twice the pipeline's time and five seconds.
    expect(pod.terminationGracePeriodSeconds).toBeGreaterThanOrEqual(
      sleep + drain.timeoutSeconds + 2 * pipelineCloseTimeoutSeconds + 5,
    );
    const { periodSeconds = 0, failureThreshold = 0 } = container.startupProbe ?? {};
    expect(periodSeconds * failureThreshold).toBeGreaterThan(pipelineStartTimeoutSeconds);
    expect([container.startupProbe, container.livenessProbe, container.readinessProbe].map((probe) => probe?.httpGet)).toEqual([
      { path: '/startupz', port: 'management' },
      { path: '/livez', port: 'management' },
      { path: '/readyz', port: 'management' },
    ]);
  });

  it('services lead to the pods, and none that is open to the outside to the management listener', () => {
    const { deployment, container } = workloadOf(chartOf(name));
    const services = ofKind<IService>(chartOf(name), 'Service');
    expect(services).toHaveLength(2);
    for (const { spec } of services) {
      expect(deployment.spec?.template.metadata?.labels).toMatchObject(spec?.selector ?? {});
      expect(deployment.spec?.selector.matchLabels).toEqual(spec?.selector);
      for (const { targetPort } of spec?.ports ?? []) expect(container.ports?.map((port) => port.name)).toContain(targetPort);
      if (spec?.ports?.some(({ targetPort }) => targetPort === 'management') === true) expect(spec.clusterIP).toBe('None');
    }
  });

  it('its network policy lets nothing out to link-local and metadata addresses', () => {
    const policies = ofKind<INetworkPolicy>(chartOf(name), 'NetworkPolicy');
    expect(policies).toHaveLength(['host-network', 'open-lan'].includes(name) ? 0 : 1);
    for (const { spec } of policies) {
      expect(spec?.policyTypes).toEqual(['Ingress', 'Egress']);
      for (const rule of spec?.egress ?? []) {
        expect(rule.to?.length, JSON.stringify(rule)).toBeGreaterThan(0);
        for (const { ipBlock } of rule.to ?? []) {
          if (ipBlock?.cidr === '0.0.0.0/0')
            expect(ipBlock.except).toEqual(expect.arrayContaining(['169.254.0.0/16', '168.63.129.16/32']));
          if (ipBlock?.cidr === '::/0')
            expect(ipBlock.except).toEqual(expect.arrayContaining(['fe80::/10', 'fd00:ec2::254/128']));
        }
      }
    }
  });
});

describe('what the values ask for', () => {
  it('each media mode is told to the server as it is', () => {
    const variables = (name: string) => environmentOf(chartOf(name), CLUSTER);
    expect(loadConfiguration(variables('turn-only')).ice).toMatchObject({
      transportPolicy: 'relay',
      turnServers: ['turn:turn.example.com:3478?transport=udp', 'turns:turn.example.com:5349?transport=tcp'],
      turnSecret: SECRET,
    });
    expect(loadConfiguration(variables('host-ports')).ice).toMatchObject({
      transportPolicy: 'all',
      udpPorts: { first: 50_000, last: 50_019 },
      hostAddresses: [CLUSTER.nodeIp],
      hostAddressMode: 'replace',
    });
    expect(loadConfiguration(variables('host-ports-announced')).ice.hostAddresses).toEqual(['203.0.113.7', '2001:db8::7']);
    expect(loadConfiguration(variables('host-network'))).toMatchObject({
      ice: {
        hostAddresses: [],
        stunServers: ['stun:stun.example.com:3478'],
        deniedNetworks: ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16'],
      },
      management: { host: CLUSTER.podIp },
    });
    const announced = workloadOf(chartOf('host-ports-announced')).container.ports;
    expect(announced).toContainEqual({ name: 'media-tcp', containerPort: 8443, hostPort: 8443, protocol: 'TCP' });
    const { container } = workloadOf(chartOf('host-ports'));
    const ports = container.ports?.filter(({ hostPort }) => hostPort !== undefined) ?? [];
    expect(ports.map(({ hostPort }) => hostPort)).toEqual(Array.from({ length: 20 }, (_, index) => 50_000 + index));
    expect(ports.every(({ hostPort, containerPort, protocol }) => hostPort === containerPort && protocol === 'UDP')).toBe(true);
    expect(workloadOf(chartOf('host-network')).pod).toMatchObject({ hostNetwork: true, dnsPolicy: 'ClusterFirstWithHostNet' });
  });

  it('where a node has room for one pod an update takes the old one first', () => {
    const strategyOf = (name: string) => workloadOf(chartOf(name)).deployment.spec?.strategy?.rollingUpdate;
    for (const name of ['host-ports', 'host-network', 'gpu'])
      expect(strategyOf(name)).toEqual({ maxSurge: 0, maxUnavailable: 1 });
    expect(strategyOf('turn-only')).toEqual({ maxSurge: 1, maxUnavailable: 0 });
    expect(strategyOf('settings')).toEqual({ maxSurge: '50%', maxUnavailable: 0 });
  });

  it('a pod has a GPU, its runtime class, shared memory, and the pipeline its options as they were written', () => {
    const { pod, container } = workloadOf(chartOf('gpu'));
    expect(pod).toMatchObject({
      runtimeClassName: 'nvidia',
      nodeSelector: { 'nvidia.com/gpu.product': 'NVIDIA-H100-80GB-HBM3' },
    });
    expect(pod.tolerations).toEqual([{ key: 'nvidia.com/gpu', operator: 'Exists', effect: 'NoSchedule' }]);
    expect(container.resources?.limits).toMatchObject({ 'nvidia.com/gpu': 1, memory: '32Gi' });
    expect(pod.volumes).toContainEqual({ name: 'shared-memory', emptyDir: { medium: 'Memory', sizeLimit: '8Gi' } });
    expect(container.volumeMounts).toContainEqual({ name: 'models', mountPath: '/models', readOnly: true });
    expect(container.args?.slice(0, 4)).toEqual(['stream-serve', '/pipelines/my-model/pipeline.py', '--gpu-num', '1']);
    for (const option of ['compile=true', 'frames=12000000', 'guidance=1.5', 'model=/models/small', 'steps=4']) {
      expect(container.args).toContain(option);
    }
    expect(container.image).toMatch(/^registry\.example\.com\/my-model@sha256:a{64}$/u);
  });

  it('/tmp can be written only where the security level has a scratch folder', () => {
    const mounts = (name: string) => workloadOf(chartOf(name)).container.volumeMounts?.map(({ mountPath }) => mountPath) ?? [];
    expect(mounts('turn-only')).not.toContain('/tmp');
    for (const name of ['gpu', 'settings']) expect(mounts(name)).toContain('/tmp');
  });

  it('settings arrive as they were written, large numbers too', () => {
    expect(environmentOf(chartOf('settings'), CLUSTER)).toMatchObject({
      TELEFUSER_WEBRTC_VIDEO_BITRATE: '6000000',
      TELEFUSER_WEBRTC_INTRA_REFRESH_SECONDS: '2.5',
      TELEFUSER_WEBRTC_VIDEO_CODEC: '["AV1","H264"]',
      TELEFUSER_EXIT_ON_START_FAILURE: 'false',
    });
  });

  it('something else scales the pods by their open sessions, and the Deployment then does not say how many', () => {
    const [hpa] = ofKind<IHorizontalPodAutoscaler>(chartOf('hpa'), 'HorizontalPodAutoscaler');
    expect(hpa?.spec).toMatchObject({ minReplicas: 2, maxReplicas: 12, scaleTargetRef: { name: 'demo-telefuser-stream' } });
    expect(hpa?.spec?.metrics).toEqual([
      {
        type: 'Pods',
        pods: { metric: { name: 'telefuser_sessions_active' }, target: { type: 'AverageValue', averageValue: '6' } },
      },
    ]);
    const [scaled] = ofKind<IScaledObject>(chartOf('keda'), 'ScaledObject');
    expect(scaled?.spec?.triggers[0]?.metadata).toMatchObject({
      query: 'sum(telefuser_sessions_active{job="telefuser/media/demo"})',
      threshold: '7',
    });
    for (const name of ['hpa', 'keda']) expect(workloadOf(chartOf(name)).deployment.spec?.replicas).toBeUndefined();
    expect(workloadOf(chartOf('turn-inline-secrets')).deployment.spec?.replicas).toBe(3);
  });

  it('monitoring has the rules and the dashboard of deploy/monitoring, and a job that the rules take', async () => {
    const manifests = chartOf('monitoring');
    const read = (name: string) => readFile(join(ROOT, 'deploy', 'monitoring', name), 'utf8');
    const [rule] = ofKind<IPrometheusRule>(manifests, 'PrometheusRule');
    expect(rule?.spec).toEqual(parse(await read('alerts.yml')));
    const [dashboard] = ofKind<IConfigMap>(manifests, 'ConfigMap');
    expect(dashboard?.metadata.labels).toMatchObject({ grafana_dashboard: '1' });
    expect(JSON.parse(dashboard?.data?.['telefuser-stream.json'] ?? '')).toEqual(JSON.parse(await read('dashboard.json')));
    const [monitor] = ofKind<IServiceMonitor>(manifests, 'ServiceMonitor');
    const [endpoint] = monitor?.spec?.endpoints ?? [];
    expect(endpoint).toMatchObject({ port: 'management', path: '/metrics', interval: '30s' });
    expect(endpoint?.relabelings).toEqual([{ targetLabel: 'job', replacement: 'telefuser/media/demo' }]);
    expect(await read('alerts.yml')).toContain('job=~"telefuser.*"');
    const services = ofKind<IService>(manifests, 'Service').filter(({ metadata }) =>
      Object.entries(monitor?.spec?.selector.matchLabels ?? {}).every(([name, value]) => metadata.labels?.[name] === value),
    );
    expect(services.map(({ spec }) => spec?.ports?.map(({ name }) => name))).toEqual([['management']]);
  });

  it('the network policy is as narrow as the values say', () => {
    const [policy] = ofKind<INetworkPolicy>(chartOf('turn-inline-secrets'), 'NetworkPolicy');
    const turn = policy?.spec?.egress?.find(({ ports }) => ports?.some(({ port }) => port === 3478));
    expect(turn?.to).toEqual([{ ipBlock: { cidr: '192.0.2.0/28' } }]);
    const [monitored] = ofKind<INetworkPolicy>(chartOf('monitoring'), 'NetworkPolicy');
    expect(monitored?.spec?.ingress?.map(({ from }) => from?.[0]?.namespaceSelector?.matchLabels)).toEqual([
      { 'kubernetes.io/metadata.name': 'ingress-nginx' },
      { 'kubernetes.io/metadata.name': 'monitoring' },
    ]);
    const [hostPorts] = ofKind<INetworkPolicy>(chartOf('host-ports'), 'NetworkPolicy');
    expect(hostPorts?.spec?.ingress).toContainEqual({ ports: [{ port: 50_000, endPort: 50_019, protocol: 'UDP' }] });
  });

  it('a Gateway and an Ingress lead to the service', () => {
    const [route] = ofKind<IHTTPRoute>(chartOf('gateway'), 'HTTPRoute');
    expect(route?.spec?.parentRefs).toEqual([{ name: 'public', namespace: 'gateways', sectionName: 'https' }]);
    expect(route?.spec?.rules?.[0]?.backendRefs).toEqual([{ name: 'demo-telefuser-stream', port: 80 }]);
    const [ingress] = ofKind<{ spec: { tls: unknown; rules: unknown } }>(chartOf('ingress'), 'Ingress');
    expect(ingress?.spec.tls).toEqual([{ hosts: ['stream.example.com'], secretName: 'stream-example-com' }]);
    expect(JSON.stringify(ingress?.spec.rules)).toContain('"name":"demo-telefuser-stream","port":{"name":"http"}');
  });
});
