import { accessSync, constants, existsSync, readdirSync, readFileSync } from 'node:fs';
import { release } from 'node:os';
import { join } from 'node:path';
import { cgroupMount } from '../cgroup-mount.ts';
import { type Finding, missing, ok, poor } from './finding.ts';

/** Bits of `CapEff` (capability.h) and what is lost without them. */
const wanted: readonly {
  readonly bit: number;
  readonly name: string;
  readonly need: 'missing' | 'poor';
  readonly for: string;
}[] = [
  { bit: 39, name: 'CAP_BPF', need: 'missing', for: 'loading the event sensor' },
  { bit: 38, name: 'CAP_PERFMON', need: 'missing', for: 'reading kernel events' },
  { bit: 19, name: 'CAP_SYS_PTRACE', need: 'poor', for: 'looking into processes of other users' },
  { bit: 5, name: 'CAP_KILL', need: 'poor', for: 'stopping processes of other users' },
];

export function kernelFindings(): Finding[] {
  return [operatingSystem(), btf(), ...capabilities(), ...cgroups()];
}

function operatingSystem(): Finding {
  if (process.platform !== 'linux')
    return missing('kernel', `this is ${process.platform}`, 'live events need Linux');
  const [major = 0, minor = 0] = release().split('.').map(Number);
  const enough = major > 5 || (major === 5 && minor >= 8);
  return enough
    ? ok('kernel', `Linux ${release()}`)
    : missing('kernel', `Linux ${release()} has no BPF ring buffer`, 'use a kernel of 5.8 or newer');
}

function btf(): Finding {
  return existsSync('/sys/kernel/btf/vmlinux')
    ? ok('btf', 'the kernel describes its types (BTF)')
    : missing(
        'btf',
        'the kernel does not describe its types (BTF)',
        'use a kernel built with CONFIG_DEBUG_INFO_BTF=y, as distributions do',
      );
}

function capabilities(): Finding[] {
  const status = existsSync('/proc/self/status') ? readFileSync('/proc/self/status', 'utf8') : '';
  const effective = BigInt(`0x${/^CapEff:\s*([0-9a-f]+)/m.exec(status)?.[1] ?? '0'}`);
  const absent = wanted.filter((c) => (effective & (1n << BigInt(c.bit))) === 0n);
  if (absent.length === 0) return [ok('capabilities', 'all capabilities are there')];
  return absent.map((c) => {
    const id = c.name.toLowerCase().replaceAll('_', '-');
    const mend = 'run as root, or give the agent this capability';
    return c.need === 'missing'
      ? missing(id, `no ${c.name}: ${c.for} is not possible`, mend)
      : poor(id, `no ${c.name}: ${c.for} is not possible`, mend);
  });
}

function cgroups(): Finding[] {
  const mount = existsSync('/proc/self/mountinfo') ? cgroupMount() : undefined;
  if (mount === undefined) {
    return [
      missing(
        'cgroup',
        'cgroup v2 is not mounted',
        'mount -t cgroup2 none /sys/fs/cgroup/unified (or boot with systemd.unified_cgroup_hierarchy=1)',
      ),
    ];
  }
  return [
    ok('cgroup', `cgroup v2 at ${mount}`),
    cgroupWritable(mount),
    cgroupFile(mount, 'cgroup.freeze', '5.2'),
    cgroupFile(mount, 'cgroup.kill', '5.14'),
  ];
}

function cgroupWritable(mount: string): Finding {
  try {
    accessSync(mount, constants.W_OK);
    return ok('cgroup-write', 'cgroups can be made');
  } catch {
    return poor(
      'cgroup-write',
      'cgroups cannot be made: nothing can be held or frozen',
      'run as root with cgroups writable',
    );
  }
}

/** The root cgroup has neither file: one child is looked at. No child at all says nothing, so the kernel's age decides. */
function cgroupFile(mount: string, file: string, since: string): Finding {
  const child = readdirSync(mount, { withFileTypes: true }).find((entry) => entry.isDirectory());
  const [major = 0, minor = 0] = release().split('.').map(Number);
  const [sinceMajor = 0, sinceMinor = 0] = since.split('.').map(Number);
  const there =
    child === undefined
      ? major > sinceMajor || (major === sinceMajor && minor >= sinceMinor)
      : existsSync(join(mount, child.name, file));
  return there
    ? ok(file, `${file} is there`)
    : poor(
        file,
        `${file} is not there: a milder step of the ladder is used`,
        `use a kernel of ${since} or newer`,
      );
}
