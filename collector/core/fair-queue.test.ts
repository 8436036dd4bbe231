import { describe, expect, it } from 'vitest';
import { FairQueue } from './fair-queue.ts';

function queue(...items: readonly (readonly [whose: string, name: string])[]): FairQueue<string> {
  const made = new FairQueue<string>();
  for (const [whose, name] of items) made.put(whose, name, `${whose}${name}`);
  return made;
}

function all(of: FairQueue<string>): string[] {
  const taken: string[] = [];
  for (let item = of.take(); item !== undefined; item = of.take()) taken.push(item);
  return taken;
}

describe('what waits in a fair queue', () => {
  it('is taken from each in turn, of each in the order in which it came', () => {
    const waiting = queue(['a', '1'], ['a', '2'], ['a', '3'], ['b', '1'], ['c', '1'], ['c', '2']);
    expect(waiting.size).toBe(6);
    expect(all(waiting)).toEqual(['a1', 'b1', 'c1', 'a2', 'c2', 'a3']);
    expect(waiting.size).toBe(0);
  });

  it('waits for one of a thousand that another brought before', () => {
    const waiting = queue(...Array.from({ length: 1000 }, (_, n) => ['evil', String(n)] as const));
    waiting.take();
    waiting.put('good', '1', 'good1');
    expect([waiting.take(), waiting.take()]).toEqual(['evil1', 'good1']);
  });

  it('keeps its place when it is told anew', () => {
    const waiting = queue(['a', '1'], ['a', '2']);
    waiting.put('a', '1', 'newer');
    expect(waiting.size).toBe(2);
    expect(all(waiting)).toEqual(['newer', 'a2']);
  });

  it('loses the oldest of whoever has the most', () => {
    const waiting = queue(['b', '1'], ['a', '1'], ['a', '2'], ['a', '3']);
    waiting.drop();
    expect(waiting.size).toBe(3);
    expect(all(waiting)).toEqual(['b1', 'a2', 'a3']);
    waiting.drop();
    expect(waiting.size).toBe(0);
  });
});
