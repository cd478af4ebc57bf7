/** The relay in a process of its own, so that nothing but packets is on its event loop. Started by {@link UdpRelay}, ends with its owner. */
import { RelayedPath } from './relayed-path.ts';
import type { RelayReply, RelayRequest } from './messages.ts';

const paths = new Map<number, RelayedPath>();

function find(id: number): RelayedPath {
  const path = paths.get(id);
  if (path === undefined) throw new Error(`there is no path ${id}`);
  return path;
}

async function answer(request: RelayRequest): Promise<RelayReply> {
  const { id } = request;
  switch (request.type) {
    case 'open': {
      const path = await RelayedPath.open(request.host, request.path);
      paths.set(id, path);
      return { id, type: 'opened', clientSide: path.clientSide, serverSide: path.serverSide };
    }
    case 'connect':
      find(id).connect(request.server);
      return { id, type: 'connected' };
    case 'report':
      return { id, type: 'reported', report: find(id).report() };
    case 'close':
      find(id).close();
      paths.delete(id);
      return { id, type: 'closed' };
  }
}

process.on('message', (request: RelayRequest) => {
  void answer(request)
    .catch((error: unknown): RelayReply => ({ id: request.id, type: 'failed', message: String(error) }))
    .then((reply) => process.send?.(reply));
});
process.on('disconnect', () => process.exit(0));
