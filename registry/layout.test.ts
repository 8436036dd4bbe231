import { type Header, pack } from 'tar-stream';
import { describe, expect, it } from 'vitest';
import { readClaims } from '../fingerprint/claims.ts';
import { signFingerprint } from '../fingerprint/sign.ts';
import { baseline, signOptions, testKey } from '../test/fakes/trust.ts';
import { artefactFor } from './artefact.ts';
import { packLayout, readLayout } from './layout.ts';
import { ociManifest } from './media-types.ts';
import { bytesOf } from './tar.ts';

const subject = { mediaType: ociManifest, digest: baseline.subject.digest, size: 7 };
const items = [1, 2, 3].map((n) => {
  const { envelope } = signFingerprint(baseline, { ...signOptions, stream: `s${n}` }, testKey(n));
  const { manifest, layer } = artefactFor(readClaims(envelope), envelope, subject);
  return { name: baseline.subject.name, manifest, layer };
});
const chunks = async function* (bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let i = 0; i < bytes.length; i += 1000) yield bytes.subarray(i, i + 1000);
};
async function tarOf(
  entries: readonly (readonly [Partial<Header> & { name: string }, string])[],
): Promise<Uint8Array> {
  const tar = pack();
  for (const [header, text] of entries) tar.entry(header, text);
  tar.finalize();
  return bytesOf(tar);
}

describe('a layout', () => {
  it('is the same bytes for the same artefacts, in whatever order and however often', async () => {
    const once = await packLayout(items);
    expect(await packLayout([...items.toReversed(), ...items])).toEqual(once);
  });

  it('comes back whole', async () => {
    const read = await readLayout(chunks(await packLayout(items)));
    expect(new Set(read.map((r) => Buffer.from(r.layer).toString()))).toEqual(
      new Set(items.map((r) => Buffer.from(r.layer).toString())),
    );
    expect(read.map((r) => r.name)).toEqual(items.map((r) => r.name));
  });

  it('is given up when it never ends', async () => {
    const zeros = async function* (): AsyncGenerator<Uint8Array> {
      for (;;) yield new Uint8Array(16 << 20);
    };
    await expect(readLayout(zeros())).rejects.toThrow(expect.objectContaining({ code: 'LAYOUT_TOO_LARGE' }));
  });

  it('is not written so large that nobody can load it', async () => {
    const [item] = items;
    if (item === undefined) throw new Error('nothing to pack');
    const many = Array.from({ length: 64 }, (_, n) => {
      const layer = new Uint8Array(4 << 20).fill(n);
      return { ...item, name: `${item.name}${n}`, layer };
    });
    await expect(packLayout(many)).rejects.toThrow(expect.objectContaining({ code: 'LAYOUT_TOO_LARGE' }));
  });

  const layout = [{ name: 'oci-layout' }, '{"imageLayoutVersion":"1.0.0"}'] as const;
  const index = (manifests: object[]) =>
    [{ name: 'index.json' }, JSON.stringify({ schemaVersion: 2, manifests })] as const;
  const blob = `blobs/sha256/${'0'.repeat(64)}`;
  it.each<[string, readonly (readonly [Partial<Header> & { name: string }, string])[], string]>([
    ['a way out', [layout, [{ name: '../../etc/cron.d/x' }, 'x']], 'LAYOUT_UNSAFE'],
    ['a way out in the middle', [layout, [{ name: 'blobs/../../x' }, 'x']], 'LAYOUT_UNSAFE'],
    ['an absolute name', [layout, [{ name: '/etc/passwd' }, 'x']], 'LAYOUT_UNSAFE'],
    [
      'a symbolic link',
      [layout, [{ name: blob, type: 'symlink', linkname: '/etc/shadow' }, '']],
      'LAYOUT_UNSAFE',
    ],
    ['a hard link', [layout, [{ name: blob, type: 'link', linkname: 'oci-layout' }, '']], 'LAYOUT_UNSAFE'],
    ['a device', [layout, [{ name: blob, type: 'block-device' }, '']], 'LAYOUT_UNSAFE'],
    ['a file that no layout has', [layout, [{ name: 'install.sh' }, 'x']], 'LAYOUT_UNSAFE'],
    ['a file twice', [layout, layout], 'LAYOUT_UNSAFE'],
    ['another digest', [layout, index([]), [{ name: blob }, 'x']], 'LAYOUT_DIGEST'],
    ['no index', [layout], 'LAYOUT_SYNTAX'],
    ['an index that is none', [layout, [{ name: 'index.json' }, '{}']], 'LAYOUT_SYNTAX'],
    [
      'another version',
      [[{ name: 'oci-layout' }, '{"imageLayoutVersion":"2.0.0"}'], index([])],
      'LAYOUT_SYNTAX',
    ],
    [
      'something it names and does not hold',
      [
        layout,
        index([
          {
            mediaType: ociManifest,
            digest: `sha256:${'1'.repeat(64)}`,
            size: 1,
            annotations: { 'whorl.dev/name': 'a.b/c' },
          },
        ]),
      ],
      'LAYOUT_SYNTAX',
    ],
    [
      'something of another tool',
      [layout, index([{ mediaType: ociManifest, digest: `sha256:${'1'.repeat(64)}`, size: 1 }])],
      'LAYOUT_SYNTAX',
    ],
  ])('with %s is refused', async (_name, entries, code) => {
    await expect(readLayout(chunks(await tarOf(entries)))).rejects.toThrow(expect.objectContaining({ code }));
  });

  it('that is huge is refused by what it announces, before it is read', async () => {
    const tar = Buffer.from(await tarOf([layout, [{ name: blob }, '']]));
    const at = 1024;
    tar.write('77777777777\0', at + 124, 'latin1');
    tar.fill(' ', at + 148, at + 156);
    const sum = tar.subarray(at, at + 512).reduce((a, b) => a + b, 0);
    tar.write(`${sum.toString(8).padStart(6, '0')}\0 `, at + 148, 'latin1');
    await expect(readLayout(chunks(tar))).rejects.toThrow(
      expect.objectContaining({ code: 'LAYOUT_TOO_LARGE' }),
    );
  });

  it.each([
    ['cut off', async () => (await packLayout(items)).subarray(0, 5000)],
    ['no tar at all', async () => new Uint8Array(2048).fill(65)],
    ['empty', async () => new Uint8Array()],
  ])('that is %s is refused', async (_name, bytes) => {
    await expect(readLayout(chunks(await bytes()))).rejects.toThrow(
      expect.objectContaining({ code: 'LAYOUT_SYNTAX' }),
    );
  });
});
