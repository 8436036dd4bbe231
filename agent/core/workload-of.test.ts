import { describe, expect, it } from 'vitest';
import { Instances } from './instances.ts';
import { workloadOf } from './workload-of.ts';

const digest = `sha256:${'a'.repeat(64)}`;

function instanceAt(path: string) {
  const instances = new Instances({ offline: false });
  instances.learnCgroup(7, path);
  return instances.ofCgroup(7, 0)!;
}

describe('workloadOf', () => {
  it.each([
    ['reg.local/shop/cart:v1', 'reg.local/shop/cart'],
    ['reg.local:5000/shop/cart', 'reg.local:5000/shop/cart'],
    ['reg.local:5000/shop/cart:v1@sha256:abc', 'reg.local:5000/shop/cart'],
    ['nginx', 'nginx'],
    ['nginx:1.27', 'nginx'],
  ])('names the software of image %s %s', (image, name) => {
    const ref = { id: 'c1', image, digest };
    expect(workloadOf(ref, instanceAt('/k8s.io/c1'), 'x')?.subject).toEqual({ name, digest });
  });

  it('names what came without an image by its unit', () => {
    const workload = workloadOf({ id: 'x', digest }, instanceAt('/system.slice/nginx.service'), 'x');
    expect(workload).toMatchObject({
      owner: 'unit/nginx.service',
      subject: { name: 'unit/nginx.service', digest },
    });
  });

  it('is the container that the runtime says it is', () => {
    const at = instanceAt('/k8s.io/c1');
    expect(workloadOf({ id: 'c1', image: 'nginx', digest }, at, 'x')?.role).toBe('main');
    expect(workloadOf({ id: 'c1', image: 'nginx', digest, role: 'init' }, at, 'x')?.role).toBe('init');
  });

  it('tells two services of one image apart by what they were told to run, and two copies not at all', () => {
    const at = instanceAt('/k8s.io/c1');
    const entry = (pod: string, ...command: string[]) =>
      workloadOf({ id: 'c1', image: 'cart', digest, pod, command }, at, 'x')?.entry;
    expect(entry('cart-0', '/cart', 'serve', '--name=cart-0')).toMatch(/^[0-9a-f]{16}$/);
    expect(entry('cart-0', '/cart', 'serve', '--name=cart-0')).toBe(
      entry('cart-1', '/cart', 'serve', '--name=cart-1'),
    );
    expect(entry('cart-0', '/cart', 'serve')).not.toBe(entry('cart-0', '/cart', 'work'));
    expect(workloadOf({ id: 'c1', image: 'cart', digest }, at, 'x')).not.toHaveProperty('entry');
  });

  it.each([undefined, 'sha256:short'])('names nothing whose digest is %s', (bad) => {
    const ref = { id: 'x', ...(bad === undefined ? {} : { digest: bad }) };
    expect(workloadOf(ref, instanceAt('/system.slice/nginx.service'), 'x')).toBeUndefined();
  });
});
