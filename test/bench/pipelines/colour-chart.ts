/** Server push: a chart of 24 colour patches that stands still, raw (`-o frames=rgb`) or as JPEG (`-o frames=jpeg`). */
import sharp from 'sharp';
import { setTimeout as sleep } from 'node:timers/promises';
import type { GetServiceOptions, PipelineFrame, ServerPushService } from 'telefuser-stream/pipeline';
import { CHART_SIZE, drawChart } from '../colour-patches.ts';

const FPS = 24;

export function getService({ options }: GetServiceOptions): ServerPushService {
  let frame: PipelineFrame | Uint8Array = { format: 'RGB24', ...CHART_SIZE, data: drawChart() };
  return {
    defaultFps: FPS,
    async start() {
      if (options['frames'] === 'rgb') return;
      frame = await sharp(drawChart(), { raw: { ...CHART_SIZE, channels: 3 } })
        .jpeg({ quality: 95 })
        .toBuffer();
    },
    async *serve() {
      for (let index = 0; ; index += 1) {
        yield { type: 'chunk', index, fps: FPS, frames: [frame] };
        await sleep(1000 / FPS);
      }
    },
  };
}
