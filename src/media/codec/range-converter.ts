import { AV_BUFFERSRC_FLAG_NONE, AV_PIX_FMT_YUV420P, type AVPixelFormat } from 'node-av/constants';
import { avGetPixFmtName, Filter, FilterGraph, Frame, type FilterContext } from 'node-av/lib';

import { CodecError } from './codec.error.js';
import { tagLimitedRange } from './decoded-picture.js';
import { check } from './ffmpeg.js';
import type { PictureSize } from './picture-size.js';

interface Graph {
  readonly key: string;
  readonly graph: FilterGraph;
  readonly source: FilterContext;
  readonly sink: FilterContext;
}

/** 4:2:0 pictures of up to so many pixels are converted at once (0.04 ms for 832×480): a visit to another thread and back costs more CPU than that. */
const MAX_IMMEDIATE_PIXELS = 1_000_000;

/**
 * Full-range planar YUV, any chroma subsampling, or grey → limited-range 4:2:0, smaller if asked for, by zimg: a third of swscale's time for the
 * same work, and rounded better (swscale's chroma is off by up to a level). Not reentrant: its owner serialises the calls.
 */
export class RangeConverter {
  #graph: Graph | undefined;

  /** Consumes `frame` and gives a new one of `size`, which the caller owns. Throws CodecError. */
  async convert(frame: Frame, size: PictureSize): Promise<Frame> {
    const isPlain = frame.format === AV_PIX_FMT_YUV420P && isSameSize(frame, size);
    const isImmediate = isPlain && frame.width * frame.height <= MAX_IMMEDIATE_PIXELS;
    const { source, sink } = await this.#prepare(frame, size);
    // Without KEEP_REF the filter takes the frame's buffers over instead of referencing them once more.
    check(source.buffersrcAddFrameSync(frame, AV_BUFFERSRC_FLAG_NONE), 'Handing a picture to the range conversion');
    const converted = new Frame();
    converted.alloc();
    const code = isImmediate ? sink.buffersinkGetFrameSync(converted) : await sink.buffersinkGetFrame(converted);
    if (code < 0) {
      converted.free();
      this.close();
      check(code, 'Range conversion');
    }
    tagLimitedRange(converted);
    return converted;
  }

  close(): void {
    this.#graph?.graph.free();
    this.#graph = undefined;
  }

  async #prepare(frame: Frame, size: PictureSize): Promise<Graph> {
    const key = `${frame.format}:${frame.width}x${frame.height}:${size.width}x${size.height}`;
    if (this.#graph?.key === key) return this.#graph;
    this.close();
    const graph = new FilterGraph();
    graph.alloc();
    graph.nbThreads = 1;
    try {
      const video = `video_size=${frame.width}x${frame.height}:pixel_aspect=1/1:time_base=1/90000`;
      const colour = `pix_fmt=${avGetPixFmtName(frame.format as AVPixelFormat)}:colorspace=smpte170m:range=pc`;
      const source = create(graph, 'buffer', `${video}:${colour}`);
      const scale = isSameSize(frame, size) ? '' : `w=${size.width}:h=${size.height}:filter=bicubic:`;
      const convert = create(graph, 'zscale', `${scale}rangein=full:range=limited:matrixin=170m:matrix=170m:dither=none`);
      const format = create(graph, 'format', `pix_fmts=${avGetPixFmtName(AV_PIX_FMT_YUV420P)}`);
      const sink = create(graph, 'buffersink');
      const chain = [source, convert, format, sink];
      chain.slice(1).forEach((filter, index) => check(chain[index]?.link(0, filter, 0) ?? -1, 'Linking the range conversion'));
      check(await graph.config(), 'Configuring the range conversion');
      this.#graph = { key, graph, source, sink };
      return this.#graph;
    } catch (error) {
      graph.free();
      throw error;
    }
  }
}

function isSameSize(a: PictureSize, b: PictureSize): boolean {
  return a.width === b.width && a.height === b.height;
}

function create(graph: FilterGraph, name: string, args?: string): FilterContext {
  const filter = Filter.getByName(name);
  if (!filter) throw new CodecError(`This build of FFmpeg has no filter ${name}.`);
  const context = graph.createFilter(filter, name, args ?? null);
  if (!context) throw new CodecError(`The filter ${name} refused ${args ?? 'its defaults'}.`);
  return context;
}
