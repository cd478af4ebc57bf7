export { ManagementListenError } from './management-listen.error.js';
export { listenForManagement, type ManagementServer } from './management-server.js';
