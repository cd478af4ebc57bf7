import { type DynamicModule, Module } from '@nestjs/common';
import { ConfigModule, registerAs } from '@nestjs/config';

import { Configuration } from './config/index.js';

/**
 * Makes the one `Configuration` injectable everywhere. It is loaded before the application exists, because the flags, the port and the
 * log level are needed to create it; so `@nestjs/config` is given the finished object and reads no environment or file of its own.
 */
@Module({})
export class ConfigurationModule {
  static register(configuration: Configuration): DynamicModule {
    const namespace = registerAs('telefuser', () => configuration);
    return {
      module: ConfigurationModule,
      global: true,
      imports: [ConfigModule.forRoot({ load: [namespace], ignoreEnvFile: true, skipProcessEnv: true })],
      providers: [{ provide: Configuration, useExisting: namespace.KEY }],
      exports: [Configuration],
    };
  }
}
