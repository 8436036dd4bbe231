import { parseJson } from '../../../fingerprint/strict-json.ts';
import type { RunningContainer } from '../../ports/containers.ts';
import { isObject, isTexts } from './json.ts';

/** Three probes, two hooks and a health check of each kind, many times over. */
const maxProbes = 16;
/** As many as a fingerprint keeps of one vector; runc passes on no longer ones than the kernel takes. */
const maxArgs = 2_048;
const maxLabelBytes = 65_536;
const maxSpecBytes = 4 * 1024 * 1024;

/**
 * Argument vectors of a label `whorl.dev/probes`: a JSON list of lists of texts.
 *
 * @returns none when the label is not so: a probe that is not understood is told as somebody who enters, which is loud.
 */
export function probesOf(label: string | undefined): readonly (readonly string[])[] {
  if (label === undefined || label.length > maxLabelBytes) return [];
  const lists = parsed(new TextEncoder().encode(label), maxLabelBytes);
  if (!Array.isArray(lists) || lists.length > maxProbes) return [];
  return lists.every((one) => isTexts(one) && one.length > 0 && one.length <= maxArgs) ? lists : [];
}

/**
 * Labels that the site gave the container. Runtimes copy the image's among them, and by its own word an image would be of
 * another pod, in another role, or have what somebody starts by hand for a probe.
 *
 * @param ofImage undefined when its configuration cannot be read: then nobody knows whose word ours are.
 */
export function siteLabels(
  labels: Readonly<Record<string, string>>,
  ofImage: Readonly<Record<string, string>> | undefined,
): Readonly<Record<string, string>> {
  const isOfSite = ([name, value]: readonly [string, string]): boolean =>
    ofImage === undefined
      ? !name.startsWith('whorl.dev/')
      : !Object.hasOwn(ofImage, name) || ofImage[name] !== value;
  return Object.fromEntries(Object.entries(labels).filter(isOfSite));
}

/** The command of a health check as Docker writes it: `["CMD", …]`, `["CMD-SHELL", text]` or `["NONE"]`. */
export function checkOf(health: unknown): readonly string[] | undefined {
  if (!isObject(health) || !isTexts(health.Test)) return undefined;
  const [how, ...command] = health.Test;
  const [text] = command;
  if (text === undefined) return undefined;
  if (how === 'CMD') return command;
  return how === 'CMD-SHELL' ? ['/bin/sh', '-c', text] : undefined;
}

/** Kubernetes does not tell its runtime which of a pod's containers come first: whoever knows says so in a label. */
function roleOf(label: string | undefined): RunningContainer['role'] {
  return label === 'init' || label === 'ephemeral' || label === 'main' ? label : undefined;
}

/** As Kubernetes called the container that only holds a pod's namespaces, when it made it itself. */
const sandboxName = 'POD';

/** containerd labels what it makes for the CRI itself. */
function nameOf(labels: Readonly<Record<string, string>>): string | undefined {
  return labels['io.cri-containerd.kind'] === 'sandbox'
    ? sandboxName
    : labels['io.kubernetes.container.name'];
}

/**
 * Where labels say a container stands: Kubernetes labels what it starts, and its runtime hands them on.
 *
 * @param name what it is called there
 */
export function placeOf(
  labels: Readonly<Record<string, string>>,
  name = nameOf(labels),
): Partial<Pick<RunningContainer, 'name' | 'namespace' | 'pod' | 'podUid' | 'role'>> {
  const pod = labels['io.kubernetes.pod.name'];
  const podUid = labels['io.kubernetes.pod.uid'];
  const namespace = labels['io.kubernetes.pod.namespace'];
  const role = roleOf(labels['whorl.dev/role']);
  return {
    ...(name === undefined ? {} : { name }),
    ...(namespace === undefined ? {} : { namespace }),
    ...(pod === undefined ? {} : { pod }),
    ...(podUid === undefined ? {} : { podUid }),
    ...(role === undefined ? {} : { role }),
  };
}

/** What the runtime was told to run: `process.args` of the OCI specification. */
export function commandOfSpec(spec: Uint8Array): readonly string[] | undefined {
  const found = parsed(spec, maxSpecBytes);
  const process = isObject(found) ? found.process : undefined;
  const args = isObject(process) ? process.args : undefined;
  return isTexts(args) && args.length > 0 && args.length <= maxArgs ? args : undefined;
}

function parsed(bytes: Uint8Array, maxBytes: number): unknown {
  try {
    return bytes.length === 0 ? undefined : parseJson(bytes, { bytes: maxBytes });
  } catch {
    // Whoever starts containers writes it: what is no JSON says nothing.
    return undefined;
  }
}
