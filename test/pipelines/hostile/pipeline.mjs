// A pipeline that plays a clean pattern, and commits the misdeed that a message of the client names. The test writes `misdeeds.mjs`.
import { misdeeds } from './misdeeds.mjs';

const WIDTH = 64;
const HEIGHT = 48;

/** Mid grey, a little lighter with each frame. */
function picture(index) {
  const data = new Uint8Array((WIDTH * HEIGHT * 3) / 2).fill(128);
  data.fill(64 + (index % 128), 0, WIDTH * HEIGHT);
  return { format: 'I420', width: WIDTH, height: HEIGHT, data };
}

function inWords(error) {
  return `${error?.code ?? ''} ${error?.cause?.code ?? ''} ${error?.message ?? error}`.trim();
}

class HostileService {
  delivery = 'lossless';
  defaultFps = 20;
  sessions = new Map();

  createSession(config) {
    // A pipeline may name its sessions itself, and this one takes another's name when asked to.
    if (config.takes) return config.takes;
    this.sessions.set(config.session_id, { ...config, orders: [], wake: () => undefined });
    return config.session_id;
  }

  pushChunk(id, message) {
    const session = this.sessions.get(id);
    session.orders.push(message);
    session.wake();
  }

  async *pullChunks(id) {
    const session = this.sessions.get(id);
    if (session.plays) return yield* this.pattern(session);
    for (;;) {
      const order = session.orders.shift();
      if (order === undefined) await new Promise((resolve) => (session.wake = resolve));
      else yield await this.commit(order);
    }
  }

  *pattern({ orders }) {
    for (let index = 0; orders.length === 0; index += 1) yield { index, fps: 20, frames: [picture(index)] };
  }

  async commit({ misdeed, facts }) {
    try {
      const result = await misdeeds[misdeed](facts);
      return result?.chunk ?? { misdeed, done: String(result).slice(0, 2000) };
    } catch (error) {
      return { misdeed, stopped: inWords(error).slice(0, 2000) };
    }
  }

  closeSession(id) {
    this.sessions.delete(id);
  }
}

export const getService = () => new HostileService();
