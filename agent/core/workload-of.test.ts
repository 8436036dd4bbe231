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

  it.each([undefined, 'sha256:short'])('names nothing whose digest is %s', (bad) => {
    const ref = { id: 'x', ...(bad === undefined ? {} : { digest: bad }) };
    expect(workloadOf(ref, instanceAt('/system.slice/nginx.service'), 'x')).toBeUndefined();
  });
});
