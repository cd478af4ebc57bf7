import type { OpenAPIObject } from '@nestjs/swagger';

type Operation = NonNullable<OpenAPIObject['paths'][string]['get']>;
type Headers = NonNullable<NonNullable<OpenAPIObject['components']>['headers']>;

/** Status of an operation that counts its requests: each of its answers says what is left. */
const RATE_LIMITED = '429';
const METHODS = ['get', 'put', 'post', 'patch', 'delete'] as const;

const REQUEST_HEADERS: Headers = {
  'X-Request-Id': {
    description:
      "Id of the request: the client's own, if it sent a good one. The log has it, and `instance` of a problem document.",
    schema: { type: 'string', example: '0b5b6c0e-7c3e-4f0c-9a57-2f6f0d9c1a44' },
  },
};

const RATE_LIMIT_HEADERS: Headers = {
  'RateLimit-Policy': {
    description:
      'How many requests (`q`) a client may make in so many seconds (`w`); draft-ietf-httpapi-ratelimit-headers-10. Absent where there is no limit.',
    schema: { type: 'string', example: '"default";q=6000;w=60' },
  },
  RateLimit: {
    description: 'How many of them are left (`r`), and for how many seconds (`t`) that holds. Absent where there is no limit.',
    schema: { type: 'string', example: '"default";r=5999;t=60' },
  },
};

/** The document with the headers that hooks add to every answer, which no operation names itself. The given document stays as it is. Pure. */
export function describeHeaders(document: OpenAPIObject): OpenAPIObject {
  const paths = Object.entries(document.paths).map(([path, item]) => {
    const operations = METHODS.flatMap((method) => {
      const operation = item[method];
      return operation === undefined ? [] : [[method, withHeaders(operation)]];
    });
    return [path, { ...item, ...(Object.fromEntries(operations) as object) }];
  });
  return {
    ...document,
    paths: Object.fromEntries(paths) as OpenAPIObject['paths'],
    components: {
      ...document.components,
      headers: { ...document.components?.headers, ...REQUEST_HEADERS, ...RATE_LIMIT_HEADERS },
    },
  };
}

function withHeaders(operation: Operation): Operation {
  const added = references(RATE_LIMITED in operation.responses ? { ...REQUEST_HEADERS, ...RATE_LIMIT_HEADERS } : REQUEST_HEADERS);
  const responses = Object.entries(operation.responses).map(([status, response]) => {
    if (response === undefined || '$ref' in response) return [status, response];
    return [status, { ...response, headers: { ...response.headers, ...added } }];
  });
  return { ...operation, responses: Object.fromEntries(responses) as Operation['responses'] };
}

function references(headers: Headers): Headers {
  return Object.fromEntries(Object.keys(headers).map((name) => [name, { $ref: `#/components/headers/${name}` }]));
}
