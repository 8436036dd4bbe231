import { type ApiClient, connectCollector } from './api-client.ts';
import type { WhereOptions } from './collector-place.ts';
import { dataDir } from './data-dir.ts';
import { CliError, exitCodes } from './exit.ts';
import type { Io } from './io.ts';
import { fileName } from './read-file.ts';

/** The collector these options mean, for a verb that can do nothing without one. @throws CliError when none runs there */
export async function needCollector(io: Io, options: WhereOptions): Promise<ApiClient> {
  const found = await connectCollector(io, options);
  if (found !== undefined) return found;
  throw new CliError(
    exitCodes.network,
    `no collector runs with the data directory ${fileName(dataDir(io, options.dataDir))}`,
    'run this on its machine, or whorl login first',
  );
}
