export { ForbiddenNetworks } from './forbidden-networks.js';
export { IceModule } from './ice.module.js';
export { IceServersService } from './ice-servers.service.js';
