import { type CollectorLine, collectorLineText } from '../../../cli/collector-line.ts';
import type { LineLog } from '../../../cli/demo/line-log.ts';
import { renderText } from '../../../cli/text.ts';

/** What is awaited; and when it does not come, with what the collector said since as a person would have read it. */
export async function orWhatWasSaid<T>(
  awaited: Promise<T>,
  collector: LineLog<CollectorLine>,
  from: number,
): Promise<T> {
  try {
    return await awaited;
  } catch (cause) {
    const texts = collector.since(from).map(collectorLineText);
    const said = texts.flatMap((text) => (text === undefined ? [] : [renderText(text, false)]));
    throw new Error(`${cause instanceof Error ? cause.message : cause}:\n${said.join('\n')}`, { cause });
  }
}
