import { sha256Hex } from '../fingerprint/digest.ts';
import { codeIn, nextPage, originOf } from './addresses.ts';
import { credentialFor } from './credentials.ts';
import { type Descriptor, parseReferrers } from './documents.ts';
import { RegistryError } from './errors.ts';
import { loginFor, refused } from './login.ts';
import { indexTypes, manifestTypes, maxManifestBytes, ociIndex } from './media-types.ts';
import { type ImageReference, nameOf } from './reference.ts';
import type { RegistrySettings } from './settings.ts';
import { type Fetched, fallbackTag, type Listed, type Pushed, type Source } from './source.ts';
import type { HttpAnswer, HttpRequest, Transport } from './transport.ts';

type Call = Omit<HttpRequest, 'url' | 'authorization' | 'maxBytes'> & { readonly maxBytes?: number };

/** What a write or a refusal answers is a few lines. */
const maxTalkBytes = 1 << 20;
/** Pages of a list of referrers; together they may hold no more than one index. */
const maxPages = 20;

/** One repository of one registry, for reading or for writing. */
export class Repository implements Source {
  readonly name: string;
  readonly #reference: Pick<ImageReference, 'registry' | 'repository'>;
  readonly #origin: URL;
  readonly #transport: Transport;
  readonly #settings: RegistrySettings;
  readonly #scope: string;
  #authorization: string | undefined;
  #hasNoApi = false;

  constructor(
    reference: Pick<ImageReference, 'registry' | 'repository'>,
    access: 'pull' | 'pull,push',
    reached: { readonly transport: Transport; readonly settings: RegistrySettings },
  ) {
    this.#reference = reference;
    this.name = nameOf(reference);
    this.#transport = reached.transport;
    this.#settings = reached.settings;
    this.#origin = originOf(reference.registry, reached.settings);
    this.#scope = `repository:${reference.repository}:${access}`;
  }

  async manifest(target: string): Promise<Fetched | undefined> {
    const accept = [...indexTypes, ...manifestTypes].join(', ');
    const answer = await this.#call(`manifests/${target}`, {
      method: 'GET',
      headers: { accept },
      maxBytes: maxManifestBytes,
    });
    if (answer.status === 404) return undefined;
    this.#expect(answer, 200, `manifest ${target}`);
    const digest = `sha256:${sha256Hex(answer.body)}`;
    const told = answer.headers['docker-content-digest'];
    const wanted = target.startsWith('sha256:') ? target : (told ?? digest);
    if (wanted !== digest) throw this.#otherBytes(wanted, digest);
    const mediaType = (answer.headers['content-type'] ?? '').split(';', 1)[0]?.trim() ?? '';
    return { digest, mediaType, bytes: answer.body, etag: answer.headers.etag };
  }

  async blob(digest: string, maxBytes: number): Promise<Uint8Array> {
    const answer = await this.#call(`blobs/${digest}`, { method: 'GET', maxBytes });
    this.#expect(answer, 200, `blob ${digest}`);
    const found = `sha256:${sha256Hex(answer.body)}`;
    if (found !== digest) throw this.#otherBytes(digest, found);
    return answer.body;
  }

  /** What was attached before the registry learned the API stands under the tag alone. */
  async referrers(digest: string): Promise<readonly Descriptor[]> {
    const linked = await this.linked(digest);
    if (linked !== undefined && linked.length > 0) return linked;
    return (await this.listed(digest))?.entries ?? [];
  }

  /** The index under the fallback tag; undefined when there is none. */
  async listed(digest: string): Promise<Listed | undefined> {
    const found = await this.manifest(fallbackTag(digest));
    if (found === undefined) return undefined;
    const entries = parseReferrers(found.bytes, this.name);
    return { entries, document: JSON.parse(new TextDecoder().decode(found.bytes)), etag: found.etag };
  }

  /** What the referrers API lists; undefined when the registry has none. */
  async linked(digest: string): Promise<readonly Descriptor[] | undefined> {
    if (this.#hasNoApi) return undefined;
    const found: Descriptor[] = [];
    let path: string | undefined = `referrers/${digest}`;
    for (let page = 0; path !== undefined && page < maxPages; page++) {
      const answer: HttpAnswer = await this.#call(path, {
        method: 'GET',
        headers: { accept: ociIndex },
        maxBytes: maxManifestBytes,
      });
      const type = answer.headers['content-type'] ?? '';
      // Old registries answer 404 or 400, some a page of HTML.
      if (answer.status !== 200 || !type.startsWith(ociIndex)) {
        const isTrouble = [401, 403, 429].includes(answer.status) || answer.status >= 500;
        if (page > 0 || isTrouble) this.#expect(answer, 200, `list of what belongs to ${digest}`);
        this.#hasNoApi = true;
        return undefined;
      }
      found.push(...parseReferrers(answer.body, this.name));
      path = nextPage(answer, this.#base());
    }
    return found;
  }

  /** Nothing is sent that the registry has already. */
  async pushBlob(bytes: Uint8Array): Promise<string> {
    const digest = `sha256:${sha256Hex(bytes)}`;
    const head = await this.#call(`blobs/${digest}`, { method: 'HEAD' });
    if (head.status === 200) return digest;
    const begun = await this.#call('blobs/uploads/', { method: 'POST' });
    this.#expect(begun, 202, 'upload');
    const url = this.#uploadUrl(begun, digest);
    const headers = { 'content-type': 'application/octet-stream' };
    const sent = { method: 'PUT', url, headers, body: bytes, maxBytes: maxTalkBytes } as const;
    const login = url.origin === this.#origin.origin ? this.#authorization : undefined;
    const answer = await this.#transport.send({
      ...sent,
      ...(login === undefined ? {} : { authorization: login }),
    });
    this.#expect(answer, 201, `blob ${digest}`);
    return digest;
  }

  /**
   * @param tag where it is to be found besides its digest
   * @param etag only while the tag still holds this; registries that do not know conditions ignore it
   * @returns undefined when the condition did not hold
   */
  async pushManifest(
    bytes: Uint8Array,
    mediaType: string,
    { tag, etag }: { tag?: string; etag?: string | undefined } = {},
  ): Promise<Pushed | undefined> {
    const digest = `sha256:${sha256Hex(bytes)}`;
    const condition = etag === undefined ? {} : { 'if-match': etag };
    const headers = { 'content-type': mediaType, ...condition };
    const answer = await this.#call(`manifests/${tag ?? digest}`, { method: 'PUT', headers, body: bytes });
    if (answer.status === 412 && etag !== undefined) return undefined;
    this.#expect(answer, 201, `manifest ${digest}`);
    return { digest, isLinked: answer.headers['oci-subject'] !== undefined };
  }

  #base(): URL {
    return new URL(`/v2/${this.#reference.repository}/`, this.#origin);
  }

  async #call(path: string, call: Call): Promise<HttpAnswer> {
    const url = new URL(path, this.#base());
    const send = (): Promise<HttpAnswer> =>
      this.#transport.send({
        maxBytes: maxTalkBytes,
        ...call,
        url,
        ...(this.#authorization === undefined ? {} : { authorization: this.#authorization }),
      });
    const answer = await send();
    // A challenge from where a redirect led is not the registry's, and gets no login.
    if (answer.status !== 401 || answer.url.origin !== this.#origin.origin) return answer;
    const { registry } = this.#reference;
    const credential = await credentialFor(registry, this.#settings.env);
    const asked = { registry, origin: this.#origin, scope: this.#scope, credential };
    this.#authorization = await loginFor(this.#transport, answer.headers['www-authenticate'] ?? '', asked);
    return send();
  }

  #expect(answer: HttpAnswer, status: number, what: string): void {
    if (answer.status === status) return;
    const { registry } = this.#reference;
    if (answer.status === 401 || answer.status === 403) throw refused(registry, this.name);
    if (answer.status === 404)
      throw new RegistryError('REGISTRY_NOT_FOUND', `${this.name} has no ${what}`, {
        hint: 'check the name, and that it was pushed',
      });
    if (answer.status === 429 || answer.status >= 500)
      throw new RegistryError('REGISTRY_BUSY', `${registry} answers ${answer.status} again and again`, {
        hint: 'try again later',
      });
    throw new RegistryError(
      'REGISTRY_ANSWER',
      `${registry} answers ${answer.status}${codeIn(answer)} for ${what} of ${this.name}`,
    );
  }

  #otherBytes(wanted: string, found: string): RegistryError {
    return new RegistryError('REGISTRY_DIGEST', `${this.name} gives ${found} where ${wanted} was meant`, {
      hint: 'do not use it: the registry, or somebody between, hands out something else',
    });
  }

  /** Behind a proxy that ends TLS registries like to say http:// of themselves. */
  #uploadUrl(begun: HttpAnswer, digest: string): URL {
    const location = begun.headers.location ?? '';
    if (!URL.canParse(location, begun.url.href))
      throw new RegistryError(
        'REGISTRY_ANSWER',
        `${this.#reference.registry} does not say where to upload to`,
      );
    const url = new URL(location, begun.url);
    if (
      url.hostname === this.#origin.hostname &&
      this.#origin.protocol === 'https:' &&
      url.protocol === 'http:'
    ) {
      url.protocol = 'https:';
      url.port = this.#origin.port;
    }
    if (url.protocol !== this.#origin.protocol)
      throw new RegistryError(
        'REGISTRY_REDIRECT',
        `${this.#reference.registry} sends uploads over another protocol`,
      );
    url.searchParams.set('digest', digest);
    return url;
  }
}
