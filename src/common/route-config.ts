import { RouteConfig } from '@nestjs/platform-fastify';
import { FASTIFY_ROUTE_CONFIG_METADATA } from '@nestjs/platform-fastify/constants.js';

/** Adds to what Fastify keeps of a route (`request.routeOptions.config`), beside what the decorators below it say; `RouteConfig` replaces that. */
export function AddRouteConfig(config: Readonly<Record<string, unknown>>): MethodDecorator {
  return (target, key, descriptor) => {
    const known: unknown = Reflect.getMetadata(FASTIFY_ROUTE_CONFIG_METADATA, descriptor.value as object);
    RouteConfig({ ...(known as object | undefined), ...config })(target, key, descriptor);
  };
}
