import { join } from 'node:path';
import { seededRandom } from '../../../bench/statistics.ts';
import type { Act } from './planter.ts';

/** One secret that the workload shows, and how. */
export interface Planted {
  /** Form and carrier, for the sentence when it leaks. */
  readonly what: string;
  /** What nobody may ever read: the value itself, without the name in front of it. */
  readonly secret: string;
  /** @param folder where its files go. @param program what is run with it. */
  readonly acts: (folder: string, program: string) => readonly Act[];
}

export const dnsServer = '127.77.77.77';

type Draw = (length: number) => string;

const alphabets = {
  base62: 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789',
  base64: 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/',
  base36: 'abcdefghijklmnopqrstuvwxyz0123456789',
  upper: 'ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789',
  hex: '0123456789abcdef',
} as const;

/** Draws texts of every kind from one seed, so that a leak can be looked at again. */
class Drawer {
  readonly #random: () => number;
  constructor(seed: number) {
    this.#random = seededRandom(seed);
  }

  of(alphabet: keyof typeof alphabets): Draw {
    const letters = alphabets[alphabet];
    return (length) =>
      Array.from({ length }, () => letters[Math.floor(this.#random() * letters.length)]).join('');
  }

  /** What a person chooses: nothing in it looks random. */
  password(): string {
    const syllables = 'ba ko du mi re fa zo ne li tu ga pe so vi wo ku'.split(' ');
    const word = () =>
      Array.from({ length: 4 }, () => syllables[Math.floor(this.#random() * syllables.length)]).join('');
    return `${word()}-${word()}${Math.floor(this.#random() * 90 + 10)}`;
  }

  token(name: string): string {
    const draw = tokens.find(([n]) => n === name)?.[1];
    if (draw === undefined) throw new Error(`no form is called ${name}`);
    return draw(this);
  }

  jwt(): string {
    const part = (length: number) => this.of('base62')(length);
    return `eyJhbGciOiJIUzI1NiJ9.eyJ${part(30)}.${part(43)}`;
  }

  pem(): string {
    const lines = [1, 2, 3].map(() => this.of('base64')(64));
    return `-----BEGIN PRIVATE KEY-----\n${lines.join('\n')}\n-----END PRIVATE KEY-----`;
  }
}

/** Values that give themselves away wherever they stand. */
const tokens: readonly (readonly [name: string, draw: (d: Drawer) => string])[] = [
  ['ghp_', (d) => `ghp_${d.of('base62')(36)}`],
  ['github_pat_', (d) => `github_pat_${d.of('base62')(22)}_${d.of('base62')(59)}`],
  ['glpat-', (d) => `glpat-${d.of('base62')(20)}`],
  ['AKIA', (d) => `AKIA${d.of('upper')(16)}`],
  ['sk_live_', (d) => `sk_live_${d.of('base62')(24)}`],
  ['npm_', (d) => `npm_${d.of('base62')(36)}`],
  ['hvs.', (d) => `hvs.${d.of('base62')(24)}`],
  ['xoxb-', (d) => `xoxb-${d.of('base62')(12)}-${d.of('base62')(24)}`],
  ['AIza', (d) => `AIza${d.of('base62')(35)}`],
  ['JWT', (d) => d.jwt()],
  ['high entropy', (d) => d.of('base62')(40)],
];

/** Values that only the name before them gives away, as argument vectors. `V` is the value. */
const named: readonly (readonly [name: string, args: readonly string[]])[] = [
  ['--password=V', ['--password=V']],
  ['--token V', ['--token', 'V']],
  ['--api-key V', ['-v', '--api-key', 'V', 'x']],
  ['KEY=VALUE', ['DB_PASSWORD=V']],
  ['-Dname=V', ['-Dspring.datasource.password=V']],
  ['URL userinfo', ['https://deploy:V@git.example/x.git']],
  ['URL password only', ['redis://:V@cache.example:6379/0']],
  ['?access_token=', ['https://api.example/v1?page=2&access_token=V&x=1']],
  ['Authorization', ['-H', 'Authorization: Bearer V']],
  ['JSON', ['{"user":"bob","clientSecret":"V"}']],
  ['JDBC', ['jdbc:postgresql://db.example/shop?user=bob&password=V']],
  ['DSN', ['host=db.example user=bob password=V sslmode=disable']],
  ['script', ['-c', 'export PGPASSWORD=V; exec psql -h db.example']],
];

/** Programs that take a password by an option of no telling name: `argv[0]` says which. */
const tools: readonly (readonly [argv0: string, args: readonly string[]])[] = [
  ['mysql', ['-uroot', '-pV', 'shop']],
  ['curl', ['-u', 'bob:V', 'http://x.example']],
  ['sshpass', ['-p', 'V', 'ssh', 'x']],
  ['redis-cli', ['-a', 'V', 'ping']],
];

const put = (texts: readonly string[], value: string): string[] => texts.map((t) => t.replace('V', value));

function inArguments(d: Drawer): Planted[] {
  const exec =
    (args: readonly string[], argv0?: string): Planted['acts'] =>
    (_folder, program) => [{ act: 'exec', file: program, args, ...(argv0 === undefined ? {} : { argv0 }) }];
  const weak = named.flatMap(([name, args]) =>
    [1, 2, 3, 4].map(() => {
      const secret = d.password();
      return { what: `argument ${name}`, secret, acts: exec(put(args, secret)) };
    }),
  );
  const byTool = tools.flatMap(([argv0, args]) =>
    [1, 2].map(() => {
      const secret = d.password();
      return { what: `argument of ${argv0}`, secret, acts: exec(put(args, secret), argv0) };
    }),
  );
  const plain = tokens.flatMap(([name, draw]) =>
    [['V'], ['--header', 'x V y'], ['/srv/V/x'], ['https://x.example/V']].map((form) => {
      const secret = draw(d);
      return { what: `argument ${form.join(' ')} with ${name}`, secret, acts: exec(put(form, secret)) };
    }),
  );
  const pems = [1, 2, 3, 4].map(() => {
    const secret = d.pem();
    return { what: 'argument PEM', secret, acts: exec(['--cert', secret]) };
  });
  const base64 = [1, 2, 3, 4].map(() => {
    const secret = d.of('base64')(48);
    return { what: 'argument base64', secret, acts: exec([secret]) };
  });
  return [...weak, ...byTool, ...plain, ...pems, ...base64];
}

/** What can be done to a file whose name is a secret. */
const fileActs: readonly (readonly [
  name: string,
  acts: (folder: string, secret: string, program: string) => Act[],
])[] = [
  ['created and read', (f, s) => [file('create', f, s), file('read', f, s), file('delete', f, s)]],
  ['renamed', (f, s) => [file('create', f, 'x'), { act: 'rename', path: join(f, 'x'), to: join(f, s) }]],
  [
    'target of a link',
    (f, s) => [{ act: 'symlink', path: join(f, `l${s.length}${s.slice(-1)}`), to: `/srv/${s}` }],
  ],
  ['folder', (f, s) => [{ act: 'make-folder', path: join(f, s) }, file('create', join(f, s), 'note.txt')]],
  [
    'folder that is worked in',
    (f, s, program) => [
      { act: 'make-folder', path: join(f, s) },
      { act: 'exec', file: program, args: ['--here'], cwd: join(f, s) },
    ],
  ],
  [
    'executed',
    (f, s) => [
      { act: 'drop', path: join(f, s), of: '/bin/true' },
      { act: 'exec', file: join(f, s), args: [] },
    ],
  ],
];

function file(act: 'create' | 'read' | 'delete', folder: string, name: string): Act {
  return { act, path: join(folder, name) };
}

function inPaths(d: Drawer): Planted[] {
  return tokens.flatMap(([name, draw]) =>
    fileActs.map(([how, acts]) => {
      const secret = draw(d);
      return { what: `path ${how} with ${name}`, secret, acts: (f, program) => acts(f, secret, program) };
    }),
  );
}

function inSockets(d: Drawer): Planted[] {
  const short = tokens.filter(([name]) => name !== 'JWT' && name !== 'github_pat_');
  return short.flatMap(([name, draw]) =>
    ['path', 'abstract'].map((kind) => {
      const secret = draw(d);
      const acts: Planted['acts'] = (folder) => {
        // A name has 107 bytes; the folder differs in each phase and run.
        const socket = kind === 'path' ? join(folder, secret) : `\0${folder}/${secret}`;
        return [
          { act: 'listen', socket },
          { act: 'connect', socket },
        ];
      };
      return { what: `unix socket (${kind}) with ${name}`, secret, acts };
    }),
  );
}

function inQuestions(d: Drawer): Planted[] {
  return Array.from({ length: 15 }, () => {
    const secret = d.of('base36')(40);
    const acts: Planted['acts'] = () => [{ act: 'ask', server: dnsServer, name: `${secret}.tunnel.example` }];
    return { what: 'DNS question', secret, acts };
  });
}

/** A program dropped under one secret, run in a folder of another, with more in its arguments and its open files. */
export interface PlantedProgram {
  readonly secrets: readonly Planted[];
  /** Its environment, which no sensor ever reads. */
  readonly environment: readonly Planted[];
  readonly prepare: (folder: string) => readonly Act[];
  /** It runs until it is stopped. */
  readonly start: (folder: string) => Act;
}

export function plantedProgram(seed: number): PlantedProgram {
  const d = new Drawer(seed);
  const [name, folder, password, token] = [d.token('ghp_'), d.token('high entropy'), d.password(), d.jwt()];
  const variable = d.password();
  const script = 'exec 3>"$1"; sleep 60; :';
  const secret = (what: string, value: string): Planted => ({ what, secret: value, acts: () => [] });
  return {
    secrets: [
      secret('name of a program that is stopped', name),
      secret('folder of a program that is stopped', folder),
      secret('argument of a program that is stopped', password),
      secret('open file of a program that is stopped', token),
    ],
    environment: [secret('environment of a program that is stopped', variable)],
    prepare: (f) => [
      { act: 'make-folder', path: join(f, folder) },
      { act: 'drop', path: join(f, name), of: '/bin/sh' },
    ],
    start: (f) => ({
      act: 'exec',
      file: join(f, name),
      args: ['-c', script, `--password=${password}`, join(f, folder, token)],
      cwd: join(f, folder),
      env: { PATH: '/usr/bin:/bin', DB_PASSWORD: variable },
      leave: true,
    }),
  };
}

/** Texts whose presence anywhere means that a secret, or a telling part of one, got out. */
export function needlesOf(secret: string): readonly Buffer[] {
  const pieces = secret.split('\n').filter((line) => !line.startsWith('-----'));
  return pieces.flatMap((piece) => {
    const parts = [piece, piece.slice(0, partLength), piece.slice(-partLength)];
    return [...parts.map((part) => Buffer.from(part)), ...encodingsOf(Buffer.from(piece))];
  });
}
/** What the kernel keeps of a program's name. */
const partLength = 15;

/** Base64 wherever in a longer text the piece begins, and hex. */
function encodingsOf(piece: Buffer): Buffer[] {
  const base64 = [0, 1, 2].map((before) => {
    const text = Buffer.concat([Buffer.alloc(before), piece]).toString('base64');
    return Buffer.from(
      text.slice(before === 0 ? 0 : before + 1, Math.floor((before + piece.length) / 3) * 4),
    );
  });
  return [...base64, Buffer.from(piece.toString('hex'))];
}

/** More than 200, each unique. */
export function plantedSecrets(seed: number): readonly Planted[] {
  const d = new Drawer(seed);
  return [...inArguments(d), ...inPaths(d), ...inSockets(d), ...inQuestions(d)];
}
