/** One line of a crontab: when, as it stands there, and what. */
export interface CrontabLine {
  readonly timing: string;
  readonly command: string;
}

/** As long as cron itself takes one (998 characters); what is longer it refuses. */
const maxCommand = 998;

/**
 * The lines of a crontab that name a time. What runs at boot alone is part of a start, and settings run nothing.
 *
 * @param hasUser the sixth field names whom it runs as: in /etc/crontab and /etc/cron.d
 */
export function parseCrontab(text: string, hasUser: boolean): CrontabLine[] {
  return text.split('\n').flatMap((line) => {
    const fields = (hasUser ? withUser : withoutUser).exec(line.trim());
    const { timing = '', command = '' } = fields?.groups ?? {};
    if (timing === '' || timing === '@reboot') return [];
    const run = asRun(command);
    return run === '' || run.length > maxCommand
      ? []
      : [{ timing: timing.replaceAll(/\s+/g, ' '), command: run }];
  });
}

/** Numbers, names of months and days, steps, lists and ranges. */
const time = String.raw`(?<timing>@[a-z]+|(?:[\d*][\w*/,-]*\s+){3}[\w*][\w*/,-]*\s+[\w*][\w*/,-]*)\s+`;
const withoutUser = new RegExp(`^${time}(?<command>.+)$`);
const withUser = new RegExp(String.raw`^${time}[\w.-]+\s+(?<command>.+)$`);

/** What the shell is given: up to the first `%` that is not escaped; what follows is its input. */
function asRun(command: string): string {
  return (/^(?:\\%|[^%])*/.exec(command)?.[0] ?? '').replaceAll('\\%', '%').trim();
}
