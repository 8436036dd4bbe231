import type { Command } from 'commander';
import { registerBackup, registerRestore } from './collector-backup.ts';
import { endWithParent } from './daemon.ts';
import { CliError, exitCodes } from './exit.ts';
import { examples } from './help.ts';
import type { Io } from './io.ts';
import { configProblem, readSettings, type SettingOptions, settingOptions } from './settings.ts';

export function register(program: Command, io: Io): void {
  const verb = settingOptions(
    program.command('collector').description('the central service: agents tell it, it decides and orders'),
  ).action((options: SettingOptions) => collect(io, options));
  examples(verb, [
    ['whorl collector', 'defaults: loopback, TLS made at first start, alert at most'],
    ['whorl collector --config /etc/whorl/collector.json', 'as a service'],
    ['whorl collector --set listen=0.0.0.0:7443 --set mode=freeze', 'for agents of other machines'],
  ]);
  registerBackup(verb, io);
  registerRestore(verb, io);
}

async function collect(io: Io, options: SettingOptions): Promise<void> {
  const { main } = await import('../collector/main.ts');
  const { ConfigError } = await import('../config/document.ts');
  const { parseCollectorConfig } = await import('../collector/config.ts');
  const { CollectorError, StoreError } = await import('../collector/ports.ts');
  const { untilSignal } = await import('./until-signal.ts');
  const { version } = await import('./version.ts');
  const { file, flags } = await readSettings(io, options);
  const release = options.withParent === true ? endWithParent() : () => undefined;
  try {
    const config = parseCollectorConfig(file, flags);
    await main(config, { out: (line) => io.out(line), signal: untilSignal(), version: version() });
  } catch (error) {
    if (error instanceof ConfigError) throw configProblem(error.problems, options);
    if (error instanceof CollectorError || error instanceof StoreError) {
      throw new CliError(exitCodes.usage, error.message, undefined, { cause: error });
    }
    throw error;
  } finally {
    release();
  }
}
