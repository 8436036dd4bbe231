import { basename } from 'node:path';
import { isSubjectName } from '../../fingerprint/image-ref.ts';
import { CliError, exitCodes } from '../exit.ts';
import { fileName } from '../read-file.ts';
import { type ImagePattern, parseImagePattern } from './image-pattern.ts';

/** What is recorded: the containers of an image, or the command itself. Each has a baseline of its own. */
export interface Target {
  /** Of the subject: the image's repository, or what the command is called. */
  readonly name: string;
  /** Its file in the directory, without `.json`. */
  readonly file: string;
  /** Undefined: the command itself. */
  readonly image: ImagePattern | undefined;
}

/** More images than one test suite starts; each is looked up for every container. */
const maxImages = 64;
/** Beside the baselines; no image may be kept under its name. */
export const reservedFile = 'unstable';

/** @throws CliError */
export function imageTargets(images: readonly string[], name: string | undefined): readonly Target[] {
  if (images.length > maxImages)
    throw new CliError(exitCodes.usage, `at most ${maxImages} images are recorded at once`);
  if (name !== undefined && images.length > 1)
    throw new CliError(exitCodes.usage, '--name can name one image only', 'record the others without it');
  const patterns = images.map(parseImagePattern);
  const files = filesOf(patterns);
  return patterns.map((image, i) => {
    const file = files[i] ?? '';
    if (name !== undefined) return { name: subjectName(name), file: fileOf(lastPart(name)), image };
    return { name: subjectName(image.repository ?? image.text), file, image };
  });
}

/** @throws CliError */
export function commandTarget(command: readonly string[], name: string | undefined): Target {
  const called = name ?? basename(command[0] ?? '');
  return { name: subjectName(called), file: fileOf(lastPart(called)), image: undefined };
}

function lastPart(name: string): string {
  return name.split('/').at(-1) ?? name;
}

/** The last part of the repository; as much more as it takes to tell apart those that are recorded together. */
function filesOf(patterns: readonly ImagePattern[]): readonly string[] {
  const candidates = patterns.map(({ repository, tag, digest, text }) => {
    const parts = (repository ?? text).split('/');
    const whole = parts.join('-');
    return [parts.at(-1) ?? whole, whole, `${whole}-${tag ?? digest?.slice(7, 19) ?? 'any'}`].map(fileOf);
  });
  for (const choice of [0, 1, 2]) {
    const files = candidates.map((c) => c[choice] ?? '');
    if (new Set(files).size === files.length && !files.includes(reservedFile)) return files;
  }
  throw new CliError(exitCodes.usage, 'the same image is named twice', 'name each image once');
}

/** A name on every file system, and never a way out of the directory. */
function fileOf(name: string): string {
  const file = name
    .toLowerCase()
    .replaceAll(/[^a-z0-9._-]+/g, '-')
    .replaceAll(/^[.-]+|[.-]+$/g, '');
  return file === '' ? 'command' : file.slice(0, 100);
}

function subjectName(name: string): string {
  if (isSubjectName(name)) return name;
  throw new CliError(
    exitCodes.usage,
    `${fileName(name)} cannot be the name of what is recorded`,
    'give one of printable ASCII characters without blanks and @ with --name',
  );
}
