import { describe, expect, it } from 'vitest';
import { maxSteps } from '../../fingerprint/limits.ts';
import { StepLog } from './step-log.ts';

const before = ['(before the first step)'];

describe('the step of a moment', () => {
  it('is the last that was named', () => {
    const log = new StepLog();
    log.begin('login', 10, { isSpan: false });
    log.begin('checkout', 20, { isSpan: false });
    expect([9, 10, 19, 20, 99].map((t) => log.at(t))).toEqual([
      before,
      ['login'],
      ['login'],
      ['checkout'],
      ['checkout'],
    ]);
    expect(log.names()).toEqual(['login', 'checkout']);
  });

  it('of a command lasts as long as the command', () => {
    const log = new StepLog();
    const id = log.begin('login', 10, { isSpan: true });
    log.end(id, 20);
    expect([9, 10, 19, 20].map((t) => log.at(t))).toEqual([before, ['login'], ['login'], before]);
  });

  it('is the command’s own rather than the last that was named, and that again afterwards', () => {
    const log = new StepLog();
    log.begin('suite', 10, { isSpan: false });
    log.end(log.begin('login', 20, { isSpan: true }), 30);
    expect([10, 20, 30].map((t) => log.at(t))).toEqual([['suite'], ['login'], ['suite']]);
  });

  it('is the innermost of those that stand in each other', () => {
    const log = new StepLog();
    const outer = log.begin('outer', 10, { isSpan: true });
    log.begin('first', 20, { isSpan: false, within: outer });
    const inner = log.begin('second', 30, { isSpan: true, within: outer });
    log.end(inner, 40);
    log.end(outer, 50);
    expect([10, 20, 30, 40, 50].map((t) => log.at(t))).toEqual([
      ['outer'],
      ['first'],
      ['second'],
      ['first'],
      before,
    ]);
  });

  it('is all of those that run beside each other', () => {
    const log = new StepLog();
    log.begin('a', 10, { isSpan: true });
    log.begin('b', 20, { isSpan: true });
    expect(log.at(30)).toEqual(['a', 'b']);
  });

  it('takes a stranger’s word for no step', () => {
    const log = new StepLog();
    log.begin('a', 10, { isSpan: false, within: 's99' });
    expect(log.at(10)).toEqual(['a']);
    log.end('s99', 20);
    expect(log.at(30)).toEqual(['a']);
  });

  it('is found among as many as a recording may have', () => {
    const log = new StepLog();
    for (let i = 0; i < maxSteps; i += 1) log.begin(`step ${i}`, i, { isSpan: true });
    // Quadratic, this would be 1.7 thousand million comparisons.
    for (let i = 0; i < 100; i += 1) expect(log.at(maxSteps)).toHaveLength(maxSteps);
  });
});
