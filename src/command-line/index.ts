export { runCommand } from './run-command.js';
export type { ListeningServer, ProcessPort, Server } from './server.port.js';
