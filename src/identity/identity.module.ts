import { Global, Module } from '@nestjs/common';

import { Configuration } from '../config/index.js';
import { AccessHook } from './access.hook.js';
import { AuditLog } from './audit-log.service.js';
import { Authenticator, CredentialSources } from './authenticator.service.js';
import { StreamTokensController } from './stream-tokens.controller.js';
import { StreamTokens } from './stream-tokens.service.js';

/** Who makes a request, and what they may. Global, because every feature with a route or a session asks. */
@Global()
@Module({
  controllers: [StreamTokensController],
  providers: [
    AccessHook,
    AuditLog,
    Authenticator,
    StreamTokens,
    {
      provide: CredentialSources,
      inject: [Configuration],
      useFactory: (configuration: Configuration) => CredentialSources.open(configuration),
    },
  ],
  exports: [AuditLog, StreamTokens],
})
export class IdentityModule {}
