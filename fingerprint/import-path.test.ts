import { describe, expect, it } from 'vitest';
import { translatePath } from './import-path.ts';

describe('translatePath', () => {
  it.each<[string, string]>([
    ['/etc/app.conf', '/etc/app.conf'],
    ['/proc/⋯/stat', '/proc/{pid}/stat'],
    ['/proc/⋯/task/⋯/fd', '/proc/{pid}/task/{pid}/fd'],
    ['/etc/app/⋯/app.conf', '/etc/app/..data/app.conf'],
    ['/data/pages/⋯', '/data/pages/{any}'],
    ['/data/⋯', '/data/{any}'],
    ['/tmp/tmp.⋯', '/tmp/tmp.{rand}'],
  ])('%s → %s', (foreign, path) =>
    expect(translatePath(foreign, { one: '⋯', many: '*' })).toMatchObject({ path }),
  );

  it.each<[string, string]>([
    ['/⋯', 'accepts-anything'],
    ['/*', 'accepts-anything'],
    ['/⋯/⋯', 'accepts-anything'],
    ['/root/.ssh/⋯', 'accepts-anything'],
    ['/data/*', 'not-expressible'],
    ['/data/part-⋯', 'not-expressible'],
    ['/data/⋯x/y', 'not-expressible'],
    ['/usr/bin/⋯', 'not-expressible'],
    ['/tmp/⋯', 'not-expressible'],
    ['/etc/⋯', 'not-expressible'],
    ['/proc/sys/⋯', 'not-expressible'],
    ['/proc/sys/⋯/x', 'not-expressible'],
    ['/srv/{any}', 'like-a-pattern'],
    ['relative', 'incomplete'],
  ])('%s is left out: %s', (foreign, leftOut) =>
    expect(translatePath(foreign, { one: '⋯', many: '*' })).toEqual({ leftOut }),
  );

  it('takes a star for one name where the format has no other mark', () => {
    expect(translatePath('/data/*', { one: '*' })).toMatchObject({ path: '/data/{any}' });
    expect(translatePath('/*', { one: '*' })).toEqual({ leftOut: 'accepts-anything' });
  });
});
