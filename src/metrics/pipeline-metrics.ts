import type { PipelineDescription, PipelineState, WorkerDescription } from '../pipeline-loader/index.js';
import { counter, gauge, type Labels, type MetricFamily } from './exposition/index.js';

const PIPELINE_STATES = ['starting', 'ready', 'restarting', 'failed', 'stopped'] as const satisfies readonly PipelineState[];
const WORKER_STATES = [
  'starting',
  'ready',
  'waiting',
  'failed',
  'stopped',
] as const satisfies readonly WorkerDescription['state'][];

/** The pipeline and its processes. `worker` is the number of the process, from 1 to `TELEFUSER_PIPELINE_WORKERS`. */
export function pipelineMetrics({
  state,
  startSeconds,
  workers,
}: Pick<PipelineDescription, 'state' | 'startSeconds' | 'workers'>): MetricFamily[] {
  const each = (value: (worker: WorkerDescription) => number): { labels: Labels; value: number }[] =>
    workers.map((worker, index) => ({ labels: { worker: String(index + 1) }, value: value(worker) }));
  return [
    gauge(
      'telefuser_pipeline_state',
      'State of the pipeline: 1 for the state it is in',
      PIPELINE_STATES.map((one) => ({ labels: { state: one }, value: Number(one === state) })),
    ),
    gauge('telefuser_pipeline_start_seconds', 'How long the pipeline took to start, model loading included; 0 until it has', [
      { value: startSeconds ?? 0 },
    ]),
    gauge(
      'telefuser_pipeline_processes',
      'Processes of the pipeline, by state',
      WORKER_STATES.map((one) => ({ labels: { state: one }, value: workers.filter((worker) => worker.state === one).length })),
    ),
    counter(
      'telefuser_pipeline_restarts_total',
      'Processes that were started after the first',
      each(({ restarts }) => restarts),
    ),
    gauge(
      'telefuser_pipeline_sessions',
      'Sessions in a process, those that are being closed included',
      each(({ sessions }) => sessions),
    ),
    counter(
      'telefuser_pipeline_cpu_seconds_total',
      'Processor time of a process and those before it',
      each(({ totalCpuSeconds }) => totalCpuSeconds),
    ),
    gauge(
      'telefuser_pipeline_resident_memory_bytes',
      'Resident memory of a process; 0 while there is none',
      each(({ residentBytes = 0 }) => residentBytes),
    ),
  ];
}
