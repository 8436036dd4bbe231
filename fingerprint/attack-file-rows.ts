import { escapeToHost, inContainer, row, type TechniqueRow } from './attack-row.ts';

type Touch = 'reads' | 'writes';

/** @param touch an act that cannot be told apart counts as neither: a drift without its act says only which file */
function touches(path: RegExp, touch: Touch): TechniqueRow['shows'] {
  return ({ act }) => {
    switch (act?.kind) {
      case 'open':
        return path.test(act.path) && (touch === 'reads') === (act.access === 'read' || act.access === 'map');
      case 'rename':
        return touch === 'writes' && path.test(act.to);
      case 'link':
        return touch === 'writes' && path.test(act.path);
      default:
        return false;
    }
  };
}

/** Sensitive files (sensitive-rows.ts) by what they are, and by what was done with them. */
export const fileRows: readonly TechniqueRow[] = [
  row(
    'T1003.008',
    '/etc/passwd and /etc/shadow',
    'Credential Access',
    touches(/\/etc\/(shadow|gshadow|master\.passwd)-?$/, 'reads'),
  ),
  row(
    'T1003.007',
    'Proc Filesystem',
    'Credential Access',
    // Its own a program may read; those of others hold what was given to them.
    touches(/^\/proc\/(?!self\/|thread-self\/)[^/]+\/(task\/[^/]+\/)?(environ|mem)$/, 'reads'),
  ),
  row(
    'T1528',
    'Steal Application Access Token',
    'Credential Access',
    touches(/\/(kubernetes\.io\/serviceaccount|kube-api-access-[^/]*)\/(.*\/)?token$/, 'reads'),
  ),
  row(
    'T1552.004',
    'Private Keys',
    'Credential Access',
    touches(
      /\/(id_rsa|id_dsa|id_ecdsa|id_ed25519)(_sk)?$|\/ssh_host_[^/]*_key$|\.(key|p12|pfx|jks|keystore)$|priv(ate)?[-_.]?key[^/]*\.pem$/,
      'reads',
    ),
  ),
  row(
    'T1552.001',
    'Credentials In Files',
    'Credential Access',
    touches(
      /\/\.(aws\/credentials|docker\/config\.json|kube\/config|netrc|pgpass|git-credentials|npmrc|pypirc|my\.cnf|vault-token)$/,
      'reads',
    ),
  ),
  row('T1574.006', 'Dynamic Linker Hijacking', 'Persistence', touches(/\/etc\/ld\.so\.preload$/, 'writes')),
  row(
    'T1053.003',
    'Cron',
    'Persistence',
    touches(/\/etc\/(crontab|anacrontab|cron\.[^/]+\/.*)$|\/var\/spool\/cron\//, 'writes'),
  ),
  row(
    'T1546.004',
    'Unix Shell Configuration Modification',
    'Persistence',
    touches(
      /\/etc\/(profile|bash\.bashrc|profile\.d\/.*)$|\/\.(bashrc|bash_profile|profile|zshrc)$/,
      'writes',
    ),
  ),
  row('T1543.002', 'Systemd Service', 'Persistence', touches(/\/etc\/systemd\/system\//, 'writes')),
  row('T1037.004', 'RC Scripts', 'Persistence', touches(/\/etc\/(rc\.local$|init\.d\/)/, 'writes')),
  row('T1098.004', 'SSH Authorized Keys', 'Persistence', touches(/\/\.ssh\/authorized_keys2?$/, 'writes')),
  row(
    'T1548.003',
    'Sudo and Sudo Caching',
    'Privilege Escalation',
    touches(/\/etc\/sudoers(\.d\/.*)?$/, 'writes'),
  ),
  row('T1556.003', 'Pluggable Authentication Modules', 'Persistence', touches(/\/etc\/pam\.d\//, 'writes')),
  // What the kernel runs by them runs on the node, outside every container.
  {
    technique: escapeToHost,
    shows: inContainer(
      touches(
        /^\/proc\/sys\/kernel\/(core_pattern|modprobe|hotplug)$|\/(release_agent|uevent_helper)$/,
        'writes',
      ),
    ),
  },
  // Whoever may start containers is root on the node.
  {
    technique: escapeToHost,
    shows: inContainer(
      ({ act }) =>
        act?.kind === 'connect' &&
        act.transport === 'unix' &&
        /\/(docker|podman|crio|containerd|cri-dockerd)\.sock$/.test(act.peer),
    ),
  },
];
