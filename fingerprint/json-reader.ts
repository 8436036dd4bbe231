import { FingerprintError } from './errors.ts';

const quote = 0x22;
const backslash = 0x5c;
const escapes: ReadonlyMap<string, string> = new Map([
  ['"', '"'],
  ['\\', '\\'],
  ['/', '/'],
  ['b', '\b'],
  ['f', '\f'],
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
]);
const words: ReadonlyMap<string, boolean | null> = new Map([
  ['true', true],
  ['false', false],
  ['null', null],
]);

/**
 * A JSON parser of RFC 8259 for decoded text that tells where it stopped. Written out because JSON.parse keeps the last
 * of two equal members without a word and names no position for half of its errors.
 */
export class JsonReader {
  readonly #text: string;
  readonly #maxDepth: number;
  #at = 0;

  constructor(text: string, maxDepth: number) {
    this.#text = text;
    this.#maxDepth = maxDepth;
  }

  /** The whole text as one value. */
  document(): unknown {
    if (this.#text.charCodeAt(0) === 0xfeff)
      this.#fail('begins with a byte order mark; save it as plain UTF-8');
    this.#skipSpace();
    if (this.#at === this.#text.length) this.#fail('is empty where a JSON value should be');
    const value = this.#value(0);
    this.#skipSpace();
    if (this.#at < this.#text.length) this.#fail('goes on after the end of its JSON value');
    return value;
  }

  #value(depth: number): unknown {
    const char = this.#text[this.#at];
    switch (char) {
      case '{':
        return this.#object(depth + 1);
      case '[':
        return this.#array(depth + 1);
      case '"':
        return this.#string();
      case 't':
      case 'f':
      case 'n':
        return this.#word();
      case undefined:
        return this.#fail('ends in the middle of a value; is the file cut off?');
      default:
        return this.#number();
    }
  }

  #object(depth: number): Record<string, unknown> {
    this.#enter(depth);
    const object: Record<string, unknown> = {};
    if (this.#closes('}')) return object;
    for (;;) {
      this.#member(object, depth);
      if (this.#closes('}')) return object;
      this.#expect(',', "',' or '}'");
      this.#skipSpace();
    }
  }

  #member(object: Record<string, unknown>, depth: number): void {
    const start = this.#at;
    if (this.#text.charCodeAt(start) !== quote) this.#fail('needs a member name in double quotes');
    const key = this.#string();
    if (Object.hasOwn(object, key)) this.#fail('has a member name twice in one object', start);
    this.#skipSpace();
    this.#expect(':', "':'");
    this.#skipSpace();
    const value = this.#value(depth);
    // Plain assignment to `__proto__` would change the object's prototype instead of adding a member.
    if (key === '__proto__') {
      Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true });
    } else {
      object[key] = value;
    }
  }

  #array(depth: number): unknown[] {
    this.#enter(depth);
    const array: unknown[] = [];
    if (this.#closes(']')) return array;
    for (;;) {
      array.push(this.#value(depth));
      if (this.#closes(']')) return array;
      this.#expect(',', "',' or ']'");
      this.#skipSpace();
    }
  }

  #enter(depth: number): void {
    if (depth > this.#maxDepth) this.#fail(`is nested deeper than ${this.#maxDepth} levels`);
    this.#at++;
    this.#skipSpace();
  }

  #closes(bracket: string): boolean {
    this.#skipSpace();
    if (this.#text[this.#at] !== bracket) return false;
    this.#at++;
    return true;
  }

  #string(): string {
    const start = this.#at + 1;
    let end = start;
    let escaped = false;
    for (;;) {
      const code = this.#text.charCodeAt(end);
      if (code === quote) break;
      if (Number.isNaN(code)) this.#fail('ends in the middle of a text; is the file cut off?', end);
      if (code < 0x20) this.#fail('has a raw control character in a text; write it as an escape', end);
      if (code === backslash) {
        escaped = true;
        end++;
      }
      end++;
    }
    this.#at = end + 1;
    return escaped ? this.#unescape(start, end) : this.#text.slice(start, end);
  }

  #unescape(start: number, end: number): string {
    let out = '';
    let from = start;
    for (let i = this.#text.indexOf('\\', start); i >= 0 && i < end; i = this.#text.indexOf('\\', from)) {
      out += this.#text.slice(from, i);
      const letter = this.#text[i + 1] ?? '';
      const simple = escapes.get(letter);
      out += simple ?? this.#unicodeEscape(letter, i);
      from = i + (simple === undefined ? 6 : 2);
    }
    out += this.#text.slice(from, end);
    // A lone surrogate cannot be written as UTF-8: two programs would disagree about what it stands for.
    if (!out.isWellFormed()) this.#fail('has half of a surrogate pair in a text', start);
    return out;
  }

  #unicodeEscape(letter: string, at: number): string {
    const hex = this.#text.slice(at + 2, at + 6);
    if (letter !== 'u' || !/^[0-9a-fA-F]{4}$/.test(hex)) this.#fail('has an unknown escape in a text', at);
    return String.fromCharCode(Number.parseInt(hex, 16));
  }

  #word(): boolean | null {
    for (const [word, value] of words) {
      if (this.#text.startsWith(word, this.#at)) {
        this.#at += word.length;
        return value;
      }
    }
    return this.#fail('has a word that is not true, false or null');
  }

  #number(): number {
    const pattern = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
    pattern.lastIndex = this.#at;
    const literal = pattern.exec(this.#text)?.[0];
    if (literal === undefined)
      return this.#fail(
        this.#text.startsWith('-----BEGIN ', this.#at)
          ? 'begins like a key (PEM); name the document and not the key'
          : 'has a character that begins no JSON value',
      );
    const value = Number(literal);
    if (!Number.isFinite(value)) this.#fail('has a number too large to be held');
    this.#at += literal.length;
    return value;
  }

  #expect(char: string, what: string): void {
    if (this.#at >= this.#text.length) this.#fail(`ends where ${what} should be; is the file cut off?`);
    if (this.#text[this.#at] !== char) this.#fail(`needs ${what}`);
    this.#at++;
  }

  #skipSpace(): void {
    for (;;) {
      const code = this.#text.charCodeAt(this.#at);
      if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return;
      this.#at++;
    }
  }

  #fail(what: string, at = this.#at): never {
    const before = this.#text.slice(0, at);
    const line = before.split('\n').length;
    const column = at - before.lastIndexOf('\n');
    throw new FingerprintError('JSON_SYNTAX', `the JSON ${what} (line ${line}, column ${column})`);
  }
}
