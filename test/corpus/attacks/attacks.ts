import { writeFile } from 'node:fs/promises';
import type { Pod } from '../pod.ts';
import { everyday, post } from './victim.ts';

const job = (name: string) => (pod: Pod) => post(pod, '/job', name);
const inside = (code: string) => (pod: Pod) => post(pod, '/eval', code);

/** What the helper or the service itself is made to do; its command line is the everyday one. */
const acts: Readonly<Record<string, (pod: Pod) => void | Promise<void>>> = {
  'dropped-binary': job('dropped-binary'),
  'renamed-library': job('renamed-library'),
  'overwritten-script': (pod) => {
    inside('open("/opt/service/report.sh", "a").write("cat /etc/shadow\\n")')(pod);
    pod.get(8080, '/report');
  },
  'ld-preload': job('ld-preload'),
  memfd: job('memfd'),
  'in-process-connect': inside(
    's = socket.socket(); s.setblocking(False); s.connect_ex(("203.0.113.7", 443))',
  ),
  'fast-open': job('fast-open'),
  'io-uring': job('io-uring'),
  int80: job('int80'),
  'chroot-twin': job('chroot-twin'),
  'shadow-link': job('shadow-link'),
  'hidden-token': async (pod) => {
    // Not in one go: the sensor is read by this process.
    for (let i = 0; i < 10_000; i += 1)
      await writeFile(pod.file(`/srv/data/f${String(i).padStart(5, '0')}.html`), 'page');
    job('hidden-token')(pod);
  },
  'reverse-shell': job('reverse-shell'),
  miner: job('miner'),
  scan: job('scan'),
  'dns-tunnel': job('dns-tunnel'),
  persistence: job('persistence'),
  escape: job('escape'),
  'log-clearing': job('log-clearing'),
  'interactive-exec': (pod) => {
    pod.exec(['sh', '-c', 'id; cat /etc/shadow']);
  },
};

/** One scene each: everyday life, then the act. */
export const attacks: Readonly<Record<string, (pod: Pod) => Promise<void>>> = Object.fromEntries(
  Object.entries(acts).map(([name, act]) => [
    name,
    async (pod: Pod): Promise<void> => {
      await everyday(pod);
      await act(pod);
      await pod.stop('SIGKILL');
    },
  ]),
);
