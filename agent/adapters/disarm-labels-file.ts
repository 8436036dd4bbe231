import { readFile } from 'node:fs/promises';
import { parseJson } from '../../fingerprint/strict-json.ts';
import type { DisarmLabel, LabelStore } from '../ports/disarm.ts';
import { replaceFile } from './disk/replace-file.ts';
import { isObject } from './oci/json.ts';

/** Some thousand labels of at most 126 characters; more is not ours. */
const maxBytes = 2 * 1024 * 1024;

/** The labels that were known last, in one small JSON file. */
export function disarmLabelsFile(path: string): LabelStore {
  return {
    load: async () => {
      try {
        const value = parseJson(await readFile(path), { bytes: maxBytes });
        return isObject(value) && Array.isArray(value.labels) ? value.labels.filter(isLabel) : [];
      } catch {
        return [];
      }
    },
    save: (labels) => replaceFile(path, JSON.stringify({ labels })),
  };
}

function isLabel(value: unknown): value is DisarmLabel {
  if (!isObject(value)) return false;
  const { namespace, value: said, seenAt } = value;
  return typeof namespace === 'string' && typeof said === 'string' && Number.isSafeInteger(seenAt);
}
