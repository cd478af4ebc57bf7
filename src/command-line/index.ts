export { runCommand } from './run-command.js';
export type { ListeningServer, Serve } from './server.port.js';
