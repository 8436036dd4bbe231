import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, it } from 'vitest';

/** Which room may import what, and why. The first rule whose `from` matches a file decides. */
type Rule = { readonly from: RegExp; readonly mayImport: RegExp; readonly why: string };

const rules: readonly Rule[] = [
  {
    from: /^fingerprint\/(digest|ecdsa|ed25519|pbes2|scrypt)\.ts$/,
    mayImport: /^(fingerprint\/|node:crypto$|tweetnacl$)/,
    why: 'the only doors to node:crypto',
  },
  {
    from: /^fingerprint\//,
    mayImport: /^(fingerprint\/|tweetnacl$|canonicalize$)/,
    why: 'the signed format is checkable without the agent',
  },
  { from: /^config\//, mayImport: /^config\//, why: 'knows how a configuration is read, not whose' },
  { from: /^agent\/core\//, mayImport: /^(fingerprint\/|agent\/core\/)/, why: 'replayable, table-testable' },
  {
    from: /^collector\/core\//,
    mayImport: /^(fingerprint\/|collector\/core\/)/,
    why: 'replayable, table-testable',
  },
  {
    from: /^agent\/adapters\//,
    mayImport:
      /^(fingerprint\/|proto\/|agent\/ports(\/[a-z-]+)?\.ts$|agent\/adapters\/[a-z]+(-[a-z]+)*\/|node:|@grpc\/grpc-js$|protobufjs)/,
    why: 'adapters meet only in main.ts; a folder below adapters is one adapter in several files',
  },
  {
    from: /^collector\/adapters\//,
    mayImport:
      /^(fingerprint\/|proto\/|collector\/ports(\/[a-z-]+)?\.ts$|collector\/adapters\/[a-z]+(-[a-z]+)*\/|node:|@grpc\/grpc-js$|better-sqlite3$|tar-stream$|jose$|undici$|fastify$|@fastify\/|typebox$|prom-client$)/,
    why: 'adapters meet only in main.ts; a folder below adapters is one adapter in several files',
  },
  {
    from: /^((agent|collector)\/(main|maintenance)\.ts$|collector\/wiring\/)/,
    mayImport: /./,
    why: 'the composition root',
  },
  {
    from: /^agent\/sources\//,
    mayImport: /^(fingerprint\/|proto\/|agent\/|node:(path|fs)$)/,
    why: 'one source each, wired: a piece of the composition root',
  },
  {
    from: /^agent\//,
    mayImport: /^(fingerprint\/|config\/|agent\/(?!adapters|main|sources\/)|node:(buffer|timers\/promises)$)/,
    why: 'the pipeline sees ports, not adapters',
  },
  {
    from: /^collector\//,
    mayImport:
      /^(fingerprint\/|config\/|collector\/(?!adapters|main|maintenance)|node:(buffer|timers\/promises)$)/,
    why: 'the pipeline sees ports, not adapters',
  },
  {
    from: /^proto\/x509\.ts$/,
    mayImport: /^(proto\/reflect-stub\.ts|@peculiar\/x509)$/,
    why: 'the only door to certificates',
  },
  {
    from: /^proto\//,
    mayImport: /^(fingerprint\/|proto\/|@grpc\/grpc-js$|protobufjs|node:)/,
    why: 'the wire',
  },
  {
    from: /^registry\//,
    mayImport: /^(fingerprint\/|registry\/|undici$|tar-stream$|node:)/,
    why: 'a way to carry what is signed; believes nothing, knows no verb',
  },
  {
    from: /^cli\//,
    mayImport:
      /^(fingerprint\/|config\/|registry\/|cli\/|agent\/(core|in-force|main|config|adapters|pipeline|ports|state-line)|collector\/(core|main|maintenance|config|ports|state-line)|node:|commander$|yaml$|undici$)/,
    why: 'verbs are thin: they call the core and the composition roots',
  },
];

const rooms = ['fingerprint', 'config', 'registry', 'proto', 'agent', 'collector', 'cli'];
const files = rooms.flatMap((room) =>
  readdirSync(room, { recursive: true, encoding: 'utf8' })
    .filter((f) => f.endsWith('.ts') && !f.endsWith('.test.ts'))
    .map((f) => join(room, f)),
);

/** Static, re-exporting and dynamic imports alike: a layer is not to be passed by `await import()`. */
function importsOf(file: string): string[] {
  const text = readFileSync(file, 'utf8');
  const found = [...text.matchAll(/\bfrom\s+['"]([^'"\s]+)['"]|\bimport\s*\(?\s*['"]([^'"\s]+)['"]/g)];
  return found
    .map((m) => m[1] ?? m[2] ?? '')
    .map((s) => (s.startsWith('.') ? normalize(join(dirname(file), s)) : s));
}

function violations(file: string): string[] {
  const rule = rules.find((r) => r.from.test(file));
  return importsOf(file)
    .filter((target) => !rule?.mayImport.test(target))
    .map((target) => `${file} imports ${target}: ${rule?.why ?? 'no rule names this room'}`);
}

describe('layering', () => {
  it('visits every room', () => {
    expect(files.length).toBeGreaterThan(60);
    for (const room of rooms)
      expect(
        files.some((f) => f.startsWith(`${room}/`)),
        room,
      ).toBe(true);
  });

  it('lets each file import only what its room may see', () => {
    expect(files.flatMap(violations)).toEqual([]);
  });

  it('lets agent and collector meet on the wire alone', () => {
    const crossing = files.flatMap((f) =>
      importsOf(f)
        .filter(
          (t) =>
            (f.startsWith('agent/') && t.startsWith('collector/')) ||
            (f.startsWith('collector/') && t.startsWith('agent/')),
        )
        .map((t) => `${f} imports ${t}`),
    );
    expect(crossing).toEqual([]);
  });

  it('keeps proto free of a way back into the fingerprint', () => {
    expect(
      files
        .filter((f) => f.startsWith('fingerprint/'))
        .flatMap(importsOf)
        .filter((t) => t.startsWith('proto/')),
    ).toEqual([]);
  });
});
