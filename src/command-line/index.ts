export { runCommand } from './run-command.js';
export type { ListeningServer, Server } from './server.port.js';
