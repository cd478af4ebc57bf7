import { Module } from '@nestjs/common';
import { IceServersService } from './ice-servers.service.js';

/** How the server and its viewers find a path to each other. */
@Module({
  providers: [IceServersService],
  exports: [IceServersService],
})
export class IceModule {}
