export { followRequests } from './follow-requests.js';
export { ProcessLogger } from './process-logger.js';
export { requestIdOf } from './request-context.js';
