import { describe, expect, it } from 'vitest';
import { Stage, type Step } from '../../../test/fakes/sensor-stage.ts';
import { Rig } from '../../../test/fakes/short-cut-rig.ts';

const open = (pid: number, name: number): Step => ({ do: 'open', pid, name, flags: 0 });
const load = (pid: number, name: number): Step => ({ do: 'load', pid, name, flags: 0 });
/** Name 4 is an interpreter: of an even pid it runs file 3, of an odd one nothing. */
const interpreter = (pid: number): Step => ({ do: 'exec', pid, name: 4, flags: 0 });
/** Often enough that the last of them is answered at once, where that is possible at all. */
const often = (step: Step): Step[] => [step, step, step, step, step];

class Told {
  readonly #rig = new Rig(true);
  readonly #stage = new Stage();

  constructor() {
    this.#rig.bytesOf = () => undefined;
    this.#rig.read(this.#stage.take());
  }

  play(...steps: readonly Step[]): void {
    for (const step of steps) this.#stage.play(step);
    this.#rig.read(this.#stage.take());
  }

  get answered(): number {
    return this.#rig.finish().answered;
  }

  set bytesOf(bytesOf: Rig['bytesOf']) {
    this.#rig.bytesOf = bytesOf;
  }

  /** What was answered at once so far. */
  end() {
    const { told, answered } = this.#rig.finish();
    const acts = told.flatMap((t) => {
      if (t.type === 'incident') return t.incident.drifts.map((d) => `drift ${d.kind} ${d.subject}`);
      const { report } = t;
      return report.type === 'novelty' && 'path' in report.behaviour
        ? [`learned ${report.behaviour.kind} ${report.behaviour.path}`]
        : [];
    });
    return { acts: new Set(acts), answered };
  }
}

describe('what was answered at once before', () => {
  it('is answered at once again, when the record says all', () => {
    const told = new Told();
    told.play(...often(open(100, 0)));
    expect(told.end().answered).toBe(3);
  });

  it('is looked at again, when the name leads to a sensitive file now', () => {
    const told = new Told();
    told.play(...often(open(100, 0)), { do: 'link', pid: 100, name: 0 }, open(100, 0));
    const { acts } = told.end();
    expect(acts).toContain('learned open /srv/a');
    expect(acts).toContain('learned open /etc/shadow');
  });

  it('is answered at once also for data that an interpreter reads, until a script of that name is started', () => {
    const told = new Told();
    for (const child of [103, 104]) told.play({ do: 'fork', pid: 100, child });
    told.play(interpreter(103), ...often(open(103, 3)));
    const before = told.answered;
    told.play(interpreter(104), ...often(open(103, 3)));
    expect([before, told.answered]).toEqual([3, 3]);
  });

  it('is no answer for another script of the same interpreter', () => {
    const told = new Told();
    for (const child of [103, 104]) told.play({ do: 'fork', pid: 100, child }, interpreter(child));
    told.play(...often(open(103, 3)), open(104, 3));
    const { acts } = told.end();
    expect(acts).toContain('learned open /srv/d');
    expect(acts).toContain('learned load /srv/d');
  });

  it('is no answer about bytes that may be others by now', () => {
    const told = new Told();
    told.bytesOf = () => ({ origin: 'image' });
    told.play(...often(load(100, 0)));
    told.bytesOf = () => undefined;
    told.play(load(100, 0));
    const { acts } = told.end();
    expect(acts).toContain('learned load /srv/a');
    expect(acts).toContain('drift load /srv/a');
  });
});
