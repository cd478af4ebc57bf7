import { AddRouteConfig } from '../common/index.js';

const CONFIG_KEY = 'telefuserOffer';

/** Says that a route takes offers: those that are refused, wherever that is, are counted. Stands above the route's other decorators of this server. */
export function OfferRoute(): MethodDecorator {
  return AddRouteConfig({ [CONFIG_KEY]: true });
}

/** Whether a route takes offers, by what Fastify keeps of it. */
export function isOfferRoute(config: unknown): boolean {
  return (config as Readonly<Record<string, unknown>> | undefined)?.[CONFIG_KEY] === true;
}
