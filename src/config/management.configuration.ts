import { IntegerVariable, TextVariable } from './variable.decorators.js';

const HOST = /^[\p{L}\p{N}._:%-]+$/u;

/** The listener for orchestrators and monitoring, apart from the one for clients. */
export class ManagementConfiguration {
  @TextVariable('TELEFUSER_MANAGEMENT_HOST', {
    description: 'Address or name the management listener listens on; unset, that of TELEFUSER_HOST.',
    maxLength: 255,
    allowed: 'an IP address or a host name',
    test: (text) => HOST.test(text),
  })
  readonly host?: string;

  @IntegerVariable('TELEFUSER_MANAGEMENT_PORT', {
    description:
      'TCP port of the management listener (probes and what else is not for clients), always plain HTTP and open to whoever reaches it; 0 takes any free one, unset there is no such listener.',
    min: 0,
    max: 65_535,
  })
  readonly port?: number;
}
