import { type ApiClient, connectCollector } from './api-client.ts';
import type { WhereOptions } from './collector-place.ts';
import { dataDir } from './data-dir.ts';
import { CliError, exitCodes } from './exit.ts';
import type { Io } from './io.ts';
import { fileName } from './read-file.ts';

/** The collector of the options, for what only a collector can do. @throws CliError when there is none */
export async function askedCollector(io: Io, options: WhereOptions): Promise<ApiClient> {
  const found = await connectCollector(io, options);
  if (found !== undefined) return found;
  throw new CliError(
    exitCodes.network,
    `no collector runs with the data directory ${fileName(dataDir(io, options.dataDir))}`,
    'run this on its machine, or whorl login first',
  );
}

/** @throws CliError when nothing was said */
export function reasonOf({ reason }: { readonly reason?: string }): string {
  if (reason !== undefined && reason.trim() !== '') return reason;
  throw new CliError(exitCodes.usage, 'why is not said', 'add --reason TEXT; it is kept with the change');
}
