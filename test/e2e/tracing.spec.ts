import { describe, expect, it } from 'vitest';

import { waitFor } from '../support/condition.ts';
import { CommandProcess, shippedPipeline, type ServingCommand } from '../support/server.ts';
import { TraceCollector, type ReceivedSpan } from '../support/trace-collector.ts';
import { WATCH, WeriftClient } from '../support/werift-client.ts';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const SPAN = '00f067aa0ba902b7';
const ERROR = 2;
const SETTINGS = { TELEFUSER_SECURITY_LEVEL: 'permissive', TELEFUSER_LOG_FORMAT: 'json' };

/** Prints the URL of each module of the SDK that a process loads, and of the one that would load it. */
const TELL_LOADED = `import { registerHooks } from 'node:module'; import { writeSync } from 'node:fs';
registerHooks({ load(url, context, next) {
  if (/@opentelemetry|tracing\\/tracing\\.js/.test(url)) writeSync(2, 'loaded ' + url + '\\n');
  return next(url, context);
} });`;

function attribute({ attributes }: ReceivedSpan, key: string): unknown {
  return Object.values(attributes.find((one) => one.key === key)?.value ?? {})[0];
}

async function serve(environment: Readonly<Record<string, string>>): Promise<ServingCommand> {
  return CommandProcess.serve(shippedPipeline('test-pattern'), { ...SETTINGS, ...environment });
}

describe('the trace of an offer', () => {
  it('continues its request and goes on to the first picture, and the collector gets all of it before the server ends', async () => {
    await using collector = await TraceCollector.start();
    let sessionId = '';
    {
      await using serving = await serve({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, OTEL_EXPORTER_OTLP_HEADERS: 'x-key=k1' });
      const { api, command } = serving;
      const refused = await api.request(
        'POST',
        'v1/stream/webrtc/offer',
        { sdp: 'none', task: 't2v' },
        {
          headers: { traceparent: `00-${TRACE}-${SPAN}-01`, 'content-type': 'application/json' },
        },
      );
      expect(refused.status).toBe(400);
      {
        await using client = await WeriftClient.connect(api, WATCH);
        sessionId = client.sessionId;
        await waitFor('pictures', () => client.video.packets.length > 0);
        await waitFor('the first picture to be counted', async () => {
          const { body } = await api.get(`v1/stream/sessions/${sessionId}/stats`);
          return (body as { frames?: { sent: number } }).frames?.sent !== 0;
        });
        expect(command.stderr).toMatch(new RegExp(`"session_id":"${sessionId}".*"trace_id":"[\\da-f]{32}".*"opened`, 'u'));
      }
      command.child.kill('SIGTERM');
      expect(await command.exitCode()).toBe(0);
    }
    expect([...collector.services]).toEqual(['telefuser-stream']);
    expect(collector.headers[0]).toMatchObject({ 'x-key': 'k1', 'content-type': 'application/json' });

    const [failed, offer] = collector.named('offer');
    expect(failed).toMatchObject({ traceId: TRACE, parentSpanId: SPAN, kind: 2, status: { code: ERROR } });
    expect(failed && attribute(failed, 'error.type')).toBe('invalid-sdp');
    if (offer === undefined) throw new Error('the second offer has no span');
    expect(offer.traceId).not.toBe(TRACE);
    expect(offer.parentSpanId ?? '').toBe('');
    expect(attribute(offer, 'telefuser.session_id')).toBe(sessionId);
    const parts = ['pipeline.open', 'negotiation', 'connection', 'pipeline.first_chunk', 'first_frame'].map((name) => {
      const [span, ...others] = collector.named(name);
      expect([name, others.length]).toEqual([name, 0]);
      expect(span).toMatchObject({ traceId: offer.traceId, parentSpanId: offer.spanId });
      expect(span?.status.code ?? 0).not.toBe(ERROR);
      return span;
    });
    const [open, negotiation, connection, , firstFrame] = parts.map((span) => ({
      began: BigInt(span?.startTimeUnixNano ?? 0),
      ended: BigInt(span?.endTimeUnixNano ?? 0),
    }));
    // In this order, and the first picture after the connection it goes over.
    expect(BigInt(offer.startTimeUnixNano) <= open!.began && open!.ended <= negotiation!.began).toBe(true);
    expect(negotiation!.ended <= connection!.began && connection!.ended <= firstFrame!.ended).toBe(true);
  });

  it('ends in vain where the session closed before its first picture', async () => {
    await using collector = await TraceCollector.start();
    await using serving = await serve({ OTEL_EXPORTER_OTLP_ENDPOINT: `${collector.url}/` });
    await using client = await WeriftClient.prepare(WATCH);
    // Never connected: the answer is not applied.
    const answer = await client.offer(serving.api);
    await serving.api.request('DELETE', `v1/stream/sessions/${String(answer.body['session_id'])}`);
    const span = await waitFor('the span of the picture that never came', () => collector.named('first_frame')[0]);
    expect(span.status).toEqual({ code: ERROR, message: 'the session closed first: client_delete' });
  });

  it('costs nothing without a collector: the SDK is not even loaded', async () => {
    await using collector = await TraceCollector.start();
    const loadedWith = async (environment: Readonly<Record<string, string>>): Promise<boolean> => {
      await using serving = await serve({
        ...environment,
        NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(TELL_LOADED)}`,
      });
      await waitFor('the hook to tell of a module', () => serving.command.stderr.includes('/tracing/tracing.js'));
      return serving.command.stderr.includes('/node_modules/@opentelemetry/');
    };
    expect(await loadedWith({})).toBe(false);
    expect(await loadedWith({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.url })).toBe(true);
  });
});
