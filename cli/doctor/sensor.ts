import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { buildSensor, missingPackages } from '../../agent/adapters/build-sensor.ts';
import { printable } from '../../fingerprint/printable.ts';
import { type Finding, missing, ok, poor } from './finding.ts';

/** Builds the sensor and lets it load and attach everything: the one proof that live events can be had. */
export async function sensorFinding(dataDir: string): Promise<Finding> {
  if ((await missingPackages()).length > 0)
    return missing('sensor', 'the event sensor is not built', 'see compiler');
  const kept = join(dataDir, 'sensor');
  if (existsSync(kept)) return check(kept);
  const temporary = await mkdtemp(join(tmpdir(), 'whorl-doctor-'));
  try {
    return await check(temporary);
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

async function check(cacheDir: string): Promise<Finding> {
  try {
    const binary = await buildSensor(cacheDir);
    const { stdout } = await promisify(execFile)(binary, ['--check'], { timeout: 30_000 });
    return judge(JSON.parse(stdout));
  } catch (error) {
    const said = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : String(error);
    return missing(
      'sensor',
      `the event sensor does not start: ${printable(said)}`,
      'see the other findings; run as root',
    );
  }
}

/** Programs attach one by one: what could not is missing from what is seen, and said. */
function judge(answer: unknown): Finding {
  const hooks: unknown =
    typeof answer === 'object' && answer !== null ? Reflect.get(answer, 'hooks') : undefined;
  const list = typeof hooks === 'object' && hooks !== null ? Object.entries(hooks) : [];
  const absent = list
    .filter(([, attached]) => attached === false || attached === 0)
    .map(([name]) => printable(name, 60));
  if (absent.length === 0) return ok('sensor', 'the event sensor loads and attaches');
  return poor(
    'sensor',
    `the event sensor could not attach ${absent.join(', ')}`,
    'what these see is not judged here; a newer kernel has them',
  );
}
