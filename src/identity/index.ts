export { Access, ACCESS_PROBLEMS, Caller, identityOf, SECURITY_SCHEME } from './access.decorator.js';
export { makeApiKey } from './api-keys.js';
export { AuditLog } from './audit-log.service.js';
export { ANYONE, ownerOf, owns, type Identity, type Owner } from './identity.js';
export { IdentityModule } from './identity.module.js';
export { StreamTokens } from './stream-tokens.service.js';
