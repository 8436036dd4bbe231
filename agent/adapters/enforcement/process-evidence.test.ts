import { describe, expect, it } from 'vitest';
import { shownComm } from './process-evidence.ts';

describe('shownComm', () => {
  it.each([
    ['nginx', '/usr/sbin/nginx', 'nginx'],
    ['containerd-shim', '/usr/bin/containerd-shim-runc-v2', 'containerd-shim'],
    ['ghp_16C7e42F292', '/tmp/ghp_16C7e42F292c6912E7710c838347Ae178B4a', '…'],
    ['ghp_16C7e42F292', undefined, '…'],
  ])('%s of %s is %s', (comm, exe, expected) => expect(shownComm(comm, exe)).toBe(expected));
});
