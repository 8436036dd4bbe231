import type { RouteOptions } from 'fastify';
import { Problem } from './problem.ts';

/** Which methods a path has, so that the wrong one is told apart from the wrong path. */
export class RouteTable {
  readonly #routes: { readonly methods: readonly string[]; readonly parts: readonly string[] }[] = [];

  add({ method, url }: Pick<RouteOptions, 'method' | 'url'>): void {
    this.#routes.push({ methods: [method].flat(), parts: url.split('/') });
  }

  missing(method: string, url: string): Problem {
    const parts = (url.split('?', 1)[0] ?? '').split('/');
    const methods = this.#routes.filter((route) => fits(route.parts, parts)).flatMap((r) => r.methods);
    if (methods.length === 0 || methods.includes(method))
      return new Problem('not-found', 'there is no such path; /api/v1/openapi.json lists them');
    const allow = [...new Set(methods)].toSorted().join(', ');
    return new Problem('method-not-allowed', `this path takes ${allow}`, { headers: { allow } });
  }
}

function fits(pattern: readonly string[], parts: readonly string[]): boolean {
  return (
    pattern.length === parts.length &&
    pattern.every((part, i) => (part.startsWith(':') ? parts[i] !== '' : part === parts[i]))
  );
}
