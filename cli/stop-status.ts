import { printable } from '../fingerprint/printable.ts';
import { formatSeconds } from '../fingerprint/time.ts';
import { shortId } from './agent-line.ts';
import { Answer } from './answer.ts';
import { disarmedByAgents, disarmedHere, labelTrouble } from './disarm-text.ts';
import { counted } from './known-file.ts';
import { type Styled, styled, type Text } from './text.ts';

/** What must not be overlooked: where nothing is stopped, who is asked, which nodes are not seen. */
export function stopBanners(status: unknown): Text[] {
  const told = new Answer(status);
  const brakes = told.at('brakes');
  const waiting = brakes.at('held').number('waiting');
  const unlisted = brakes.number('heldNotListed');
  return [
    ...brakes
      .list('disarms')
      .map((d) => banner('red', 'DISARMED', `${disarmLine(d)}; whorl rearm ${shortId(d.text('id'))}`)),
    ...disarmedByAgents(told.list('agents')).map((place) => banner('red', 'DISARMED', place)),
    ...(waiting === 0
      ? []
      : [
          banner(
            'yellow',
            'held',
            `${counted(waiting, 'stop waits', 'stops wait')} for a person: whorl held`,
          ),
        ]),
    ...(unlisted === 0 ? [] : [banner('red', 'held', `${unlisted} more could not be listed: too many wait`)]),
    ...told.list('nodeIncidents').map(nodeBanner),
  ];
}

/** The same of the agent of this machine, which a collector may not hear. */
export function armBanners(agent: unknown): Text[] {
  const trouble = labelTrouble(agent);
  return [
    ...disarmedHere(agent).map((detail) => banner('red', 'DISARMED', `nothing new is stopped: ${detail}`)),
    ...(trouble === undefined ? [] : [banner('yellow', 'labels', `that disarm namespaces are ${trouble}`)]),
  ];
}

/** `namespace shop of cluster prod until 2026-…: ada: migration`. */
export function disarmLine(disarm: Answer): string {
  const until = formatSeconds(disarm.number('until') * 1000);
  return printable(
    `${scopeText(disarm.at('scope'))} until ${until}: ${disarm.text('author')}: ${disarm.text('reason')}`,
    600,
  );
}

/** A place where stops can be switched off. */
export function scopeText(scope: Answer): string {
  const [owner, namespace] = [scope.text('owner'), scope.text('namespace')];
  const inside = namespace === '' ? '' : `${owner === '' ? '' : `${owner} in `}namespace ${namespace} of `;
  return `${inside}cluster ${scope.text('cluster')}`;
}

function nodeBanner(row: Answer): Text {
  const kind = row.text('kind');
  const grave = kind === 'silent' || kind === 'blind' || kind === 'flood';
  return banner(grave ? 'red' : 'yellow', kind, `${row.text('node')}: ${row.text('detail')}`);
}

function banner(style: Styled['style'], word: string, text: string): Text {
  return [styled(style, printable(word, 20).padEnd(10)), ` ${printable(text, 800)}`];
}
