import { NumberVariable } from './variable.decorators.js';

/** How the server ends while it has sessions. */
export class DrainConfiguration {
  @NumberVariable('TELEFUSER_DRAIN_TIMEOUT_SECONDS', {
    description:
      'Seconds that open sessions may go on after SIGTERM, while offers are refused; what is left of them then is closed. 0 closes them at once.',
    min: 0,
    max: 86_400,
  })
  readonly timeoutSeconds: number = 540;
}
