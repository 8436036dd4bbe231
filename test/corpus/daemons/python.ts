import type { Daemon } from '../daemon.ts';
import type { Pod } from '../pod.ts';
import { folders, httpService, lifeOf, manyRequests, port } from './http-service.ts';

export const python: Daemon = {
  ...httpService,
  name: 'python',
  packages: ['curl', 'python3'],
  entrypoint: ['python3', '/srv/app/app.py'],
  setup: [folders, 'python3 -m compileall -q /usr/lib/python3.11 /srv/app/shop'],
  user: { uid: 1000, gid: 1000 },
  otherUser: { uid: 10_005, gid: 10_005 },
  life: lifeOf(manyRequests),
  extras: { modules },
};

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
