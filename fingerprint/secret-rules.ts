import { looksRandom } from './randomness.ts';
import { isPlainValue, isSecretName } from './secret-names.ts';

/**
 * What a secret looks like in text, one row per form; the table is the specification and the test walks through it.
 * `find` matches the whole place; group `keep` stays, group `secret` becomes `{secret}` if `accept` agrees.
 */
export interface SecretRule {
  readonly id: string;
  /** Bits of `needs`: without all of these traits a text cannot match. */
  readonly needs: number;
  readonly find: RegExp;
  /**
   * Sticky; matches group `secret` behind what `find` found, once its group `name` is the name of a secret. Apart, because
   * a value may be 4096 characters long and every part of it begin another: `a=a=a=…` would be read thousands of times.
   */
  readonly value?: RegExp;
  readonly accept?: (groups: Readonly<Record<string, string | undefined>>) => boolean;
  /** Text and what becomes of it. */
  readonly examples: readonly (readonly [text: string, redacted: string])[];
  /** Text that stays as it is. */
  readonly counterExamples: readonly string[];
}

/** Traits of a text that are cheap to see: a run of token characters, `: = %`, white space or quotes, slashes. */
export const needs = { run: 1, separator: 2, gap: 4, slashes: 8 } as const;
/** Length of the run that bit stands for: the shortest token of the table, `xoxb-` and ten characters. */
export const shortestToken = 15;

const named = ({ name = '', secret = '' }: Readonly<Record<string, string | undefined>>): boolean =>
  isSecretName(name) && !isPlainValue(name, secret);

/**
 * A value in running text; inside one argument the whole rest is the value (secrets.ts). Bounded for hostile text. Ends
 * where a shell would begin to run something: a command must not pass for the password before it.
 */
const valuePart = String.raw`(?:\\[^"'\s]|(?!\$[({])[^\s"'&;,\\<>|\x60])`;
const valueThen = new RegExp(`(?<secret>${valuePart}{1,4096})`, 'y');
const quote = String.raw`\\{0,3}["']`;
/** Words of an HTTP header before the credential itself. */
const scheme = '(?:(?:Bearer|Basic|Digest|Token|ApiKey) +)?';

export const secretRules: readonly SecretRule[] = [
  {
    id: 'pem',
    needs: needs.gap,
    find: /(?<secret>-----BEGIN [A-Z0-9 ]+-----(?:[\s\S]*?-----END [A-Z0-9 ]+-----|[\s\S]*))/g,
    examples: [
      ['a -----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY----- b', 'a {secret} b'],
      ['-----BEGIN PRIVATE KEY-----MIIEcut off', '{secret}'],
    ],
    counterExamples: ['-----BEGIN', '----- notes -----'],
  },
  {
    id: 'jwt',
    needs: needs.run,
    find: /(?<![A-Za-z0-9_-])(?<secret>eyJ[\w-]{12,}\.[\w-]{5,}(?:\.[\w-]*)?)/g,
    examples: [['x=eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln', 'x={secret}']],
    counterExamples: ['eyJ', 'eyJhbGciOiJI', 'keyJar.first.second'],
  },
  {
    id: 'url-userinfo',
    needs: needs.separator,
    find: /(?<keep>:\/\/)(?<secret>(?:(?!\$[({])[^\s/"'`?#<>|])+)(?=@)/g,
    accept: ({ secret }) => secret !== '{secret}',
    examples: [
      ['https://bob:hunter2@git.example/x', 'https://{secret}@git.example/x'],
      ['redis://:p@ss@cache:6379/0', 'redis://{secret}@cache:6379/0'],
    ],
    counterExamples: ['https://git.example/@scope/x', 'https://a.example?mail=b@c', 'mail bob@example'],
  },
  {
    id: 'known-token',
    needs: needs.run,
    find: /(?<![A-Za-z0-9])(?<secret>gh[pousr]_[A-Za-z0-9]{16,}|github_pat_\w{16,}|glpat-[\w-]{16,}|xox[a-z]-[\w-]{10,}|xapp-[\w-]{10,}|(?:AKIA|ASIA)[A-Z0-9]{12,}|[rs]k_(?:live|test)_\w{10,}|whsec_\w{10,}|AIza[\w-]{20,}|ya29\.[\w-]{15,}|npm_[A-Za-z0-9]{16,}|pypi-[\w-]{16,}|dckr_pat_[\w-]{10,}|hv[sbr]\.[\w-]{15,}|SG\.[\w-]{15,}(?:\.[\w-]+)?|sk-[A-Za-z0-9_-]{16,}|dop_v1_[0-9a-f]{16,}|shp[a-z]{2}_[0-9a-f]{16,})/g,
    examples: [
      ['/srv/ghp_16C7e42F292c6912E7710c838347Ae178B4a/x', '/srv/{secret}/x'],
      ['AKIAIOSFODNN7EXAMPLE', '{secret}'],
      ['hvs.CAESIJ1234567890', '{secret}'],
      ['sk_live_4eC39HqLyjWDarj', '{secret}'],
    ],
    counterExamples: ['ghp_', 'npm_config_cache', 'AKIA', 'task-list-of-the-week', 'SG.txt'],
  },
  {
    id: 'named-value',
    needs: needs.separator,
    find: new RegExp(
      String.raw`(?<keep>(?<![\w.-])(?<name>[\w.-]{1,128})(?:${quote})?(?:=|\s?:\s?|%3[dD])(?:${quote})?${scheme})(?=${valuePart})`,
      'g',
    ),
    value: valueThen,
    accept: (groups) =>
      named(groups) && !(/:\s?$/.test(groups.keep ?? '') && /^\d{1,5}(\/|$)/.test(groups.secret ?? '')),
    examples: [
      ['DB_PASSWORD=hunter2 run', 'DB_PASSWORD={secret} run'],
      ['?access_token=abc&x=1', '?access_token={secret}&x=1'],
      ['{"clientSecret": "s3cr3t","a":1}', '{"clientSecret": "{secret}","a":1}'],
      ['{\\"password\\":\\"a b\\"}', '{\\"password\\":\\"{secret} b\\"}'],
      ['-H Authorization: Bearer abc.def', '-H Authorization: Bearer {secret}'],
      ['api-key:abcdef', 'api-key:{secret}'],
    ],
    counterExamples: [
      'monkey=1',
      'keyboard=us',
      '--key=/etc/ssl/server.pem',
      'password_file=/run/x',
      'use-token=true',
      'secretName=db',
      'http://token:8080/',
      'tokenizer=fast',
      'PASSWORD=$(nc$IFS) run',
      'PASSWORD=`id` run',
    ],
  },
  {
    id: 'option-value',
    needs: needs.gap,
    find: new RegExp(
      String.raw`(?<keep>(?<![\w-])--?(?<name>[A-Za-z][\w.-]{0,127})(?:\s+(?:${quote})?|${quote},\s?${quote}))(?!-)(?=${valuePart})`,
      'g',
    ),
    value: valueThen,
    accept: named,
    examples: [
      ['mysql --password hunter2 -h db', 'mysql --password {secret} -h db'],
      ['["x","--api-key","abc"]', '["x","--api-key","{secret}"]'],
    ],
    counterExamples: ['--password --verbose', '--keyring x', '--token-ttl 30', '--key server.pem'],
  },
  {
    id: 'base64',
    needs: needs.slashes,
    find: /(?<![\w/.+-])(?<secret>[A-Za-z0-9+/]{32,}={0,2})(?![\w/.-])/g,
    // A path begins with a slash too, but seldom holds a plus.
    accept: ({ secret = '' }) =>
      secret.includes('/', 1) &&
      (!secret.startsWith('/') || secret.includes('+')) &&
      /\d/.test(secret) &&
      looksRandom(secret),
    examples: [['wJalrXUtnFEMI/K7MDENG/bPxRfiCYzEXAMPL3KEY', '{secret}']],
    counterExamples: [
      '/usr/include/c++/12/ext/pb/ds/detail/cc/hash',
      'usr/lib/python3/dist/packages/apport',
      'Src/Main/Java/Com/Example/Shop/Cart/Service',
    ],
  },
  {
    id: 'entropy',
    needs: needs.run,
    find: /(?<secret>[A-Za-z0-9+_-]{20,}={0,2})/g,
    accept: ({ secret = '' }) => looksRandom(secret),
    examples: [
      ['/data/q7Zk2LmX9vBn4RtY8wQs1DfG/x', '/data/{secret}/x'],
      ['r3Kd8sLw0QpXz7VbN5mT', '{secret}'],
      ['k3j5h2g9d8s7a6p4o1i2u3y4.evil.example', '{secret}.evil.example'],
    ],
    counterExamples: [
      'sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
      '3f2504e0-4f89-41d3-9a0c-0305e82c3301',
      'kubepods-besteffort-pod3f2504e0_4f89_41d3_9a0c_0305e82c3301.slice',
      '01ARZ3NDEKTSV4RRFFQ69G5FAV',
      'x86_64-unknown-linux-gnu-gcc-12',
      'NetworkManagerDispatcherService',
      'prometheus-kube-state-metrics-5d8f9c7b6d-abcde',
      'liballoc-70e0a57a472ca919',
      '20260502080000123456789',
      '----------------------------------------',
    ],
  },
];
