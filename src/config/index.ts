export {
  API_KEY_ID,
  isScope,
  parseApiKeyRecords,
  parseInstant,
  SCOPES,
  TENANT,
  type ApiKeyRecord,
  type Scope,
} from './api-key-records.js';
export { ConfigurationError, type ConfigurationProblem } from './configuration.error.js';
export {
  Configuration,
  type ConfiguredVideoCodec,
  type EncoderProfileName,
  type LogFormat,
  type LogLevel,
  type MillisecondRange,
  type SecurityLevel,
} from './configuration.js';
export { readEnvironment } from './environment.js';
export { ICE_TRANSPORT_POLICIES, type IceTransportPolicy, type PortRange } from './ice.configuration.js';
export { loadConfiguration, type ConfigurationFlag, type Environment } from './load-configuration.js';
export { nearestName } from './nearest-name.js';
