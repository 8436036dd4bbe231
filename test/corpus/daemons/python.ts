import { setTimeout as sleep } from 'node:timers/promises';
import type { Daemon } from '../daemon.ts';
import type { Pod } from '../pod.ts';

const port = 8080;

export const python: Daemon = {
  name: 'python',
  packages: ['curl', 'python3'],
  entrypoint: ['python3', '/srv/app/app.py'],
  setup: [
    'install -d -m 1777 /var/lib/app /var/log/app /backup',
    'python3 -m compileall -q /usr/lib/python3.11 /srv/app/shop',
  ],
  data: ['/var/lib/app', '/var/log/app', '/backup'],
  config: '/etc/app',
  user: { uid: 1000, gid: 1000 },
  otherUser: { uid: 10_005, gid: 10_005 },
  probes: [['curl', '-fs', '-o', '/dev/null', 'http://127.0.0.1:8080/']],
  isReady: async (pod) => pod.get(port, '/').includes('hello'),
  life,
  extras: { modules },
};

async function life(pod: Pod): Promise<void> {
  await pod.start();
  await load(pod);
  pod.renewConfig();
  pod.signal('SIGHUP');
  await load(pod);
  pod.get(port, '/backup');
  await load(pod);
  pod.crash();
  await pod.restart();
  await load(pod);
  await pod.replace();
  await load(pod);
  await pod.stop();
}

/** Enough lines that the log is rotated in every round. */
async function load(pod: Pod): Promise<void> {
  for (let i = 1; i <= 4; i += 1) {
    pod.get(port, '/', '/stock', '/report', '/cart', '/gone', '/nothing', ...Array(12).fill('/'));
    pod.probe();
    await sleep(700);
  }
}

/**
 * Modules of the standard library that no request ever needed before. Those with a native half are not among them: a
 * library that was never loaded is new code, and shows.
 */
async function modules(pod: Pod): Promise<void> {
  const rare =
    'aifc ast asynchat asyncore bdb cgi chunk cmd code codeop colorsys compileall concurrent.futures dataclasses difflib ' +
    'dis email.mime.text encodings.cp437 encodings.koi8_r encodings.mac_roman filecmp fileinput ftplib getopt gettext ' +
    'glob graphlib hmac html.parser imaplib imghdr mailbox mailcap modulefinder netrc nntplib numbers optparse ' +
    'pickletools pipes plistlib poplib pprint profile pyclbr runpy sched shelve shlex smtplib sndhdr stringprep sunau ' +
    'symtable sysconfig tabnanny telnetlib timeit trace tracemalloc uu venv wave xdrlib xml.dom.minidom zipapp';
  await pod.start();
  pod.get(port, ...rare.split(' ').map((name) => `/use/${name}`));
  await pod.stop();
}
