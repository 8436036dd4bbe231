import type { Mount } from './containerd-client.ts';

/** The image's layers in an overlay, topmost first; what the container wrote is not among them. */
export function layersOf(mounts: readonly Mount[]): readonly string[] {
  return mounts
    .filter((mount) => mount.type === 'overlay')
    .flatMap((mount) => mount.options)
    .filter((option) => option.startsWith('lowerdir='))
    .flatMap((option) => option.slice('lowerdir='.length).split(':'))
    .filter((layer) => layer.startsWith('/'));
}
