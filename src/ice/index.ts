export { ForbiddenNetworks } from './forbidden-networks.js';
export { IceModule } from './ice.module.js';
export { IceServersService, type IceServer } from './ice-servers.service.js';
